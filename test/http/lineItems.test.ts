import {
  AccountInfo,
  Credentials,
  HubSpotClient,
  type HubSpotError,
  LineItems,
  Operations,
  RateLimits
} from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Effect, Fiber, Layer, Option, Random, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Midnight from "../../packages/http/src/internal/midnight.ts"
import * as HubSpot from "../support/hubspot.ts"

const ledger = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)

const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const lineItems = LineItems.LineItems

describe("values of a program", () => {
  it.effect("numbers and booleans are sent as text by every write; what has none is refused here", () =>
    Effect.gen(function* () {
      const service = yield* lineItems
      const { id } = yield* service.create({ properties: { name: "A", price: 1e-7, hs_is_optional: true } })
      yield* service.createBatch({
        inputs: [
          {
            properties: { name: "B", price: " 19.90", quantity: 2 },
            associations: [
              {
                to: { id: "4711" },
                types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: "20" }]
              }
            ]
          }
        ]
      })
      const { created } = yield* ledger
      assert.include(created[0]?.properties, { price: "0.0000001", hs_is_optional: "true" })
      assert.include(created[1]?.properties, { price: "19.90", quantity: "2" })
      assert.deepStrictEqual(created[1]?.associations, [Association.make("deal", "4711")])
      yield* service.update(id, { properties: { price: 2.5 } })
      assert.strictEqual((yield* service.get(id, { properties: ["price"] })).properties?.price, "2.5")
      yield* service.updateBatch({ inputs: [{ id, properties: { price: 1e21 } }] })
      const { properties } = yield* service.get(id, { properties: ["price"] })
      assert.strictEqual(properties?.price, "1000000000000000000000")
      const before = (yield* ledger).requests.length
      const error = yield* Effect.flip(
        service.createBatch({
          inputs: [{ properties: { name: "C" } }, { properties: { price: Number.NaN } }]
        })
      )
      assert.strictEqual(error.message, "not sent: inputs[1].properties.price: NaN is not a finite number")
      assert.lengthOf((yield* ledger).requests, before)
    }).pipe(Effect.provide(HubSpot.layer()))
  )
})

