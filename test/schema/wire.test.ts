import {
  ApiVersion,
  Association,
  BatchRequest,
  BatchResponse,
  BatchStatus,
  CrmObject,
  ErrorBody,
  LineItem,
  Page,
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

describe("numbers where HubSpot's description says text", () => {
  it.effect("are ids and values in their decimal text, and are written as text", () =>
    Effect.gen(function* () {
      const result = {
        id: 1000,
        objectWriteTraceId: 77,
        properties: { amount: 12000.5, quantity: 3, taxed: true, name: null },
        associations: { deals: { results: [{ id: 4711, type: "line_item_to_deal" }] } },
        propertiesWithHistory: { price: [{ value: 5, sourceId: 9 }] }
      }
      const text = {
        id: "1000",
        objectWriteTraceId: "77",
        properties: { amount: "12000.5", quantity: "3", taxed: "true", name: null },
        associations: { deals: { results: [{ id: "4711", type: "line_item_to_deal" }] } },
        propertiesWithHistory: { price: [{ value: "5", sourceId: "9" }] }
      }
      const error = { id: 5, message: "no", correlationId: 6 }
      assert.deepStrictEqual(
        yield* roundTrip(BatchResponse.BatchResponse, { results: [result], errors: [error] }),
        { results: [text], errors: [{ id: "5", message: "no", correlationId: 6 }] }
      )
      assert.deepStrictEqual(yield* roundTrip(ErrorBody.ErrorBody, { message: "no", correlationId: 6 }), {
        message: "no",
        correlationId: "6"
      })
      assert.deepStrictEqual(
        yield* roundTrip(Page.Page, { results: [result], paging: { next: { after: 100 } } }),
        { results: [text], paging: { next: { after: "100" } } }
      )
    })
  )

  it("are no ids where JavaScript has lost digits of them, or where they are no integers", () => {
    const decode = Schema.decodeUnknownOption(CrmObject.CrmObject)
    for (const id of [2 ** 53, 2 ** 63, 1e300, 1.5, -1, NaN, true]) {
      assert.isTrue(Option.isNone(decode({ id })), String(id))
    }
    assert.strictEqual(Option.getOrThrow(decode({ id: 2 ** 53 - 1 })).id, "9007199254740991")
    // A digit that is lost is no value either.
    assert.isTrue(Option.isNone(decode({ id: "1", properties: { import_key: 2 ** 63 } })))
  })
})

describe("a reply of a wrong shape", () => {
  it("is read entry by entry, and of an entry what can be read", () => {
    const salvaged = Option.getOrThrow(
      BatchResponse.salvage({
        status: "COMPLETE",
        startedAt: 7,
        results: [
          { id: "1" },
          { id: 2 },
          null,
          { id: "3", properties: { price: [5], name: "c" }, createdAt: 7, archived: "no", new: true },
          { id: 2 ** 60, objectWriteTraceId: "t-4", properties: "none" },
          { id: null, properties: { name: "e" } }
        ],
        errors: "none"
      })
    )
    assert.deepStrictEqual(salvaged.response.results, [
      { id: "1" },
      { id: "2" },
      { id: "3", properties: { name: "c" }, new: true },
      // It names an input, so there is one that exists, under an id that cannot be read.
      { id: "", objectWriteTraceId: "t-4" }
    ])
    assert.strictEqual(salvaged.response.status, "COMPLETE")
    assert.strictEqual(salvaged.unreadable, 6)
  })

  it("has no results where a finished batch lists its errors alone", () => {
    const errors = [{ message: "no", context: { objectWriteTraceId: ["t-1"] } }]
    for (const results of [undefined, null]) {
      const salvaged = Option.getOrThrow(BatchResponse.salvage({ status: "COMPLETE", results, errors }))
      assert.deepStrictEqual(salvaged.response, { status: "COMPLETE", results: [], errors })
    }
  })

  it("is nothing at all without a list of results", () => {
    const errors = [{ message: "no" }]
    const others = [
      { errors },
      { status: "error", errors },
      { status: "COMPLETE" },
      { status: "COMPLETE", errors: [] },
      { status: "COMPLETE", results: "x", errors }
    ]
    for (const json of [null, [], "x", {}, { results: {} }, ...others])
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

  it("a refused association is shown with the objects that its context names", () => {
    const [problem, ...others] = ErrorBody.problems({
      status: "error",
      message: "One or more associations are invalid",
      category: "VALIDATION_ERROR",
      context: {
        INVALID_OBJECT_IDS: ["DEAL=7 is not valid", "QUOTE=8 is not valid"],
        objectId: ["7", "8"],
        objectType: ["DEAL", "QUOTE"]
      }
    })
    assert.deepStrictEqual(others, [])
    assert.strictEqual(
      ErrorBody.describe(problem!),
      "One or more associations are invalid: DEAL=7 is not valid, QUOTE=8 is not valid"
    )
  })

  it("problems packed into a message are unpacked, and made safe to show", () => {
    const problems = ErrorBody.problems({
      message:
        'Property values were not valid: [{"isValid":false,"message":"Property \\"prise\\" does not exist","error":"PROPERTY_DOESNT_EXIST","name":"prise"},{"message":"bad\\u001b[31m","name":"price"}]'
    })
    assert.deepStrictEqual(problems.map(ErrorBody.describe), [
      'Property "prise" does not exist',
      "price: bad [31m"
    ])
    assert.strictEqual(problems[0]?.code, "PROPERTY_DOESNT_EXIST")
    assert.strictEqual(ErrorBody.problems({ message: "x".repeat(2000) })[0]?.message.length, 500)
    assert.deepStrictEqual(ErrorBody.problems({ category: "CONFLICT" }), [
      { message: "no message (CONFLICT)" }
    ])
  })
})

describe("the problems of an error", () => {
  const list = JSON.stringify([
    {
      isValid: false,
      message: "Enter only letters",
      error: "INVALID_ALPHA",
      name: "hs_sku",
      propertyValue: "b7"
    },
    { isValid: true, message: "fine", name: "name" },
    { isValid: false, message: "-5 is too small", error: "MIN_VALUE", name: "price", propertyValue: -5 },
    { isValid: false, error: "INVALID_LONG", name: "createdate" },
    null
  ])
  const listed = [
    { message: "Enter only letters", code: "INVALID_ALPHA", property: "hs_sku", value: "b7" },
    { message: "-5 is too small", code: "MIN_VALUE", property: "price", value: "-5" },
    { message: "INVALID_LONG", code: "INVALID_LONG", property: "createdate" }
  ]
  const required = "Error creating LINE_ITEM. Some required properties were not set."
  const detail = (name: string) => ({
    message: `${name} is required`,
    code: "REQUIRED",
    context: { propertyName: [name] }
  })

  const table: ReadonlyArray<
    readonly [what: string, error: ErrorBody.ErrorBody, problems: ReadonlyArray<ErrorBody.Problem>]
  > = [
    ...[": ", ":", ": \n\n", ":\r\n  "].map(
      (between) =>
        [
          `a list in the message, after ${JSON.stringify(between)}`,
          { message: `Property values were not valid${between}${list}` },
          listed
        ] as const
    ),
    ["a list with words after it", { message: `Not valid: ${list}. See the guide` }, listed],
    ["validationResults", { message: "Not valid", validationResults: JSON.parse(list) }, listed],
    ["the same list twice", { message: `Not valid: ${list}`, validationResults: JSON.parse(list) }, listed],
    ["a list in a detail", { message: "Not valid", errors: [{ message: `Not valid: ${list}` }] }, listed],
    [
      "a list that is cut",
      { message: 'Not valid: [{"message":"a"' },
      [{ message: 'Not valid: [{"message":"a"' }]
    ],
    [
      "every entry of errors",
      { message: "Two are missing", errors: [detail("hs_sku"), detail("cost_center")] },
      ["hs_sku", "cost_center"].map((property) => ({
        message: `${property} is required`,
        code: "REQUIRED",
        property
      }))
    ],
    [
      "an entry that says where it is",
      { message: "generic", errors: [{ message: "additional", in: "name" }] },
      [{ message: "additional", property: "name" }]
    ],
    [
      "an entry with several names and no words",
      {
        message: "Wrong",
        errors: [{ code: "X", context: { properties: ["a", "b"], propertyValue: [true] } }]
      },
      ["a", "b"].map((property) => ({ message: "Wrong", code: "X", property, value: "true" }))
    ],
    [
      "properties that the context names",
      { message: required, context: { properties: ["hs_sku", "quantity"] } },
      ["hs_sku", "quantity"].map((property) => ({ message: required.slice(0, -1), property }))
    ],
    [
      "a property that the context names in text",
      { message: required, context: "{propertyName=[hs_sku]}" },
      [{ message: required.slice(0, -1), property: "hs_sku" }]
    ],
    [
      "what is said in the context and in a detail",
      {
        message: required,
        context: { properties: ["hs_sku", "quantity"] },
        errors: [
          { message: required, code: "REQUIRED", context: { properties: ["hs_sku"] } },
          { message: required }
        ]
      },
      [
        { message: required.slice(0, -1), code: "REQUIRED", property: "hs_sku" },
        { message: required.slice(0, -1), property: "quantity" }
      ]
    ],
    ["no words at all", { errors: [{}], context: { ids: ["7"] } }, [{ message: "no message (no category)" }]]
  ]
  for (const [what, error, expected] of table) {
    it(`are ${what}`, () => {
      assert.deepStrictEqual(ErrorBody.problems(Schema.decodeSync(ErrorBody.ErrorBody)(error)), expected)
      assert.deepStrictEqual(ErrorBody.problems(Schema.decodeSync(ErrorBody.StandardError)(error)), expected)
    })
  }

  it("of one input leave out what names others", () => {
    const of = (traceId: string, message: string) => ({ message, context: { objectWriteTraceId: [traceId] } })
    const error = { message: "some", errors: [of("a", "A"), of("b", "B"), { message: "all" }] }
    const messages = (traceId: string) =>
      ErrorBody.problems(error, { objectWriteTraceId: traceId }).map(({ message }) => message)
    assert.deepStrictEqual(messages("a"), ["A", "all"])
    assert.deepStrictEqual(messages("c"), ["all"])
    const others = { message: "some", errors: [of("a", "A")] }
    assert.deepStrictEqual(ErrorBody.problems(others, { objectWriteTraceId: "b" }), [{ message: "some" }])
  })

  it("are shown with their value, unless the words have it", () => {
    assert.deepStrictEqual(listed.map(ErrorBody.describe), [
      'hs_sku: Enter only letters (the value is "b7")',
      "price: -5 is too small",
      "createdate: INVALID_LONG"
    ])
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

  it("two texts are the same value by number, instant, word or plain text", () => {
    const same = (a: string, b: string) => {
      assert.strictEqual(Properties.isSameValue(a, b), Properties.isSameValue(b, a))
      return Properties.isSameValue(a, b)
    }
    for (const [a, b] of [
      ["2.50", "2.5"],
      ["1e3", "1000"],
      ["-0", "0"],
      ["+1", "1.0"],
      [".5", "0.50"],
      ["10", "1E1"],
      ["123456789012345678901234567890.10", "123456789012345678901234567890.1"],
      ["2026-01-01", "1767225600000"],
      ["2026-01-01", "2026-01-01T00:00:00Z"],
      ["2026-01-01T00:00:00.000Z", "1767225600000"],
      ["2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.000Z"],
      ["TRUE", "true"],
      [" a ", "a"],
      ["a\r\nb", "a\nb"],
      ["e\u0301", "\u00e9"]
    ] as const) {
      assert.isTrue(same(a, b), `${a} is ${b}`)
    }
    for (const [a, b] of [
      ["2.5", "2.51"],
      ["0.1", "0.10000000000000000001"],
      ["A", "a"],
      ["a b", "a  b"],
      ["", "0"],
      ["2026-01-01", "2026-01-02"],
      ["2026-02-30", "2026-03-02"],
      // Date.parse would read these as dates.
      ["Seat 1", "Seat 01"],
      ["1", "2001-01-01"],
      ["1,5", "1.5"],
      ["true", "1"]
    ] as const) {
      assert.isFalse(same(a, b), `${a} is not ${b}`)
    }
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
