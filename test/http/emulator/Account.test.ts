import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Account, Property } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { type ApiAnswer, api, get, post, root } from "./api.ts"
import { send } from "./calls.ts"

const properties = "/crm/v3/properties/line_items"

describe("properties", () => {
  it.effect("are told with their types, options and what may be written", () =>
    Effect.gen(function* () {
      const { body, status } = yield* get(properties)
      assert.strictEqual(status, 200)
      const decoded = yield* Schema.decodeUnknownEffect(Property.Properties)(body)
      const byName = new Map(decoded.results.map((_) => [_.name, _]))
      const of = (name: string) => {
        const { calculated, fieldType, groupName, hasUniqueValue, modificationMetadata, type } =
          byName.get(name)!
        return [type, fieldType, groupName, calculated, hasUniqueValue, modificationMetadata!.readOnlyValue]
      }
      const group = "lineiteminformation"
      assert.deepStrictEqual(of("price"), ["number", "number", group, false, false, false])
      assert.deepStrictEqual(of("hs_margin"), ["number", "number", group, true, false, true])
      assert.deepStrictEqual(of("hs_object_id"), ["number", "number", group, false, true, true])
      assert.deepStrictEqual(of("hs_unique_creation_key"), ["string", "text", group, false, true, true])
      assert.deepStrictEqual(of("hs_external_id"), ["string", "text", group, false, false, false])
      assert.deepStrictEqual(of("hs_is_optional"), ["bool", "booleancheckbox", group, false, false, false])
      const currencies = byName.get("hs_line_item_currency_code")!.options!.map((_) => _.value)
      assert.include(currencies, "EUR")
      assert.isTrue(byName.has("line_item_key") && byName.has("mine"))
    }).pipe(Effect.provide(Emulator.layer({ properties: ["mine"] })))
  )

  const definition = {
    name: "erp_key",
    label: "ERP key",
    type: "string",
    fieldType: "text",
    groupName: "lineiteminformation",
    hasUniqueValue: true
  }

  it.effect("can be defined, and then be read and filled", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* get(`${properties}/erp_key`)).status, 404)
      const { body, status } = yield* post(properties, definition)
      assert.strictEqual(status, 201)
      assert.deepInclude(body, definition as object)
      const read = yield* get(`${properties}/erp_key`)
      assert.deepStrictEqual(read.body, body)
      const options = [{ label: "Red", value: "red" }]
      const colour = {
        ...definition,
        name: "colour",
        type: "enumeration",
        fieldType: "select",
        hasUniqueValue: false,
        options
      }
      assert.strictEqual((yield* post(properties, colour)).status, 201)
      assert.strictEqual((yield* post(root, { properties: { colour: "red", erp_key: "1" } })).status, 201)
      assert.strictEqual((yield* post(root, { properties: { colour: "blue" } })).status, 400)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("are refused when they exist, make no sense, or are the eleventh unique one", () =>
    Effect.gen(function* () {
      const status = (change: object) =>
        Effect.map(post(properties, { ...definition, ...change }), (_) => _.status)
      assert.strictEqual(yield* status({ name: "price" }), 409)
      for (const change of [
        { name: "ERP Key" },
        { name: undefined },
        { type: "text" },
        { fieldType: "string" },
        { groupName: "nothing" },
        { type: "enumeration", fieldType: "select" }
      ]) {
        assert.strictEqual(yield* status(change), 400, JSON.stringify(change))
      }
      const statuses = yield* Effect.forEach(Array.from({ length: 11 }), (_, n) =>
        status({ name: `key_${n}` })
      )
      assert.deepStrictEqual(statuses, [...Array.from({ length: 10 }, () => 201), 400])
      assert.strictEqual(yield* status({ name: "plain", hasUniqueValue: false }), 201)
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("scopes", () => {
  it.effect("for reading, writing and defining are told apart", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const statuses = Effect.forEach(
        [
          get(root),
          post(`${root}/search`, {}),
          post(`${root}/batch/read`, { inputs: [{ id: "1" }] }),
          get(properties),
          get("/crm/v4/objects/deals/1/associations/line_items"),
          post(root, { properties: {} }),
          api("DELETE", `${root}/1`),
          post(properties, {}),
          get("/account-info/v3/details")
        ],
        (call) => Effect.map(call, ({ status }) => (status === 403 ? "no" : "yes"))
      )
      const expected: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
        [["crm.objects.line_items.read"], "yes yes yes yes yes no no no yes"],
        [["crm.objects.line_items.write"], "no no no no no yes yes no yes"],
        [["crm.schemas.line_items.read"], "no no no yes no no no no yes"],
        [["e-commerce"], "yes yes yes yes yes yes yes yes yes"],
        [[], "no no no no no no no no yes"]
      ]
      for (const [scopes, may] of expected) {
        yield* emulator.setScopes(scopes)
        assert.strictEqual((yield* statuses).join(" "), may, scopes.join())
      }
      const { body } = yield* get(root)
      assert.deepStrictEqual(body.category, "MISSING_SCOPES")
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("the account", () => {
  it.effect("is told with its time zone and currencies", () =>
    Effect.gen(function* () {
      const { body, status } = yield* get("/account-info/v3/details")
      assert.strictEqual(status, 200)
      const details = yield* Schema.decodeUnknownEffect(Account.AccountDetails)(body)
      assert.strictEqual(details.portalId, 42)
      assert.strictEqual(details.timeZone, "America/New_York")
      assert.strictEqual(details.utcOffsetMilliseconds, -18_000_000)
      assert.strictEqual(details.utcOffset, "-05:00")
      assert.strictEqual(details.companyCurrency, "EUR")
      assert.include(details.additionalCurrencies!, "USD")
      assert.notInclude(details.additionalCurrencies!, "EUR")
    }).pipe(Effect.provide(Emulator.layer({ portalId: 42, timeZone: "America/New_York" })))
  )

  it.effect("begins its day of requests at midnight of its own time zone, also when clocks change", () =>
    Effect.gen(function* () {
      // 8 March 2026 has 23 hours in New York: midnight there is at 05:00 UTC, the next at 04:00 UTC.
      yield* TestClock.setTime(Date.UTC(2026, 2, 8, 4, 59))
      const status = Effect.map(get(root), (_) => _.status)
      assert.deepStrictEqual([yield* status, yield* status], [200, 429])
      yield* TestClock.setTime(Date.UTC(2026, 2, 8, 5, 0))
      assert.deepStrictEqual([yield* status, yield* status], [200, 429])
      yield* TestClock.setTime(Date.UTC(2026, 2, 9, 3, 59))
      assert.strictEqual(yield* status, 429)
      yield* TestClock.setTime(Date.UTC(2026, 2, 9, 4, 0))
      assert.strictEqual(yield* status, 200)
    }).pipe(Effect.provide(Emulator.layer({ dailyLimit: 1, timeZone: "America/New_York" })))
  )
})

describe("an OAuth app", () => {
  const oauth = {
    clientId: "app",
    clientSecret: Redacted.make("hush"),
    refreshToken: Redacted.make("refresh-me")
  }
  const good = {
    grant_type: "refresh_token",
    client_id: "app",
    client_secret: "hush",
    refresh_token: "refresh-me"
  }
  const refresh = (form: Record<string, string>) =>
    Effect.map(
      send(
        HttpClientRequest.post("https://api.hubapi.com/oauth/2026-09/token").pipe(
          HttpClientRequest.bodyUrlParams(form)
        )
      ),
      (answer) => answer as unknown as ApiAnswer
    )
  const list = (accessToken: string) =>
    api("GET", root, undefined, { authorization: `Bearer ${accessToken}` })

  it.effect("gets access tokens that are good for half an hour, and expire in HubSpot's words", () =>
    Effect.gen(function* () {
      const { body, headers, status } = yield* refresh(good)
      assert.strictEqual(status, 200)
      assert.notProperty(headers, "x-hubspot-ratelimit-max")
      const token = yield* Schema.decodeUnknownEffect(Account.TokenResponse)(body)
      assert.strictEqual(token.expires_in, 1800)
      assert.strictEqual(token.refresh_token, "refresh-me")
      assert.strictEqual(token.hub_id, 891936587)
      const first = yield* list(token.access_token)
      assert.strictEqual(first.status, 200)
      assert.property(first.headers, "x-hubspot-ratelimit-max")
      assert.notProperty(first.headers, "x-hubspot-ratelimit-daily")
      yield* TestClock.adjust(1_799_999)
      assert.strictEqual((yield* list(token.access_token)).status, 200)
      const second = yield* refresh(good)
      assert.notStrictEqual(second.body.access_token, token.access_token)
      yield* TestClock.adjust(75_001)
      const late = yield* list(token.access_token)
      assert.strictEqual(late.status, 401)
      assert.strictEqual(late.body.category, "EXPIRED_AUTHENTICATION")
      assert.strictEqual(
        late.body.message,
        "The OAuth token used to make this call expired 75 second(s) ago."
      )
      assert.deepStrictEqual(late.body.context, { "expire time": ["1970-01-01T00:30:00.000Z"] })
      assert.strictEqual((yield* list(second.body.access_token)).status, 200)
      assert.strictEqual((yield* list("never-issued")).status, 401)
    }).pipe(Effect.provide(Emulator.layer({ oauth })))
  )

  it.effect("expires in seconds, minutes, hours and days, and in 1970 for a token that cannot be read", () =>
    Effect.gen(function* () {
      const { body } = yield* refresh(good)
      const said = Effect.map(list(body.access_token), ({ body, headers, status }) => {
        assert.deepStrictEqual(
          [status, headers["x-hubspot-auth-failure"], headers["x-hubspot-ratelimit-max"]],
          [401, "401 Unauthorized", undefined]
        )
        // Here the category comes before the context.
        assert.deepStrictEqual(Object.keys(body), [
          "status",
          "message",
          "correlationId",
          "category",
          "context"
        ])
        return /expired (.*) ago\.$/.exec(body.message)?.[1]
      })
      yield* TestClock.adjust("30 minutes")
      const ages = [yield* said]
      for (const later of ["119 seconds", "1 second", "90 minutes", "28 minutes", "46 hours"] as const) {
        yield* TestClock.adjust(later)
        ages.push(yield* said)
      }
      assert.deepStrictEqual(ages, [
        "0 second(s)",
        "119 second(s)",
        "2 minute(s)",
        "92 minute(s)",
        "2 hour(s)",
        "2 day(s)"
      ])
      yield* TestClock.setTime(Date.UTC(2025, 8, 23, 5))
      const unreadable = yield* list("access-token")
      assert.strictEqual(
        unreadable.body.message,
        "The OAuth token used to make this call expired 20354 day(s) ago."
      )
      assert.deepStrictEqual(unreadable.body.context, { "expire time": ["1970-01-01T00:00:00Z"] })
    }).pipe(Effect.provide(Emulator.layer({ oauth })))
  )

  it.effect("says of a token what it is, and takes it back", () =>
    Effect.gen(function* () {
      const token = (yield* refresh(good)).body.access_token
      const ask = (end: string, token: string, change: Record<string, string> = {}) =>
        Effect.map(
          send(
            HttpClientRequest.post(`https://api.hubapi.com/oauth/${end}`).pipe(
              HttpClientRequest.bodyUrlParams({
                client_id: good.client_id,
                client_secret: good.client_secret,
                token,
                ...change
              })
            )
          ),
          (answer) => answer as unknown as { status: number; body: { active: boolean; status: string } }
        )
      for (const version of ["v3", "2026-03", "2026-09"]) {
        const { body, status } = yield* ask(`${version}/token/introspect`, token)
        assert.strictEqual(status, 200, version)
        assert.deepInclude(body as object, {
          active: true,
          token_type: "access_token",
          hub_id: 891936587,
          expires_in: 1800
        })
      }
      assert.deepStrictEqual<object>((yield* ask("2026-09/token/introspect", "other-token")).body, {
        active: false
      })
      const stranger = yield* ask("2026-09/token/introspect", token, { client_secret: "wrong" })
      assert.deepStrictEqual([stranger.status, stranger.body.status], [400, "BAD_CLIENT_SECRET"])
      assert.strictEqual((yield* ask("2026-09/token/revoke", "other-token")).status, 204)
      assert.strictEqual((yield* list(token)).status, 200)
      assert.strictEqual((yield* ask("2026-09/token/revoke", token)).status, 204)
      assert.strictEqual((yield* list(token)).status, 401)
      assert.isTrue((yield* ask("2026-09/token/introspect", good.refresh_token)).body.active)
      assert.strictEqual((yield* ask("v3/token/revoke", good.refresh_token)).status, 204)
      assert.strictEqual((yield* refresh(good)).body.status, "BAD_REFRESH_TOKEN")
    }).pipe(Effect.provide(Emulator.layer({ oauth })))
  )

  it.effect("is told what is wrong with its request", () =>
    Effect.gen(function* () {
      for (const [change, word] of [
        [{ refresh_token: "old" }, "BAD_REFRESH_TOKEN"],
        [{ client_id: "other" }, "BAD_CLIENT_ID"],
        [{ client_secret: "other" }, "BAD_CLIENT_SECRET"],
        [{ grant_type: "password" }, "BAD_GRANT_TYPE"]
      ] as const) {
        const { body, status } = yield* refresh({ ...good, ...change })
        assert.strictEqual(status, 400)
        assert.strictEqual(body.status, word)
      }
      const { body } = yield* refresh({ ...good, refresh_token: "old" })
      assert.deepStrictEqual<object>(body, {
        error: "invalid_grant",
        error_description: "refresh token is invalid, expired or revoked",
        status: "BAD_REFRESH_TOKEN",
        message: "refresh token is invalid, expired or revoked"
      })
    }).pipe(Effect.provide(Emulator.layer({ oauth })))
  )

  it.effect("does not use up the limits of the API, and needs to be installed", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 5; n++) assert.strictEqual((yield* refresh(good)).status, 200)
      const { body } = yield* refresh(good)
      assert.strictEqual((yield* list(body.access_token)).status, 200)
      assert.strictEqual((yield* list(body.access_token)).status, 429)
      const other = Effect.provide(refresh(good), Emulator.layer(), { local: true })
      assert.strictEqual((yield* other).body.status, "BAD_CLIENT_ID")
      const emulator = yield* Emulator.Emulator
      const { requests } = yield* emulator.ledger
      assert.strictEqual(requests.filter((_) => _.path === "/oauth/2026-09/token").length, 6)
      assert.notInclude(JSON.stringify([yield* emulator.ledger, yield* emulator.journal]), "hush")
    }).pipe(Effect.provide(Emulator.layer({ oauth, limit: 1 })))
  )

  it.effect("can say how long its tokens last, beside the one that is always good", () =>
    Effect.gen(function* () {
      const { body } = yield* refresh(good)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* list(body.access_token)).status, 401)
      assert.strictEqual((yield* list("always-good")).status, 200)
    }).pipe(
      Effect.provide(
        Emulator.layer({ oauth: { ...oauth, expiresIn: 60 }, token: Redacted.make("always-good") })
      )
    )
  )
})