describe("one client in many hands", () => {
  it.effect("a thousand fibers never exceed the limit, as the ledger saw it", () =>
    Effect.gen(function* () {
      const service = yield* lineItems
      yield* inTime(
        Effect.forEach(
          Array.from({ length: 1000 }, (_, n) => n),
          (n) => service.create({ properties: { name: `Chair ${n}` } }),
          { concurrency: "unbounded" }
        )
      )
      const { created, requests } = yield* ledger
      assert.lengthOf(created, 1000)
      assert.lengthOf(requests, 1000)
      assert.isAtMost(Ledger.worstWindow(requests), 190)
      assert.isFalse(requests.some((request) => request.status === 429))
    }).pipe(
      Effect.provide(HubSpot.layer({ emulator: { latency: { min: 0, max: 3000 } } })),
      Random.withSeed("thousand")
    )
  )

  it.effect("searches keep to five a second, beside and not within the other limit", () =>
    Effect.gen(function* () {
      const service = yield* lineItems
      yield* inTime(
        Effect.all(
          [
            Effect.forEach(
              Array.from({ length: 40 }),
              () => service.searchPage({ filterGroups: [], limit: 1 }),
              { concurrency: "unbounded" }
            ),
            Effect.forEach(Array.from({ length: 40 }), () => service.listPage({ limit: 1 }), {
              concurrency: "unbounded"
            })
          ],
          { concurrency: "unbounded" }
        )
      )
      const { requests } = yield* ledger
      const searches = requests.filter((request) => request.path.endsWith("/search"))
      assert.lengthOf(searches, 40)
      assert.isAtMost(Ledger.worstWindow(searches, 1000), 5)
      assert.isFalse(requests.some((request) => request.status === 429))
      const lists = requests.filter((request) => request.method === "GET")
      assert.isAtMost(lists.at(-1)!.at - lists[0]!.at, 1000, "lists did not wait for searches")
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("an expired OAuth token is renewed once for all of them", () =>
    Effect.gen(function* () {
      const service = yield* lineItems
      const create = service.create({ properties: { name: "Chair" } })
      const all = Effect.all(
        Array.from({ length: 100 }, () => create),
        { concurrency: "unbounded" }
      )
      yield* inTime(all)
      yield* TestClock.adjust("2 hours")
      yield* inTime(all)
      const { created } = yield* ledger
      assert.lengthOf(created, 200)
      const { journal } = yield* Emulator.Emulator
      const tokens = (yield* journal).requests.filter((entry) => entry.path.startsWith("/oauth/"))
      assert.lengthOf(tokens, 2)
    }).pipe(
      Effect.provide(
        LineItems.layer({ limit: 190 }).pipe(
          Layer.provide(
            Credentials.layerOAuth({
              clientId: "client",
              clientSecret: Redacted.make("secret-secret"),
              refreshToken: Redacted.make("refresh-refresh")
            })
          ),
          Layer.provideMerge(
            Emulator.layer({
              oauth: {
                clientId: "client",
                clientSecret: Redacted.make("secret-secret"),
                refreshToken: Redacted.make("refresh-refresh")
              }
            })
          )
        )
      )
    )
  )
})

describe("the account's day", () => {
  it.effect(
    "ends before the account's last requests, which are left to others, and begins again at its midnight",
    () =>
      Effect.gen(function* () {
        const service = yield* lineItems
        const limits = yield* RateLimits.RateLimits
        yield* limits.observe({ timeZone: "Europe/Berlin" })
        const create = service.create({ properties: { name: "Chair" } })
        for (let n = 0; n < 90; n++) yield* inSeconds(create)
        const error = yield* inSeconds(Effect.flip(create))
        assert.strictEqual(error.acceptance, "NotAccepted")
        assert.isTrue(error.reason._tag === "RateLimited" && error.reason.policy === "daily")
        const { requests } = yield* ledger
        assert.lengthOf(requests, 90, "a tenth is left")
        if (error.reason._tag !== "RateLimited") return
        const resumeAt = DateTime.setZone(
          DateTime.makeUnsafe(error.reason.resumeAtMillis!),
          DateTime.zoneMakeNamedUnsafe("Europe/Berlin")
        )
        assert.deepStrictEqual(
          [DateTime.getPart(resumeAt, "hour"), DateTime.getPart(resumeAt, "minute")],
          [0, 0]
        )
        yield* TestClock.adjust(error.reason.resumeAtMillis! - (yield* Clock.currentTimeMillis))
        yield* inSeconds(create)
      }).pipe(Effect.provide(HubSpot.layer({ emulator: { dailyLimit: 100, timeZone: "Europe/Berlin" } })))
  )

  const inSeconds = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(effect)
      yield* TestClock.adjust("20 seconds")
      return yield* Fiber.join(fiber)
    })

  it.effect("midnight is the account's, through summer time as well", () =>
    Effect.gen(function* () {
      const at = (text: string) => TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe(text)))
      const end = (zone: string | undefined) =>
        Effect.map(Clock.currentTimeMillis, (now) =>
          DateTime.formatIso(DateTime.makeUnsafe(Midnight.after(now, zone)))
        )
      yield* at("2026-03-28T22:59:00Z")
      assert.strictEqual(yield* end("Europe/Berlin"), "2026-03-28T23:00:00.000Z")
      yield* at("2026-03-29T00:30:00Z")
      assert.strictEqual(yield* end("Europe/Berlin"), "2026-03-29T22:00:00.000Z")
      assert.strictEqual(yield* end(undefined), "2026-03-30T00:00:00.000Z")
      assert.strictEqual(yield* end("Mars/Olympus"), "2026-03-30T00:00:00.000Z")
    })
  )
})

