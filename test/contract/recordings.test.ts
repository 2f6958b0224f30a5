import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { inVirtualTime } from "../support/virtualTime.ts"
import * as Recordings from "./recordings.ts"

const { recordings, unknowns } = Recordings.file

const target = (): Recordings.Target => ({
  baseUrl: "https://api.hubapi.com",
  token: Redacted.make("contract-of-the-emulator"),
  run: "contract-test",
  made: Recordings.nothingMade()
})

const told = ({ emulator = {} }: Pick<Recordings.Recording, "emulator">): Emulator.Options => ({
  ...(emulator.token !== undefined && { token: Redacted.make(emulator.token) }),
  ...(emulator.scopes !== undefined && { scopes: emulator.scopes }),
  ...(emulator.behaviour !== undefined && { behaviour: emulator.behaviour })
})

describe("the emulator answers as HubSpot was recorded", () => {
  for (const recording of recordings) {
    it.effect(recording.name, () =>
      inVirtualTime(
        Effect.gen(function* () {
          yield* TestClock.setTime(Date.UTC(2026, 10, 28))
          const { found } = yield* Recordings.runSteps(target(), recording.steps)
          assert.deepStrictEqual(found, [])
        }).pipe(Effect.provide(Emulator.layer(told(recording))))
      )
    )
  }
})

describe("the open questions", () => {
  for (const { id, notAsked, probe } of unknowns) {
    if (probe === undefined) {
      it(`${id}: it is said why nothing asks`, () => assert.isNotEmpty(notAsked))
      continue
    }
    it.effect(`${id}: the emulator answers it one way`, () =>
      inVirtualTime(
        Effect.gen(function* () {
          const { found, last } = yield* Recordings.runSteps(target(), probe.steps)
          assert.deepStrictEqual(found, [])
          assert.match(Recordings.answerOf(probe.show, last), /^status \d{3}, /)
        }).pipe(Effect.provide(Emulator.layer()))
      )
    )
  }
})

describe("the file of recordings", () => {
  it("has names that are different, and steps with facts", () => {
    const names = [...recordings.map(({ name }) => name), ...unknowns.map(({ id }) => id)]
    assert.strictEqual(new Set(names).size, names.length)
    for (const { name, steps } of recordings) {
      assert.isTrue(
        steps.every(({ facts }) => Object.keys(facts ?? {}).length > 0),
        name
      )
    }
  })

  it("says when a fact was seen, where that is known, and holds no data of an account", () => {
    for (const { source } of recordings) assert.match(source.seen ?? "2026", /^20\d\d(-(0[1-9]|1[0-2]))?$/)
    const text = JSON.stringify(Recordings.file)
    assert.notMatch(text, /[\w.]+@[\w.]+\.\w|pat-(na|eu)\d-|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-/)
  })

  it("a fact that a reply contradicts is named with what was seen", () => {
    const reply = {
      status: 207,
      headers: { "x-request-id": "a" },
      text: "{}",
      body: { message: "b", status: "error", results: [{ id: "1" }], category: "X" }
    }
    assert.deepStrictEqual(
      Recordings.contradictions(
        {
          status: [200, 201],
          headers: { "x-request-id": null, allow: "GET" },
          fields: { "results.*.id": ["1"], "results.0.id": "2" },
          words: { message: "^a" },
          has: ["results.0.id", "numErrors"],
          lacks: ["category"],
          order: ["status", "message"],
          empty: true
        },
        reply
      ),
      [
        "status should be 200 or 201, but it is 207",
        'header x-request-id should be absent, but it is "a"',
        "header allow should match GET, but it is absent",
        'results.0.id should be "2", but it is "1"',
        'message should match ^a, but it is "b"',
        "numErrors should be there, but it is absent",
        'category should be absent, but it is "X"',
        'the order should be status, message, but it is ["message","status"]',
        'the body should be empty, but it is "{}"'
      ]
    )
  })
})
