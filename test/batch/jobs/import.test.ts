import { DoubtStrategy, Import, JobStore } from "@effect-hubspot/batch"
import * as ImportRuntime from "@effect-hubspot/batch/cluster/ImportRuntime"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Equal, Fiber, Layer, Redacted, Result, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { inVirtualTime, join } from "../../support/virtualTime.ts"

/** What a caller has, in types that JSON does not know. */
class Order extends Schema.Class<Order>("Order")({
  number: Schema.Int,
  placed: Schema.Date,
  price: Schema.BigDecimal,
  note: Schema.optionalKey(Schema.String)
}) {}

const order = (number: number, price = "19.90", note?: string) =>
  new Order({
    number,
    placed: new Date(Date.UTC(2026, 10, number)),
    price: BigDecimal.fromStringUnsafe(price),
    ...(note !== undefined && { note })
  })

const toInput = ({ note, number, price }: Order) => {
  if (note === "thrown") throw new TypeError("no such order")
  return note === "refused"
    ? Result.fail([{ path: "note", message: "is not for HubSpot", advice: "keep it" }])
    : Result.succeed({ properties: { name: `Order ${number}`, price: BigDecimal.format(price) } })
}

const id = "orders-2026-11"
const submit = Import.submit({ id, codec: Order, toInput, batchSize: 2 })
const orders = (count: number) => Stream.range(1, count).pipe(Stream.map((number) => order(number)))

const layerOf = (emulator: Emulator.Options = {}) =>
  Layer.merge(Stores.layerMemory, Emulator.layerLineItems({ emulator }))

const slow = { latency: { min: 1000, max: 1000 } }

const names = Effect.map(
  Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger),
  ({ created }) => created.map(({ properties }) => properties["name"]).sort()
)

/** Requests to create that have arrived. */
const begun = Effect.map(
  Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger),
  ({ requests }) => requests.filter(({ path }) => path.endsWith("/batch/create")).length
)

const kinds = Stream.runCollect(Import.outcomes(id, Order)).pipe(
  Effect.map((outcomes) => outcomes.map(({ _tag }) => _tag))
)

const inWorld =
  (emulator?: Emulator.Options) =>
  <A, E>(effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerOf>>>) =>
    Effect.provide(inVirtualTime(effect), Layer.fresh(layerOf(emulator)))