describe("the verbs", () => {
  it.effect("associations are made and taken away, in each version as it can", () =>
    Effect.gen(function* () {
      for (const apiVersion of ["v3", "2026-03", "2026-09"] as const) {
        yield* Effect.gen(function* () {
          const service = yield* lineItems
          const { id } = yield* service.create({ properties: { name: "Chair" } })
          const target = { id, toObjectType: "deals", toObjectId: "4711" }
          const dealsOf = Effect.map(service.get(id, { associations: ["deals"] }), (object) =>
            Object.values(object.associations ?? {}).flatMap(({ results }) =>
              results.map((result) => result.id)
            )
          )
          yield* service.associate(target)
          assert.deepStrictEqual([...new Set(yield* dealsOf)], ["4711"], apiVersion)
          yield* service.associate(target, [Association.make("deal", "4711").types[0]!])
          if (apiVersion === "v3") {
            assert.strictEqual((yield* Effect.flip(service.dissociate(target))).reason._tag, "InvalidRequest")
          } else {
            yield* service.dissociate(target)
            assert.deepStrictEqual(yield* dealsOf, [], apiVersion)
          }
        }).pipe(Effect.provide(HubSpot.layer({ client: { apiVersion } })))
      }
    })
  )

  it.effect("an association that HubSpot does not make is an error, in each version", () =>
    Effect.gen(function* () {
      for (const apiVersion of ["v3", "2026-03", "2026-09"] as const) {
        const error = yield* lineItems.pipe(
          Effect.flatMap((service) =>
            Effect.flip(service.associate({ id: "404404", toObjectType: "deals", toObjectId: "4711" }))
          ),
          Effect.provide(HubSpot.layer({ client: { apiVersion } }))
        )
        assert.strictEqual(error.acceptance, "NotAccepted", apiVersion)
        assert.include(error.message, "404404")
      }
    })
  )

  it.effect("a property with unique values is defined, and upserts go by it", () =>
    Effect.gen(function* () {
      const client = yield* HubSpotClient.HubSpotClient
      const service = yield* lineItems
      const made = yield* Effect.flatMap(
        Operations.createProperty({
          name: "erp_key",
          label: "ERP key",
          type: "string",
          fieldType: "text",
          groupName: "lineiteminformation",
          hasUniqueValue: true
        }),
        client.execute
      )
      assert.strictEqual(made.hasUniqueValue, true)
      const all = yield* client.execute(Operations.listProperties)
      assert.isTrue(all.some((property) => property.name === "erp_key"))
      const upsert = service.upsertBatch({
        inputs: [{ id: "A", idProperty: "erp_key", properties: { name: "Chair" } }]
      })
      const first = yield* upsert
      const second = yield* upsert
      assert.deepStrictEqual([first.results[0]?.new, second.results[0]?.new], [true, false])
      assert.strictEqual(first.results[0]?.id, second.results[0]?.id)
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("a search beyond ten thousand records is a typed refusal after the ten thousandth", () =>
    Effect.gen(function* () {
      const service = yield* lineItems
      const inputs = Array.from({ length: 100 }, (_, n) => ({ properties: { name: `Chair ${n}` } }))
      const filled = Effect.forEach(Array.from({ length: 101 }), () => service.createBatch({ inputs }), {
        discard: true
      })
      yield* inTime(filled)
      let found = 0
      const error = yield* inTime(
        service.search({ limit: 200 }).pipe(
          Stream.runForEach(() => Effect.sync(() => found++)),
          Effect.flip
        )
      )
      assert.isTrue(error.reason._tag === "SearchCapReached" && error.reason.total === 10_100)
      assert.strictEqual(found, 10_000)
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("requests that cannot be right are not sent", () =>
    Effect.gen(function* () {
      const service = yield* lineItems
      const filter = { propertyName: "name", operator: "EQ", value: "x" } as const
      const calls = [
        service.createBatch({ inputs: [] }),
        service.archiveBatch([]),
        service.readBatch({
          inputs: Array.from({ length: 51 }, (_, n) => ({ id: String(n) })),
          propertiesWithHistory: ["name"]
        }),
        service.searchPage({ filterGroups: Array.from({ length: 6 }, () => ({ filters: [filter] })) }),
        service.searchPage({ filterGroups: [{ filters: Array.from({ length: 7 }, () => filter) }] }),
        service.searchPage({ limit: 201 }),
        service.searchPage({ query: "x".repeat(3000) }),
        service.get("..")
      ]
      for (const call of calls) {
        const error = yield* Effect.flip(call as Effect.Effect<unknown, HubSpotError.HubSpotError>)
        assert.strictEqual(error.reason._tag, "InvalidRequest")
        assert.isFalse(error.message.includes("\n"))
      }
      const inputs = Array.from({ length: 101 }, () => ({ properties: { name: "Chair" } }))
      const tooMany = yield* Effect.flip(service.createBatch({ inputs }))
      assert.include(tooMany.message, "expected 1 to 100, got 101; send them as several batches")
      assert.lengthOf((yield* ledger).requests, 0)
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("reads are repeated after a doubt, creates are not", () => {
    const gateway: HubSpot.Fault = (request, pass, n) =>
      n === 0 ? Effect.andThen(pass, HubSpot.answer(request, 502, "<html>")) : pass
    const withFault = <A, E>(use: (service: LineItems.LineItems["Service"]) => Effect.Effect<A, E>) =>
      inTime(Effect.exit(Effect.flatMap(lineItems, use))).pipe(
        Effect.zip(Effect.map(ledger, ({ requests }) => requests.length)),
        Effect.provide(HubSpot.layer({ fault: gateway }))
      )
    return Effect.gen(function* () {
      const [listed, reads] = yield* withFault((service) => service.listPage())
      assert.deepStrictEqual([listed._tag, reads], ["Success", 2])
      const [created, creates] = yield* withFault((service) => service.create({ properties: { name: "x" } }))
      assert.deepStrictEqual([created._tag, creates], ["Failure", 1])
    })
  })

  it.effect("the account is asked for once, and tells where its day ends", () =>
    Effect.gen(function* () {
      const account = yield* AccountInfo.AccountInfo
      const details = yield* Effect.all([account.details, account.details])
      assert.strictEqual(details[0].portalId, 42)
      assert.strictEqual(details[1].timeZone, "Asia/Tokyo")
    }).pipe(
      Effect.provide(
        AccountInfo.layer.pipe(
          Layer.provide(HubSpot.layer({ emulator: { portalId: 42, timeZone: "Asia/Tokyo" } }))
        )
      )
    )
  )

  it.effect("a service that is only needed in part is mocked in part", () =>
    Effect.gen(function* () {
      const service = yield* lineItems
      assert.strictEqual((yield* service.get("7")).id, "7")
    }).pipe(Effect.provide(Layer.mock(LineItems.LineItems, { get: (id) => Effect.succeed({ id }) })))
  )
})

describe("numbers in the place of ids", () => {
  const answered = Operations.lineItemsOf("deal", "1")

  it.effect("are read where associations are made", () =>
    Effect.gen(function* () {
      const { read } = yield* Operations.batchAssociate("0-3", [{ id: "7", toObjectId: "1" }])
      const confirmed = (results: ReadonlyArray<unknown>) =>
        Option.map(read({ results }), (seen) => [...seen.confirmed])
      assert.deepStrictEqual(
        confirmed([{ fromObjectId: 7, toObjectId: 1 }, { from: { id: 8 } }, { fromObjectId: "9" }]),
        Option.some(["7", "8", "9"])
      )
      assert.deepStrictEqual(confirmed([{ fromObjectId: 2 ** 60 }]), Option.none())
    })
  )

  it("are read where a parent's line items are listed, as is the cursor", () => {
    assert.deepStrictEqual(
      answered.read({ results: [{ toObjectId: 7 }, { toObjectId: "8" }], paging: { next: { after: 500 } } }),
      Option.some({ ids: ["7", "8"], after: "500" })
    )
    // An id that has lost digits would be that of another record.
    assert.deepStrictEqual(answered.read({ results: [{ toObjectId: 2 ** 60 }] }), Option.none())
  })
})
