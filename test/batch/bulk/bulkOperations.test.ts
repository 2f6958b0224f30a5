import {
  BulkArchive,
  BulkCreate,
  BulkRead,
  BulkUpdate,
  BulkUpsert,
  type Outcome
} from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import { LineItems } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { gateway, good, hubspot, key, rule } from "../../support/doubt.ts"
import * as HubSpot from "../../support/hubspot.ts"
import { inVirtualTime, join } from "../../support/virtualTime.ts"

type AnyOutcome = Outcome.Outcome<unknown, Outcome.Success>

const tagsOf = (outcomes: Iterable<AnyOutcome>) => {
  const counts: Record<string, number> = {}
  for (const { _tag } of outcomes) counts[_tag] = (counts[_tag] ?? 0) + 1
  return counts
}

/** All outcomes, after as much virtual time as it takes. */
const collect = <A, R>(stream: Stream.Stream<A, never, R>) => inVirtualTime(Stream.runCollect(stream))

/** Line items that are there already; their ids in the order of their numbers. */
const existing = (count: number, of: (n: number) => Record<string, string> = () => ({})) =>
  Effect.gen(function* () {
    const created = yield* collect(
      Stream.range(1, count).pipe(
        Stream.map((n) => ({ properties: { ...good(n).properties, ...of(n) } })),
        BulkCreate.outcomes()
      )
    )
    return created
      .toSorted((a, b) => a.index - b.index)
      .map((outcome) => (outcome._tag === "Created" ? outcome.id : ""))
  })

/** The record of each key, as the ledger has it. */
const idsByKey = Effect.map(
  Effect.flatMap(Emulator, (emulator) => emulator.ledger),
  ({ created }) => new Map(created.map(({ id, properties }) => [properties[key], id]))
)

const swapped = {
  place: "afterCommit",
  reply: { kind: "tamper", tampering: [{ do: "swapTraceIds" }] }
} as const

const requestsTo = (path: string) =>
  Effect.map(
    Effect.flatMap(Emulator, (emulator) => emulator.ledger),
    ({ requests }) => requests.filter((request) => request.path.endsWith(path))
  )

const faults = (path: string, ...given: ReadonlyArray<Faults.Fault>) =>
  hubspot(given.map((fault, n) => rule(fault, { path, nth: n + 1 })))

