import { Association, BatchResponse } from "@effect-hubspot/schema"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { type Answer, bad, create, inputs, request, send, token, url, withoutTraceIds } from "./calls.ts"

const chunk = new Uint8Array(1024 * 1024)

const ledger = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)

/** What HubSpot computes of a one-off without discount and cost. */
const computedOf = (amount: string) => ({
  amount,
  hs_acv: amount,
  hs_arr: "0.00",
  hs_margin: amount,
  hs_margin_acv: amount,
  hs_margin_arr: "0.00",
  hs_margin_mrr: "0.00",
  hs_margin_tcv: amount,
  hs_mrr: "0.00",
  hs_position_on_quote: "0",
  hs_post_tax_amount: amount,
  hs_pre_discount_amount: amount,
  hs_recurring_billing_number_of_payments: "1",
  hs_tcv: amount,
  hs_total_discount: "0.00"
})

describe("creating", () => {
  it.effect("creates every input of a good batch and answers 201 without errors", () =>
    Effect.gen(function* () {
      const answer = yield* create(inputs(3))
      assert.strictEqual(answer.status, 201)
      assert.strictEqual(answer.body.status, "COMPLETE")
      assert.notProperty(answer.body, "errors")
      assert.notProperty(answer.body, "numErrors")
      assert.deepStrictEqual(answer.body.results.map((_) => _.objectWriteTraceId).sort(), ["t0", "t1", "t2"])
      const one = answer.body.results[0]!
      assert.deepStrictEqual(one, {
        id: one.id,
        properties: {
          ...computedOf("39.80"),
          name: `Item ${one.objectWriteTraceId.slice(1)}`,
          quantity: "2",
          price: "19.90",
          createdate: "1970-01-01T00:00:00.000Z",
          hs_lastmodifieddate: "1970-01-01T00:00:00.000Z",
          hs_object_id: one.id,
          hs_object_source: "INTEGRATION",
          hs_object_source_id: "1000001",
          hs_object_source_label: "INTEGRATION"
        },
        createdAt: "1970-01-01T00:00:00.000Z",
        updatedAt: "1970-01-01T00:00:00.000Z",
        archived: false,
        objectWriteTraceId: one.objectWriteTraceId
      })
      assert.isTrue(Option.exists(BatchResponse.salvage(answer.body), (_) => _.unreadable === 0))
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("creates the good inputs of a mixed batch and names the bad ones by their trace ids", () =>
    Effect.gen(function* () {
      const answer = yield* create([...inputs(3), bad("wrong")])
      assert.strictEqual(answer.status, 207)
      assert.strictEqual(answer.body.status, "COMPLETE")
      assert.strictEqual(answer.body.results.length, 3)
      assert.strictEqual(answer.body.numErrors, 1)
      const message = 'Property "prise" does not exist'
      const detail = {
        isValid: false,
        message,
        error: "PROPERTY_DOESNT_EXIST",
        name: "prise",
        localizedErrorMessage: message,
        portalId: 891936587
      }
      assert.deepStrictEqual(answer.body.errors, [
        {
          status: "error",
          category: "VALIDATION_ERROR",
          message: `Property values were not valid: ${JSON.stringify([detail])}`,
          context: { objectWriteTraceId: ["wrong"] }
        }
      ])
      assert.strictEqual((yield* ledger).created.length, 3)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("answers 207 without results when every traced input is bad", () =>
    Effect.gen(function* () {
      const answer = yield* create([bad("a"), bad("b")])
      assert.strictEqual(answer.status, 207)
      assert.deepStrictEqual(answer.body.results, [])
      assert.strictEqual(answer.body.numErrors, 2)
      assert.deepStrictEqual((yield* ledger).created, [])
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("refuses the whole batch for one bad input when trace ids are absent, partial or repeated", () =>
    Effect.gen(function* () {
      const batches = [
        withoutTraceIds([...inputs(2), bad("x")]),
        [...inputs(1), ...withoutTraceIds(inputs(1)), bad("x")],
        [...inputs(2), bad("t0")],
        [...inputs(2), bad("")]
      ]
      for (const batch of batches) {
        const { body, status } = yield* create(batch)
        assert.strictEqual(status, 400)
        assert.strictEqual(body.status, "error")
        assert.strictEqual(body.category, "VALIDATION_ERROR")
        assert.deepStrictEqual(body.errors, [
          {
            message: 'Property "prise" does not exist',
            code: "PROPERTY_DOESNT_EXIST",
            context: { propertyName: ["prise"] }
          }
        ])
      }
      assert.deepStrictEqual((yield* ledger).created, [])
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("creates a good batch without trace ids and echoes none", () =>
    Effect.gen(function* () {
      const answer = yield* create(withoutTraceIds(inputs(2)))
      assert.strictEqual(answer.status, 201)
      assert.isTrue(answer.body.results.every((_) => !("objectWriteTraceId" in _)))
      assert.deepStrictEqual(
        (yield* ledger).created.map((_) => _.objectWriteTraceId),
        [null, null]
      )
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("answers in an order that is neither that of the inputs nor always the same", () =>
    Effect.gen(function* () {
      const order = (answer: Answer): string => answer.body.results.map((_) => _.objectWriteTraceId).join()
      const sent = inputs(100)
        .map((_) => _.objectWriteTraceId)
        .join()
      const first = order(yield* create(inputs(100)))
      const second = order(yield* create(inputs(100)))
      assert.notStrictEqual(first, sent)
      assert.notStrictEqual(first, second)
    }).pipe(Effect.provide(Emulator.layer()), Random.withSeed("order"))
  )

  it.effect("serves the dated versions too", () =>
    Effect.gen(function* () {
      const answer = yield* send(
        HttpClientRequest.setUrl(
          request(JSON.stringify({ inputs: inputs(1) })),
          "https://api.hubapi.com/crm/objects/2026-09/line_items/batch/create"
        )
      )
      assert.strictEqual(answer.status, 201)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("records what was created and every request, in order of arrival", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_795_000_000_000)
      const association = Association.make("deal", "4711")
      yield* create([{ properties: { name: "Chair" }, associations: [association], objectWriteTraceId: "a" }])
      yield* TestClock.adjust("1 second")
      yield* send(request("nonsense"))
      const { created, requests } = yield* ledger
      assert.deepStrictEqual(created, [
        {
          id: "20000000001",
          objectWriteTraceId: "a",
          properties: { name: "Chair" },
          associations: [association],
          createdAt: "2026-11-18T11:06:40.000Z"
        }
      ])
      const path = "/crm/v3/objects/line_items/batch/create"
      assert.deepStrictEqual(requests, [
        { at: 1_795_000_000_000, method: "POST", path, status: 201, inputs: 1 },
        { at: 1_795_000_001_000, method: "POST", path, status: 400, inputs: null }
      ])
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("parents", () => {
  const withDeal = (id: string, traceId: string) => ({
    properties: { name: "Chair" },
    associations: [Association.make("deal", id)],
    objectWriteTraceId: traceId
  })
  const rejected = (answer: Answer): ReadonlyArray<string> =>
    (answer.body.errors ?? []).flatMap((_) => _.context.objectWriteTraceId ?? [])

  it.effect("exist when their id has up to twelve digits", () =>
    Effect.gen(function* () {
      const answer = yield* create([
        withDeal("123456789012", "short"),
        withDeal("1234567890123", "long"),
        withDeal("x1", "no id")
      ])
      assert.deepStrictEqual([...rejected(answer)].sort(), ["long", "no id"])
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("are the seeded ones only, once their type was seeded", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.seedObjects("deals", ["1234567890123"])
      const answer = yield* create([
        withDeal("1", "unseeded"),
        withDeal("1234567890123", "seeded"),
        {
          properties: { name: "Chair" },
          associations: [Association.make("quote", "1")],
          objectWriteTraceId: "other type"
        }
      ])
      assert.deepStrictEqual(rejected(answer), ["unseeded"])
      const error = yield* Effect.flip(emulator.seedObjects("contacts", ["1"]))
      assert.strictEqual(error._tag, "UnknownObjectType")
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("refusing", () => {
  const post = (text: string) => send(request(text))

  it.effect("refuses more than 100 inputs in HubSpot's words", () =>
    Effect.gen(function* () {
      const { body, headers, status } = yield* create(inputs(101))
      assert.strictEqual(status, 400)
      assert.deepStrictEqual<object>(body, {
        status: "error",
        message:
          "The maximum number of inputs supported in a batch is 100. Please reduce the number of items and try again",
        category: "VALIDATION_ERROR",
        correlationId: headers["x-hubspot-correlation-id"]
      })
      assert.deepStrictEqual((yield* ledger).created, [])
      assert.strictEqual((yield* ledger).requests[0]!.inputs, 101)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("refuses what is no batch as a whole", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [string, string]> = [
        ["", "Invalid JSON input: a request body was expected, but none found"],
        ["{}", "Invalid input JSON on line 1, column 2. Some required fields were not set: [inputs]"],
        ['{"inputs":[]}', "The list of inputs is empty: at least one is required."],
        ['{"inputs": }', "Invalid input JSON on line 1, column 1: Unexpected character"],
        [
          `{\n"name": "${"x".repeat(100)}",\n  }`,
          "Invalid input JSON on line 3, column 3: Unexpected character"
        ],
        ['{"inputs":[', "Invalid input JSON on line 1, column 12: Unexpected end-of-input"],
        ['{"inputs":[{}]}', "[properties]"],
        ['{"inputs":[{"properties":{},"associations":[{"types":[]}]}]}', "[to]"],
        ['{"inputs":[{"properties":{},"associations":[{"to":{"id":"1"}}]}]}', "[types]"],
        ['{"inputs":[{"properties":{"name":{}}}]}', "from Object value (token `JsonToken.START_OBJECT`)"],
        ['{"inputs":[{"properties":1}]}', "from Number value"],
        ['{"inputs":[1]}', "from Number value"],
        ["[]", "from Array value (token `JsonToken.START_ARRAY`)"],
        ['{"inputs":{}}', "from Object value"]
      ]
      for (const [text, message] of cases) {
        const { body, headers, status } = yield* post(text)
        assert.strictEqual(status, 400, text)
        assert.include(body.message, message, text)
        assert.strictEqual(body.correlationId, headers["x-hubspot-correlation-id"])
        assert.match(headers["content-type"]!, /^application\/json;charset=utf-8$/)
      }
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("takes numbers in their own digits, booleans as text and null as nothing", () =>
    Effect.gen(function* () {
      const { status } = yield* post(
        '{"inputs":[{"properties":{"price":19.90,"quantity":12345678901234567890,"hs_is_optional":true,"name":null}}]}'
      )
      assert.strictEqual(status, 201)
      assert.deepStrictEqual((yield* ledger).created[0]!.properties, {
        price: "19.90",
        quantity: "12345678901234567890",
        hs_is_optional: "true"
      })
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("is not moved by a property named __proto__", () =>
    Effect.gen(function* () {
      const { body, status } = yield* post('{"inputs":[{"properties":{"__proto__":"x"}}]}')
      assert.strictEqual(status, 400)
      assert.include(body.message, "PROPERTY_DOESNT_EXIST")
      assert.isUndefined(({} as Record<string, unknown>).x)
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("answers 401 without, with a malformed and with another token", () =>
    Effect.gen(function* () {
      const headers = [
        {},
        { authorization: "Basic abc" },
        { authorization: "Bearer short" },
        { authorization: `Bearer ${token}` }
      ]
      for (const one of headers) {
        const { body, headers, status } = yield* send(
          HttpClientRequest.post(url).pipe(
            HttpClientRequest.bodyText("{}", "application/json"),
            HttpClientRequest.setHeaders(one as Record<string, string>)
          )
        )
        assert.strictEqual(status, 401)
        // An unknown token has the same answer as none, and there are no headers of the limit.
        assert.match(body.message, /^Authentication credentials not found\./)
        assert.strictEqual(body.category, "INVALID_AUTHENTICATION")
        assert.strictEqual(headers["x-hubspot-auth-failure"], "401 Unauthorized")
        assert.deepStrictEqual(
          Object.keys(headers).filter((name) => name.includes("ratelimit")),
          []
        )
        assert.notInclude(JSON.stringify(body), token)
      }
      const good = request(JSON.stringify({ inputs: inputs(1) }), { authorization: "Bearer the-only-one" })
      assert.strictEqual((yield* send(good)).status, 201)
    }).pipe(Effect.provide(Emulator.layer({ token: Redacted.make("the-only-one") })))
  )

  it.effect("answers 403 with the scopes that are required", () =>
    Effect.gen(function* () {
      const { body, status } = yield* create(inputs(1))
      assert.strictEqual(status, 403)
      assert.strictEqual(body.category, "MISSING_SCOPES")
      assert.deepStrictEqual(body.errors[0]!.context.requiredGranularScopes, [
        "crm.objects.line_items.write",
        "e-commerce"
      ])
      assert.property(body.links, "scopes")
      assert.strictEqual(
        body.message,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes."
      )
      yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.setScopes(["e-commerce"]))
      assert.strictEqual((yield* create(inputs(1))).status, 201)
    }).pipe(Effect.provide(Emulator.layer({ scopes: ["crm.objects.line_items.read"] })))
  )

  it.effect("answers 415, 413 and 404 in their own bodies", () =>
    Effect.gen(function* () {
      const text = HttpClientRequest.bodyText(request("{}"), "{}", "text/plain")
      assert.strictEqual((yield* send(text)).status, 415)
      const large = yield* post(`{"inputs":["${"x".repeat(10 * 1024 * 1024)}"]}`)
      assert.strictEqual(large.status, 413)
      assert.strictEqual(large.body.status, "error")
      const endless = HttpClientRequest.bodyStream(request(""), Stream.forever(Stream.succeed(chunk)), {
        contentType: "application/json"
      })
      assert.strictEqual((yield* send(endless)).status, 413)
      const lost = yield* send(HttpClientRequest.get("https://api.hubapi.com/crm/v3/objects/contacts"))
      assert.strictEqual(lost.status, 404)
      assert.match(lost.headers["content-type"]!, /^text\/html/)
      assert.deepStrictEqual(
        (yield* ledger).requests.map((_) => _.status),
        [415, 413, 413, 404]
      )
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("a body that never arrives", () => {
  it.effect("creates nothing and leaves a request without status", () =>
    Effect.gen(function* () {
      const broken = Stream.concat(
        Stream.succeed(new TextEncoder().encode('{"inputs":[')),
        Stream.fail("connection lost")
      )
      yield* send(HttpClientRequest.bodyStream(request(""), broken, { contentType: "application/json" }))
      const { created, requests } = yield* ledger
      assert.deepStrictEqual(created, [])
      assert.deepStrictEqual(
        requests.map((_) => _.status),
        [0]
      )
    }).pipe(Effect.provide(Emulator.layer()))
  )
})

describe("time and chance", () => {
  const slow = { latency: { min: 200, max: 400 } }

  it.effect("takes between the least and the greatest latency", () =>
    Effect.gen(function* () {
      const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () =>
        Effect.forkChild(create(inputs(1)))
      )
      yield* TestClock.adjust(199)
      assert.isTrue(fibers.every((fiber) => fiber.pollUnsafe() === undefined))
      yield* TestClock.adjust(100)
      const done = fibers.filter((fiber) => fiber.pollUnsafe() !== undefined).length
      assert.isTrue(done > 5 && done < 45, `${done} of 50`)
      yield* TestClock.adjust(101)
      assert.isTrue(fibers.every((fiber) => fiber.pollUnsafe() !== undefined))
      const commits = new Set((yield* ledger).created.map((_) => _.createdAt))
      assert.isTrue(commits.size > 10, "some of the latency lies before the commit")
    }).pipe(Effect.provide(Emulator.layer(slow)), Random.withSeed("latency"))
  )

  it.effect("creates all the same when the caller gives up before the commit", () =>
    Effect.gen(function* () {
      const caller = yield* Effect.forkChild(create(inputs(5)))
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* ledger).requests[0]!.status, 0)
      yield* Fiber.interrupt(caller)
      assert.deepStrictEqual((yield* ledger).created, [])
      yield* TestClock.adjust(400)
      const { created, requests } = yield* ledger
      assert.strictEqual(created.length, 5)
      assert.strictEqual(requests[0]!.status, 201)
    }).pipe(Effect.provide(Emulator.layer(slow)), Random.withSeed("given up"))
  )

  it.effect("has created when the caller's timeout strikes after the commit", () =>
    Effect.gen(function* () {
      const caller = yield* Effect.forkChild(Effect.timeoutOption(create(inputs(5)), 199))
      yield* TestClock.adjust(199)
      assert.isTrue(Option.isNone(yield* Fiber.join(caller)))
      yield* TestClock.adjust(400)
      assert.strictEqual((yield* ledger).created.length, 5)
    }).pipe(Effect.provide(Emulator.layer(slow)))
  )

  it.effect("goes by its own clock, whatever that of the caller says", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_795_000_000_000)
      yield* create(inputs(1)).pipe(
        Effect.andThen(send(HttpClientRequest.get("https://api.hubapi.com/nothing"))),
        Effect.provide(TestClock.layer(), { local: true })
      )
      const { created, requests } = yield* ledger
      assert.strictEqual(created[0]!.createdAt, "2026-11-18T11:06:40.000Z")
      assert.deepStrictEqual(
        requests.map((_) => _.at),
        [1_795_000_000_000, 1_795_000_000_000]
      )
    }).pipe(Effect.provide(Emulator.layer()))
  )

  it.effect("does the same under the same seed, and something else under another", () =>
    Effect.gen(function* () {
      const run = (seed: string) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(
            Effect.forEach(Array.from({ length: 20 }), () => create([...inputs(20), bad("x")]), {
              concurrency: 5
            })
          )
          yield* TestClock.adjust("10 seconds")
          const emulator = yield* Emulator.Emulator
          const answers = yield* Fiber.join(fiber)
          return JSON.stringify([answers, yield* emulator.ledger, Redacted.value(emulator.adminKey)])
        }).pipe(
          Effect.provide(Emulator.layer(slow), { local: true }),
          Effect.provide(TestClock.layer(), { local: true }),
          Random.withSeed(seed)
        )
      const first = yield* run("a")
      assert.strictEqual(yield* run("a"), first)
      assert.notStrictEqual(yield* run("b"), first)
    })
  )

  it.effect("answers 2,500 requests in virtual time without ever letting more than the limit through", () =>
    Effect.gen(function* () {
      const body = request(JSON.stringify({ inputs: inputs(4) }))
      const caller = Effect.gen(function* () {
        for (let n = 0; n < 50; n++) {
          while ((yield* send(body)).status === 429) yield* Effect.sleep("1 second")
        }
      })
      const fiber = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 50 }, () => caller),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("5 minutes")
      yield* Fiber.join(fiber)
      const { created, requests } = yield* ledger
      assert.strictEqual(created.length, 10_000)
      assert.strictEqual(new Set(created.map((_) => _.id)).size, 10_000)
      assert.strictEqual(requests.filter((_) => _.status === 201).length, 2500)
      assert.strictEqual(Ledger.worstWindow(requests), 190)
    }).pipe(Effect.provide(Emulator.layer(slow)))
  )
})
