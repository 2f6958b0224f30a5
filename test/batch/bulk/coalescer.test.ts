import { BatchObserver, Coalescer } from "@effect-hubspot/batch"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Layer, Random, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as HubSpot from "../../support/hubspot.ts"
import { inVirtualTime, join } from "../../support/virtualTime.ts"

const ledger = Effect.flatMap(Emulator, (emulator) => emulator.ledger)

const layer = (hubspot: Parameters<typeof HubSpot.layer>[0] = {}, options: Coalescer.Options = {}) =>
  Coalescer.layer(options).pipe(Layer.provideMerge(HubSpot.layer(hubspot)))

const create = (input: Parameters<Coalescer.Coalescer["Service"]["create"]>[0]) =>
  Effect.flatMap(Coalescer.Coalescer, (coalescer) => coalescer.create(input))

const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

/** What each of many fibers was told; `price` -1 is what HubSpot rejects. */
const many = (count: number, isBad: (n: number) => boolean = () => false) =>
  inTime(
    Effect.forEach(
      Array.from({ length: count }, (_, n) => n),
      (n) =>
        create({ properties: { name: `Seat ${n}`, ...(isBad(n) && { price: "-1" }) } }).pipe(
          Effect.map((created) => ({ n, told: "Created" as string, id: created.id })),
          Effect.catchTag("NotCreated", ({ reason }) =>
            Effect.succeed({ n, told: reason._tag as string, id: "" })
          )
        ),
      { concurrency: "unbounded" }
    )
  )

