/**
 * HubSpot's own example of a reply: the default properties only, and no trace id. What was created is certain, and which
 * id is whose is read back.
 */
import { BulkCreate, Coalescer, DoubtStrategy, JobStore, Outcome } from "@effect-hubspot/batch"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { Association, type BatchRequest } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Stream } from "effect"
import type { HttpClientRequest } from "effect/http"
import * as HubSpot from "../../support/hubspot.ts"
import { inVirtualTime } from "../../support/virtualTime.ts"
import { batchesOf, frozen, holder, rowsOf } from "../sql/jobStore/rows.ts"

type Input = BatchRequest.CreateInput

interface Reply {
  readonly results: ReadonlyArray<{
    readonly id: string
    readonly objectWriteTraceId?: string
    readonly properties: Readonly<Record<string, unknown>>
  }>
}

const seats = (count: number): ReadonlyArray<Input> =>
  Array.from({ length: count }, (_, n) => ({ properties: { name: `Seat ${n}`, price: `${n % 3}.50` } }))

const endsWith = (request: HttpClientRequest.HttpClientRequest, path: string) =>
  new URL(request.url).pathname.endsWith(path)

const defaults = ["createdate", "hs_object_id", "hs_lastmodifieddate"]

/** The emulator's answer with another body, if it is a success. */
const changed = (
  request: HttpClientRequest.HttpClientRequest,
  pass: ReturnType<HubSpot.Fault>,
  change: (reply: Reply) => object
): ReturnType<HubSpot.Fault> =>
  Effect.gen(function* () {
    const response = yield* pass
    const json = yield* Effect.orDie(response.json)
    const body = response.status < 300 ? change(json as unknown as Reply) : json
    return yield* HubSpot.answer(request, response.status, body)
  })

/** Results without trace ids, in another order, and with these properties only. */
const bare =
  (shown: ReadonlyArray<string>) =>
  ({ results, ...rest }: Reply): object => ({
    ...rest,
    results: results.toReversed().map((result) => ({
      ...result,
      objectWriteTraceId: undefined,
      properties: Object.fromEntries(
        Object.entries(result.properties).filter(([name]) => shown.includes(name))
      )
    }))
  })

/** Creates are answered so, and the n-th read, from 0, as `read` says. */
const hubspot = (options: { readonly shown?: ReadonlyArray<string>; readonly read?: HubSpot.Fault } = {}) => {
  let reads = 0
  return HubSpot.layer({
    fault: (request, pass) => {
      if (endsWith(request, "/batch/create")) {
        return changed(request, pass, bare([...defaults, ...(options.shown ?? [])]))
      }
      return endsWith(request, "/batch/read") && options.read !== undefined
        ? options.read(request, pass, reads++)
        : pass
    }
  })
}

const create = (inputs: ReadonlyArray<Input>, options: BulkCreate.Options = {}) =>
  Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    const outcomes = yield* Stream.fromIterable(inputs).pipe(
      BulkCreate.outcomes({ jobId: "job", ...options }),
      Stream.runCollect
    )
    const millis = (yield* Clock.currentTimeMillis) - startedAt
    const { created, requests } = yield* Effect.flatMap(Emulator, ({ ledger }) => ledger)
    const count = (path: string) => requests.filter((request) => request.path.endsWith(path)).length
    const ids = new Map(created.map((record) => [record.id, record]))
    const all = outcomes.toSorted((a, b) => a.index - b.index)
    const tags: Record<string, number> = {}
    const given = new Set<string>()
    for (const outcome of all) {
      tags[outcome._tag] = (tags[outcome._tag] ?? 0) + 1
      if (outcome._tag !== "Created") continue
      assert.isFalse(given.has(outcome.id))
      given.add(outcome.id)
      assert.deepInclude(ids.get(outcome.id)?.properties, outcome.source.properties)
    }
    const doubts = all.flatMap((outcome) => (outcome._tag === "InDoubt" ? [Outcome.describe(outcome)] : []))
    return {
      tags,
      doubts,
      created: [...ids.keys()],
      sent: count("/batch/create"),
      reads: count("/batch/read"),
      seconds: millis / 1000
    }
  }).pipe(inVirtualTime)

