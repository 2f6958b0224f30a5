import { Credentials, HubSpotError } from "@effect-hubspot/http"
import { type BatchRequest, ErrorBody } from "@effect-hubspot/schema"
import { BulkCreate } from "@effect-hubspot/batch"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Advice from "../../../packages/batch/src/cli/Advice.ts"
import * as HubSpot from "../../support/hubspot.ts"

const root = join(import.meta.dirname, "../../..")

/** Codes that were recorded at HubSpot and that the emulator may not give. */
const recorded = [
  "BILLING_PERIOD_TO_FREQUENCY_FORM_MISMATCH",
  "CONFLICTING_UNIQUE_VALUE",
  "INVALID_ALPHA",
  "INVALID_DATE",
  "INVALID_EMAIL",
  "INVALID_INTEGER",
  "INVALID_LONG",
  "INVALID_OBJECT_IDS",
  "INVALID_OPTION",
  "INVALID_RECURRING_BILLING_DURATION",
  "LEADING_TRAILING_WHITESPACE",
  "MIN_VALUE",
  "PROPERTY_DOESNT_EXIST",
  "READ_ONLY_VALUE",
  "REQUIRED_PROPERTY_MISSING",
  "crm.associations.INVALID_ASSOCIATION_TYPE"
]

/** What is written alike in the emulator and is no code of a refusal. */
const others = new Set([
  // Categories of association types, operators of a search, kinds of JSON, faults.
  ..."HUBSPOT_DEFINED USER_DEFINED INTEGRATOR_DEFINED".split(" "),
  ..."CONTAINS_TOKEN NOT_CONTAINS_TOKEN HAS_PROPERTY NOT_HAS_PROPERTY NOT_IN".split(" "),
  ..."START_ARRAY START_OBJECT VALUE_NULL VALUE_NUMBER VALUE_STRING VALUE_TRUE VALUE_FALSE".split(" "),
  // A group of codes: what to do is said by the code, or by the words.
  "VALIDATION_ERROR",
  // Of the properties API: `setup-key` takes it for a property that is there.
  "OBJECT_ALREADY_EXISTS",
  // Of faults that a test orders, and of transports.
  "TRANSIENT_ERROR",
  "REQUEST_REFUSED",
  "UND_ERR_SOCKET",
  // Waited for, not told.
  "RATE_LIMIT",
  "TEN_SECONDLY_ROLLING"
])

const unauthorized = (category: string, detail = "", token?: HubSpotError.TokenKind) =>
  new HubSpotError.Unauthorized({ category, detail, renewable: false, ...(token !== undefined && { token }) })
const tokenRefused = (status: string) => new HubSpotError.TokenRefused({ status, detail: "refused" })

/** Codes of whole requests: their advice is in the message, and what it must name. */
const ofRequests: Readonly<Record<string, readonly [HubSpotError.Reason, RegExp]>> = {
  BAD_CLIENT_ID: [tokenRefused("BAD_CLIENT_ID"), /; set HUBSPOT_CLIENT_ID /],
  BAD_CLIENT_SECRET: [tokenRefused("BAD_CLIENT_SECRET"), /; set HUBSPOT_CLIENT_SECRET /],
  BAD_GRANT_TYPE: [tokenRefused("BAD_GRANT_TYPE"), /; connect the account again: .*HUBSPOT_REFRESH_TOKEN/],
  BAD_REFRESH_TOKEN: [
    tokenRefused("BAD_REFRESH_TOKEN"),
    /; connect the account again: .*HUBSPOT_REFRESH_TOKEN/
  ],
  EXPIRED_AUTHENTICATION: [
    unauthorized(
      "EXPIRED_AUTHENTICATION",
      "The OAuth token used to make this call expired 75 second(s) ago."
    ),
    /: it expired 75 second\(s\) ago; set HUBSPOT_ACCESS_TOKEN .*--token-file/
  ],
  INVALID_AUTHENTICATION: [unauthorized("INVALID_AUTHENTICATION"), /check HUBSPOT_ACCESS_TOKEN/],
  MISSING_SCOPES: [
    new HubSpotError.Forbidden({ missingScopes: ["crm.objects.line_items.write"], detail: "" }),
    /scope crm\.objects\.line_items\.write; add it in HubSpot/
  ]
}

const codesOfEmulator = (): ReadonlySet<string> =>
  new Set(
    globSync("packages/http/src/emulator/**/*.ts", { cwd: root }).flatMap((file) =>
      [
        ...readFileSync(join(root, file), "utf8").matchAll(
          /"((?:crm\.\w+\.)?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g
        )
      ].flatMap(([, code]) => (code === undefined || others.has(code) ? [] : [code]))
    )
  )

