/**
 * What every HubSpot must do for `LineItems`: one suite, run against the emulator in process, the served
 * one over undici and over fetch, and a live account if there is a token for one.
 *
 * It cleans up after itself, knows nothing of ledgers, and waits for a search to catch up.
 */
import { LineItems } from "@effect-hubspot/http"
import type { BatchRequest } from "@effect-hubspot/schema"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer, Schedule, Stream } from "effect"

type Services = LineItems.LineItems

/** The number of a run, so that runs on one account do not meet. */
let run = 0

const unique = (name: string) => `contract-${process.pid}-${Date.now()}-${run++}-${name}`

const withItems = <A, E, R>(
  inputs: ReadonlyArray<BatchRequest.CreateInput>,
  use: (ids: ReadonlyArray<string>) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(LineItems.LineItems, (lineItems) =>
    Effect.acquireUseRelease(
      Effect.map(
        lineItems.createBatch({
          inputs: inputs.map((input, index) => ({ ...input, objectWriteTraceId: `t-${index}` }))
        }),
        (reply) => {
          const byTrace = new Map(reply.results.map((result) => [result.objectWriteTraceId, result.id]))
          return inputs.map((_, index) => byTrace.get(`t-${index}`)!)
        }
      ),
      use,
      (ids) => Effect.ignore(lineItems.archiveBatch(ids))
    )
  )

const numbered = (count: number, name: string): ReadonlyArray<BatchRequest.CreateInput> =>
  Array.from({ length: count }, (_, n) => ({
    properties: { name: unique(`${name}-${n}`), quantity: String(n + 1), price: "19.90" }
  }))

export const suite = (name: string, hubspot: Layer.Layer<Services, unknown>) =>
  describe(`HubSpot as ${name}`, () => {
    layer(Layer.orDie(hubspot), { excludeTestServices: true })((it) => {
      it.effect("a batch is created, and each result says which input it is", () =>
        withItems(numbered(3, "batch"), (ids) => Effect.sync(() => assert.strictEqual(new Set(ids).size, 3)))
      )

      it.effect("a batch with a bad input is created in part", () =>
        Effect.gen(function* () {
          const lineItems = yield* LineItems.LineItems
          const reply = yield* lineItems.createBatch({
            inputs: [
              { properties: { name: unique("good") }, objectWriteTraceId: "good" },
              { properties: { name: unique("bad"), no_such_property_here: "x" }, objectWriteTraceId: "bad" }
            ]
          })
          assert.deepStrictEqual(
            reply.results.map((result) => result.objectWriteTraceId),
            ["good"]
          )
          assert.lengthOf(reply.errors ?? [], 1)
          assert.match(JSON.stringify(reply.errors![0]), /no_such_property_here/)
          assert.match(JSON.stringify(reply.errors![0]!.context), /bad/)
          yield* lineItems.archiveBatch(reply.results.map((result) => result.id))
        })
      )

      it.effect("a bad input without trace ids refuses the batch", () =>
        Effect.gen(function* () {
          const lineItems = yield* LineItems.LineItems
          const error = yield* Effect.flip(
            lineItems.createBatch({ inputs: [{ properties: { no_such_property_here: "x" } }] })
          )
          assert.strictEqual(error.reason._tag, "ValidationFailed")
          assert.strictEqual(error.acceptance, "NotAccepted")
        })
      )

      it.effect("a hundred and one inputs do not leave this machine", () =>
        Effect.gen(function* () {
          const lineItems = yield* LineItems.LineItems
          const error = yield* Effect.flip(lineItems.createBatch({ inputs: numbered(101, "many") }))
          assert.strictEqual(error.reason._tag, "InvalidRequest")
        })
      )

      it.effect("one is created, read, changed and archived", () =>
        Effect.gen(function* () {
          const lineItems = yield* LineItems.LineItems
          const name = unique("one")
          const created = yield* lineItems.create({ properties: { name, price: "12.50" } })
          const read = yield* lineItems.get(created.id, { properties: ["name", "price", "hs_sku"] })
          assert.strictEqual(read.properties?.name, name)
          assert.strictEqual(Number(read.properties?.price), 12.5)
          assert.isTrue(read.properties?.hs_sku == null)
          yield* lineItems.update(created.id, { properties: { quantity: "7" } })
          const changed = yield* lineItems.get(created.id, { properties: ["quantity"] })
          assert.strictEqual(Number(changed.properties?.quantity), 7)
          yield* lineItems.archive(created.id)
          const gone = yield* Effect.flip(lineItems.get(created.id))
          assert.strictEqual(gone.reason._tag, "ObjectNotFound")
          const archived = yield* lineItems.get(created.id, { archived: true })
          assert.strictEqual(archived.archived, true)
        })
      )

      it.effect("a record that is not there is a typed error", () =>
        Effect.gen(function* () {
          const lineItems = yield* LineItems.LineItems
          const error = yield* Effect.flip(lineItems.get("1"))
          assert.strictEqual(error.reason._tag, "ObjectNotFound")
        })
      )

      it.effect("a batch is read, with what is missing among the errors", () =>
        withItems(numbered(2, "read"), (ids) =>
          Effect.gen(function* () {
            const lineItems = yield* LineItems.LineItems
            const reply = yield* lineItems.readBatch({
              inputs: [...ids, "1"].map((id) => ({ id })),
              properties: ["quantity"]
            })
            assert.deepStrictEqual(reply.results.map((result) => result.id).sort(), [...ids].sort())
            assert.lengthOf(reply.errors ?? [], 1)
          })
        )
      )

      it.effect("a batch is updated", () =>
        withItems(numbered(2, "update"), (ids) =>
          Effect.gen(function* () {
            const lineItems = yield* LineItems.LineItems
            yield* lineItems.updateBatch({ inputs: ids.map((id) => ({ id, properties: { quantity: "9" } })) })
            const reply = yield* lineItems.readBatch({
              inputs: ids.map((id) => ({ id })),
              properties: ["quantity"]
            })
            assert.deepStrictEqual(
              reply.results.map((result) => Number(result.properties?.quantity)),
              [9, 9]
            )
          })
        )
      )

      it.effect("an upsert by a property without unique values is refused", () =>
        Effect.gen(function* () {
          const lineItems = yield* LineItems.LineItems
          const error = yield* Effect.flip(
            lineItems.upsertBatch({ inputs: [{ id: "x", idProperty: "name", properties: { name: "x" } }] })
          )
          assert.strictEqual(error.reason._tag, "ValidationFailed")
        })
      )

      it.effect("a batch is archived, twice if need be", () =>
        withItems(numbered(2, "archive"), (ids) =>
          Effect.gen(function* () {
            const lineItems = yield* LineItems.LineItems
            yield* lineItems.archiveBatch(ids)
            yield* lineItems.archiveBatch(ids)
            const reply = yield* lineItems.readBatch({ inputs: ids.map((id) => ({ id })) })
            assert.lengthOf(reply.results, 0)
          })
        )
      )

      it.effect("a list goes through its pages", () =>
        withItems(numbered(5, "list"), (ids) =>
          Effect.gen(function* () {
            const lineItems = yield* LineItems.LineItems
            const page = yield* lineItems.listPage({ limit: 2 })
            assert.lengthOf(page.results, 2)
            const all = yield* lineItems.list({ limit: 2 }).pipe(Stream.take(20_000), Stream.runCollect)
            const listed = new Set(all.map((object) => object.id))
            assert.isTrue(ids.every((id) => listed.has(id)))
            assert.strictEqual(listed.size, all.length, "no record twice")
          })
        )
      )

      it.effect("a search finds what was created, after a while", () =>
        withItems(numbered(3, "search"), (ids) =>
          Effect.gen(function* () {
            const lineItems = yield* LineItems.LineItems
            const search = lineItems
              .search({
                filterGroups: [
                  { filters: [{ propertyName: "hs_object_id", operator: "IN", values: [...ids] }] }
                ],
                limit: 2
              })
              .pipe(Stream.runCollect)
            const found = yield* search.pipe(
              Effect.filterOrFail((found) => found.length === 3),
              Effect.retry(Schedule.max([Schedule.spaced("2 seconds"), Schedule.recurs(20)]))
            )
            assert.deepStrictEqual(found.map((object) => object.id).sort(), [...ids].sort())
          })
        )
      )
    })
  })
