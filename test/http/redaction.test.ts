import { Redaction } from "@effect-hubspot/http"
import { ErrorBody } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Redacted, Schema } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import { readFileSync } from "node:fs"
import { holds } from "../batch/files/read.ts"
import * as Canary from "../support/canary.ts"

const redactionOf = (...secrets: ReadonlyArray<string>) =>
  Redaction.make(secrets.map((secret) => Redacted.make(secret)))

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="

const tokenOf = ([prefix, codes]: readonly [string, ReadonlyArray<number>]) =>
  prefix + codes.map((code) => alphabet[code]).join("")

const tokens = (minLength: number) =>
  Arbitrary.all([
    Arbitrary.schema(Schema.Literals(["", "pat-eu1-", "pat-na2-"])),
    Arbitrary.array(int(0, alphabet.length - 1), { minLength, maxLength: 110 })
  ]).pipe(Arbitrary.map(tokenOf))

/** With what is half an escape, and with what is a piece of a token. */
const texts = Arbitrary.array(
  Arbitrary.schema(
    Schema.Literals([
      " ",
      "a",
      "Chair",
      "%",
      "%2",
      "%25",
      "\\",
      "\\u00",
      "&",
      "&#x",
      "&amp;",
      "\n",
      '"',
      "-",
      "Bearer ",
      "pat-eu1-",
      "é",
      "…",
      "7061",
      "cGF0"
    ])
  ),
  { maxLength: 6 }
).pipe(Arbitrary.map((parts) => parts.join("")))

describe("a secret in a text", () => {
  it.effect("is found whole in every form, whatever is around it, before we cut the text", () =>
    holds(
      Arbitrary.all([tokens(8), int(0, Canary.whole("").length - 1), texts, texts, int(10, 500)]),
      ([token, form, before, after, limit]) => {
        const text = before + Canary.whole(token)[form]![1] + after
        const shown = ErrorBody.showable(redactionOf(token)(text), limit)
        return Canary.leaks(shown, token).length === 0
      },
      { runs: 2000 }
    )
  )

  it.effect("is found where others have cut it", () =>
    holds(
      Arbitrary.all([tokens(16), int(0, Canary.whole("").length - 1), texts, int(0, 600), texts]),
      ([token, form, before, length, after]) => {
        const text = before + Canary.whole(token)[form]![1].slice(0, length) + after
        // One that begins with letters only could be a word.
        return (
          /^(?:pat-\w{3}-)?[a-z]{7}/i.test(token) ||
          Canary.leaks(redactionOf(token)(text), token).length === 0
        )
      },
      { runs: 2000 }
    )
  )

  it.effect("is found in JSON, which stays JSON", () =>
    holds(
      Arbitrary.all([tokens(40), int(0, Canary.forms("").length - 1), texts, texts]),
      ([token, form, before, after]) => {
        const echo = before + Canary.forms(token)[form]![1] + after
        const value = {
          message: echo,
          list: [{ [echo]: echo }],
          nested: JSON.stringify([{ message: echo }]),
          price: 12.5
        }
        const json = redactionOf(token)(JSON.stringify(value))
        const { list, message, nested, price }: typeof value = JSON.parse(json)
        const [inner] = JSON.parse(nested) as ReadonlyArray<{ readonly message: string }>
        return (
          price === 12.5 &&
          Canary.leaks([message, inner!.message, JSON.stringify(list)].join("\n"), token).length === 0
        )
      },
      { runs: 2000 }
    )
  )

  it("is found by any 16 of its characters in a row, and not by 15", () => {
    const redact = redactionOf(Canary.canary)
    const bytes = Buffer.from(Canary.canary)
    const encoded = [Canary.canary, bytes.toString("hex"), bytes.toString("base64").slice(0, -2)]
    for (const [form, least] of [16, 32, 22].entries()) {
      const text = encoded[form]!
      for (let at = 1; at + least <= text.length; at++) {
        const piece = text.slice(at, at + least)
        assert.strictEqual(redact(`?${piece}?`), "?<redacted>?", piece)
        assert.include(redact(`?${piece.slice(1)}?`), piece.slice(1))
      }
    }
  })

  it("leaves no backslash before what comes after it", () => {
    const token = `n${Canary.canary}`
    const json = redactionOf(token)(JSON.stringify([`\n${Canary.canary}`, `\\${token}`]))
    assert.deepStrictEqual(JSON.parse(json), ["<redacted>", "<redacted>"])
  })

  it("is replaced, and nothing else is", () => {
    const redact = redactionOf(Canary.canary, "client-secret-0815")
    for (const [text, shown] of [
      [`Bearer ${Canary.canary}`, "Bearer <redacted>"],
      [`{"a":"${Canary.canary}","b":"client-secret-0815"}`, '{"a":"<redacted>","b":"<redacted>"}'],
      [`cut: ${Canary.canary.slice(0, 30)}…`, "cut: <redacted>…"],
      [`\\n${Canary.canary}\\n`, "\\n<redacted>\\n"]
    ] as const) {
      assert.strictEqual(redact(text), shown)
    }
  })

  it("is not taken for what it shares with innocent texts", () => {
    const redact = redactionOf(Canary.canary, "integration-test-0815")
    const reply = readFileSync(new URL("../fixtures/documented-reply.json", import.meta.url), "utf8")
    const token = "pat-eu1-0c4f7a52-9d3e-4b1a-8f60-5d2c7e91b3a4"
    for (const text of [
      "",
      reply,
      "tokens of this region begin with pat-eu1-",
      "INTEGRATION, integration",
      `somebody else's is ${token}`
    ]) {
      assert.strictEqual(redact(text), text)
    }
  })

  it("that is short is found whole, and one that is shorter not at all", () => {
    const redact = redactionOf("any-token", "abc", "")
    assert.strictEqual(redact("ANY-TOKEN, any-toke, abc"), "<redacted>, any-toke, abc")
    assert.strictEqual(redact(btoa("user:any-token")), "dXNlcjp<redacted>4=")
  })

  it("that is not ASCII is found as well", () => {
    const redact = redactionOf("pässwörd-ünd-mehr")
    for (const text of [
      "pässwörd-ünd-mehr",
      "p%C3%A4ssw",
      encodeURIComponent("pässwörd-ünd-mehr"),
      "p\\u00e4ssw\\u00f6rd-\\u00fcnd-mehr"
    ]) {
      assert.notInclude(redact(`x ${text} x`), "mehr", text)
    }
  })

  it("takes no long time to be looked for in a text made for that", () => {
    const redact = redactionOf(Canary.canary)
    for (const text of ["\\", "%25", "&amp;", Canary.canary, "pat-eu1-"]) {
      assert.notInclude(redact(text.repeat(1_000_000).slice(0, 1_000_000)), Canary.canary)
    }
  })
})