describe("advice", () => {
  it("is there for every code of the emulator, and for those that were recorded", () => {
    const all = new Set([...codesOfEmulator(), ...recorded])
    assert.isAtLeast(all.size, 20)
    const without = [...all].filter((code) => !Advice.codes.has(code) && !Object.hasOwn(ofRequests, code))
    assert.deepStrictEqual(without, [], "give these advice that can be followed")
  })

  it("of a whole request is in its message", () => {
    for (const [code, [reason, advice]] of Object.entries(ofRequests)) {
      assert.match(reason.message, advice, code)
    }
  })

  it("says what to do, where: never to correct the row, which anybody knows", () => {
    for (const code of [...Advice.codes, "SOMETHING_NEW"]) {
      for (const property of [undefined, "hs_sku"]) {
        const advice = Advice.forProblem({ message: "no", code, ...(property !== undefined && { property }) })
        assert.match(advice, /\b(?:write|use|put|add|open|give|remove|shorten|change|look up)\b/, code)
        assert.notMatch(advice, /\bcorrect\b/i, code)
      }
    }
    assert.include(Advice.forProblem({ message: "no", code: "SOMETHING_NEW" }), "SOMETHING_NEW")
    assert.include(Advice.forProblem({ message: "no", property: "hs_sku" }), "what hs_sku takes")
  })

  it("is found by HubSpot's words, where there is no code", () => {
    const adviceOf = (message: string) => Advice.forProblem({ message })
    for (const [words, found] of [
      ["One or more associations are invalid", /open the parent/],
      ["one or more associations are not valid", /open the parent/],
      ["Error creating LINE_ITEM. Some required properties were not set", /add a column/],
      ["cost_center is required", /add a column/],
      ["Line item already exists. Existing ID: 6001", /HubSpot has a line item with this value/],
      ["Cannot set erp_id to 1 on 2. 3 already has that value", /HubSpot has a line item with this value/],
      ["1786334400000 is at 4:0:0.0 UTC, not midnight!", /write the day as/],
      ["2019-05-13T12:05:53.602759Z was not a valid long", /milliseconds/]
    ] as const) {
      assert.match(adviceOf(words), found, words)
    }
    assert.isTrue(Advice.isAboutParent({ message: "One or more associations are invalid" }))
    assert.isTrue(Advice.isAboutParent({ message: "no", code: "INVALID_OBJECT_IDS" }))
    assert.isFalse(Advice.isAboutParent({ message: "price: too small", code: "MIN_VALUE" }))
  })

  it.effect("is never the general one for what the emulator refuses in a row", () =>
    Effect.gen(function* () {
      const one = (properties: Readonly<Record<string, string>>): BatchRequest.CreateInput => ({ properties })
      const deal = { associationCategory: "HUBSPOT_DEFINED", associationTypeId: 20 }
      const refused: ReadonlyArray<BatchRequest.CreateInput> = [
        one({ prise: "1" }),
        one({ amount: "1" }),
        one({ price: "-1" }),
        one({ hs_line_item_currency_code: "XXX" }),
        one({ hs_recurring_billing_start_date: "23.11.2026" }),
        one({ hs_is_optional: "perhaps" }),
        { properties: { name: "A" }, associations: [{ to: { id: "1234567890123" }, types: [deal] }] },
        {
          properties: { name: "A" },
          associations: [{ to: { id: "1" }, types: [{ ...deal, associationTypeId: 9999 }] }]
        }
      ]
      const outcomes = yield* Stream.fromIterable(refused).pipe(BulkCreate.outcomes(), Stream.runCollect)
      for (const outcome of outcomes) {
        const problems = outcome._tag === "Rejected" ? outcome.problems : assert.fail(outcome._tag)
        for (const problem of problems) {
          const advice = Advice.forProblem(problem)
          assert.notMatch(advice, /what HubSpot names|look up in/, ErrorBody.describe(problem))
        }
      }
    }).pipe(Effect.provide(HubSpot.layer()))
  )
})

describe("a token that HubSpot refuses", () => {
  const uuid = "5a1b2c3d-0000-4000-8000-5a1b2c3d4e5f"
  // The beginnings are those of the real ones: a message in base64.
  const personal = btoa(`\n$na1-aaaa-bbbb-cccc-dddd-eeeeeeeeeeee\u0012\u0005\n\u0003crm`).replace(/=+$/, "")
  const access = btoa(`\b\u0094\u009f\u00ea\u00a7\u00f52\u0012${"x".repeat(40)}`).replace(/=+$/, "")

  it("is told by its form", () => {
    for (const [token, kind, says] of [
      [uuid, "apiKey", /old API key/],
      [uuid.toUpperCase(), "apiKey", /old API key/],
      [`eu1-${uuid}`, "apiKey", /old API key/],
      [personal, "personalAccessKey", /personal access key/],
      [`pat-na1-${uuid}`, "privateApp", /private app's token/],
      [access, "oauth", /OAuth access token/],
      ["secret-of-another-kind", "unknown", /check HUBSPOT_ACCESS_TOKEN/]
    ] as const) {
      assert.strictEqual(Credentials.kindOf(Redacted.make(token)), kind, token)
      const { message } = unauthorized("INVALID_AUTHENTICATION", "", kind)
      assert.match(message, says)
      assert.match(message, /HUBSPOT_ACCESS_TOKEN/)
    }
  })

  it("has its age, in HubSpot's unit", () => {
    for (const age of ["75 second(s)", "3 hour(s)", "20354 day(s)"]) {
      const detail = `The OAuth token used to make this call expired ${age} ago.`
      assert.include(
        unauthorized("EXPIRED_AUTHENTICATION", detail, "oauth").message,
        `it expired ${age} ago;`
      )
      assert.include(unauthorized("no category", detail).message, `it expired ${age} ago;`)
    }
    assert.include(unauthorized("EXPIRED_AUTHENTICATION", "no words").message, "it is expired;")
  })
})
