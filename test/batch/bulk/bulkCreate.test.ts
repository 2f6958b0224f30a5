import { BulkCreate, type Outcome } from "@effect-hubspot/batch"
import type * as BatchRunner from "@effect-hubspot/batch/engine/BatchRunner"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { RateLimits } from "@effect-hubspot/http"
import { Association, type BatchRequest } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Random, Result, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as HubSpot from "../../support/hubspot.ts"
import { inVirtualTime } from "../../support/virtualTime.ts"

type Input = BatchRequest.CreateInput

const good = (n: number): Input => ({ properties: { name: `Seat ${n}`, quantity: "1" } })
const rejected = (n: number): Input => ({ properties: { name: `Seat ${n}`, price: "-1" } })
const invalid = (n: number): Input => ({ properties: { name: `Seat ${n}`, price: "cheap" } })

const ledger = Effect.flatMap(Emulator, (emulator) => emulator.ledger)

const collect = (inputs: ReadonlyArray<Input>, options?: BulkCreate.Options) =>
  Stream.fromIterable(inputs).pipe(BulkCreate.outcomes(options), Stream.runCollect)

const countBy = (outcomes: Iterable<Outcome.Outcome<unknown>>) => {
  const counts: Record<string, number> = {}
  for (const { _tag } of outcomes) counts[_tag] = (counts[_tag] ?? 0) + 1
  return counts
}

/** One outcome per input, and each of them true by the ledger. */
const checkTruth = Effect.fnUntraced(function* (
  inputs: ReadonlyArray<Input>,
  outcomes: ReadonlyArray<Outcome.Outcome<Input>>
) {
  const { created } = yield* ledger
  const byId = new Map(created.map((record) => [record.id, record]))
  assert.deepStrictEqual(
    outcomes.map((outcome) => outcome.index).sort((a, b) => a - b),
    inputs.map((_, index) => index)
  )
  let certain = 0
  for (const outcome of outcomes) {
    assert.strictEqual(outcome.source, inputs[outcome.index])
    if (outcome._tag !== "Created") continue
    certain++
    const record = byId.get(outcome.id)
    assert.isDefined(record)
    assert.strictEqual(record!.objectWriteTraceId, outcome.objectWriteTraceId)
    for (const [name, value] of Object.entries(outcome.source.properties)) {
      assert.strictEqual(record!.properties[name], value)
    }
  }
  assert.strictEqual(
    new Set(created.map((record) => record.objectWriteTraceId)).size,
    created.length,
    "nothing twice"
  )
  return { created: created.length, certain }
})

