import { BatchState, BulkCreate, DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import * as BatchObserver from "@effect-hubspot/batch/doubt/BatchObserver"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { hubspot, type Input, key, rule, run, some } from "../../support/doubt.ts"

const slow = { place: "asynchronous", pendingMillis: 4000, processingMillis: 6000 } as const
const bad: Input = { properties: { name: "bad", price: "-1" } }

const world = (fault: Faults.Fault) => hubspot([rule(fault, { path: "*/batch/create" })])
const linked = (fault: Faults.Fault) => BatchObserver.layerLinks.pipe(Layer.provideMerge(world(fault)))

const evidence = (outcomes: ReadonlyArray<Outcome.Outcome<unknown>>) => [
  ...new Set(
    outcomes.flatMap((outcome) =>
      outcome._tag === "InDoubt" && outcome.evidence._tag === "Unaccounted" ? [outcome.evidence.why] : []
    )
  )
]

const creates = (requests: ReadonlyArray<{ readonly method: string; readonly path: string }>) =>
  requests.filter(({ method, path }) => method === "POST" && path.endsWith("/batch/create")).length

describe("a batch that HubSpot has not finished", () => {
  it.effect("is looked for by its keys until it is done, and never sent again", () =>
    Effect.gen(function* () {
      const { counts, created, outcomes, requests } = yield* run(some(150), { keyProperty: key })
      assert.deepStrictEqual(counts, { response: 150 })
      assert.lengthOf(created, 150)
      assert.strictEqual(creates(requests), 2)
      const ids = new Map(created.map(({ id, objectWriteTraceId }) => [objectWriteTraceId, id]))
      for (const outcome of outcomes) {
        assert.strictEqual(
          outcome._tag === "Created" ? outcome.id : "",
          ids.get(`job-${outcome.index.toString(36)}`)
        )
      }
    }).pipe(Effect.provide(world(slow)))
  )

  it.effect("is followed by its link, and then its errors count as well", () =>
    Effect.gen(function* () {
      const { counts, created, requests } = yield* run([...some(5), bad], {})
      assert.deepStrictEqual(counts, { response: 5, Rejected: 1 })
      assert.lengthOf(created, 5)
      assert.strictEqual(creates(requests), 1)
      assert.isAtLeast(requests.filter(({ path }) => path.endsWith("/status")).length, 2)
    }).pipe(Effect.provide(linked(slow)))
  )

  it.effect("is in doubt if nobody can look", () =>
    Effect.gen(function* () {
      const { counts, outcomes, requests } = yield* run(some(5), {})
      assert.deepStrictEqual(counts, { InDoubt: 5 })
      assert.deepStrictEqual(evidence(outcomes), ["unfinished"])
      assert.lengthOf(requests, 1)
    }).pipe(Effect.provide(world(slow)))
  )

  it.effect("with keys, what it rejects stays in doubt after the deadline, and the rest is created", () =>
    Effect.gen(function* () {
      const { counts, outcomes, requests } = yield* run([...some(5), bad], {
        keyProperty: key,
        processing: Schedule.upTo(BatchState.schedules.processing, { duration: "2 minutes" })
      })
      assert.deepStrictEqual(counts, { response: 5, InDoubt: 1 })
      assert.deepStrictEqual(evidence(outcomes), ["unfinished"])
      assert.strictEqual(creates(requests), 1)
      const last = requests.at(-1)!.at - requests[0]!.at
      assert.isTrue(last > 30_000 && last < 180_000, `${last}`)
    }).pipe(Effect.provide(world(slow)))
  )

  it.effect("under guard even that is settled, by looking after the quiet period", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run([...some(5), bad], {
        keyProperty: key,
        strategy: DoubtStrategy.guard(),
        pending: Schedule.upTo(BatchState.schedules.pending, { duration: "1 minute" }),
        processing: Schedule.upTo(BatchState.schedules.processing, { duration: "1 minute" })
      })
      assert.strictEqual(counts["response"], 5)
      assert.lengthOf(created, 5)
    }).pipe(Effect.provide(world(slow)))
  )

  it.effect("canceled, has created what it had created; the rest is in doubt", () =>
    Effect.gen(function* () {
      const { counts, created, outcomes } = yield* run(some(5), {})
      assert.deepStrictEqual(counts, { response: 2, InDoubt: 3 })
      assert.deepStrictEqual(evidence(outcomes), ["unfinished"])
      assert.lengthOf(created, 2)
    }).pipe(Effect.provide(linked({ ...slow, end: "canceled", createdBeforeCancel: 2 })))
  )

  it.effect("that is never done is given up at the deadline", () =>
    Effect.gen(function* () {
      const { counts, requests } = yield* run(some(5), {})
      assert.deepStrictEqual(counts, { InDoubt: 5 })
      const last = requests.at(-1)!.at - requests[0]!.at
      assert.isTrue(last > 800_000 && last <= 935_000, `${last}`)
    }).pipe(Effect.provide(linked({ ...slow, pendingMillis: 1e9, end: "never" })))
  )

  it.effect("is looked at by the schedule of its status, which may be any", () =>
    Effect.gen(function* () {
      const { counts, requests } = yield* run(some(5), {
        pending: Schedule.spaced("1 second"),
        processing: Schedule.spaced("3 seconds")
      })
      assert.deepStrictEqual(counts, { response: 5 })
      const [sent, ...looks] = requests
      assert.deepStrictEqual(
        looks.map(({ at }) => at - sent!.at),
        [1000, 2000, 3000, 4000, 5000, 8000, 11_000]
      )
    }).pipe(Effect.provide(linked(slow)))
  )

  it.effect("is not waited for any more when its schedule throws, and what is known stays", () =>
    Effect.gen(function* () {
      const { counts } = yield* run(some(5), {
        // By chance the default could look first when the batch is done.
        pending: Schedule.spaced("1 second"),
        processing: Schedule.tap(Schedule.spaced("1 second"), () => Effect.die("a bug"))
      })
      assert.deepStrictEqual(counts, { InDoubt: 5 })
    }).pipe(Effect.provide(linked(slow)))
  )

  it.effect("does not hold up the others while it is looked at", () =>
    Effect.gen(function* () {
      const { requests } = yield* run(some(300), { concurrency: 1 })
      const [first, , third] = requests.filter(({ method }) => method === "POST")
      assert.isBelow(third!.at - first!.at, 1000)
    }).pipe(Effect.provide(linked(slow)))
  )

  it.effect("whose link leads elsewhere is not looked at, and the token goes nowhere", () =>
    Effect.gen(function* () {
      const { counts, outcomes, requests } = yield* run(some(5), {})
      assert.deepStrictEqual(counts, { InDoubt: 5 })
      assert.deepStrictEqual(evidence(outcomes), ["unfinished"])
      assert.lengthOf(requests, 1)
    }).pipe(
      Effect.provide(
        linked({
          place: "afterCommit",
          reply: {
            kind: "tamper",
            tampering: [
              { do: "emptyResults" },
              { do: "status", value: "PENDING" },
              { do: "links", links: { status: "https://api.hubapi.com.evil.example/status" } }
            ]
          }
        })
      )
    )
  )

  it.effect("a look that fails for good leaves what is known, and the rest in doubt", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      const { counts } = yield* run(some(5), {})
      assert.deepStrictEqual(counts, { InDoubt: 5 })
      assert.lengthOf((yield* emulator.ledger).created, 5)
    }).pipe(
      Effect.provide(
        BatchObserver.layerLinks.pipe(
          Layer.provideMerge(
            hubspot([
              rule(slow, { path: "*/batch/create" }),
              rule({ place: "beforeCommit", reply: { kind: "status", status: 403 } }, { path: "*/status" })
            ])
          )
        )
      )
    )
  )

  it.effect("is not waited for any more when the job is abandoned", () =>
    Effect.gen(function* () {
      const abandon = yield* Deferred.make<void>()
      const job = yield* Stream.fromIterable(some(5)).pipe(
        BulkCreate.outcomes({ jobId: "job", abandon }),
        Stream.runCollect,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Deferred.succeed(abandon, undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        (yield* Fiber.join(job)).map(({ _tag }) => _tag),
        some(5).map(() => "InDoubt")
      )
    }).pipe(Effect.provide(linked({ ...slow, pendingMillis: 1e9, end: "never" })))
  )

  it.effect("has created what it once told, also when a later look does not show it", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(some(5), {})
      assert.deepStrictEqual(counts, { response: 5 })
      assert.lengthOf(created, 5)
    }).pipe(
      Effect.provide(
        Layer.effect(
          BatchObserver.BatchObserver,
          Effect.succeed({ observe: () => Effect.succeed({ status: "COMPLETE", results: [] }) })
        ).pipe(
          Layer.provideMerge(
            world({
              place: "afterCommit",
              reply: { kind: "tamper", tampering: [{ do: "status", value: "PROCESSING" }] }
            })
          )
        )
      )
    )
  )
})
