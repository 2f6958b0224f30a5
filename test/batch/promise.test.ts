import { DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import { connect, type Connection, type Input, type Options } from "@effect-hubspot/batch/promise"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { HttpClient } from "effect/http"
import { inspect } from "node:util"

const token = "pat-eu1-promise"
const input = (n: number): Input => ({ properties: { name: `Seat ${n}` } })
const inputs = (count: number) => Array.from({ length: count }, (_, n) => input(n))

/** An emulator, and a connection to it. */
type World = (
  emulator: Emulator.Options,
  use: (hubspot: Connection, ledger: () => Promise<{ created: number; creates: number }>) => Promise<void>,
  options?: Partial<Options>
) => Promise<void>

const ledgerOf = ({ ledger }: Emulator.Emulator["Service"]) =>
  Effect.runPromise(
    Effect.map(ledger, ({ created, requests }) => ({
      created: created.length,
      creates: requests.filter(({ path }) => path.endsWith("/batch/create")).length
    }))
  )

const inProcess: World = (emulator, use, options) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const context = yield* Layer.build(Emulator.layer(emulator))
        const transport = Layer.succeed(HttpClient.HttpClient, Context.get(context, HttpClient.HttpClient))
        const hubspot = connect({ token, transport, limit: 190, ...options })
        yield* Effect.promise(() => use(hubspot, () => ledgerOf(Context.get(context, Emulator.Emulator))))
        yield* Effect.promise(() => hubspot.close())
      })
    )
  )

const served: World = (emulator, use, options) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const context = yield* Layer.build(EmulatorServer.layer(emulator))
        const { url } = Context.get(context, EmulatorServer.EmulatorServer)
        const hubspot = connect({ token, baseUrl: url, limit: 190, ...options })
        yield* Effect.promise(() => use(hubspot, () => ledgerOf(Context.get(context, Emulator.Emulator))))
        yield* Effect.promise(() => hubspot.close())
      })
    )
  )

const collect = async (outcomes: AsyncIterable<Outcome.Outcome<Input>>) => {
  const all: Array<Outcome.Outcome<Input>> = []
  for await (const outcome of outcomes) all[outcome.index] = outcome
  return all
}

const tags = (outcomes: ReadonlyArray<Outcome.Outcome<Input>>) => outcomes.map(({ _tag }) => _tag)

/** Inputs for ever, slowly enough that only some are read. */
const endless = (log: { read: number; closed: boolean }) =>
  (async function* () {
    try {
      for (;;) {
        yield input(log.read++)
        if (log.read % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
    } finally {
      log.closed = true
    }
  })()

for (const [name, world] of [
  ["in this process", inProcess],
  ["on a port", served]
] as const) {
  describe(`without Effect, with a HubSpot ${name}`, () => {
    it("each input of an iterable has its outcome", () =>
      world({}, async (hubspot, ledger) => {
        const outcomes = await collect(hubspot.create(inputs(250)))
        assert.lengthOf(outcomes, 250)
        for (const [n, outcome] of outcomes.entries()) {
          assert.deepStrictEqual([outcome._tag, outcome.source], ["Created", input(n)])
        }
        assert.deepStrictEqual(await ledger(), { created: 250, creates: 3 })
      }))

    it("numbers and booleans are property values, and come back as they were given", () =>
      world({}, async (hubspot, ledger) => {
        const seats = [{ properties: { name: "A", price: 1e-7, hs_is_optional: true } }]
        for await (const { _tag, source } of hubspot.create(seats)) {
          assert.deepStrictEqual([_tag, source.properties.price], ["Created", 1e-7])
        }
        assert.strictEqual((await ledger()).created, 1)
      }))

    it("what is rejected, wrong or in doubt is told, not thrown", () =>
      world(
        {
          faults: {
            rules: [
              {
                match: { path: "*/batch/create", nth: 2 },
                fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } }
              }
            ]
          }
        },
        async (hubspot, ledger) => {
          const some = async function* () {
            yield input(0)
            yield { properties: { name: "Credit", price: "-1" } }
            yield { properties: "none" } as unknown as Input
            yield input(3)
          }
          const outcomes = await collect(hubspot.create(some(), { batchSize: 2, concurrency: 1 }))
          assert.deepStrictEqual(tags(outcomes), ["Created", "Rejected", "Invalid", "InDoubt"])
          assert.deepStrictEqual(await ledger(), { created: 2, creates: 2 })
        }
      ))

    it("who leaves the loop waits for what is under way, and nothing more is sent", () =>
      world({ latency: { min: 20, max: 20 } }, async (hubspot, ledger) => {
        const log = { read: 0, closed: false }
        for await (const outcome of hubspot.create(endless(log), { concurrency: 2, batchSize: 10 })) {
          assert.strictEqual(outcome._tag, "Created")
          break
        }
        const { created, creates } = await ledger()
        assert.isTrue(log.closed)
        // All that was sent was answered.
        assert.strictEqual(created, creates * 10)
        const { read } = log
        await new Promise((resolve) => setTimeout(resolve, 100))
        assert.deepStrictEqual(await ledger(), { created, creates })
        assert.strictEqual(log.read, read)
      }))

    it("what an iterable throws is thrown, after the outcomes of all inputs before", () =>
      world({}, async (hubspot, ledger) => {
        const broken = new Error("the queue is gone")
        const sync = function* () {
          yield* inputs(3)
          throw broken
        }
        const later = async function* () {
          yield* inputs(3)
          throw broken
        }
        for (const throwing of [sync, later]) {
          const seen: Array<string> = []
          let thrown: unknown
          try {
            for await (const { _tag } of hubspot.create(throwing())) seen.push(_tag)
          } catch (error) {
            thrown = error
          }
          assert.strictEqual(thrown, broken)
          assert.deepStrictEqual(seen, ["Created", "Created", "Created"])
        }
        assert.strictEqual((await ledger()).created, 6)
      }))

    it("a token that HubSpot refuses leaves every input not sent, and says why", () =>
      world({ token: Redacted.make("pat-eu1-another") }, async (hubspot, ledger) => {
        const outcomes = await collect(hubspot.create(inputs(3)))
        assert.deepStrictEqual(tags(outcomes), ["NotSent", "NotSent", "NotSent"])
        const [first] = outcomes
        assert.isTrue(
          first?._tag === "NotSent" &&
            first.reason._tag === "Halted" &&
            first.reason.error.reason._tag === "Unauthorized"
        )
        assert.strictEqual((await ledger()).created, 0)
      }))
  })
}

