import {
  ApiVersion,
  Association,
  BatchRequest,
  BatchResponse,
  BatchStatus,
  CrmObject,
  ErrorBody,
  LineItem,
  Properties
} from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Option, Schema } from "effect"
import { readFileSync } from "node:fs"

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8"))

const roundTrip = <S extends Schema.Codec<unknown, unknown>>(schema: S, json: unknown) =>
  Effect.flatMap(Schema.decodeUnknownEffect(schema)(json), (value) => Schema.encodeEffect(schema)(value))

describe("the bodies of HubSpot's own documentation", () => {
  it.effect("the request decodes, and encodes back to the same JSON", () =>
    Effect.gen(function* () {
      const json = fixture("documented-request.json")
      assert.deepStrictEqual(yield* roundTrip(BatchRequest.BatchCreate, json), json)
    })
  )

  it.effect("the reply decodes, and encodes back to the same JSON, nothing lost", () =>
    Effect.gen(function* () {
      const json = fixture("documented-reply.json")
      assert.deepStrictEqual(yield* roundTrip(BatchResponse.BatchResponse, json), json)
    })
  )

  it.effect("fields that nobody knows yet survive at every level", () =>
    Effect.gen(function* () {
      const json = {
        status: "ARCHIVED_LATER",
        results: [
          { id: "1", properties: { a: null }, shiny: { new: true }, warnings: [{ message: "m", x: 1 }] }
        ],
        errors: [{ message: "no", extra: 1, errors: [{ message: "d", context: ["list"], more: [] }] }],
        traceparent: "x"
      }
      assert.deepStrictEqual(yield* roundTrip(BatchResponse.BatchResponse, json), json)
    })
  )

  it("a hundred and one inputs, or none, are no request", () => {
    const inputs = Array.from({ length: 101 }, () => ({ properties: { name: "x" } }))
    const decode = Schema.decodeUnknownOption(BatchRequest.BatchCreate)
    assert.isTrue(Option.isNone(decode({ inputs })))
    assert.isTrue(Option.isNone(decode({ inputs: [] })))
    assert.isTrue(Option.isSome(decode({ inputs: inputs.slice(1) })))
  })
})

describe("a reply of a wrong shape", () => {
  it("is read entry by entry", () => {
    const salvaged = Option.getOrThrow(
      BatchResponse.salvage({
        status: "COMPLETE",
        startedAt: 7,
        results: [{ id: "1" }, { id: 2 }, null, { id: "3", properties: { price: 5 } }],
        errors: "none"
      })
    )
    assert.deepStrictEqual(
      salvaged.response.results.map((object) => object.id),
      ["1"]
    )
    assert.strictEqual(salvaged.response.status, "COMPLETE")
    assert.strictEqual(salvaged.unreadable, 5)
  })

  it("is nothing at all without a list of results", () => {
    for (const json of [null, [], "x", {}, { results: {} }])
      assert.isTrue(Option.isNone(BatchResponse.salvage(json)))
  })
})

describe("errors", () => {
  it("contexts are read in every shape that was seen", () => {
    assert.deepStrictEqual(ErrorBody.contextValues({ ids: ["1", "2"] }, "ids"), ["1", "2"])
    assert.deepStrictEqual(ErrorBody.contextValues({ ids: 7 }, "ids"), ["7"])
    assert.deepStrictEqual(ErrorBody.contextValues("{missingScopes=[a, b], x=c}", "x"), ["c"])
    assert.deepStrictEqual(ErrorBody.contextValues("{missingScopes=[a, b], x=c}", "missingScopes"), [
      "a",
      "b"
    ])
    assert.deepStrictEqual(ErrorBody.contextValues({ constructor: "no" }, "toString"), [])
    assert.deepStrictEqual(ErrorBody.contextValues(undefined, "ids"), [])
  })

  it("faults packed into a message are unpacked, and made safe to show", () => {
    const faults = ErrorBody.faults({
      message:
        'Property values were not valid: [{"isValid":false,"message":"Property \\"prise\\" does not exist","error":"PROPERTY_DOESNT_EXIST","name":"prise"},{"message":"bad\\u001b[31m","name":"price"}]'
    })
    assert.deepStrictEqual(faults.map(ErrorBody.describe), [
      'Property "prise" does not exist',
      "price: bad [31m"
    ])
    assert.strictEqual(faults[0]?.code, "PROPERTY_DOESNT_EXIST")
    assert.strictEqual(ErrorBody.faults({ message: "x".repeat(2000) })[0]?.message.length, 500)
    assert.deepStrictEqual(ErrorBody.faults({ category: "CONFLICT" }), [{ message: "no message (CONFLICT)" }])
  })
})