describe("BulkUpdate", () => {
  const path = "*/batch/update"

  it.effect("updates any number, a hundred at once", () =>
    Effect.gen(function* () {
      const ids = yield* existing(250)
      const outcomes = yield* collect(
        Stream.fromIterable(ids).pipe(
          Stream.map((id) => ({ id, properties: { price: "7" } })),
          BulkUpdate.outcomes()
        )
      )
      assert.deepStrictEqual(tagsOf(outcomes), { Updated: 250 })
      assert.lengthOf(yield* requestsTo("/batch/update"), 3)
      const lineItems = yield* LineItems.LineItems
      const records = yield* Stream.runCollect(lineItems.list({ properties: ["price"] }))
      assert.isTrue(records.every(({ properties }) => properties?.["price"] === "7"))
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("does again what is in doubt, and says so when it stays in doubt", () =>
    Effect.gen(function* () {
      const [id] = yield* existing(1)
      const update = Stream.make({ id: id!, properties: { price: "7" } }).pipe(BulkUpdate.outcomes())
      assert.deepStrictEqual(tagsOf(yield* collect(update)), { Updated: 1 })
      assert.lengthOf(yield* requestsTo("/batch/update"), 3)
      const emulator = yield* Emulator
      yield* emulator.setFaults({ rules: [rule({ place: "afterCommit", reply: gateway }, { path })] })
      const [outcome] = yield* collect(update)
      assert.strictEqual(outcome?._tag === "InDoubt" ? outcome.evidence._tag : outcome?._tag, "NoAnswer")
      assert.lengthOf(yield* requestsTo("/batch/update"), 3 + 6)
    }).pipe(Effect.provide(faults(path, { place: "afterCommit", reply: gateway }, { place: "replyLost" })))
  )

  it.effect("a refusal after a doubt is a doubt: the first attempt may have gone through", () =>
    Effect.gen(function* () {
      const [id] = yield* existing(1)
      const [outcome] = yield* collect(
        Stream.make({ id: id!, properties: { price: "7" } }).pipe(BulkUpdate.outcomes())
      )
      assert.strictEqual(outcome?._tag === "InDoubt" ? outcome.evidence._tag : outcome?._tag, "Unverified")
    }).pipe(
      Effect.provide(
        faults(
          path,
          { place: "afterCommit", reply: gateway },
          { place: "beforeCommit", reply: { kind: "status", status: 400, blame: 1 } }
        )
      )
    )
  )

  it.effect("a bad value is rejected by itself, and a record given twice is invalid", () =>
    Effect.gen(function* () {
      const [first, second] = yield* existing(2)
      const outcomes = yield* collect(
        Stream.make(
          { id: first!, properties: { price: "-1" } },
          { id: second!, properties: { price: "2" } },
          { id: second!, properties: { price: "3" } },
          { id: "x", properties: { price: "3" } },
          { id: "77", properties: {} }
        ).pipe(BulkUpdate.outcomes())
      )
      assert.deepStrictEqual(tagsOf(outcomes), { Rejected: 1, Updated: 1, Invalid: 3 })
      const issues = outcomes.flatMap((outcome) => (outcome._tag === "Invalid" ? outcome.issues : []))
      assert.deepStrictEqual(
        issues.map(({ message }) => message),
        [
          `id "${second}" is used twice, first in input 2`,
          '"x" is not a HubSpot id',
          "nothing to send: no property has a value"
        ]
      )
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("goes by a property with unique values where that is given", () =>
    Effect.gen(function* () {
      yield* existing(2, (n) => ({ [key]: `K${n}` }))
      const outcomes = yield* collect(
        Stream.make("K1", "K2", "K3").pipe(
          Stream.map((id) => ({ id, idProperty: key, properties: { price: "2" } })),
          BulkUpdate.outcomes()
        )
      )
      assert.deepStrictEqual(tagsOf(outcomes), { Updated: 2, InDoubt: 1 })
      // HubSpot leaves out what does not exist, so there is no use in asking again.
      assert.lengthOf(yield* requestsTo("/batch/update"), 1)
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("asks again where trace ids came on each other's record, and gives nobody another one's id", () =>
    Effect.gen(function* () {
      yield* existing(3, (n) => ({ [key]: `K${n}` }))
      const outcomes = yield* collect(
        Stream.make("K1", "K2", "K3").pipe(
          Stream.map((id) => ({ id, idProperty: key, properties: { price: id.slice(1) } })),
          BulkUpdate.outcomes()
        )
      )
      const ids = yield* idsByKey
      for (const outcome of outcomes) {
        assert.strictEqual(outcome._tag === "Updated" ? outcome.id : outcome._tag, ids.get(outcome.source.id))
      }
      assert.lengthOf(yield* requestsTo("/batch/update"), 2)
    }).pipe(Effect.provide(faults(path, swapped)))
  )
})

describe("BulkUpsert", () => {
  const input = (n: number, price: string) => ({
    id: `K${n}`,
    idProperty: key,
    properties: { name: `Seat ${n}`, price },
    associations: [Association.make("deal", String(70 + n))]
  })
  const upsert = (inputs: ReadonlyArray<BulkUpsert.Input>) =>
    collect(Stream.fromIterable(inputs).pipe(BulkUpsert.outcomes()))

  it.effect("creates what is new, overwrites what is not, and gives both their parents", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(tagsOf(yield* upsert([input(1, "1"), input(2, "1")])), { Upserted: 2 })
      const outcomes = yield* upsert([input(2, "5"), input(3, "5")])
      assert.deepStrictEqual(
        outcomes
          .map((outcome) => [outcome.index, outcome._tag === "Upserted" && outcome.created])
          .toSorted(([a], [b]) => Number(a) - Number(b)),
        [
          [0, false],
          [1, true]
        ]
      )
      const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
      assert.lengthOf(created, 3)
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("answers that leave inputs out are asked for again", () =>
    Effect.gen(function* () {
      const outcomes = yield* upsert([input(1, "1"), input(2, "1"), input(3, "1")])
      assert.deepStrictEqual(tagsOf(outcomes), { Upserted: 3 })
      const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
      assert.lengthOf(created, 3)
      assert.lengthOf(yield* requestsTo("/batch/upsert"), 2)
    }).pipe(
      Effect.provide(
        faults("*/batch/upsert", {
          place: "afterCommit",
          reply: { kind: "tamper", tampering: [{ do: "dropResults", count: 2 }] }
        })
      )
    )
  )

  it.effect("asks again where trace ids came on each other's record, and gives nobody another one's id", () =>
    Effect.gen(function* () {
      const outcomes = yield* upsert([input(1, "1"), input(2, "1"), input(3, "1")])
      const ids = yield* idsByKey
      for (const outcome of outcomes) {
        assert.strictEqual(
          outcome._tag === "Upserted" ? outcome.id : outcome._tag,
          ids.get(outcome.source.id)
        )
      }
      assert.lengthOf(yield* requestsTo("/batch/upsert"), 2)
    }).pipe(Effect.provide(faults("*/batch/upsert", swapped)))
  )

  it.effect("an input without a property that names it is invalid", () =>
    Effect.gen(function* () {
      const { idProperty: _, ...nameless } = input(1, "1")
      const outcomes = yield* upsert([nameless as unknown as BulkUpsert.Input, { ...input(2, "1"), id: " " }])
      assert.deepStrictEqual(tagsOf(outcomes), { Invalid: 2 })
    }).pipe(Effect.provide(hubspot([])))
  )
})

describe("BulkArchive", () => {
  it.effect("archives any number, and again what is in doubt", () =>
    Effect.gen(function* () {
      const ids = yield* existing(150)
      const outcomes = yield* collect(Stream.fromIterable([...ids, "404404"]).pipe(BulkArchive.outcomes()))
      assert.deepStrictEqual(tagsOf(outcomes), { Archived: 151 })
      assert.lengthOf(yield* requestsTo("/batch/archive"), 3)
      const lineItems = yield* LineItems.LineItems
      assert.lengthOf(yield* Stream.runCollect(lineItems.list()), 0)
    }).pipe(Effect.provide(faults("*/batch/archive", { place: "afterCommit", reply: gateway })))
  )
})

describe("BulkRead", () => {
  it.effect("finds what there is, and says what there is not", () =>
    Effect.gen(function* () {
      const ids = yield* existing(120)
      const outcomes = yield* collect(
        Stream.fromIterable([...ids, "404404"]).pipe(BulkRead.outcomes({ properties: ["name"] }))
      )
      assert.deepStrictEqual(tagsOf(outcomes), { Found: 120, Rejected: 1 })
      for (const outcome of outcomes) {
        if (outcome._tag !== "Found") continue
        assert.strictEqual(outcome.id, outcome.source)
        assert.strictEqual(outcome.object.properties?.["name"], `Seat ${outcome.index + 1}`)
      }
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("by key, also if the key is not among the properties asked for", () =>
    Effect.gen(function* () {
      yield* existing(2, (n) => ({ [key]: `K${n}` }))
      const outcomes = yield* collect(
        Stream.make("K2", "K1", "K9").pipe(BulkRead.outcomes({ idProperty: key, properties: ["name"] }))
      )
      assert.deepStrictEqual(
        outcomes
          .map((outcome) => [outcome.source, outcome._tag === "Found" && outcome.object.properties?.["name"]])
          .toSorted(),
        [
          ["K1", "Seat 1"],
          ["K2", "Seat 2"],
          ["K9", false]
        ]
      )
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("leaves no doubt behind: what is not answered was not done", () =>
    Effect.gen(function* () {
      const [outcome] = yield* collect(Stream.make("7").pipe(BulkRead.outcomes()))
      assert.strictEqual(
        outcome?._tag === "NotSent" ? outcome.reason._tag : outcome?._tag,
        "RetriesExhausted"
      )
      assert.lengthOf(yield* requestsTo("/batch/read"), 6)
    }).pipe(
      Effect.provide(hubspot([rule({ place: "beforeCommit", reply: gateway }, { path: "*/batch/read" })]))
    )
  )
})

describe("the log", () => {
  it.effect("has an intent for every request before it arrives, and an end after", () =>
    Effect.gen(function* () {
      const log = yield* AttemptLog.makeMemory({ keep: true })
      const outcomes = yield* Effect.provideService(
        collect(
          Stream.range(1, 250).pipe(
            Stream.map((n) => ({ properties: { name: `Seat ${n}`, ...(n === 207 && { price: "-1" }) } })),
            BulkCreate.outcomes({ jobId: "job" })
          )
        ),
        AttemptLog.AttemptLog,
        log
      )
      assert.deepStrictEqual(tagsOf(outcomes), { Created: 149, InDoubt: 100, Rejected: 1 })
      const attempts = yield* log.attempts("job")
      assert.deepStrictEqual(
        attempts.map(({ end }) => `${end?.acceptance} ${end?.reason ?? ""}`.trim()).toSorted(),
        ["Accepted", "Accepted", "InDoubt ServerFailed"]
      )
      const told = attempts.flatMap(({ end }) => end?.outcomes ?? [])
      assert.lengthOf(
        told.filter(({ _tag }) => _tag === "Created"),
        149
      )
      const arrivals = yield* requestsTo("/batch/create")
      for (const [n, { at }] of arrivals.entries()) {
        assert.isAtLeast(attempts.filter(({ begunAtMillis }) => begunAtMillis <= at).length, n + 1)
      }
    }).pipe(Effect.provide(faults("*/batch/create", { place: "afterCommit", reply: gateway })))
  )

  for (const [what, broken] of [
    ["begin", { begin: () => Effect.fail(unwritable) }],
    ["end", { end: () => Effect.fail(unwritable) }]
  ] as const) {
    it.effect(`that cannot write the ${what} of an attempt ends the job, and loses nothing`, () =>
      Effect.gen(function* () {
        const log = { ...(yield* AttemptLog.makeMemory()), ...broken }
        const outcomes = yield* Effect.provideService(
          collect(Stream.range(1, 2000).pipe(Stream.map(good), BulkCreate.outcomes({ concurrency: 1 }))),
          AttemptLog.AttemptLog,
          log
        )
        const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
        const sent = what === "begin" ? 0 : 100
        assert.lengthOf(created, sent)
        assert.deepStrictEqual(tagsOf(outcomes), {
          ...(sent > 0 && { Created: sent }),
          NotSent: 2000 - sent
        })
        assert.isTrue(
          outcomes.every((outcome) => outcome._tag !== "NotSent" || outcome.reason._tag === "Unlogged")
        )
      }).pipe(Effect.provide(hubspot([])))
    )
  }
})

const unwritable = new AttemptLog.AttemptLogError({ reason: "Unwritable", detail: "disk full" })

describe("runForEach", () => {
  const started = (options: { readonly grace: number; readonly latency: number }) =>
    Effect.gen(function* () {
      const outcomes: Array<AnyOutcome> = []
      const reading = yield* Deferred.make<void>()
      const job = yield* Stream.range(1, 3000).pipe(
        Stream.tap((n) => (n === 3000 ? Deferred.succeed(reading, undefined) : Effect.void)),
        Stream.map(good),
        BulkCreate.forEach({ grace: options.grace, concurrency: 5 }, (some) =>
          Effect.sync(() => void outcomes.push(...some))
        ),
        Effect.forkChild({ startImmediately: true })
      )
      yield* Deferred.await(reading)
      // After one, two and four requests five are under way, and none of these has come back.
      yield* TestClock.adjust(options.latency * 3.5)
      const interruption = yield* Effect.forkChild(Fiber.interrupt(job), { startImmediately: true })
      yield* join(interruption)
      // HubSpot executes what it has received.
      yield* TestClock.adjust(options.latency)
      const { created, requests } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
      return { counts: tagsOf(outcomes), created: created.length, requests: requests.length }
    }).pipe(
      Effect.provide(HubSpot.layer({ emulator: { latency: { min: options.latency, max: options.latency } } }))
    )

  it.effect("interrupted, lets requests under way end within the grace time and sends nothing new", () =>
    Effect.gen(function* () {
      const { counts, created, requests } = yield* started({ grace: 10_000, latency: 4000 })
      assert.deepStrictEqual(counts, { Created: 1200, NotSent: 1800 })
      assert.strictEqual(created, 1200)
      assert.strictEqual(requests, 12)
    })
  )

  it.effect("after the grace time what cannot be known is in doubt, and everybody is told", () =>
    Effect.gen(function* () {
      const { counts, created, requests } = yield* started({ grace: 1000, latency: 8000 })
      assert.deepStrictEqual(counts, { Created: 700, InDoubt: 500, NotSent: 1800 })
      assert.strictEqual(created, 1200)
      assert.strictEqual(requests, 12)
    })
  )

  it.effect("not interrupted, it ends with the stream", () =>
    Effect.gen(function* () {
      const outcomes: Array<AnyOutcome> = []
      const job = yield* Effect.forkChild(
        Stream.range(1, 300).pipe(
          Stream.map(good),
          BulkCreate.forEach({}, (some) => Effect.sync(() => void outcomes.push(...some)))
        )
      )
      yield* join(job)
      assert.deepStrictEqual(tagsOf(outcomes), { Created: 300 })
    }).pipe(Effect.provide(hubspot([])))
  )
})