describe("a connection", () => {
  it("keeps its token to itself", async () => {
    const hubspot = connect({ token: "pat-eu1-secret" })
    assert.notInclude(inspect(hubspot, { depth: 20, showHidden: true }), "secret")
    await hubspot.close()
    const thrownBy = (token: string): unknown => {
      try {
        return connect({ token })
      } catch (error) {
        return error
      }
    }
    // What `process.env` lacks is no token either.
    for (const wrong of ["Bearer pat-eu1-secret", "", undefined as unknown as string]) {
      const thrown = thrownBy(wrong)
      assert.deepInclude(thrown, { _tag: "CredentialsError" })
      assert.notInclude(inspect(thrown, { depth: 20, showHidden: true }), "secret")
    }
  })

  it("that is closed sends nothing more, and its loops end with an outcome for each input read", () =>
    inProcess({ latency: { min: 20, max: 20 } }, async (hubspot, ledger) => {
      const log = { read: 0, closed: false }
      const seen = new Set<number>()
      for await (const { index } of hubspot.create(endless(log), { concurrency: 2, batchSize: 10 })) {
        if (seen.size === 0) await hubspot.close()
        assert.isFalse(seen.has(index))
        seen.add(index)
      }
      const { created, creates } = await ledger()
      assert.strictEqual(created, creates * 10)
      assert.isAtLeast(seen.size, created)
      assert.deepStrictEqual(
        [...seen].sort((a, b) => a - b),
        [...seen.keys()].map((_, n) => n)
      )
    }))

  it("takes a strategy and a key", () =>
    inProcess({ uniqueProperties: ["erp"] }, async (hubspot, ledger) => {
      const options = { strategy: DoubtStrategy.guard(), keyProperty: "erp" }
      const orders = ["A-1", "A-2"].map((erp) => ({ properties: { name: "Seat", erp } }))
      for (const via of ["response", "conflict"]) {
        const outcomes = await collect(hubspot.create(orders, options))
        assert.isTrue(outcomes.every((outcome) => outcome._tag === "Created" && outcome.via === via))
      }
      assert.strictEqual((await ledger()).created, 2)
    }))

  it("closes an iterable that is left early, and is read one after the other", () =>
    inProcess({}, async (hubspot) => {
      let closed = false
      const some = function* () {
        try {
          yield* inputs(500)
        } finally {
          closed = true
        }
      }
      const iterator = hubspot.create(some(), { batchSize: 10 })[Symbol.asyncIterator]()
      const read = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
      assert.strictEqual(new Set(read.map(({ value }) => value?.index)).size, 3)
      assert.deepStrictEqual(await iterator.return?.(), { done: true, value: undefined })
      assert.isTrue(closed)
      assert.isTrue((await iterator.next()).done)
    }))

  it("does not wait for an iterable that has nothing to give when its loop is left", () =>
    inProcess({}, async (hubspot, ledger) => {
      const waiting = async function* () {
        yield* inputs(10)
        await new Promise(() => {})
      }
      for await (const { _tag } of hubspot.create(waiting(), { batchSize: 10 })) {
        assert.strictEqual(_tag, "Created")
        break
      }
      assert.deepStrictEqual(await ledger(), { created: 10, creates: 1 })
    }))

  it("that is closed creates nothing any more", () =>
    inProcess({}, async (hubspot, ledger) => {
      await hubspot.close()
      let thrown: unknown
      await collect(hubspot.create(inputs(1))).catch((error: unknown) => (thrown = error))
      assert.strictEqual(String(thrown), "Error: the connection is closed; make another one")
      assert.strictEqual((await ledger()).created, 0)
    }))
})