describe("words and numbers", () => {
  it("statuses are read leniently and combine by severity", () => {
    assert.strictEqual(BatchStatus.fromString("CANCELLED"), "CANCELED")
    assert.strictEqual(BatchStatus.fromString("constructor"), undefined)
    assert.strictEqual(BatchStatus.combine(["COMPLETE", "PROCESSING", "PENDING"]), "PROCESSING")
    assert.strictEqual(BatchStatus.combine([]), "COMPLETE")
  })

  it("paths flip between v3 and the dated versions", () => {
    assert.strictEqual(ApiVersion.objectPath("v3", "line_items"), "/crm/v3/objects/line_items")
    assert.strictEqual(ApiVersion.objectPath("2026-03", "line_items"), "/crm/objects/2026-03/line_items")
  })

  it("association types have HubSpot's ids", () => {
    const { cart, deal, invoice, order, quote, subscription } = Association.typeIds
    assert.deepStrictEqual([deal, quote, invoice, order, cart, subscription], [20, 68, 410, 514, 591, 302])
    assert.strictEqual(
      Association.targetOf({ associationCategory: "USER_DEFINED", associationTypeId: 20 }),
      undefined
    )
  })

  it("money keeps every digit", () => {
    for (const text of [
      "10.00",
      "0.10000000000000000001",
      "-0.5",
      "123456789012345678901234567890.12",
      "0"
    ]) {
      assert.strictEqual(Properties.formatDecimal(Properties.decimal(text)), text)
    }
    assert.strictEqual(Properties.formatDecimal(Properties.decimal("1e3")), "1000")
  })

  it("dates are days, instants are instants, booleans are words", () => {
    const ok = (type: Properties.PropertyType, ...texts: ReadonlyArray<string>) =>
      texts.map((text) => Properties.isValueOf(type, text))
    assert.deepStrictEqual(
      ok(
        "date",
        "2026-11-23",
        "1795392000000",
        "31.12.2026",
        "2026-13-01",
        "1795392000001",
        "2027-02-30",
        "2028-02-29"
      ),
      [true, true, false, false, false, false, true]
    )
    assert.deepStrictEqual(ok("datetime", "2026-11-23T10:00:00Z", "yesterday", "2027-02-30T10:00:00Z"), [
      true,
      false,
      false
    ])
    assert.deepStrictEqual(ok("bool", "true", "FALSE", "yes"), [true, true, false])
  })

  it.effect("a line item is typed on the way out and on the way back", () =>
    Effect.gen(function* () {
      const input = LineItem.make({
        name: "Chair",
        price: Properties.decimal("19.90"),
        hs_is_optional: true,
        hs_recurring_billing_start_date: DateTime.makeUnsafe("2026-12-01"),
        custom: { erp_position: "10" },
        objectWriteTraceId: "t-1"
      })
      assert.deepStrictEqual(input.properties, {
        erp_position: "10",
        name: "Chair",
        price: "19.90",
        hs_is_optional: "true",
        hs_recurring_billing_start_date: "2026-12-01"
      })
      const object: CrmObject.CrmObject = { id: "1", properties: { ...input.properties, hs_sku: null } }
      const standard = yield* LineItem.fromObject(object)
      assert.strictEqual(standard.hs_is_optional, true)
      assert.strictEqual(Properties.formatDecimal(standard.price!), "19.90")
      assert.isFalse("hs_sku" in standard)
      assert.deepStrictEqual(LineItem.customProperties(object), { erp_position: "10" })
      const wrong = yield* Effect.flip(LineItem.fromObject({ id: "1", properties: { price: "cheap" } }))
      assert.match(wrong.message, /price/)
    })
  )
})
