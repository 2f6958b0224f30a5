import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Faults from "@effect-hubspot/http/emulator/Faults"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { readFileSync } from "node:fs"
import { bad, create, inputs, send, token, url } from "./calls.ts"
import { cases, observe } from "./faultCases.ts"

const ledger = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
const journal = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.journal)
const createdTraceIds = Effect.map(ledger, ({ created }) => created.map((_) => _.objectWriteTraceId).sort())

const rule = (fault: Faults.Fault, match?: Faults.Match): Faults.Rule =>
  match === undefined ? { fault } : { fault, match }
const plan = (...rules: ReadonlyArray<Faults.Rule>): Faults.Plan => ({ rules })
const emulated = (options: Emulator.Options) => Effect.provide(Emulator.layer(options))

const badGateway: Faults.Fault = {
  place: "beforeCommit",
  reply: { kind: "status", status: 502, body: "empty" }
}

const statuses = (count: number) =>
  Effect.forEach(Array.from({ length: count }), () => Effect.map(create(inputs(1)), (_) => _.status))

describe("every kind of fault, in process", () => {
  for (const { created, fault, name, inputs: given, seen, takesTime } of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const sent = given ?? inputs(3)
        if (takesTime === undefined) {
          assert.strictEqual(yield* observe(sent), seen)
        } else {
          const fiber = yield* Effect.forkChild(observe(sent, { timeout: 10_000 }))
          yield* TestClock.adjust("10 seconds")
          assert.strictEqual(yield* Fiber.join(fiber), seen)
        }
        const truth = yield* ledger
        assert.strictEqual(truth.created.length, created)
        assert.strictEqual(truth.requests.length, 1)
        assert.strictEqual(truth.requests[0]!.inputs, sent.length)
        const wire = Number(/^\d{3}/.exec(seen)?.[0] ?? 0)
        if (wire > 0) assert.strictEqual(truth.requests[0]!.status, wire)
      }).pipe(emulated({ faults: plan(rule(fault)) }))
    )
  }

  it("are all of them", () => {
    const kinds = (schema: { readonly members: ReadonlyArray<{ readonly fields: object }> }, key: string) =>
      schema.members.map((member) => {
        const literal = Object.entries(member.fields).find(
          ([name]) => name === key
        )![1] as Schema.Literal<string>
        return literal.literal
      })
    const seen = cases.map(({ fault }) => JSON.stringify(fault)).join("\n")
    for (const kind of kinds(Faults.Reply, "kind")) assert.include(seen, `"kind":"${kind}"`)
    for (const place of kinds(Faults.Fault, "place")) assert.include(seen, `"place":"${place}"`)
    for (const name of kinds(Faults.Tampering, "do")) assert.include(seen, `"do":"${name}"`)
  })
})

