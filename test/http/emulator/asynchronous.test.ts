import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import { type Answer, bad, create, inputs, request, send, token, withoutTraceIds } from "./calls.ts"

const emulated = (options: Emulator.Options) => Effect.provide(Emulator.layer(options))
const times = { pendingMillis: 1000, processingMillis: 2000 }

const created = Effect.map(
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger),
  (ledger) => ledger.created
)

const linkOf = (answer: Answer): string => (answer.body.links as { readonly status: string }).status

const follow = (link: string, bearer: string = token) =>
  send(HttpClientRequest.get(link).pipe(HttpClientRequest.bearerToken(bearer)))

const traceIds = (answer: Answer) => answer.body.results.map((_) => _.objectWriteTraceId).sort()

describe("the asynchronous mode", () => {
  it.effect("accepts a batch, works on it later, and tells so under the link", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_795_000_000_000)
      const answer = yield* create([...inputs(3), bad("x")])
      assert.strictEqual(answer.status, 201)
      assert.strictEqual(answer.body.status, "PENDING")
      assert.deepStrictEqual(answer.body.results, [])
      assert.property(answer.headers, "x-hubspot-correlation-id")
      const link = linkOf(answer)
      assert.match(
        link,
        /^https:\/\/api\.hubapi\.com\/crm\/v3\/objects\/line_items\/batch\/create\/tasks\/[0-9a-f-]{36}\/status$/
      )
      assert.strictEqual((yield* follow(link)).body.status, "PENDING")

      yield* TestClock.adjust(999)
      assert.strictEqual((yield* follow(link)).body.status, "PENDING")
      yield* TestClock.adjust(1)
      const processing = yield* follow(link)
      assert.strictEqual(processing.body.status, "PROCESSING")
      assert.deepStrictEqual(processing.body.results, [])
      assert.deepStrictEqual(yield* created, [])

      yield* TestClock.adjust(1999)
      assert.deepStrictEqual(yield* created, [])
      yield* TestClock.adjust(1)
      const done = yield* follow(link)
      assert.strictEqual(done.status, 200)
      assert.strictEqual(done.body.status, "COMPLETE")
      assert.deepStrictEqual(traceIds(done), ["t0", "t1", "t2"])
      assert.strictEqual(done.body.numErrors, 1)
      assert.deepStrictEqual(done.body.errors[0]!.context.objectWriteTraceId, ["x"])
      assert.strictEqual(linkOf(done), link)
      const ledger = yield* created
      assert.deepStrictEqual(
        ledger.map((_) => _.createdAt),
        ledger.map(() => "2026-11-18T11:06:43.000Z")
      )
      assert.deepStrictEqual(new Set(done.body.results.map((_) => _.id)), new Set(ledger.map((_) => _.id)))
    }).pipe(emulated({ asynchronous: times }))
  )

  it.effect("works on a batch though nobody asks for it again", () =>
    Effect.gen(function* () {
      yield* create(inputs(3))
      yield* TestClock.adjust(3000)
      assert.strictEqual((yield* created).length, 3)
    }).pipe(emulated({ asynchronous: times }))
  )

  it.effect("cancels the n-th half way, and keeps what it had created", () =>
    Effect.gen(function* () {
      const links = yield* Effect.forEach([1, 2, 3], () => Effect.map(create(inputs(4)), linkOf))
      yield* TestClock.adjust(2000)
      const ends = yield* Effect.forEach(links, (link) => follow(link))
      assert.deepStrictEqual(
        ends.map((_) => [_.body.status, _.body.results.length]),
        [
          ["PROCESSING", 0],
          ["CANCELED", 1],
          ["PROCESSING", 0]
        ]
      )
      assert.deepStrictEqual(traceIds(ends[1]!), ["t0"])
      yield* TestClock.adjust(1000)
      assert.strictEqual((yield* created).length, 4 + 1 + 4)
      assert.strictEqual((yield* follow(links[1]!)).body.status, "CANCELED")
    }).pipe(emulated({ asynchronous: { ...times, cancel: { nth: 2 }, createdBeforeCancel: 1 } }))
  )

  it.effect("cancels by chance, half of the inputs by default, the same under the same seed", () =>
    Effect.gen(function* () {
      const run = (seed: string) =>
        Effect.gen(function* () {
          yield* Effect.forEach(Array.from({ length: 20 }), () => create(inputs(4)))
          yield* TestClock.adjust(3000)
          return (yield* created).length
        }).pipe(emulated({ asynchronous: { ...times, cancel: { chance: 0.5 } } }), Random.withSeed(seed))
      const first = yield* run("a")
      assert.isTrue(first > 40 && first < 80 && first % 2 === 0, `${first} of 80`)
      assert.strictEqual(yield* run("a"), first)
    })
  )

  it.effect("never ends if a fault says so", () =>
    Effect.gen(function* () {
      const link = linkOf(yield* create(inputs(2)))
      yield* TestClock.adjust("10 days")
      assert.strictEqual((yield* follow(link)).body.status, "PROCESSING")
      assert.deepStrictEqual(yield* created, [])
    }).pipe(emulated({ faults: { rules: [{ fault: { place: "asynchronous", ...times, end: "never" } }] } }))
  )

  it.effect("takes part in other faults: the task of a lost reply is done", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* create(inputs(2))).status, 502)
      assert.deepStrictEqual(yield* created, [])
      yield* TestClock.adjust(3000)
      assert.strictEqual((yield* created).length, 2)
    }).pipe(
      emulated({
        asynchronous: times,
        faults: {
          rules: [{ fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "empty" } } }]
        }
      })
    )
  )

  it.effect("refuses at once what is no batch, and ends canceled what is refused as a whole later", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* send(request('{"inputs":['))).status, 400)
      assert.strictEqual((yield* create([])).status, 400)
      assert.strictEqual((yield* create(inputs(101))).status, 400)
      const link = linkOf(yield* create(withoutTraceIds([...inputs(2), bad("x")])))
      yield* TestClock.adjust(3000)
      const { body } = yield* follow(link)
      assert.strictEqual(body.status, "CANCELED")
      assert.deepStrictEqual(body.results, [])
      assert.strictEqual(body.errors[0]!.category, "VALIDATION_ERROR")
      assert.deepStrictEqual(yield* created, [])
    }).pipe(emulated({ asynchronous: times }))
  )

  it.effect("asks for the same rights under the link, and knows no other task", () =>
    Effect.gen(function* () {
      const link = linkOf(yield* create(inputs(1)))
      assert.strictEqual((yield* follow(link, "short")).status, 401)
      yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.setScopes([]))
      assert.strictEqual((yield* follow(link)).status, 403)
      yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.setScopes(["e-commerce"]))
      const other = yield* follow(link.replace(/[0-9a-f-]{36}/, "no-such-task"))
      assert.strictEqual(other.status, 404)
      assert.strictEqual(other.body.category, "OBJECT_NOT_FOUND")
      const { forgotten, requests } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
      assert.strictEqual(forgotten?.unauthorized, 1)
      assert.deepStrictEqual(
        requests.map((_) => [_.method, _.status]),
        [
          ["POST", 201],
          ["GET", 403],
          ["GET", 404]
        ]
      )
    }).pipe(emulated({ asynchronous: times }))
  )

  it.effect("is there in the dated versions too", () =>
    Effect.gen(function* () {
      const dated = "https://api.hubapi.com/crm/objects/2026-09/line_items/batch/create"
      const answer = yield* send(
        HttpClientRequest.setUrl(request(JSON.stringify({ inputs: inputs(1) })), dated)
      )
      assert.isTrue(linkOf(answer).startsWith(`${dated}/tasks/`))
      yield* TestClock.adjust(3000)
      assert.strictEqual((yield* follow(linkOf(answer))).body.status, "COMPLETE")
    }).pipe(emulated({ asynchronous: times }))
  )
})
