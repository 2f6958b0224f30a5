/**
 * Batches that HubSpot refuses as a whole and without trace ids: what it costs to find the rows that are wrong, and when a job
 * whose first rows are all wrong stops. The emulator has what HubSpot accepted.
 */
import { BulkCreate, BulkUpdate, DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type { BatchRequest } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import * as FirstBatches from "../../../packages/batch/src/engine/FirstBatches.ts"
import type { NotSentReason } from "../../../packages/batch/src/model/Outcome.ts"
import * as HubSpot from "../../support/hubspot.ts"
import { inVirtualTime } from "../../support/virtualTime.ts"

type Input = BatchRequest.CreateInput
type Properties = Readonly<Record<string, string>>

const times = <A>(length: number, make: (n: number) => A) => Array.from({ length }, (_, n) => make(n))

const good = (n: number): Input => ({ properties: { name: `Seat ${n}`, price: String(n % 7) } })
const having = (n: number, more: Properties): Input => ({ properties: { ...good(n).properties, ...more } })
const typo = (n: number) => having(n, { prise: "1" })

interface Wrong {
  readonly name: string
  readonly error: string
  readonly message: string
}

const known = new Set(["name", "price", "quantity", "import_key"])

/** What is wrong with an input, as far as HubSpot looks. */
const wrongIn = (properties: Properties): ReadonlyArray<Wrong> => {
  const unknown = Object.keys(properties).filter((name) => !known.has(name))
  return [
    ...unknown.map((name) => ({
      name,
      error: "PROPERTY_DOESNT_EXIST",
      message: `Property "${name}" does not exist`
    })),
    ...(Number(properties["price"]) < 0
      ? [{ name: "price", error: "MIN_VALUE", message: "Enter a number greater than 0" }]
      : [])
  ]
}

/** Refuses every batch in which something is wrong, and says what, of the first such input. */
const refusing: HubSpot.Fault = (request, pass) => {
  if (!/batch\/(?:create|update)$/.test(request.url)) return pass
  const [wrong] = HubSpot.bodyOf(request).inputs.flatMap(({ properties }) => {
    const all = wrongIn(properties as Properties)
    return all.length === 0 ? [] : [all]
  })
  return wrong === undefined
    ? pass
    : HubSpot.answer(request, 400, {
        status: "error",
        message: `Property values were not valid: ${JSON.stringify(wrong.map((one) => ({ isValid: false, ...one })))}`,
        correlationId: "019a0000-0000-7000-8000-000000000000",
        category: "VALIDATION_ERROR"
      })
}

const layer = (options: Parameters<typeof HubSpot.layer>[0] = {}) => {
  const seen = { creates: 0, inputs: 0 }
  const fault: HubSpot.Fault = (request, pass, n) => {
    if (request.url.endsWith("/batch/create")) {
      seen.creates++
      seen.inputs += HubSpot.bodyOf(request).inputs.length
    }
    return (options.fault ?? refusing)(request, pass, n)
  }
  return { seen, hubspot: HubSpot.layer({ ...options, fault }) }
}

const create = (inputs: ReadonlyArray<Input>, options: BulkCreate.Options = {}) =>
  Stream.fromIterable(inputs).pipe(BulkCreate.outcomes(options), Stream.runCollect, inVirtualTime)

const countBy = (outcomes: Iterable<Outcome.Outcome<unknown>>) => {
  const counts: Record<string, number> = {}
  for (const { _tag } of outcomes) counts[_tag] = (counts[_tag] ?? 0) + 1
  return counts
}

/** The codes and properties that the rejected inputs are told. */
const causes = (outcomes: Iterable<Outcome.Outcome<unknown>>) =>
  new Set(
    [...outcomes].flatMap((outcome) =>
      outcome._tag === "Rejected" ? outcome.problems.map(({ code, property }) => `${code} ${property}`) : []
    )
  )

const stored = Effect.flatMap(Emulator, ({ ledger }) => Effect.map(ledger, ({ created }) => created.length))

describe("a refusal of a batch that names a property", () => {
  it.effect("an unknown one in a hundred rows costs one request", () => {
    const { hubspot, seen } = layer()
    return Effect.gen(function* () {
      const outcomes = yield* create(times(100, typo))
      assert.deepStrictEqual(countBy(outcomes), { Rejected: 100 })
      assert.deepStrictEqual(causes(outcomes), new Set(["PROPERTY_DOESNT_EXIST prise"]))
      assert.deepStrictEqual([seen.creates, yield* stored], [1, 0])
    }).pipe(Effect.provide(hubspot))
  })

  it.effect(
    "two unknown ones in sixty rows cost a request each, every row is told its own, and the good ones are created",
    () => {
      const { hubspot, seen } = layer()
      return Effect.gen(function* () {
        const inputs = times(60, (n) => [typo, good, (n: number) => having(n, { skew: "1" })][n % 3]!(n))
        const outcomes = yield* create(inputs)
        assert.deepStrictEqual(countBy(outcomes), { Rejected: 40, Created: 20 })
        for (const outcome of outcomes) {
          if (outcome._tag !== "Rejected") continue
          const name = "prise" in outcome.source.properties ? "prise" : "skew"
          assert.deepStrictEqual(causes([outcome]), new Set([`PROPERTY_DOESNT_EXIST ${name}`]))
        }
        assert.deepStrictEqual([seen.creates, yield* stored], [3, 20])
      }).pipe(Effect.provide(hubspot))
    }
  )

  it.effect("one bad price among a hundred good ones rejects one row", () => {
    const { hubspot, seen } = layer()
    return Effect.gen(function* () {
      const inputs = times(100, (n) =>
        n === 50 ? having(n, { price: "-5" }) : having(n, { price: String(n) })
      )
      const outcomes = yield* create(inputs)
      assert.deepStrictEqual(countBy(outcomes), { Rejected: 1, Created: 99 })
      assert.deepStrictEqual(
        outcomes.flatMap((one) => (one._tag === "Rejected" ? [one.index] : [])),
        [50]
      )
      assert.isAtMost(seen.creates, 15)
      assert.strictEqual(yield* stored, 99)
    }).pipe(Effect.provide(hubspot))
  })

  it.effect("also where the rows are written again, and records may have what a row lacks", () => {
    const { hubspot } = layer({
      fault: (request, pass) =>
        request.url.endsWith("/batch/update") && HubSpot.bodyOf(request).inputs.some(({ id }) => id === "1")
          ? HubSpot.answer(request, 400, {
              status: "error",
              message: "Some required properties were not set.",
              correlationId: "019a0000-0000-7000-8000-000000000000",
              category: "VALIDATION_ERROR",
              errors: [
                {
                  message: "quantity is required",
                  code: "REQUIRED_PROPERTY_MISSING",
                  context: { propertyName: ["quantity"] }
                }
              ]
            })
          : pass
    })
    return Effect.gen(function* () {
      const created = yield* create(times(3, good))
      const ids = created.flatMap((one) => (one._tag === "Created" ? [one.id] : []))
      const updated = yield* Stream.fromIterable(["1", ...ids]).pipe(
        Stream.map((id) => ({ id, properties: { name: "Chair" } })),
        BulkUpdate.outcomes(),
        Stream.runCollect,
        inVirtualTime
      )
      assert.deepStrictEqual(
        updated.flatMap((one) => (one._tag === "Updated" ? [one.id] : [])).sort(),
        ids.toSorted()
      )
      assert.strictEqual(updated.find(({ index }) => index === 0)?._tag, "Rejected")
    }).pipe(Effect.provide(hubspot))
  })
})

const stopping: BulkCreate.Options = { stopWhenAllRejected: true }

const reasons = (outcomes: Iterable<Outcome.Outcome<unknown>>) =>
  new Set([...outcomes].flatMap((one) => (one._tag === "NotSent" ? [one.reason._tag] : [])))

describe("stopWhenAllRejected", () => {
  it.effect("stops a job of 20,000 rows with one unknown property after two batches", () => {
    const { hubspot, seen } = layer()
    return Effect.gen(function* () {
      const outcomes = yield* create(times(20_000, typo), stopping)
      assert.deepStrictEqual(countBy(outcomes), { Rejected: 200, NotSent: 19_800 })
      assert.deepStrictEqual(reasons(outcomes), new Set(["AllRejected"]))
      const reason = outcomes.flatMap((one) => (one._tag === "NotSent" ? [one.reason] : []))[0]
      assert.deepInclude(reason, { rejected: 200 })
      assert.deepStrictEqual([seen.creates, yield* stored], [2, 0])
    }).pipe(Effect.provide(hubspot))
  })

  it.effect("stops also where each row is rejected by itself", () => {
    const { hubspot, seen } = layer({ fault: (_, pass) => pass })
    return Effect.gen(function* () {
      const outcomes = yield* create(times(1000, typo), stopping)
      assert.deepStrictEqual(countBy(outcomes), { Rejected: 200, NotSent: 800 })
      assert.deepStrictEqual([seen.creates, yield* stored], [2, 0])
    }).pipe(Effect.provide(hubspot))
  })

  it.effect("is off by default", () => {
    const { hubspot } = layer()
    return Effect.gen(function* () {
      assert.deepStrictEqual(countBy(yield* create(times(500, typo))), { Rejected: 500 })
    }).pipe(Effect.provide(hubspot))
  })

  for (const [batchSize, rejected] of [
    [1, 20],
    [7, 21],
    [10, 20],
    [50, 100]
  ] as const) {
    it.effect(`with ${batchSize} inputs in a batch it stops after ${rejected}`, () => {
      const { hubspot, seen } = layer()
      return Effect.gen(function* () {
        const outcomes = yield* create(times(300, typo), { ...stopping, batchSize, concurrency: 20 })
        assert.deepStrictEqual(countBy(outcomes), { Rejected: rejected, NotSent: 300 - rejected })
        assert.strictEqual(seen.inputs, rejected)
      }).pipe(Effect.provide(hubspot))
    })
  }

  for (const place of [0, 99, 100, 199]) {
    it.effect(`one good row, the ${place}th, lets the job go on`, () => {
      const { hubspot } = layer()
      return Effect.gen(function* () {
        const inputs = times(600, (n) => (n === place ? good(n) : typo(n)))
        assert.deepStrictEqual(countBy(yield* create(inputs, stopping)), { Rejected: 599, Created: 1 })
        assert.strictEqual(yield* stored, 1)
      }).pipe(Effect.provide(hubspot))
    })
  }

  it.effect("a good row after the first batches is not sent, so nothing was created", () => {
    const { hubspot } = layer()
    return Effect.gen(function* () {
      const inputs = times(600, (n) => (n >= 200 ? good(n) : typo(n)))
      assert.deepStrictEqual(countBy(yield* create(inputs, stopping)), { Rejected: 200, NotSent: 400 })
      assert.strictEqual(yield* stored, 0)
    }).pipe(Effect.provide(hubspot))
  })

  it.effect("two causes are no one cause, but rows may have others besides the one they share", () => {
    const { hubspot } = layer()
    const shared = (n: number) => (n % 2 === 0 ? typo(n) : having(n, { prise: "1", skew: "1" }))
    return Effect.gen(function* () {
      const two = times(300, (n) => (n < 100 ? typo(n) : having(n, { skew: "1" })))
      assert.deepStrictEqual(countBy(yield* create(two, stopping)), { Rejected: 300 })
      const outcomes = yield* create(times(300, shared), stopping)
      assert.deepStrictEqual(countBy(outcomes), { Rejected: 200, NotSent: 100 })
    }).pipe(Effect.provide(hubspot))
  })

  it.effect(
    "rows that are wrong here already do not count, and a job that is all rejected ends as any other",
    () => {
      const { hubspot } = layer()
      return Effect.gen(function* () {
        const inputs = times(300, (n) => (n % 3 === 0 ? having(n, { price: "cheap" }) : typo(n)))
        assert.deepStrictEqual(countBy(yield* create(inputs, stopping)), { Invalid: 100, Rejected: 200 })
      }).pipe(Effect.provide(hubspot))
    }
  )

  it.effect("a batch in doubt may have created something", () => {
    const { hubspot } = layer({
      fault: (request, pass, n) =>
        n === 0 ? HubSpot.transport(request, "ECONNRESET", "read") : refusing(request, pass, n)
    })
    return Effect.gen(function* () {
      const outcomes = yield* create(times(500, typo), stopping)
      assert.deepStrictEqual(countBy(outcomes), { InDoubt: 100, Rejected: 400 })
    }).pipe(Effect.provide(hubspot))
  })

  it.effect("rejections that are verified later are not final, so they stop nothing", () => {
    const { hubspot } = layer({ emulator: { uniqueProperties: ["import_key"] } })
    return Effect.gen(function* () {
      const outcomes = yield* create(times(500, typo), {
        ...stopping,
        strategy: DoubtStrategy.guard(),
        keyProperty: "import_key"
      })
      assert.deepStrictEqual(countBy(outcomes), { Rejected: 500 })
    }).pipe(Effect.provide(hubspot))
  })

  it.effect("batches that take long to take apart do not hold up the others", () => {
    /** The rows of each request. */
    const requests: Array<ReadonlyArray<number>> = []
    const { hubspot } = layer({
      fault: (request, pass, n) => {
        if (request.url.endsWith("/batch/create")) {
          requests.push(
            HubSpot.bodyOf(request).inputs.map(({ properties }) =>
              Number((properties as Record<string, string>)["name"]!.slice("Seat ".length))
            )
          )
        }
        return refusing(request, pass, n)
      },
      emulator: { latency: { min: 100, max: 100 } }
    })
    return Effect.gen(function* () {
      const inputs = times(400, (n) => (n < 200 && n % 10 === 3 ? having(n, { price: `-${n}` }) : good(n)))
      yield* create(
        inputs.map((input, n) => (n % 10 === 3 ? input : having(n, { price: String((n * 37) % 100) }))),
        stopping
      )
      const later = requests.findIndex((rows) => rows.some((row) => row >= 200))
      const sooner = requests.findLastIndex((rows) => rows.some((row) => row < 200))
      assert.isBelow(later, sooner)
    }).pipe(Effect.provide(hubspot))
  })

  it.effect("batches that HubSpot has not finished do not hold up the others", () => {
    const { hubspot } = layer({
      emulator: {
        properties: ["import_key"],
        faults: {
          rules: [
            {
              match: { path: "*/batch/create", nth: [1, 2] },
              fault: { place: "asynchronous", pendingMillis: 60_000, processingMillis: 60_000 }
            }
          ]
        }
      }
    })
    return Effect.gen(function* () {
      const strategy = { strategy: DoubtStrategy.reconcile(), keyProperty: "import_key" } as const
      const outcomes = yield* create(times(400, good), { ...stopping, ...strategy })
      assert.deepStrictEqual(countBy(outcomes), { Created: 400 })
      const { requests } = yield* Effect.flatMap(Emulator, ({ ledger }) => ledger)
      const creates = requests.filter(({ path }) => path.endsWith("/batch/create"))
      assert.lengthOf(creates, 4)
      assert.isBelow(creates[3]!.at - creates[0]!.at, 30_000)
    }).pipe(Effect.provide(hubspot))
  })

  it.effect("costs a job of good rows no time", () => {
    const { hubspot } = layer({ emulator: { latency: { min: 300, max: 300 } } })
    return Effect.gen(function* () {
      const at = Effect.map(
        Effect.flatMap(Emulator, ({ ledger }) => ledger),
        ({ requests }) => requests.map(({ at }) => at)
      )
      const last = (all: ReadonlyArray<number>) => all.at(-1)! - all[0]!
      yield* create(times(3000, good))
      const without = yield* at
      yield* create(times(3000, good), stopping)
      const both = yield* at
      assert.lengthOf(both, 2 * without.length)
      assert.strictEqual(last(both.slice(without.length)), last(without))
    }).pipe(Effect.provide(hubspot))
  })
})

describe("the first batches", () => {
  const rejected = times(100, () => ({
    outcome: { _tag: "Rejected", problems: [{ message: "no", code: "NO", property: "prise" }] } as const
  }))

  it.effect("hold up the others until one of them ends well, waits, or is interrupted", () =>
    Effect.gen(function* () {
      for (const how of ["pass", "see", "interrupt"] as const) {
        const first = FirstBatches.make(yield* Deferred.make<NotSentReason>())
        const begun: Array<number> = []
        const batch = (n: number) =>
          first.around(
            100,
            Effect.andThen(
              Effect.sync(() => begun.push(n)),
              n < 2 ? Effect.never : Effect.succeed([])
            )
          )
        const fibers = yield* Effect.forEach(
          times(5, (n) => n),
          (n) => Effect.forkChild(batch(n), { startImmediately: true })
        )
        yield* Effect.yieldNow
        assert.deepStrictEqual(begun, [0, 1])
        if (how === "pass") first.pass()
        if (how === "see") first.see([rejected[0]!, { outcome: { _tag: "Created" } }])
        if (how === "interrupt") yield* Fiber.interrupt(fibers[0]!)
        yield* Effect.forEach(fibers.slice(2), Fiber.join)
        assert.deepStrictEqual(begun, [0, 1, 2, 3, 4])
        yield* Effect.forEach(fibers, Fiber.interrupt)
      }
    })
  )

  it.effect("let the others go to their end once the job is stopped, for whatever reason", () =>
    Effect.gen(function* () {
      const halt = yield* Deferred.make<NotSentReason>()
      const first = FirstBatches.make(halt)
      const fibers = yield* Effect.forEach(
        times(2, () => Effect.never),
        (run) => Effect.forkChild(first.around(100, run), { startImmediately: true })
      )
      const third = yield* Effect.forkChild(first.around(100, Effect.succeed(rejected)))
      yield* Deferred.succeed(halt, { _tag: "Stopped" })
      assert.lengthOf(yield* Fiber.join(third), 100)
      yield* Effect.forEach(fibers, Fiber.interrupt)
    })
  )
})