describe("what is true afterwards", () => {
  it.effect("a late apply commits when it is due, not before, though nobody waits for it", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* create(inputs(2))).status, 504)
      yield* TestClock.adjust("59999 millis")
      assert.deepStrictEqual(yield* createdTraceIds, [])
      yield* TestClock.adjust("1 millis")
      const { created } = yield* ledger
      assert.deepStrictEqual(
        created.map((_) => _.createdAt),
        ["1970-01-01T00:01:00.000Z", "1970-01-01T00:01:00.000Z"]
      )
    }).pipe(
      emulated({
        faults: plan(
          rule({
            place: "lateApply",
            delayMillis: 60_000,
            reply: { kind: "status", status: 504, body: "empty" }
          })
        )
      })
    )
  )

  it.effect("a partial commit keeps the first inputs and no other", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* create(inputs(5))).status, 500)
      assert.deepStrictEqual(yield* createdTraceIds, ["t0", "t1"])
    }).pipe(
      emulated({
        faults: plan(rule({ place: "partialCommit", inputs: 2, reply: { kind: "status", status: 500 } }))
      })
    )
  )

  it.effect("an input refused for the moment is fine when it is sent again, in any company", () =>
    Effect.gen(function* () {
      const first = yield* create([...inputs(3), bad("x")])
      assert.strictEqual(first.status, 207)
      assert.deepStrictEqual(first.body.results, [])
      assert.strictEqual(first.body.numErrors, 4)
      assert.property(first.headers, "x-hubspot-ratelimit-max")
      const second = yield* create([...inputs(4), bad("x")])
      assert.deepStrictEqual(second.body.results.map((_) => _.objectWriteTraceId).sort(), ["t0", "t1", "t2"])
      assert.deepStrictEqual(
        second.body.errors.map((_) => [_.category, _.context.objectWriteTraceId]),
        [
          ["VALIDATION_ERROR", ["x"]],
          ["TRANSIENT_ERROR", ["t3"]]
        ]
      )
      assert.deepStrictEqual(yield* createdTraceIds, ["t0", "t1", "t2"])
      assert.strictEqual((yield* create(inputs(4).slice(3))).status, 201)
    }).pipe(emulated({ faults: plan(rule({ place: "rejectInputs" })) }))
  )

  it.effect("a caller that gives up changes nothing, whatever the fault", () =>
    Effect.gen(function* () {
      const caller = yield* Effect.forkChild(create(inputs(3)))
      yield* TestClock.adjust(1)
      yield* Fiber.interrupt(caller)
      assert.deepStrictEqual(yield* createdTraceIds, [])
      yield* TestClock.adjust(400)
      assert.deepStrictEqual(yield* createdTraceIds, ["t0", "t1", "t2"])
    }).pipe(emulated({ latency: { min: 400, max: 400 }, faults: plan(rule({ place: "replyLost" })) }))
  )

  it.effect("a number that goes through a fault keeps its digits", () =>
    Effect.gen(function* () {
      yield* send(
        HttpClientRequest.post(url).pipe(
          HttpClientRequest.bearerToken(token),
          HttpClientRequest.bodyText(
            '{"inputs":[{"properties":{"price":19.90}},{"properties":{}}]}',
            "application/json"
          )
        )
      )
      assert.deepStrictEqual(
        (yield* ledger).created.map((_) => _.properties),
        [{ price: "19.90" }]
      )
    }).pipe(
      emulated({
        faults: plan(rule({ place: "partialCommit", inputs: 1, reply: { kind: "status", status: 500 } }))
      })
    )
  )

  it.effect("a request that is refused for its own sake meets no fault and counts for no rule", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setScopes([])
      assert.strictEqual((yield* create(inputs(1))).status, 403)
      yield* emulator.setScopes(["e-commerce"])
      assert.deepStrictEqual(yield* statuses(2), [502, 201])
    }).pipe(emulated({ faults: plan(rule(badGateway, { nth: 1 })) }))
  )
})

describe("headers of a status", () => {
  it.effect("are HubSpot's with its own body and nobody's else; a date counts from now", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_795_000_000_000)
      const own = yield* create(inputs(1))
      assert.strictEqual(own.status, 477)
      assert.strictEqual(own.headers["retry-after"], "Wed, 18 Nov 2026 11:07:40 GMT")
      assert.strictEqual(own.headers["x-hubspot-correlation-id"], own.body.correlationId)
      const edge = yield* create(inputs(1))
      assert.deepStrictEqual(Object.keys(edge.headers).sort(), ["content-length", "content-type", "x-mine"])
    }).pipe(
      emulated({
        faults: plan(
          rule(
            { place: "beforeCommit", reply: { kind: "status", status: 477, retryAfterDate: 60_000 } },
            { nth: 1 }
          ),
          rule({
            place: "beforeCommit",
            reply: { kind: "status", status: 502, body: "html", headers: { "X-Mine": "1" } }
          })
        )
      })
    )
  )
})