/** The n-th read, from 0, is answered by the emulator if it is one of these. */
const only =
  (isGood: (n: number) => boolean, status: number, body: unknown): HubSpot.Fault =>
  (request, pass, n) =>
    isGood(n) ? pass : HubSpot.answer(request, status, body)

const refusal = (category: string) => ({ status: "error", message: "no", correlationId: "c", category })

describe("records that a reply does not tell apart", () => {
  it.effect("are read back, once a batch, and matched by their content", () =>
    Effect.gen(function* () {
      const { reads, sent, tags } = yield* create(seats(250))
      assert.deepStrictEqual(tags, { Created: 250 })
      assert.deepStrictEqual([sent, reads], [3, 3])
    }).pipe(Effect.provide(hubspot()))
  )

  it.effect("are read back too where a property shows that tells too little", () =>
    Effect.gen(function* () {
      const inputs = ["1", "2", "3"].map((price) => ({ properties: { name: "Seat", price } }))
      const { reads, tags } = yield* create(inputs)
      assert.deepStrictEqual([tags, reads], [{ Created: 3 }, 1])
    }).pipe(Effect.provide(hubspot({ shown: ["name"] })))
  )

  it.effect("need no read where all inputs are the same, or one is left", () =>
    Effect.gen(function* () {
      const same = yield* create(Array.from({ length: 5 }, () => ({ properties: { name: "Seat" } })))
      assert.deepStrictEqual([same.tags, same.reads], [{ Created: 5 }, 0])
      const one = yield* create([{ properties: { name: "A" } }, { properties: { name: "B", price: "-1" } }])
      assert.deepStrictEqual([one.tags, one.reads], [{ Created: 1, Rejected: 1 }, 0])
    }).pipe(Effect.provide(hubspot()))
  )

  it.effect("are those of the inputs that have no error", () =>
    Effect.gen(function* () {
      const inputs = seats(10).map((input, n): Input =>
        n === 4 ? { properties: { name: "x", price: "-1" } } : input
      )
      const { tags } = yield* create(inputs)
      assert.deepStrictEqual(tags, { Created: 9, Rejected: 1 })
    }).pipe(Effect.provide(hubspot()))
  )

  it.effect("are matched too where the reply has one record more than there are inputs", () =>
    Effect.gen(function* () {
      const { reads, sent, tags } = yield* create([...seats(3), ...seats(1)])
      assert.deepStrictEqual([tags, sent], [{ Created: 4 }, 1])
      assert.isAtLeast(reads, 1)
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          fault: (request, pass) =>
            endsWith(request, "/batch/create")
              ? changed(request, pass, (reply) => {
                  const results = [...reply.results, { id: "77", properties: {} }]
                  return bare(defaults)({ ...reply, results })
                })
              : pass
        })
      )
    )
  )

  it.effect("are in doubt at once, with their ids, where the token must not read", () =>
    Effect.gen(function* () {
      const { created, doubts, reads, seconds, sent, tags } = yield* create(seats(3))
      assert.deepStrictEqual(tags, { InDoubt: 3 })
      assert.deepStrictEqual([sent, reads], [1, 0])
      assert.isAtMost(seconds, 1)
      for (const doubt of doubts) {
        assert.match(doubt, /created under one of \d+, \d+, \d+$/)
        for (const id of created) assert.include(doubt, id)
      }
    }).pipe(Effect.provide(hubspot({ read: only(() => false, 403, refusal("MISSING_SCOPES")) })))
  )

  it.effect(
    "are looked for again for minutes while reads fail, and then in doubt; nothing is sent again",
    () =>
      Effect.gen(function* () {
        const { doubts, seconds, sent, tags } = yield* create(seats(3))
        assert.deepStrictEqual(tags, { InDoubt: 3 })
        assert.strictEqual(sent, 1)
        assert.isAtLeast(seconds, 60)
        assert.isAtMost(seconds, 200)
        assert.match(doubts[0]!, /created under one of/)
      }).pipe(Effect.provide(hubspot({ read: only(() => false, 502, "<html>") })))
  )

  it.effect("are found by a later read, where the first ones show only some of them", () =>
    Effect.gen(function* () {
      const { seconds, sent, tags } = yield* create(seats(3))
      assert.deepStrictEqual([tags, sent], [{ Created: 3 }, 1])
      assert.isAtLeast(seconds, 2)
    }).pipe(
      Effect.provide(
        hubspot({
          read: (request, pass, n) =>
            changed(request, pass, (reply) => ({ ...reply, results: reply.results.slice(0, n) }))
        })
      )
    )
  )

  it.effect("that another one's content is read under stay in doubt, and the others are told", () =>
    Effect.gen(function* () {
      const { doubts, tags } = yield* create(seats(3))
      assert.deepStrictEqual(tags, { Created: 2, InDoubt: 1 })
      assert.match(doubts[0]!, /created under one of/)
    }).pipe(
      Effect.provide(
        hubspot({
          read: (request, pass) =>
            changed(request, pass, (reply) => ({
              ...reply,
              results: reply.results.map((result, n) =>
                n === 0 ? { ...result, properties: { ...result.properties, name: "Stranger" } } : result
              )
            }))
        })
      )
    )
  )

  it.effect("that differ by their parents only are in doubt after one read", () =>
    Effect.gen(function* () {
      const inputs = ["7", "8"].map((id) => ({
        properties: { name: "Seat" },
        associations: [Association.make("deal", id)]
      }))
      const { doubts, reads, seconds, tags } = yield* create(inputs)
      assert.deepStrictEqual([tags, reads], [{ InDoubt: 2 }, 1])
      assert.isAtMost(seconds, 1)
      assert.match(doubts[0]!, /created under one of/)
    }).pipe(Effect.provide(hubspot()))
  )

  it.effect("are not sent again for that, under any strategy", () =>
    Effect.gen(function* () {
      const { sent, tags } = yield* create(seats(3), { strategy: DoubtStrategy.atLeastOnce() })
      assert.deepStrictEqual([tags, sent], [{ InDoubt: 3 }, 1])
    }).pipe(Effect.provide(hubspot({ read: only(() => false, 403, refusal("MISSING_SCOPES")) })))
  )

  it.effect("are told apart for a coalescer's callers", () =>
    Effect.gen(function* () {
      const callers = Effect.gen(function* () {
        const coalescer = yield* Coalescer.Coalescer
        return yield* Effect.forEach(seats(20), (input) => coalescer.create(input), {
          concurrency: "unbounded"
        })
      })
      const told = yield* inVirtualTime(callers)
      const { created } = yield* Effect.flatMap(Emulator, ({ ledger }) => ledger)
      const names = new Map(created.map(({ id, properties }) => [id, properties["name"]]))
      assert.deepStrictEqual(
        told.map(({ id }) => names.get(id)),
        seats(20).map(({ properties }) => properties["name"])
      )
    }).pipe(Effect.provide(Coalescer.layer().pipe(Layer.provideMerge(hubspot()))))
  )

  it.effect("are told apart in a durable job", () =>
    Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      const planning = yield* jobs.create({ id: "a", holder, frozen })
      yield* jobs.append(planning, yield* batchesOf(rowsOf(6)))
      yield* jobs.planned(planning, { digest: "d", inputs: 6 })
      const run = Effect.flatMap(jobs.claim("a", { holder }), (claim) => JobRunner.run(claim))
      const end = yield* inVirtualTime(Effect.scoped(run))
      assert.strictEqual(end._tag, "Complete")
      assert.strictEqual((yield* jobs.counts("a")).created, 6)
      const outcomes = yield* Stream.runCollect(jobs.outcomes("a"))
      const { created } = yield* Effect.flatMap(Emulator, ({ ledger }) => ledger)
      const traceIds = new Map(created.map(({ id, objectWriteTraceId }) => [id, objectWriteTraceId]))
      for (const outcome of outcomes) {
        assert(outcome._tag === "Created")
        assert.strictEqual(traceIds.get(outcome.id), `a-${outcome.index.toString(36)}`)
      }
    }).pipe(Effect.provide(Layer.merge(Stores.layerMemory, hubspot())))
  )
})