describe("a durable import of values", () => {
  it.effect("writes down what is sent: a number in plain digits, also when it is sent again", () =>
    Effect.gen(function* () {
      const price = "0.00000000000000001"
      assert.strictEqual(BigDecimal.format(BigDecimal.fromStringUnsafe(price)), "1e-17")
      yield* Stream.make(order(1, price)).pipe(submit)
      yield* Import.run(id)
      assert.strictEqual(yield* begun, 2)
      const { created } = yield* Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)
      assert.deepStrictEqual(
        created.map(({ properties }) => properties["price"]),
        [price]
      )
      assert.deepStrictEqual(yield* kinds, ["Created"])
    }).pipe(
      inWorld({
        faults: {
          rules: [
            {
              match: { path: "*/batch/create", nth: 1 },
              fault: { place: "beforeCommit", reply: { kind: "status", status: 423 } }
            }
          ]
        }
      })
    )
  )

  it.effect("keeps a value by its codec, and gives it back with its outcome", () =>
    Effect.gen(function* () {
      const job = yield* Stream.make(order(1), order(2, "0.1000", "née \u0000 \ud800"), order(3)).pipe(submit)
      assert.deepInclude(job.frozen, {
        source: { name: id },
        account: "891936587",
        origin: "https://api.hubapi.com",
        strategy: DoubtStrategy.failVisible,
        batchSize: 2
      })
      assert.strictEqual((yield* Import.status(id)).status, "PENDING")
      assert.deepStrictEqual(yield* Import.run(id), { _tag: "Complete" })
      const { counts, status } = yield* Import.status(id)
      assert.strictEqual(status, "COMPLETE")
      assert.deepInclude(counts, { inputs: 3, created: 3, open: 0 })
      const outcomes = yield* Stream.runCollect(Import.outcomes(id, Order))
      assert.deepStrictEqual(
        outcomes.map(({ index }) => index),
        [0, 1, 2]
      )
      const [, second] = outcomes
      assert.instanceOf(second?.source, Order)
      assert.isTrue(Equal.equals(second?.source, order(2, "0.1000", "née \u0000 \ud800")))
      assert.strictEqual(second?.objectWriteTraceId, `${id}-1`)
      const { created } = yield* Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)
      for (const outcome of outcomes) {
        const record = created.find(({ id }) => outcome._tag === "Created" && id === outcome.id)
        assert.strictEqual(record?.properties["name"], `Order ${outcome.source.number}`)
      }
    }).pipe(inWorld())
  )

  it.effect("has an outcome of its own for each value that is rejected or refused", () =>
    Effect.gen(function* () {
      yield* Stream.make(
        order(1),
        order(2, "-1"),
        order(3, "1", "refused"),
        order(4, "1", "thrown"),
        order(5)
      ).pipe(submit)
      yield* Import.run(id)
      const outcomes = yield* Stream.runCollect(Import.outcomes(id, Order))
      assert.deepStrictEqual(
        outcomes.map(({ _tag, source: { number } }) => [number, _tag]),
        [
          [1, "Created"],
          [2, "Rejected"],
          [3, "Invalid"],
          [4, "Invalid"],
          [5, "Created"]
        ]
      )
      const [, rejected, refused, thrown] = outcomes
      assert.isTrue(rejected?._tag === "Rejected" && rejected.problems[0]?.property === "price")
      assert.deepInclude(refused, {
        issues: [{ path: "note", message: "is not for HubSpot", advice: "keep it" }]
      })
      assert.isTrue(thrown?._tag === "Invalid" && thrown.issues[0]?.message === "cannot be read (TypeError)")
      assert.deepStrictEqual(yield* names, ["Order 1", "Order 5"])
    }).pipe(inWorld())
  )

  it.effect("creates nothing twice, however often it is run", () =>
    Effect.gen(function* () {
      yield* orders(5).pipe(submit)
      const ends = yield* Effect.forEach([1, 2, 3], () => Import.run(id))
      assert.deepStrictEqual(ends, [{ _tag: "Complete" }, { _tag: "Complete" }, { _tag: "Complete" }])
      assert.lengthOf(yield* names, 5)
    }).pipe(inWorld())
  )

  it.effect("is left for the next run when it is interrupted, with the requests under way answered", () =>
    Effect.gen(function* () {
      yield* inVirtualTime(orders(9).pipe(submit))
      const first = yield* Effect.forkChild(Import.run(id, { concurrency: 1 }), { startImmediately: true })
      while ((yield* begun) < 2) yield* TestClock.adjust("100 millis")
      yield* join(yield* Effect.forkChild(Fiber.interrupt(first), { startImmediately: true }), "100 millis")
      assert.lengthOf(yield* names, 4)
      const { counts, job, status } = yield* Import.status(id)
      assert.deepStrictEqual([status, counts.created, counts.open], ["PROCESSING", 4, 5])
      assert.isUndefined(job.holder)
      assert.deepStrictEqual(yield* inVirtualTime(Import.run(id)), { _tag: "Complete" })
      assert.deepStrictEqual(yield* kinds, Array(9).fill("Created"))
      assert.strictEqual(new Set(yield* names).size, 9)
      assert.lengthOf(yield* names, 9)
    }).pipe(Effect.provide(Layer.fresh(layerOf(slow))))
  )

  it.effect("that is not waited for leaves what was under way in doubt, and is not sent again", () =>
    Effect.gen(function* () {
      yield* inVirtualTime(orders(4).pipe(submit))
      const first = yield* Effect.forkChild(Import.run(id, { concurrency: 1, grace: 0 }), {
        startImmediately: true
      })
      while ((yield* begun) < 1) yield* TestClock.adjust("100 millis")
      yield* join(yield* Effect.forkChild(Fiber.interrupt(first), { startImmediately: true }), 1)
      assert.deepStrictEqual(yield* inVirtualTime(Import.run(id)), { _tag: "Complete" })
      assert.deepStrictEqual(yield* kinds, ["InDoubt", "InDoubt", "Created", "Created"])
      assert.deepStrictEqual(yield* names, ["Order 1", "Order 2", "Order 3", "Order 4"])
    }).pipe(Effect.provide(Layer.fresh(layerOf(slow))))
  )

  it.effect("goes on after a stop, asked to or not", () =>
    Effect.gen(function* () {
      yield* orders(3).pipe(submit)
      const jobs = yield* JobStore.JobStore
      const claim = yield* jobs.claim(id, { holder: { pid: 1, host: "a" } })
      yield* jobs.suspend(claim, { reason: "operator", message: "stopped by the user" })
      const busy = yield* Effect.flip(Import.run(id))
      assert.deepInclude(busy, { _tag: "JobBusy", pid: 1, host: "a" })
      // Who knows that the other is gone does not wait for it.
      yield* Import.resume(id)
      assert.isDefined((yield* Import.status(id)).job.suspension?.resumeAtMillis)
      assert.deepStrictEqual(yield* Import.run(id, { isGone: ({ pid }) => pid === 1 }), { _tag: "Complete" })
      assert.lengthOf(yield* names, 3)
    }).pipe(inWorld())
  )

  it.effect("that is canceled tells every value that it was not sent", () =>
    Effect.gen(function* () {
      yield* orders(3).pipe(submit)
      yield* Import.cancel(id)
      assert.deepStrictEqual(yield* Import.run(id), { _tag: "Canceled" })
      assert.strictEqual((yield* Import.status(id)).status, "CANCELED")
      assert.deepStrictEqual(yield* kinds, ["NotSent", "NotSent", "NotSent"])
      assert.lengthOf(yield* names, 0)
      assert.strictEqual((yield* Effect.flip(Import.cancel(id)))._tag, "IllegalTransition")
    }).pipe(inWorld())
  )

  it.effect("refuses an id that exists, and takes one that never got beyond planning", () =>
    Effect.gen(function* () {
      const broken = Stream.concat(orders(3), Stream.fail("the database of orders is gone" as const))
      assert.strictEqual(yield* Effect.flip(submit(broken)), "the database of orders is gone")
      assert.strictEqual((yield* Effect.flip(Import.run(id)))._tag, "IllegalTransition")
      yield* orders(3).pipe(submit)
      const exists = yield* Effect.flip(submit(orders(3)))
      assert.deepInclude(exists, { _tag: "JobExists", done: 0, total: 3 })
      yield* Import.run(id)
      assert.deepInclude(yield* Effect.flip(submit(orders(3))), { _tag: "JobExists", done: 3 })
      assert.lengthOf(yield* names, 3)
      const unknown = yield* Effect.all([
        Effect.flip(Import.status("b")),
        Effect.flip(Import.run("b")),
        Effect.flip(Import.resume("b")),
        Effect.flip(Import.cancel("b"))
      ])
      assert.deepStrictEqual(
        unknown.map(({ _tag }) => _tag),
        Array(4).fill("JobNotFound")
      )
    }).pipe(inWorld())
  )

  it.effect("is not begun with a value that its codec cannot keep, nor read with another codec", () =>
    Effect.gen(function* () {
      const Positive = Schema.Struct({ n: Schema.Int.check(Schema.isGreaterThan(0)) })
      const numbers = Import.submit({
        id,
        codec: Positive,
        toInput: ({ n }) => Result.succeed({ properties: { name: `${n}` } })
      })
      assert.strictEqual(
        (yield* Effect.flip(Stream.make({ n: 1 }, { n: 0 }).pipe(numbers)))._tag,
        "SchemaError"
      )
      yield* Stream.make({ n: 1 }, { n: 2 }).pipe(numbers)
      yield* Import.run(id)
      assert.strictEqual((yield* Effect.flip(kinds))._tag, "SchemaError")
      assert.deepStrictEqual(yield* names, ["1", "2"])
    }).pipe(inWorld())
  )

  it.effect("is run for its account and its address only", () =>
    Effect.gen(function* () {
      yield* orders(3).pipe(submit)
      const hubspot = (baseUrl: string | undefined, portalId: number) =>
        LineItems.layer({ baseUrl }).pipe(
          Layer.provide(Credentials.layer(Redacted.make("pat-eu1-0000"))),
          Layer.provide(Emulator.layer({ portalId }))
        )
      const account = yield* Effect.flip(Effect.provide(Import.run(id), hubspot(undefined, 7)))
      assert.deepInclude(account, { _tag: "AccountChanged", was: "891936587", is: "7" })
      const local = "http://127.0.0.1:4010"
      const origin = yield* Effect.flip(Effect.provide(Import.run(id), hubspot(local, 891936587)))
      assert.strictEqual(
        origin instanceof Import.OriginChanged && origin.message,
        `job "${id}" was planned for https://api.hubapi.com, not for ${local}; run it with a client for https://api.hubapi.com`
      )
      assert.strictEqual((yield* Import.status(id)).status, "PENDING")
      assert.deepStrictEqual(yield* Import.run(id), { _tag: "Complete" })
    }).pipe(inWorld())
  )

  it.effect("proves the key property first, and goes by the keys of the values", () =>
    Effect.gen(function* () {
      const keyed = Import.submit({
        id,
        codec: Order,
        toInput: ({ number }) => Result.succeed({ properties: { name: "Seat", erp: `A-${number}` } }),
        strategy: DoubtStrategy.guard(),
        keyProperty: "erp"
      })
      yield* orders(3).pipe(keyed)
      yield* Import.run(id)
      const { created } = yield* Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)
      assert.sameMembers(
        created
          .filter(({ properties }) => properties["name"] === "Seat")
          .map(({ properties }) => properties["erp"]),
        ["A-1", "A-2", "A-3"]
      )
      const unusable = Import.submit({
        id: "b",
        codec: Order,
        toInput,
        strategy: DoubtStrategy.guard(),
        keyProperty: "name"
      })
      assert.strictEqual((yield* Effect.flip(unusable(orders(1))))._tag, "KeyUnusable")
      assert.strictEqual((yield* Effect.flip(Import.status("b")))._tag, "JobNotFound")
    }).pipe(inWorld({ uniqueProperties: ["erp"] }))
  )

  it.effect("is run by a runtime, elsewhere", () =>
    Effect.gen(function* () {
      yield* orders(5).pipe(submit)
      const runtime = yield* ImportRuntime.ImportRuntime
      assert.strictEqual((yield* runtime.settled(id)).state, "done")
      assert.deepStrictEqual(yield* kinds, Array(5).fill("Created"))
    }).pipe(
      inVirtualTime,
      Effect.provide(
        Layer.merge(
          ImportRuntime.layerMemory({
            account: (account) => Emulator.layerLineItems({ emulator: { portalId: Number(account) } })
          }),
          Emulator.layerLineItems()
        )
      )
    )
  )
})