describe("a rule", () => {
  const strikes = (match: Faults.Match, count: number, expected: ReadonlyArray<number>) =>
    Effect.gen(function* () {
      const struck = (yield* statuses(count)).flatMap((status, n) => (status === 502 ? [n + 1] : []))
      assert.deepStrictEqual(struck, expected)
    }).pipe(emulated({ faults: plan(rule(badGateway, match)) }))

  it.effect("fires for the n-th request", () => strikes({ nth: 3 }, 5, [3]))
  it.effect("fires for some of the n-th requests", () => strikes({ nth: [1, 4] }, 5, [1, 4]))
  it.effect("fires for every n-th request", () => strikes({ every: 2 }, 5, [2, 4]))
  it.effect("fires so many times", () => strikes({ times: 2 }, 5, [1, 2]))
  it.effect("fires never with no chance and always with chance 1", () =>
    Effect.andThen(strikes({ chance: 0 }, 5, []), strikes({ chance: 1 }, 3, [1, 2, 3]))
  )
  it.effect("fires for a method", () => strikes({ method: "GET" }, 3, []))
  it.effect("fires for a path, whole", () =>
    strikes({ path: "/crm/v3/objects/line_items/batch/create" }, 1, [1])
  )
  it.effect("fires for no part of a path", () =>
    Effect.andThen(strikes({ path: "/crm/v3/objects" }, 2, []), strikes({ path: "/batch/create" }, 2, []))
  )
  it.effect("fires for a path with any text in it", () => strikes({ path: "/crm/*/batch/create" }, 1, [1]))
  it.effect("takes a dot in a path for a dot", () =>
    strikes({ path: "/crm.v3/objects/line_items/batch/create" }, 1, [])
  )

  it.effect("fires for larger batches, and for one trace id", () =>
    Effect.gen(function* () {
      const of = (count: number) => Effect.map(create(inputs(count)), (_) => _.status)
      assert.deepStrictEqual([yield* of(2), yield* of(3), yield* of(4)], [201, 502, 413])
    }).pipe(
      emulated({
        faults: plan(
          rule({ place: "beforeCommit", reply: { kind: "status", status: 413 } }, { inputsOver: 3 }),
          rule(badGateway, { onlyWithTraceId: "t2" })
        )
      })
    )
  )

  it.effect("fires in a window of time since the plan was set", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* TestClock.adjust("1 hour")
      yield* emulator.setFaults(plan(rule(badGateway, { from: 1000, to: 2000 })))
      const seen: Array<number> = []
      for (const millis of [0, 999, 1, 999, 1]) {
        yield* TestClock.adjust(millis)
        seen.push(...(yield* statuses(1)))
      }
      assert.deepStrictEqual(seen, [201, 201, 502, 502, 201])
    }).pipe(emulated({}))
  )

  it.effect("gives way to an earlier one, and counts all the same", () =>
    Effect.gen(function* () {
      const seen = yield* statuses(4)
      assert.deepStrictEqual(seen, [201, 502, 503, 502])
    }).pipe(
      emulated({
        faults: plan(
          rule(badGateway, { every: 2 }),
          rule({ place: "beforeCommit", reply: { kind: "status", status: 503 } }, { nth: 3 })
        )
      })
    )
  )

  it.effect("begins anew when the plan is set again", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      assert.deepStrictEqual(yield* statuses(2), [502, 201])
      yield* emulator.setFaults(yield* emulator.faults)
      assert.deepStrictEqual(yield* statuses(2), [502, 201])
      yield* emulator.setFaults(Faults.none)
      assert.deepStrictEqual(yield* statuses(2), [201, 201])
    }).pipe(emulated({ faults: plan(rule(badGateway, { times: 1 })) }))
  )

  it.effect("takes its chance from the seed: the same faults again, others under another seed", () =>
    Effect.gen(function* () {
      const run = (seed: string) =>
        Effect.gen(function* () {
          yield* statuses(60)
          const emulator = yield* Emulator.Emulator
          return JSON.stringify([yield* emulator.ledger, yield* emulator.journal])
        }).pipe(
          emulated({
            faults: plan(
              rule(badGateway, { chance: 0.2 }),
              rule({ place: "rejectInputs", chance: 0.5 }, { chance: 0.5 }),
              rule(
                { place: "afterCommit", reply: { kind: "status", status: 500 } },
                { chance: 0.3, times: 5 }
              )
            )
          }),
          Random.withSeed(seed)
        )
      const first = yield* run("a")
      assert.strictEqual(yield* run("a"), first)
      assert.notStrictEqual(yield* run("b"), first)
    })
  )
})