describe("every input has one outcome, and it is true", () => {
  it.effect("good, rejected and invalid ones side by side", () =>
    Effect.gen(function* () {
      const inputs = Array.from({ length: 1234 }, (_, n) =>
        n % 50 === 7 ? rejected(n) : n % 90 === 3 ? invalid(n) : good(n)
      )
      const outcomes = yield* inVirtualTime(collect(inputs))
      const { certain, created } = yield* checkTruth(inputs, outcomes)
      assert.strictEqual(certain, created)
      const counts = countBy(outcomes)
      assert.deepStrictEqual(counts, {
        Created: created,
        Rejected: inputs.filter((input) => input.properties.price === "-1").length,
        Invalid: inputs.filter((input) => input.properties.price === "cheap").length
      })
      const { requests } = yield* ledger
      assert.lengthOf(requests, Math.ceil((1234 - counts.Invalid!) / 100))
    }).pipe(
      Effect.provide(HubSpot.layer({ emulator: { latency: { min: 20, max: 400 } } })),
      Random.withSeed("side")
    )
  )

  const Kind = Schema.Literals(["good", "good", "good", "rejected", "invalid", "traced", "parent", "orphan"])
  it.effect.prop(
    "arbitrary batches of arbitrary size",
    [
      Schema.Array(Kind).check(Schema.isMaxLength(40)),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 }))
    ],
    ([kinds, batchSize]) =>
      Effect.gen(function* () {
        const inputs = kinds.map((kind, n): Input => {
          switch (kind) {
            case "good":
              return good(n)
            case "rejected":
              return rejected(n)
            case "invalid":
              return invalid(n)
            case "traced":
              return { ...good(n), objectWriteTraceId: `mine-${n}` }
            case "parent":
              return { ...good(n), associations: [Association.make("deal", String(n + 1))] }
            case "orphan":
              return { ...good(n), associations: [Association.make("deal", "12345678901234")] }
          }
        })
        const outcomes = yield* inVirtualTime(collect(inputs, { batchSize }))
        const { certain, created } = yield* checkTruth(inputs, outcomes)
        assert.strictEqual(certain, created)
        assert.isUndefined(countBy(outcomes).InDoubt)
      }).pipe(Effect.provide(HubSpot.layer())),
    { arbitrary: { runs: 60 } }
  )

  it.effect("nothing in, nothing out, nothing sent", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* collect([]), [])
      assert.deepStrictEqual(yield* collect([invalid(1)]).pipe(Effect.map(countBy)), { Invalid: 1 })
      assert.lengthOf((yield* ledger).requests, 0)
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("a failing stream of inputs fails after the outcomes of all that came before", () =>
    Effect.gen(function* () {
      const seen: Array<Outcome.Outcome<Input>> = []
      const exit = yield* Stream.range(1, 250).pipe(
        Stream.map(good),
        Stream.concat(Stream.fail("the file is torn" as const)),
        BulkCreate.outcomes(),
        Stream.runForEach((outcome) => Effect.sync(() => seen.push(outcome))),
        Effect.exit,
        inVirtualTime
      )
      assert.deepStrictEqual(exit, Exit.fail("the file is torn"))
      assert.deepStrictEqual(countBy(seen), { Created: 250 })
      assert.lengthOf((yield* ledger).created, 250)
    }).pipe(Effect.provide(HubSpot.layer({ emulator: { latency: { min: 50, max: 50 } } })))
  )

  it.effect("a caller's own trace id is kept; the same one again is invalid", () =>
    Effect.gen(function* () {
      const inputs = [
        { ...good(1), objectWriteTraceId: "erp-1" },
        good(2),
        { ...good(3), objectWriteTraceId: "erp-1" }
      ]
      const outcomes = yield* collect(inputs, { batchSize: 1 })
      assert.deepStrictEqual(countBy(outcomes), { Created: 2, Invalid: 1 })
      const { created } = yield* ledger
      assert.include(
        created.map((record) => record.objectWriteTraceId),
        "erp-1"
      )
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("those that are not sent come as they were given, many at once", () =>
    Effect.gen(function* () {
      const sizes: Array<number> = []
      const wrong = { properties: { name: "Seat", price: "much" } }
      yield* Stream.fromArray(Array.from({ length: 1000 }, () => wrong)).pipe(
        BulkCreate.outcomes({ jobId: "job" }),
        Stream.runForEachArray((outcomes) => Effect.sync(() => sizes.push(outcomes.length)))
      )
      assert.deepStrictEqual(sizes, [1000])
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("a wrong one is told before what comes after it is sent", () =>
    Effect.gen(function* () {
      const wrong = { properties: { name: "Seat", price: "much" } }
      const inputs = [wrong, ...Array.from({ length: 12_000 }, (_, n) => good(n))]
      yield* Stream.fromArray(inputs).pipe(
        BulkCreate.outcomes({ jobId: "job", concurrency: 1 }),
        Stream.takeUntil(({ _tag }) => _tag === "Invalid"),
        Stream.runDrain,
        inVirtualTime
      )
      const { created } = yield* ledger
      assert.isAtMost(created.length, 200)
    }).pipe(Effect.provide(HubSpot.layer({ emulator: { latency: { min: 100, max: 100 } } })))
  )

  it.effect("values of the caller's own go in, and come back with their outcome", () =>
    Effect.gen(function* () {
      const outcomes = yield* Stream.make({ sku: "A" }, { sku: "" }).pipe(
        BulkCreate.outcomesWith({
          toInput: (row) =>
            row.sku === ""
              ? Result.fail([{ path: "sku", message: "empty", advice: "fill it in" }])
              : Result.succeed({ properties: { hs_sku: row.sku } })
        }),
        Stream.runCollect
      )
      assert.deepStrictEqual(outcomes.map((outcome) => [outcome.source.sku, outcome._tag]).sort(), [
        ["", "Invalid"],
        ["A", "Created"]
      ])
    }).pipe(Effect.provide(HubSpot.layer()))
  )
})

describe("inputs from outside", () => {
  const outside = (inputs: Iterable<unknown>) =>
    Stream.fromIterable(inputs as Iterable<Input>).pipe(
      BulkCreate.outcomes(),
      Stream.runCollect,
      inVirtualTime
    )

  it.effect("what keeps to no type is invalid by itself, and the others go", () =>
    Effect.gen(function* () {
      const throwing = {
        get properties(): never {
          throw new TypeError("no")
        }
      }
      let reads = 0
      const changing = {
        properties: {
          get name() {
            return ++reads === 1 ? "Chair" : 5n
          }
        }
      }
      const odd = [
        null,
        7,
        {},
        { properties: { price: 5n } },
        { properties: { name: "x" }, associations: [{}] },
        { properties: { name: "x" }, associations: "deal" },
        { properties: Object.create({ name: "x" }) },
        { properties: { name: "x" }, objectWriteTraceId: 7 },
        throwing
      ]
      const outcomes = yield* outside([good(1), ...odd, changing, good(2)])
      assert.deepStrictEqual(countBy(outcomes), { Created: 3, Invalid: odd.length })
      for (const outcome of outcomes) {
        if (outcome._tag === "Invalid") assert.isAtLeast(outcome.issues.length, 1)
      }
      assert.strictEqual(reads, 1)
      const names = (yield* ledger).created.map((record) => record.properties.name)
      assert.include(names, "Chair")
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("numbers and booleans are sent as text, numbers as plain decimals", () =>
    Effect.gen(function* () {
      const seats = [
        { properties: { name: "A", price: 19.9, quantity: 1e21, hs_is_optional: false } },
        { properties: { name: "B", price: "1e-7", quantity: " 2 ", hs_is_optional: true } },
        { properties: { name: "C", price: Number.NaN } }
      ]
      const outcomes = yield* Stream.fromIterable(seats).pipe(
        BulkCreate.outcomes(),
        Stream.runCollect,
        inVirtualTime
      )
      assert.deepStrictEqual(countBy(outcomes), { Created: 2, Invalid: 1 })
      const byName = new Map((yield* ledger).created.map(({ properties }) => [properties.name, properties]))
      assert.include(byName.get("A"), {
        price: "19.9",
        quantity: "1000000000000000000000",
        hs_is_optional: "false"
      })
      assert.include(byName.get("B"), { price: "0.0000001", quantity: "2", hs_is_optional: "true" })
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("one object that is changed and given again is a copy each time", () =>
    Effect.gen(function* () {
      const row = { properties: { name: "" }, associations: [Association.make("deal", "1")] }
      const rows = async function* () {
        for (let n = 1; n <= 3; n++) {
          row.properties.name = `n${n}`
          ;(row.associations[0]!.to as { id: string }).id = String(100 + n)
          yield row
        }
      }
      yield* Stream.fromAsyncIterable(rows(), () => "torn").pipe(BulkCreate.outcomes(), Stream.runDrain)
      const sent = (yield* ledger).created.map((record) => [
        record.properties.name,
        record.associations[0]?.to.id
      ])
      assert.deepStrictEqual(sent.sort(), [
        ["n1", "101"],
        ["n2", "102"],
        ["n3", "103"]
      ])
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("a trace id of the caller's that could be one of ours is invalid", () =>
    Effect.gen(function* () {
      const outcomes = yield* collect([{ ...good(1), objectWriteTraceId: "job-1" }, good(2)], {
        jobId: "job"
      })
      assert.deepStrictEqual(countBy(outcomes), { Created: 1, Invalid: 1 })
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("a defect of the transport, or of a listener, takes no outcome with it", () =>
    Effect.gen(function* () {
      const inputs = Array.from({ length: 300 }, (_, n) => good(n))
      const outcomes = yield* inVirtualTime(
        collect(inputs, {
          concurrency: 1,
          onEvent: () => {
            throw new Error("listener")
          }
        })
      )
      const { created } = yield* checkTruth(inputs, outcomes)
      assert.strictEqual(created, 300)
      assert.deepStrictEqual(countBy(outcomes), { Created: 200, InDoubt: 100 })
    }).pipe(
      Effect.provide(
        HubSpot.layer({ fault: (_, pass, n) => (n === 1 ? Effect.andThen(pass, Effect.die("bug")) : pass) })
      )
    )
  )

  it.effect("abandoned, what had not begun is not sent", () =>
    Effect.gen(function* () {
      const abandon = yield* Deferred.make<void>()
      const inputs = Array.from({ length: 5000 }, (_, n) => good(n))
      const job = yield* Effect.forkChild(collect(inputs, { abandon, concurrency: 2 }))
      // One request has been answered, so two are under way.
      yield* TestClock.adjust("1500 millis")
      yield* Deferred.succeed(abandon, undefined)
      yield* TestClock.adjust("1 hour")
      const outcomes = yield* Fiber.join(job)
      assert.deepStrictEqual(countBy(outcomes), { Created: 100, InDoubt: 200, NotSent: 4700 })
    }).pipe(Effect.provide(HubSpot.layer({ emulator: { latency: { min: 1000, max: 1000 } } })))
  )
})

describe("what could have happened is not sent again", () => {
  const applied =
    (status: number): HubSpot.Fault =>
    (request, pass, n) =>
      n === 1
        ? Effect.andThen(pass, HubSpot.answer(request, status, "<html>", { "content-type": "text/html" }))
        : pass

  for (const status of [408, 409, 500, 502, 503, 504, 522, 524, 200, 307]) {
    it.effect(`a batch that was applied and answered with ${status} is in doubt, once`, () =>
      Effect.gen(function* () {
        const inputs = Array.from({ length: 300 }, (_, n) => good(n))
        const outcomes = yield* inVirtualTime(collect(inputs, { concurrency: 1 }))
        const { created } = yield* checkTruth(inputs, outcomes)
        const counts = countBy(outcomes)
        assert.strictEqual(counts.InDoubt, 100)
        // A redirect ends the job, since the next request would be redirected too.
        assert.deepStrictEqual([created, counts.Created], status === 307 ? [200, 100] : [300, 200])
      }).pipe(Effect.provide(HubSpot.layer({ fault: applied(status) })))
    )
  }

  it.effect("nor a batch whose answer never came", () =>
    Effect.gen(function* () {
      const inputs = Array.from({ length: 200 }, (_, n) => good(n))
      const outcomes = yield* inVirtualTime(collect(inputs))
      const { created } = yield* checkTruth(inputs, outcomes)
      assert.strictEqual(created, 200)
      assert.deepStrictEqual(countBy(outcomes), { Created: 100, InDoubt: 100 })
    }).pipe(
      Effect.provide(
        HubSpot.layer({ fault: (_, pass, n) => (n === 0 ? Effect.andThen(pass, Effect.never) : pass) })
      )
    )
  )

  it.effect("a reply with entries missing, foreign, or of a wrong shape leaves only those in doubt", () =>
    Effect.gen(function* () {
      const events: Array<BatchRunner.Event> = []
      const inputs = Array.from({ length: 10 }, (_, n) => good(n))
      const outcomes = yield* collect(inputs, { onEvent: (event) => Effect.sync(() => events.push(event)) })
      const { created } = yield* checkTruth(inputs, outcomes)
      assert.strictEqual(created, 10)
      assert.deepStrictEqual(countBy(outcomes), { Created: 8, InDoubt: 2 })
      assert.deepStrictEqual(
        events.filter((event) => event._tag !== "Requested"),
        [
          { _tag: "Surplus", ids: ["999"] },
          { _tag: "Unattributed", messages: ["somewhere"] }
        ]
      )
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          fault: (request, pass) =>
            Effect.flatMap(pass, (response) =>
              Effect.flatMap(response.json, (json) => {
                const [lost, odd, ...results] = (json as { results: Array<object> }).results
                const body = {
                  status: "COMPLETE",
                  results: [...results, { ...odd, id: 5 }, { id: "999", objectWriteTraceId: "foreign" }],
                  errors: [{ message: "somewhere" }]
                }
                assert.isDefined(lost)
                return HubSpot.answer(request, 207, body)
              })
            )
        })
      )
    )
  )
})

describe("what was provably refused is sent again, the same to the byte", () => {
  it.effect("locks, a limit of others, an edge that reached nobody, a connection that was refused", () => {
    const bodies: Array<string> = []
    const limited = { message: "m", errorType: "RATE_LIMIT", policyName: "TEN_SECONDLY_ROLLING" }
    const fault: HubSpot.Fault = (request, pass, n) => {
      bodies.push(JSON.stringify(HubSpot.bodyOf(request)))
      const locked = { status: "error", message: "locked", category: "X" }
      return n === 0
        ? HubSpot.answer(request, 423, locked)
        : n === 1
          ? HubSpot.answer(request, 429, limited)
          : n === 2
            ? HubSpot.answer(request, 521, "<html>")
            : n === 3
              ? HubSpot.transport(request, "ECONNREFUSED", "connect")
              : pass
    }
    return Effect.gen(function* () {
      const inputs = [good(1), rejected(2)]
      const outcomes = yield* inVirtualTime(collect(inputs))
      yield* checkTruth(inputs, outcomes)
      assert.deepStrictEqual(countBy(outcomes), { Created: 1, Rejected: 1 })
      assert.lengthOf(bodies, 5)
      assert.strictEqual(new Set(bodies).size, 1)
    }).pipe(Effect.provide(HubSpot.layer({ fault })))
  })

  const wholeRefusal =
    (named: boolean): HubSpot.Fault =>
    (request, pass) => {
      const guilty = HubSpot.bodyOf(request).inputs.filter((input) =>
        JSON.stringify(input.properties).includes("-1")
      )
      if (guilty.length === 0) return pass
      const context = named ? { objectWriteTraceId: guilty.map((input) => input.objectWriteTraceId) } : {}
      return HubSpot.answer(request, 400, {
        status: "error",
        category: "VALIDATION_ERROR",
        message: "bad",
        context
      })
    }

  for (const named of [true, false]) {
    it.effect(
      `a batch refused as a whole is taken apart, the guilty ${named ? "named" : "searched for"}`,
      () =>
        Effect.gen(function* () {
          const inputs = Array.from({ length: 100 }, (_, n) => (n === 13 || n === 77 ? rejected(n) : good(n)))
          let requests = 0
          const outcomes = yield* inVirtualTime(
            collect(inputs, {
              onEvent: (event) => Effect.sync(() => (event._tag === "Requested" ? requests++ : 0))
            })
          )
          yield* checkTruth(inputs, outcomes)
          assert.deepStrictEqual(
            outcomes
              .filter((outcome) => outcome._tag === "Rejected")
              .map((outcome) => outcome.index)
              .sort(),
            [13, 77]
          )
          assert.deepStrictEqual(countBy(outcomes), { Created: 98, Rejected: 2 })
          // 2·k·log₂100 + 1 for k = 2.
          assert.isAtMost(requests, named ? 2 : 2 * 2 * 7 + 1)
        }).pipe(Effect.provide(HubSpot.layer({ fault: wholeRefusal(named) })))
    )
  }

  it.effect("each of the guilty is told what HubSpot said of it", () => {
    const fault: HubSpot.Fault = (request, pass) => {
      const guilty = HubSpot.bodyOf(request).inputs.filter((input) =>
        JSON.stringify(input.properties).includes("-1")
      )
      if (guilty.length === 0) return pass
      const said = (code: string, property: string, n: number) => ({
        message: `${property} is wrong`,
        code,
        context: { objectWriteTraceId: [guilty[n]!.objectWriteTraceId], propertyName: [property] }
      })
      return HubSpot.answer(request, 400, {
        status: "error",
        category: "VALIDATION_ERROR",
        message: "Property values were not valid",
        errors: [said("OUT_OF_RANGE", "price", 0), said("INVALID_OPTION", "hs_x", 1)]
      })
    }
    return Effect.gen(function* () {
      const outcomes = yield* inVirtualTime(collect([good(0), rejected(1), good(2), rejected(3)]))
      assert.deepStrictEqual(
        outcomes
          .flatMap((outcome) =>
            outcome._tag === "Rejected" ? [[outcome.index, outcome.problems] as const] : []
          )
          .sort(([a], [b]) => a - b),
        [
          [1, [{ message: "price is wrong", code: "OUT_OF_RANGE", property: "price" }]],
          [3, [{ message: "hs_x is wrong", code: "INVALID_OPTION", property: "hs_x" }]]
        ]
      )
    }).pipe(Effect.provide(HubSpot.layer({ fault })))
  })

  it.effect("what HubSpot says of one input's properties is taken out of its message", () => {
    const fault: HubSpot.Fault = (request, pass) =>
      JSON.stringify(HubSpot.bodyOf(request)).includes("-1")
        ? HubSpot.answer(request, 400, {
            status: "error",
            category: "VALIDATION_ERROR",
            message:
              'Property values were not valid: [{"isValid":false,"message":"-1 is too small","error":"OUT_OF_RANGE","name":"price"}]'
          })
        : pass
    return Effect.gen(function* () {
      const outcomes = yield* inVirtualTime(collect([good(0), rejected(1), good(2)]))
      const [refused] = outcomes.filter((outcome) => outcome._tag === "Rejected")
      assert.strictEqual(refused?.index, 1)
      assert.deepStrictEqual(refused?.problems, [
        { message: "-1 is too small", code: "OUT_OF_RANGE", property: "price" }
      ])
      assert.deepStrictEqual(countBy(outcomes), { Created: 2, Rejected: 1 })
    }).pipe(Effect.provide(HubSpot.layer({ fault })))
  })
})

describe("repetitions", () => {
  const locked: HubSpot.Fault = (request) =>
    HubSpot.answer(request, 423, { status: "error", message: "locked", category: "X" })

  it.effect("a job knocks ten times at a door that stays shut, not six times for each batch", () =>
    Effect.gen(function* () {
      let requests = 0
      const inputs = Array.from({ length: 5000 }, (_, n) => good(n))
      const outcomes = yield* inVirtualTime(
        collect(inputs, {
          onEvent: (event) => Effect.sync(() => (event._tag === "Requested" ? requests++ : 0))
        })
      )
      assert.deepStrictEqual(countBy(outcomes), { NotSent: 5000 })
      assert.isTrue(
        outcomes.every((outcome) => outcome._tag === "NotSent" && outcome.reason._tag === "RetriesExhausted")
      )
      assert.strictEqual(requests, 50 + 10)
    }).pipe(Effect.provide(HubSpot.layer({ fault: locked })))
  )

  it.effect("a lock halves the requests under way, and they come back", () => {
    let underWay = 0
    const seen: Array<number> = []
    const fault: HubSpot.Fault = (request, pass, n) =>
      Effect.ensuring(
        Effect.andThen(
          Effect.sync(() => seen.push(++underWay)),
          n === 60 ? locked(request, pass, n) : pass
        ),
        Effect.sync(() => underWay--)
      )
    return Effect.gen(function* () {
      const inputs = Array.from({ length: 15_000 }, (_, n) => good(n))
      const outcomes = yield* inVirtualTime(collect(inputs, { concurrency: 16 }))
      assert.deepStrictEqual(countBy(outcomes), { Created: 15_000 })
      assert.strictEqual(Math.max(...seen.slice(0, 61)), 16)
      const rounds = seen.slice(61, -8).map((_, n) => Math.max(...seen.slice(61 + n, 69 + n)))
      assert.isAtMost(Math.min(...rounds), 10)
      assert.isAtLeast(Math.max(...seen.slice(-30)), 15)
    }).pipe(Effect.provide(HubSpot.layer({ fault, emulator: { latency: { min: 200, max: 200 } } })))
  })
})

describe("when it cannot go on", () => {
  const all =
    (status: number, body: unknown): HubSpot.Fault =>
    (request) =>
      HubSpot.answer(request, status, body)

  it.effect("a token that is good elsewhere ends the job at once; nothing else is sent", () =>
    Effect.gen(function* () {
      const inputs = Array.from({ length: 5000 }, (_, n) => good(n))
      let requests = 0
      const outcomes = yield* inVirtualTime(
        collect(inputs, { concurrency: 1, onEvent: () => Effect.sync(() => requests++) })
      )
      assert.deepStrictEqual(countBy(outcomes), { NotSent: 5000 })
      const [first] = outcomes
      assert.isTrue(
        first?._tag === "NotSent" &&
          first.reason._tag === "Halted" &&
          first.reason.error.reason._tag === "Unauthorized"
      )
      assert.strictEqual(requests, 1)
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          fault: all(401, { status: "error", message: "no", category: "INVALID_AUTHENTICATION" })
        })
      )
    )
  )

  it.effect("without a network it gives up after a while, with nothing in doubt", () =>
    Effect.gen(function* () {
      const inputs = Array.from({ length: 300 }, (_, n) => good(n))
      const outcomes = yield* inVirtualTime(collect(inputs))
      assert.deepStrictEqual(countBy(outcomes), { NotSent: 300 })
      assert.isTrue(
        outcomes.every((outcome) => outcome._tag === "NotSent" && outcome.reason._tag === "Suspended")
      )
    }).pipe(
      Effect.provide(
        HubSpot.layer({ fault: (request) => HubSpot.transport(request, "ENOTFOUND", "getaddrinfo") })
      )
    )
  )

  it.effect("the account's daily limit suspends it", () =>
    Effect.gen(function* () {
      const inputs = Array.from({ length: 1000 }, (_, n) => good(n))
      const outcomes = yield* inVirtualTime(collect(inputs, { concurrency: 1 }))
      assert.deepStrictEqual(countBy(outcomes), { Created: 400, NotSent: 600 })
      yield* checkTruth(inputs, outcomes)
      const last = outcomes.find((outcome) => outcome._tag === "NotSent")
      assert.isTrue(last?.reason._tag === "Suspended" && last.reason.cause === "quota")
    }).pipe(Effect.provide(HubSpot.layer({ emulator: { dailyLimit: 4 } })))
  )

  it.effect("stopped by the caller, requests under way finish and the rest is not sent", () =>
    Effect.gen(function* () {
      const stop = yield* Deferred.make<void>()
      const inputs = Array.from({ length: 5000 }, (_, n) => good(n))
      const job = yield* Effect.forkChild(collect(inputs, { stop, concurrency: 3 }))
      // One request, then two, then three.
      yield* TestClock.adjust("2500 millis")
      yield* Deferred.succeed(stop, undefined)
      yield* TestClock.adjust("1 hour")
      const outcomes = yield* Fiber.join(job)
      const { created } = yield* checkTruth(inputs, outcomes)
      assert.strictEqual(created, 600)
      assert.deepStrictEqual(countBy(outcomes), { Created: 600, NotSent: 4400 })
    }).pipe(Effect.provide(HubSpot.layer({ emulator: { latency: { min: 1000, max: 1000 } } })))
  )
})

describe("resources", () => {
  it.effect("inputs are pulled as they are needed, not ahead", () =>
    Effect.gen(function* () {
      let pulled = 0
      let settled = 0
      let ahead = 0
      yield* Stream.range(1, 10_000).pipe(
        Stream.rechunk(10),
        Stream.map((n) => {
          pulled++
          ahead = Math.max(ahead, pulled - settled)
          return good(n)
        }),
        BulkCreate.outcomes({ batchSize: 10 }),
        Stream.runForEach(() => Effect.sync(() => settled++)),
        inVirtualTime
      )
      assert.strictEqual(settled, 10_000)
      assert.isAtMost(ahead, (2 * BulkCreate.maxConcurrency + 2) * 10)
    }).pipe(Effect.provide(HubSpot.layer({ emulator: { latency: { min: 20, max: 400 } } })))
  )

  it.effect("the limit is adopted from the account unless it is given", () =>
    Effect.gen(function* () {
      const limits = yield* RateLimits.RateLimits
      assert.strictEqual(yield* limits.limit, 100)
      yield* collect([good(1)])
      assert.strictEqual(yield* limits.limit, 150)
    }).pipe(Effect.provide(HubSpot.layer({ client: { limit: "auto" }, emulator: { limit: 150 } })))
  )

  it.effect("with slow answers it takes as many requests at once as the limit asks for", () =>
    Effect.gen(function* () {
      const inputs = Array.from({ length: 10_000 }, (_, n) => good(n))
      const outcomes = yield* inVirtualTime(collect(inputs, { batchSize: 10 }))
      assert.deepStrictEqual(countBy(outcomes), { Created: 10_000 })
      const { requests } = yield* ledger
      // Ten at once, two seconds each, would take 200 seconds.
      assert.isBelow(requests.at(-1)!.at - requests[0]!.at, 90_000)
    }).pipe(Effect.provide(HubSpot.layer({ emulator: { latency: { min: 2000, max: 2000 } } })))
  )

  it.effect("the name of a strategy is a defect, and not the default", () =>
    Effect.gen(function* () {
      const options = { strategy: "guard", keyProperty: "import_key" } as unknown as BulkCreate.Options
      const exit = yield* Effect.exit(collect([good(1)], options))
      assert.isTrue(Exit.hasDies(exit))
      assert.include(String(exit), "DoubtStrategy.guard()")
      const { created } = yield* ledger
      assert.lengthOf(created, 0)
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("options out of range are defects", () =>
    Effect.gen(function* () {
      for (const options of [{ batchSize: 0 }, { batchSize: 101 }, { concurrency: 65 }, { jobId: "a b" }]) {
        assert.isTrue(Exit.hasDies(yield* Effect.exit(collect([good(1)], options))))
      }
    }).pipe(Effect.provide(HubSpot.layer()))
  )
})