describe("the coalescer", () => {
  it.effect("ten thousand fibers make a hundred requests, and each gets its own answer", () =>
    Effect.gen(function* () {
      const answers = yield* many(10_000)
      const { created, requests } = yield* ledger
      const names = new Map(created.map((record) => [record.id, record.properties.name]))
      for (const { id, n, told } of answers) {
        assert.strictEqual(told, "Created")
        assert.strictEqual(names.get(id), `Seat ${n}`)
      }
      assert.lengthOf(created, 10_000)
      assert.isAtMost(Math.abs(requests.length - 100), 1)
    }).pipe(Effect.provide(layer({ emulator: { latency: { min: 20, max: 400 } } })), Random.withSeed("many"))
  )

  it.effect("with five in a hundred bad, the good ones are created and the bad ones told so", () =>
    Effect.gen(function* () {
      const isBad = (n: number) => n % 20 === 7
      const answers = yield* many(10_000, isBad)
      for (const { n, told } of answers) assert.strictEqual(told, isBad(n) ? "Rejected" : "Created")
      const { created, requests } = yield* ledger
      assert.lengthOf(created, 9500)
      assert.isAtMost(Math.abs(requests.length - 100), 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("whatever HubSpot does, nobody is told what is not true", () =>
    Effect.gen(function* () {
      const answers = yield* many(2000, (n) => n % 20 === 7)
      const { created } = yield* ledger
      const byName = new Map(created.map((record) => [record.properties.name, record.id]))
      assert.strictEqual(byName.size, created.length, "nothing twice")
      const told = new Set(answers.map((answer) => answer.told))
      for (const { id, n, told } of answers) {
        const stored = byName.get(`Seat ${n}`)
        if (told === "Created") assert.strictEqual(stored, id)
        if (told === "Rejected" || told === "NotSent") assert.isUndefined(stored)
      }
      for (const kind of ["Created", "Rejected", "InDoubt"]) assert.isTrue(told.has(kind), kind)
    }).pipe(
      Effect.provide(
        layer({
          emulator: {
            latency: { min: 20, max: 400 },
            faults: {
              rules: [
                {
                  match: { chance: 0.2 },
                  fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } }
                },
                {
                  match: { chance: 0.2 },
                  fault: { place: "beforeCommit", reply: { kind: "status", status: 423, body: "hubspot" } }
                }
              ]
            }
          }
        })
      ),
      Random.withSeed("faults")
    )
  )

  it.effect("one alone waits for the window and no longer", () =>
    Effect.gen(function* () {
      const one = yield* Effect.forkChild(create({ properties: { name: "alone" } }))
      yield* TestClock.adjust("24 millis")
      assert.lengthOf((yield* ledger).requests, 0)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(one))._tag, "Created")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("who is interrupted while waiting takes the input along; the others are sent", () =>
    Effect.gen(function* () {
      const [first, second] = yield* Effect.forEach(["one", "two"], (name) =>
        Effect.forkChild(create({ properties: { name } }))
      )
      yield* TestClock.adjust("10 millis")
      yield* Fiber.interrupt(first!)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(second!)
      assert.deepStrictEqual(
        (yield* ledger).created.map((record) => record.properties.name),
        ["two"]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("who leaves while the batch waits for its turn takes the input along", () =>
    Effect.gen(function* () {
      // The only slot of the window is taken, so the batch has begun and waits.
      yield* Effect.forkChild(create({ properties: { name: "first" } }))
      yield* TestClock.adjust("1 second")
      const [leaves, stays] = yield* Effect.forEach(["leaves", "stays"], (name) =>
        Effect.forkChild(create({ properties: { name } }))
      )
      yield* TestClock.adjust("1 second")
      yield* Effect.forkChild(Fiber.interrupt(leaves!))
      assert.strictEqual((yield* join(stays!))._tag, "Created")
      assert.deepStrictEqual(
        (yield* ledger).created.map((record) => record.properties.name),
        ["first", "stays"]
      )
    }).pipe(Effect.provide(layer({ client: { limit: 1 } })))
  )

  it.effect("callers who give up leave nothing behind that is created later", () =>
    Effect.gen(function* () {
      const callers = yield* Effect.forEach(Array.from({ length: 200 }), (_, n) =>
        create({ properties: { name: `Seat ${n}` } }).pipe(
          Effect.timeoutOption("100 millis"),
          Effect.exit,
          Effect.forkChild
        )
      )
      for (const caller of callers) yield* Effect.exit(join(caller))
      const { length } = (yield* ledger).created
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* ledger).created.length, length)
      // And what is left behind is room for others.
      const next = yield* Effect.forkChild(create({ properties: { name: "next" } }))
      assert.strictEqual((yield* join(next))._tag, "Created")
    }).pipe(Effect.provide(layer({ client: { limit: 1 } }, { capacity: 10, batchSize: 2, concurrency: 1 })))
  )

  it.effect("who is interrupted after the send does not take the others down", () =>
    Effect.gen(function* () {
      const [first, second] = yield* Effect.forEach(["one", "two"], (name) =>
        Effect.forkChild(create({ properties: { name } }))
      )
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(first!).pipe(Effect.forkChild)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(second!))._tag, "Created")
      assert.lengthOf((yield* ledger).created, 2)
    }).pipe(Effect.provide(layer({ emulator: { latency: { min: 1000, max: 1000 } } })))
  )

  it.effect("the same input twice is two line items, the same trace id twice is one kept", () =>
    Effect.gen(function* () {
      const input = { properties: { name: "twin" }, objectWriteTraceId: "mine" }
      const twins = yield* inTime(Effect.all([create(input), create(input)], { concurrency: "unbounded" }))
      assert.strictEqual(new Set(twins.map((twin) => twin.id)).size, 2)
      const traceIds = (yield* ledger).created.map((record) => record.objectWriteTraceId)
      assert.strictEqual(new Set(traceIds).size, 2)
      assert.include(traceIds, "mine")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a trace id is free again for the next who gives it", () =>
    Effect.gen(function* () {
      const input = { properties: { name: "again" }, objectWriteTraceId: "mine" }
      for (let n = 0; n < 2; n++) yield* inTime(create(input))
      assert.deepStrictEqual(
        (yield* ledger).created.map((record) => record.objectWriteTraceId),
        ["mine", "mine"]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("what is wrong in itself is told at once, one kind can be caught alone", () =>
    Effect.gen(function* () {
      const told = yield* create({ properties: { price: "cheap" } }).pipe(
        Effect.as("created"),
        Effect.catchReason("NotCreated", "Invalid", (invalid) => Effect.succeed(invalid.issues[0]?.path))
      )
      assert.strictEqual(told, "properties.price")
      assert.lengthOf((yield* ledger).requests, 0)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a refusal of the token ends a batch, not the service", () => {
    let bad = true
    const fault: HubSpot.Fault = (request, pass) =>
      bad
        ? HubSpot.answer(request, 401, { status: "error", message: "no", category: "INVALID_AUTHENTICATION" })
        : pass
    return Effect.gen(function* () {
      const refused = yield* inTime(Effect.exit(create({ properties: { name: "one" } })))
      assert.isTrue(Exit.isFailure(refused))
      bad = false
      const created = yield* inTime(create({ properties: { name: "two" } }))
      assert.strictEqual(created._tag, "Created")
    }).pipe(Effect.provide(layer({ fault })))
  })

  it.effect("callers beyond the capacity wait outside", () =>
    Effect.gen(function* () {
      const answers = yield* many(50)
      assert.isTrue(answers.every((answer) => answer.told === "Created"))
      const { requests } = yield* ledger
      assert.isTrue(requests.every((request) => (request.inputs ?? 0) <= 10))
      assert.lengthOf(requests, 5)
    }).pipe(Effect.provide(layer({}, { capacity: 10 })))
  )

  it.effect(
    "looks again at what HubSpot has not finished, by its schedules, and holds up nobody meanwhile",
    () => {
      const slow = HubSpot.layer({
        emulator: { asynchronous: { pendingMillis: 4000, processingMillis: 6000 } }
      })
      const waits = { pending: Schedule.spaced("1 second"), processing: Schedule.spaced("3 seconds") }
      return Effect.gen(function* () {
        const startedAt = yield* Clock.currentTimeMillis
        const created = yield* Effect.forEach(
          [1, 2, 3],
          (n) => create({ properties: { name: `Seat ${n}` } }),
          {
            concurrency: "unbounded"
          }
        ).pipe(inVirtualTime)
        assert.lengthOf(created, 3)
        assert.isBelow((yield* Clock.currentTimeMillis) - startedAt, 20_000)
        const { requests } = yield* ledger
        const [first, , third] = requests.filter(({ method }) => method === "POST")
        assert.isBelow(third!.at - first!.at, 1000)
      }).pipe(
        Effect.provide(
          Coalescer.layer({ ...waits, batchSize: 1, concurrency: 1 }).pipe(
            Layer.provideMerge(BatchObserver.layerLinks),
            Layer.provideMerge(slow)
          )
        )
      )
    }
  )
})