describe("the journal", () => {
  it.effect(
    "says when a request came, was decided and answered, and what struck it; and keeps no token",
    () =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(
          Effect.all([create(inputs(2)), create(inputs(1)), Effect.timeoutOption(create(inputs(1)), 500)])
        )
        yield* TestClock.adjust("2 seconds")
        const [{ headers }] = yield* Fiber.join(fiber)
        const { requests } = yield* journal
        const path = "/crm/v3/objects/line_items/batch/create"
        const [first, second, third] = requests
        const latency = first!.decidedAt! - first!.arrivedAt
        assert.isTrue(latency >= 0 && latency <= 100)
        assert.deepStrictEqual(first, {
          correlationId: headers["x-hubspot-correlation-id"]!,
          method: "POST",
          path,
          inputs: 2,
          arrivedAt: 0,
          decidedAt: latency,
          answeredAt: 100,
          decided: 201,
          status: 201,
          fault: null
        })
        assert.deepStrictEqual(
          [second!.decided, second!.status, second!.fault],
          [null, 502, { rule: 1, name: "gateway", place: "beforeCommit", reply: "status" }]
        )
        assert.deepStrictEqual(
          [third!.decided, third!.status, third!.answeredAt, third!.fault],
          [201, 0, null, { rule: 0, name: null, place: "replyLost", reply: null }]
        )
        assert.notInclude(JSON.stringify(requests), token)
      }).pipe(
        emulated({
          latency: { min: 100, max: 100 },
          faults: plan(rule({ place: "replyLost" }, { nth: 3 }), {
            ...rule(badGateway, { nth: 2 }),
            name: "gateway"
          })
        })
      )
  )
})

