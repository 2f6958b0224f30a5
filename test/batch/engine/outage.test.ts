/**
 * HubSpot that does not answer: for good, for some minutes, only its creates, or all of it. What an outage costs is counted
 * against the emulator's ledger.
 */
import { BulkCreate, BulkUpdate, Coalescer, type Outcome } from "@effect-hubspot/batch"
import type { Event } from "@effect-hubspot/batch/engine/BatchRunner"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as HubSpot from "../../support/hubspot.ts"
import { inVirtualTime, join } from "../../support/virtualTime.ts"

const some = (count: number) =>
  Stream.range(1, count).pipe(Stream.map((n) => ({ properties: { name: `Seat ${n}` } })))

const collect = (count: number, options: BulkCreate.Options = {}) =>
  some(count).pipe(BulkCreate.outcomes(options), Stream.runCollect)

const kinds = (outcomes: Iterable<Outcome.Outcome<unknown>>) => {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) {
    const kind =
      outcome._tag === "NotSent" && outcome.reason._tag === "Suspended"
        ? `NotSent ${outcome.reason.cause}`
        : outcome._tag
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

const page = "<html><title>502 Bad Gateway</title></html>"
const gateway = (request: Parameters<HubSpot.Fault>[0]) =>
  HubSpot.answer(request, 502, page, { "content-type": "text/html" })

/** Requests are answered by a gateway while `isDown`; HubSpot has or has not executed them. */
const hubspot = (
  isDown: (request: { readonly url: string; readonly inputs: number; readonly millis: number }) => boolean,
  options: { readonly latency?: number; readonly executes?: boolean } = {}
) => {
  const sent: Array<{ readonly path: string; readonly inputs: number }> = []
  const { executes = false, latency = 1000 } = options
  return {
    sent,
    creates: () => sent.filter(({ path }) => path.endsWith("/batch/create")).map(({ inputs }) => inputs),
    layer: HubSpot.layer({
      emulator: { latency: { min: latency, max: latency } },
      fault: (request, pass) =>
        Effect.flatMap(Clock.currentTimeMillis, (millis) => {
          const inputs = HubSpot.bodyOf(request).inputs.length
          sent.push({ path: request.url, inputs })
          if (!isDown({ url: request.url, inputs, millis })) return pass
          return executes ? Effect.andThen(pass, gateway(request)) : gateway(request)
        })
    })
  }
}

const isCreate = ({ url }: { readonly url: string }) => url.endsWith("/batch/create")

const stored = Effect.map(
  Effect.flatMap(Emulator, ({ ledger }) => ledger),
  ({ created }) => created.length
)

describe("an outage", () => {
  it.effect("of creates only costs three batches, and a read comes before each but the first", () => {
    const { layer, sent } = hubspot(isCreate)
    return Effect.gen(function* () {
      const outcomes = yield* inVirtualTime(collect(3000))
      assert.deepStrictEqual(kinds(outcomes), { InDoubt: 300, "NotSent outage": 2700 })
      assert.deepStrictEqual(
        sent.map(({ path }) => path.split("/").slice(-1)[0]),
        ["create", "details", "create", "details", "create"]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("of everything costs one batch: no read succeeds for two minutes", () => {
    const { creates, layer } = hubspot(() => true)
    return Effect.gen(function* () {
      const from = yield* Clock.currentTimeMillis
      const outcomes = yield* inVirtualTime(collect(3000), "1 second")
      const millis = (yield* Clock.currentTimeMillis) - from
      assert.deepStrictEqual(kinds(outcomes), { InDoubt: 100, "NotSent outage": 2900 })
      assert.deepStrictEqual(creates(), [100])
      assert.isAtLeast(millis, 115_000)
      assert.isAtMost(millis, 190_000)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a page that refuses everything is not HubSpot's answer", () =>
    Effect.gen(function* () {
      const outcomes = yield* inVirtualTime(collect(3000), "1 second")
      assert.deepStrictEqual(kinds(outcomes), { InDoubt: 100, "NotSent outage": 2900 })
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          fault: (request) =>
            HubSpot.answer(request, 403, "<h1>Access denied</h1>", { "content-type": "text/html" })
        })
      )
    )
  )

  for (const reads of ["answered", "not answered"] as const) {
    for (const executes of [false, true]) {
      it.effect(
        `of minutes, reads ${reads}, creates ${executes ? "executed" : "lost"}, costs what was under way and two batches`,
        () => {
          const start = 10_000
          const isDown = (request: { readonly url: string; readonly millis: number }) =>
            request.millis >= start &&
            request.millis < start + (reads === "answered" ? 5000 : 100_000) &&
            (isCreate(request) || reads === "not answered")
          const { layer } = hubspot(isDown, { executes })
          return Effect.gen(function* () {
            const outcomes = yield* inVirtualTime(collect(30_000, { concurrency: 8 }), "1 second")
            const counts = kinds(outcomes)
            const { Created = 0, InDoubt = 0 } = counts
            assert.strictEqual(Created + InDoubt, 30_000, "nothing is left unsent")
            assert.isAtLeast(InDoubt, 100)
            assert.isAtMost(InDoubt, (8 + 2) * 100)
            assert.strictEqual(yield* stored, executes ? 30_000 : Created)
          }).pipe(Effect.provide(layer))
        }
      )
    }
  }

  it.effect("is shared by the jobs of an account: ten of them lose what one would", () => {
    const { layer } = hubspot(isCreate)
    return Effect.gen(function* () {
      const all = yield* inVirtualTime(
        Effect.forEach(Array.from({ length: 10 }), () => collect(1000), { concurrency: "unbounded" })
      )
      assert.deepStrictEqual(kinds(all.flat()), { InDoubt: 300, "NotSent outage": 9700 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("says how often HubSpot did not answer, and that rows wait", () => {
    const { layer } = hubspot(isCreate)
    const events: Array<Event> = []
    return Effect.gen(function* () {
      yield* inVirtualTime(collect(500, { onEvent: (event) => Effect.sync(() => void events.push(event)) }))
      const counts = events.flatMap((event) =>
        event._tag === "Unanswered" ? [[event.count, event.most]] : []
      )
      assert.deepStrictEqual(counts, [
        [1, 3],
        [2, 3],
        [3, 3]
      ])
      assert.isTrue(events.some((event) => event._tag === "Waiting" && event.why === "unanswered"))
    }).pipe(Effect.provide(layer))
  })
})

describe("after an outage that suspended a job", () => {
  it.effect("the next create carries one input, and one ambiguous answer suspends again", () => {
    const { creates, layer } = hubspot(isCreate)
    return Effect.gen(function* () {
      yield* inVirtualTime(collect(1000))
      const before = creates().length
      for (const _ of [1, 2, 3]) {
        assert.deepStrictEqual(kinds(yield* inVirtualTime(collect(1000))), {
          InDoubt: 1,
          "NotSent outage": 999
        })
      }
      assert.deepStrictEqual(creates().slice(before), [1, 1, 1])
    }).pipe(Effect.provide(layer))
  })

  it.effect("an accepted one lets the rest go, in whole batches", () => {
    let isOver = false
    const { creates, layer } = hubspot((request) => isCreate(request) && !isOver)
    return Effect.gen(function* () {
      yield* inVirtualTime(collect(1000))
      isOver = true
      const before = creates().length
      assert.deepStrictEqual(kinds(yield* inVirtualTime(collect(1000))), { Created: 1000 })
      const after = creates().slice(before)
      assert.strictEqual(after[0], 1)
      assert.deepStrictEqual(after.slice(1).sort(), [...Array.from({ length: 9 }, () => 100), 99])
      assert.strictEqual(yield* stored, 1000)
    }).pipe(Effect.provide(layer))
  })
})

describe("operations that may be repeated", () => {
  it.effect("are not suspended while HubSpot answers reads", () => {
    const { layer } = hubspot(({ millis, url }) => url.endsWith("/batch/update") && millis < 60_000)
    return Effect.gen(function* () {
      const created = yield* inVirtualTime(collect(300))
      const update = Stream.fromIterable(created).pipe(
        Stream.map((outcome) => ({
          id: outcome._tag === "Created" ? outcome.id : "",
          properties: { price: "7" }
        })),
        BulkUpdate.outcomes(),
        Stream.runCollect
      )
      const tags = new Set((yield* inVirtualTime(update, "1 second")).map(({ _tag }) => _tag))
      assert.isFalse(tags.has("NotSent"))
    }).pipe(Effect.provide(layer))
  })

  it.effect("are suspended when it answers none", () => {
    let isDown = false
    const { layer } = hubspot(() => isDown)
    return Effect.gen(function* () {
      const created = yield* inVirtualTime(collect(300))
      isDown = true
      const outcomes = yield* Stream.fromIterable(created).pipe(
        Stream.map((outcome) => ({
          id: outcome._tag === "Created" ? outcome.id : "",
          properties: { price: "7" }
        })),
        BulkUpdate.outcomes(),
        Stream.runCollect,
        (update) => inVirtualTime(update, "1 second")
      )
      const counts: Record<string, number> = {}
      for (const { _tag } of outcomes) counts[_tag] = (counts[_tag] ?? 0) + 1
      assert.deepStrictEqual(counts, { InDoubt: 100, NotSent: 200 })
    }).pipe(Effect.provide(layer))
  })
})

describe("a coalescer", () => {
  it.effect("fails its callers while HubSpot does not answer, and tries one input a minute", () => {
    let isDown = true
    const { creates, layer } = hubspot((request) => isCreate(request) && isDown, { latency: 10 })
    const create = (count: number) =>
      Effect.gen(function* () {
        const coalescer = yield* Coalescer.Coalescer
        const job = yield* Effect.forkChild(
          Effect.forEach(
            Array.from({ length: count }, (_, n) => n),
            (n) =>
              coalescer.create({ properties: { name: `Seat ${n}` } }).pipe(
                Effect.map(({ _tag }) => _tag as string),
                Effect.catch(({ reason }) => Effect.succeed(reason._tag as string))
              ),
            { concurrency: "unbounded" }
          )
        )
        const told = yield* join(job, "100 millis")
        return [
          told.filter((tag) => tag === "InDoubt").length,
          told.filter((tag) => tag === "Created").length
        ]
      })
    return Effect.gen(function* () {
      for (const _ of [1, 2, 3]) assert.deepStrictEqual(yield* create(10), [10, 0])
      const before = creates().length
      // Within the minute nothing is sent.
      assert.deepStrictEqual(yield* create(10), [0, 0])
      assert.lengthOf(creates(), before)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* create(10), [1, 0])
      assert.deepStrictEqual(yield* create(10), [0, 0])
      isDown = false
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* create(10), [0, 10])
      assert.deepStrictEqual(creates().slice(before), [1, 1, 9])
      assert.deepStrictEqual(yield* create(10), [0, 10])
    }).pipe(Effect.provide(Coalescer.layer().pipe(Layer.provideMerge(layer))))
  })
})
