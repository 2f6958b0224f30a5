/**
 * Durable jobs whose first rows are all rejected for one cause: they stop, and can be resumed in spite of it.
 */
import { JobStore } from "@effect-hubspot/batch"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import * as HubSpot from "../../support/hubspot.ts"
import { inVirtualTime } from "../../support/virtualTime.ts"
import { batchesOf, frozen, holder, rowsOf } from "../sql/jobStore/rows.ts"

const batchSize = 20

const planned = Effect.fnUntraced(function* (inputs: number) {
  const jobs = yield* JobStore.JobStore
  const claim = yield* jobs.create({ id: "a", holder, frozen: { ...frozen, batchSize } })
  yield* jobs.append(claim, yield* batchesOf(rowsOf(inputs), { batchSize }))
  yield* jobs.planned(claim, { digest: "d", inputs })
  return jobs
})

const run = (options: JobRunner.Options = { stopWhenAllRejected: true }) =>
  Effect.flatMap(JobStore.JobStore, (jobs) => jobs.claim("a", { holder })).pipe(
    Effect.flatMap((claim) => JobRunner.run(claim, options)),
    Effect.scoped,
    inVirtualTime
  )

/** HubSpot lacks the property `price`, as long as `isWrong` says so of a row. */
const hubspot = (isWrong: (row: number) => boolean) => {
  const seen = { creates: 0 }
  const fault: HubSpot.Fault = (request, pass) => {
    if (!request.url.endsWith("/batch/create")) return pass
    seen.creates++
    const names = HubSpot.bodyOf(request).inputs.map(
      ({ properties }) => (properties as Record<string, string>)["name"]!
    )
    return names.some((name) => isWrong(Number(name.slice("Seat ".length))))
      ? HubSpot.answer(request, 400, {
          status: "error",
          message: `Property values were not valid: [{"isValid":false,"message":"Property \\"price\\" does not exist","error":"PROPERTY_DOESNT_EXIST","name":"price"}]`,
          correlationId: "019a0000-0000-7000-8000-000000000000",
          category: "VALIDATION_ERROR"
        })
      : pass
  }
  return { seen, layer: Layer.fresh(Layer.merge(Stores.layerMemory, HubSpot.layer({ fault }))) }
}

const counts = Effect.flatMap(JobStore.JobStore, (jobs) => jobs.counts("a"))
const stored = Effect.flatMap(Emulator, ({ ledger }) => Effect.map(ledger, ({ created }) => created.length))

describe("a durable job whose first rows are all rejected for one cause", () => {
  it.effect("stops, says why, waits for a person, and goes on past it when it is told to", () => {
    const { layer, seen } = hubspot(() => true)
    return Effect.gen(function* () {
      const jobs = yield* planned(200)
      const end = yield* run()
      assert.deepInclude(end, { _tag: "Suspended" })
      const { state, suspension } = yield* jobs.get("a")
      assert.deepStrictEqual(
        [state, suspension?.reason, suspension?.resumeAtMillis],
        ["suspended", "operator", undefined]
      )
      assert.include(
        suspension?.message,
        'the first 40 were all rejected for one cause: Property "price" does not exist'
      )
      assert.deepInclude(yield* counts, { rejected: 40, notSent: 0, open: 160 })
      assert.strictEqual(seen.creates, 2)
      // The cause is still there.
      assert.deepInclude(yield* run(), { _tag: "Suspended" })
      assert.deepInclude(yield* counts, { rejected: 80, open: 120 })
      assert.strictEqual(seen.creates, 4)
      assert.deepStrictEqual(yield* run({}), { _tag: "Complete" })
      assert.deepInclude(yield* counts, { rejected: 200, notSent: 0, open: 0 })
      assert.strictEqual(yield* stored, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("goes on by itself once the cause is gone", () => {
    let isMissing = true
    const { layer } = hubspot(() => isMissing)
    return Effect.gen(function* () {
      yield* planned(200)
      assert.deepInclude(yield* run(), { _tag: "Suspended" })
      isMissing = false
      assert.deepStrictEqual(yield* run(), { _tag: "Complete" })
      assert.deepInclude(yield* counts, { rejected: 40, created: 160, notSent: 0 })
      assert.strictEqual(yield* stored, 160)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is done if these were all its rows", () => {
    const { layer } = hubspot(() => true)
    return Effect.gen(function* () {
      yield* planned(40)
      assert.deepStrictEqual(yield* run(), { _tag: "Complete" })
      assert.deepInclude(yield* counts, { rejected: 40, open: 0 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not stop if an earlier run created a row", () => {
    const { layer } = hubspot((row) => row >= batchSize)
    return Effect.gen(function* () {
      yield* planned(200)
      const stop = yield* Deferred.make<void>()
      const first = yield* run({
        stopWhenAllRejected: true,
        stop,
        onSettled: () => Effect.asVoid(Deferred.succeed(stop, undefined))
      })
      assert.deepStrictEqual(first, { _tag: "Stopped" })
      const { created, open } = yield* counts
      assert.strictEqual(created, batchSize)
      assert.isAtLeast(open, 3 * batchSize)
      assert.deepStrictEqual(yield* run(), { _tag: "Complete" })
      assert.deepInclude(yield* counts, { rejected: 180, created: batchSize, open: 0 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("does not stop if only the log knows of a row that was created", () => {
    const { layer } = hubspot((row) => row >= batchSize)
    return Effect.gen(function* () {
      const jobs = yield* planned(200)
      const away = new JobStore.JobStoreError({ reason: "Unwritable", detail: "away" })
      const first = yield* Effect.provideService(run(), JobStore.JobStore, {
        ...jobs,
        settle: () => Effect.fail(away)
      })
      assert.deepInclude(first, { _tag: "Suspended" })
      assert.deepInclude(yield* counts, { created: 0, rejected: 0, open: 200 })
      assert.strictEqual(yield* stored, batchSize)
      assert.deepStrictEqual(yield* run(), { _tag: "Complete" })
      assert.deepInclude(yield* counts, { rejected: 180, created: batchSize, open: 0 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("goes on if it is not told to stop", () => {
    const { layer } = hubspot(() => true)
    return Effect.gen(function* () {
      yield* planned(200)
      assert.deepStrictEqual(yield* run({}), { _tag: "Complete" })
    }).pipe(Effect.provide(layer))
  })

  it.effect("and its other rows are not sent if it is canceled then", () => {
    const { layer } = hubspot(() => true)
    return Effect.gen(function* () {
      const jobs = yield* planned(200)
      assert.deepInclude(yield* run(), { _tag: "Suspended" })
      yield* jobs.requestCancel("a")
      assert.deepStrictEqual(yield* run(), { _tag: "Canceled" })
      assert.deepInclude(yield* counts, { rejected: 40, notSent: 160, open: 0 })
    }).pipe(Effect.provide(layer))
  })
})