describe("a plan", () => {
  const toJson = Schema.encodeUnknownEffect(Schema.fromJsonString(Faults.Plan))

  it.effect("is plain JSON: written and read it is the same", () =>
    Effect.gen(function* () {
      const result = yield* Arbitrary.checkEffect(
        Arbitrary.schema(Faults.Plan),
        (plan) =>
          Effect.gen(function* () {
            const json: unknown = JSON.parse(yield* toJson(plan))
            assert.deepStrictEqual(json, JSON.parse(JSON.stringify(plan)))
            assert.deepStrictEqual<unknown>(yield* Faults.decode(json), json)
            return true
          }).pipe(Effect.orDie),
        { runs: 300 }
      )
      assert.isUndefined(Arbitrary.formatCheckFailure(result))
    })
  )

  const recurring: Record<string, unknown> = {}
  recurring["itself"] = recurring
  const wrong: ReadonlyArray<readonly [string, unknown, RegExp]> = [
    ["nothing", null, /^fault plan: null is given; it must be object$/],
    ["no rules", {}, /^fault plan at rules: it is missing$/],
    ["no fault", { rules: [{}] }, /^fault plan at rules\[0\]\.fault: it is missing$/],
    [
      "a place nobody knows",
      { rules: [{ fault: { place: "nowhere" } }] },
      /^fault plan at rules\[0\]\.fault\.place: "nowhere" is given; it must be "beforeCommit", "afterCommit",/
    ],
    [
      "a status that is none",
      { rules: [{ fault: { place: "beforeCommit", reply: { kind: "status", status: 700 } } }] },
      /a value between 200 and 599/
    ],
    [
      "a misspelt condition",
      { rules: [{ match: { mehtod: "GET" }, fault: badGateway }] },
      /at rules\[0\]\.match\.mehtod: no such key/
    ],
    [
      "the 0th request",
      { rules: [{ match: { nth: 0 }, fault: badGateway }] },
      /at rules\[0\]\.match\.nth: 0 is given/
    ],
    [
      "a reply made of the true one where there is none",
      { rules: [{ fault: { place: "beforeCommit", reply: { kind: "cut" } } }] },
      /at rules\[0\]\.fault\.reply\.kind: "cut" is given; it must be "status", /
    ],
    [
      "a header with a newline",
      {
        rules: [
          { fault: { ...badGateway, reply: { kind: "status", status: 500, headers: { a: "b\r\nc: d" } } } }
        ]
      },
      /at rules\[0\]\.fault\.reply\.headers\.a: "b/
    ],
    [
      "a key of several lines",
      { rules: [], "a\nb\u001b[31m": 1 },
      /^fault plan at a b \[31m: no such key; check how it is written$/
    ],
    ["a name of an object's own", { rules: [], constructor: 1 }, /^fault plan at constructor: no such key/],
    [
      "a name of every object's",
      JSON.parse('{"rules":[{"fault":{"__proto__":{"place":"replyLost"}}}]}'),
      /^fault plan at rules\[0\]\.fault\.place: nothing is given/
    ],
    ...[10n, Symbol("x"), () => 1, recurring].map((status): readonly [string, unknown, RegExp] => [
      `${typeof status} for a number`,
      { rules: [{ fault: { place: "beforeCommit", reply: { kind: "status", status } } }] },
      /at rules\[0\]\.fault\.reply\.status: .* is given; it must be number/
    ])
  ]
  for (const [name, json, expected] of wrong) {
    it.effect(`with ${name} is refused in one line`, () =>
      Effect.gen(function* () {
        const { message } = yield* Effect.flip(Faults.decode(json))
        assert.match(message, expected)
        assert.notMatch(message, /\p{Cc}/u)
      })
    )
  }
})

describe("a wrong plan in code", () => {
  const wrong = { rules: [{ fault: { place: "nowhere" } }] } as never
  const line = /^fault plan at rules\[0\]\.fault\.place: "nowhere" is given/

  it.effect("is a defect with one line, as an option and as a new plan", () =>
    Effect.gen(function* () {
      const option = yield* Effect.exit(Effect.provide(Effect.void, Emulator.layer({ faults: wrong })))
      const set = yield* Emulator.Emulator.pipe(
        Effect.flatMap(({ setFaults }) => setFaults(wrong)),
        Effect.exit,
        Effect.provide(Emulator.layer())
      )
      for (const exit of [option, set]) {
        const defect = exit._tag === "Failure" ? Cause.squash(exit.cause) : undefined
        assert.match(defect instanceof Faults.InvalidPlan ? defect.message : "", line)
      }
    })
  )
})

describe("the faults of docs/failures.md", () => {
  const [, page = ""] = readFileSync(new URL("../../../docs/failures.md", import.meta.url), "utf8").split(
    "### The fault of each failure"
  )
  const rows = [...page.matchAll(/^\| (F\d\d) +\| (.*?) +\|$/gm)].map(([, row, fault]) => ({
    row: row!,
    fault: fault!
  }))

  it("has every row of the model", () => {
    assert.deepStrictEqual(
      rows.map((_) => _.row),
      Array.from({ length: 64 }, (_, n) => `F${String(n + 1).padStart(2, "0")}`)
    )
  })

  it("names a fault for every failure that a server can cause", () => {
    const without = rows.filter((_) => !_.fault.includes("`{")).map((_) => _.row)
    assert.strictEqual(without.join(" "), "F01 F02 F03 F04 F05 F06 F13 F52 F58 F59 F60 F61 F62 F63 F64")
  })

  for (const { fault: cell, row } of rows) {
    const faults = [...cell.matchAll(/`(\{.*?\})`/g)].map(([, json]) => json!)
    if (faults.length === 0) continue
    it.effect(`${row}: its faults are faults, and strike`, () =>
      Effect.forEach(faults, (json) =>
        Effect.gen(function* () {
          const emulator = yield* Emulator.Emulator
          const { rules } = yield* Faults.decode({ rules: [{ fault: JSON.parse(json) }] })
          yield* emulator.setFaults({ rules })
          const fiber = yield* Effect.forkChild(
            Effect.timeoutOption(Effect.exit(create([...inputs(3), bad("x")])), "10 seconds")
          )
          // A body that is packed takes real time.
          if (json.includes("gzip")) yield* Effect.exit(Fiber.join(fiber))
          yield* TestClock.adjust("10 seconds")
          const answer = yield* Fiber.join(fiber)
          const entry = (yield* emulator.journal).requests.at(-1)!
          assert.strictEqual(entry.fault?.place, rules[0]!.fault.place)
          assert.strictEqual(Option.isNone(answer), entry.answeredAt === null || json.includes("drip"))
        }).pipe(emulated({}))
      )
    )
  }
})

describe("the admin API", () => {
  const admin = Effect.fnUntraced(function* (request: HttpClientRequest.HttpClientRequest) {
    const { adminKey } = yield* Emulator.Emulator
    return yield* send(
      request.pipe(
        HttpClientRequest.prependUrl("http://127.0.0.1"),
        HttpClientRequest.bearerToken(Redacted.value(adminKey))
      )
    )
  })
  const put = (text: string) =>
    HttpClientRequest.put("/_emulator/faults").pipe(HttpClientRequest.bodyText(text, "application/json"))

  it.effect("sets, shows and clears the faults", () =>
    Effect.gen(function* () {
      const mine = plan(rule(badGateway, { path: "*/batch/create" }))
      assert.deepStrictEqual<unknown>(
        (yield* admin(HttpClientRequest.get("/_emulator/faults"))).body,
        Faults.none
      )
      assert.strictEqual((yield* admin(put(JSON.stringify(mine)))).status, 204)
      assert.deepStrictEqual<unknown>((yield* admin(HttpClientRequest.get("/_emulator/faults"))).body, mine)
      assert.deepStrictEqual(yield* statuses(2), [502, 502])
      assert.strictEqual((yield* admin(HttpClientRequest.delete("/_emulator/faults"))).status, 204)
      assert.deepStrictEqual(yield* statuses(1), [201])
      const { body } = yield* admin(HttpClientRequest.get("/_emulator/journal"))
      assert.deepStrictEqual<unknown>(body, yield* journal)
    }).pipe(emulated({}))
  )

  it.effect("refuses what is no plan with one line, and keeps the plan it has", () =>
    Effect.gen(function* () {
      for (const [text, expected] of [
        ["{", /^fault plan: the body is not JSON, or too large$/],
        [`{"rules":[${" ".repeat(11 * 1024 * 1024)}]}`, /too large/],
        ['{"rules":[{"fault":{"place":"replyLost"},"macth":{}}]}', /at rules\[0\]\.macth: no such key/]
      ] as const) {
        const { body, status } = yield* admin(put(text))
        assert.strictEqual(status, 400)
        assert.strictEqual(body._tag, "InvalidPlan")
        assert.match(body.message, expected)
        assert.notMatch(body.message, /\n/)
      }
      assert.deepStrictEqual(yield* statuses(1), [502])
    }).pipe(emulated({ faults: plan(rule(badGateway)) }))
  )

  it.effect("says in one line what is wrong with other bodies", () =>
    Effect.gen(function* () {
      const { body, status } = yield* admin(
        HttpClientRequest.put("/_emulator/scopes").pipe(HttpClientRequest.bodyJsonUnsafe({ scopes: "all" }))
      )
      assert.strictEqual(status, 400)
      assert.strictEqual(body._tag, "InvalidBody")
      assert.include(body.message, '["scopes"]')
    }).pipe(emulated({}))
  )

  it.effect("lets nobody set faults or read the journal without the key", () =>
    Effect.gen(function* () {
      for (const request of [put('{"rules":[]}'), HttpClientRequest.get("/_emulator/journal")]) {
        const { status } = yield* send(
          request.pipe(HttpClientRequest.prependUrl("http://127.0.0.1"), HttpClientRequest.bearerToken(token))
        )
        assert.strictEqual(status, 401)
      }
      assert.deepStrictEqual(yield* statuses(1), [502])
    }).pipe(emulated({ faults: plan(rule(badGateway)) }))
  )
})
