import { BaseUrl, Credentials } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Redacted } from "effect"

describe("base URLs", () => {
  it.effect("HubSpot's and this machine's are accepted", () =>
    Effect.gen(function* () {
      for (const [given, origin] of [
        ["https://api.hubapi.com", "https://api.hubapi.com"],
        ["https://API.hubapi.com:443/", "https://api.hubapi.com"],
        ["http://127.0.0.1:4010", "http://127.0.0.1:4010"],
        ["http://localhost:80/", "http://localhost"],
        ["https://127.0.0.1:443", "https://127.0.0.1"]
      ] as const) {
        assert.strictEqual(yield* BaseUrl.check(given), origin)
      }
    })
  )

  const hostile = [
    "",
    " ",
    "api.hubapi.com",
    "//api.hubapi.com",
    "http://api.hubapi.com",
    "http://example.com",
    "https://evil.com",
    "https://api.hubapi.com.evil.com",
    "https://api.hubapi.com.",
    "https://api.hubapi.com@evil.com",
    "https://user:pw@api.hubapi.com",
    "https://api.hubapi.com/x",
    "https://api.hubapi.com/../",
    "https://api.hubapi.com?x",
    "https://api.hubapi.com#x",
    "https://api.hubapi.com\\evil.com",
    "https://api.hubapi.com\t",
    "https://api.hubapi.com\n",
    "https://api.hubapi.com:0",
    "https://api.hubapi.com:65536",
    "https://api.hubapi.com:8443",
    "https://xn--pi-oia.hubapi.com",
    "https://аpi.hubapi.com",
    "http://0",
    "http://0.0.0.0:1",
    "http://127.1:1",
    "http://2130706433:1",
    "http://0x7f000001:1",
    "http://[::1]:1",
    "http://[::ffff:127.0.0.1]:1",
    "http://127.0.0.1.evil.com",
    "http://localhost.evil.com",
    "http://localhost@evil.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ftp://127.0.0.1",
    "https://127.0.0.1:1:2",
    "http://127.0.0.1:99999",
    "https://",
    "http://127.0.0.1/%2e%2e"
  ]
  for (const url of hostile) {
    it.effect(`${JSON.stringify(url)} is refused`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(BaseUrl.check(url))
        assert.strictEqual(error._tag, "InvalidBaseUrl")
      })
    )
  }
})

describe("access tokens", () => {
  const token = "pat-eu1-1234-canary"
  const check = (text: string) => Effect.exit(Credentials.check(Redacted.make(text)))
  const message = (text: string) =>
    Effect.map(Effect.flip(Credentials.check(Redacted.make(text))), (error) => error.message)

  it.effect("one line break at the end is dropped, everything else must be right", () =>
    Effect.gen(function* () {
      const checked = yield* Credentials.check(Redacted.make(`${token}\n`))
      assert.strictEqual(Redacted.value(checked), token)
      for (const bad of [
        "",
        "short",
        `Bearer ${token}`,
        `"${token}"`,
        `${token} `,
        `${token}\nx`,
        `${token}é`,
        "x".repeat(4097)
      ]) {
        assert.isTrue(Exit.isFailure(yield* check(bad)), bad)
        assert.isFalse((yield* message(bad)).includes("canary"), "the token is not shown")
      }
      assert.match(yield* message(`${token} x`), /position 20/)
    })
  )

  it.effect("it comes from HUBSPOT_ACCESS_TOKEN, which is named when it is missing", () =>
    Effect.gen(function* () {
      const tokenOf = (env: Record<string, string>) =>
        Effect.flatMap(Credentials.Credentials, (credentials) => credentials.token).pipe(
          Effect.provide(Credentials.layerConfig),
          Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))
        )
      assert.strictEqual(Redacted.value(yield* tokenOf({ HUBSPOT_ACCESS_TOKEN: token })), token)
      assert.match((yield* Effect.flip(tokenOf({}))).message, /^HUBSPOT_ACCESS_TOKEN is not set/)
      assert.match(
        (yield* Effect.flip(tokenOf({ HUBSPOT_ACCESS_TOKEN: "a b c d e f" }))).message,
        /^HUBSPOT_ACCESS_TOKEN has/
      )
    })
  )
})
