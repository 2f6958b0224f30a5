import { BulkCreate, DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import { LineItems } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import {
  countBy,
  gateway,
  good,
  hubspot,
  type Input,
  key,
  ofDeal,
  rule,
  run,
  some
} from "../../support/doubt.ts"
import { join } from "../../support/virtualTime.ts"

/*
 * Ways in which a strategy could be made to say what is not true, each found by somebody who looked for them.
 */

const lost = rule({ place: "afterCommit", reply: gateway })
const keyed = (price: string, value = "A"): Input => ({ properties: { name: "new", price, [key]: value } })
const existing = (input: Input) =>
  Effect.flatMap(LineItems.LineItems, (lineItems) => lineItems.create({ properties: input.properties }))
const pricesOf = Effect.gen(function* () {
  const lineItems = yield* LineItems.LineItems
  const records = yield* Stream.runCollect(lineItems.list({ properties: ["price"] }))
  return records.map(({ properties }) => properties?.["price"])
})

/** While a job runs, something else happens a minute after its first request. */
const meanwhile = <E, R>(
  inputs: ReadonlyArray<Input>,
  options: BulkCreate.Options,
  change: Effect.Effect<unknown, E, R>
) =>
  Effect.gen(function* () {
    const job = yield* Stream.fromIterable(inputs).pipe(
      BulkCreate.outcomes({ jobId: "job", ...options }),
      Stream.runCollect,
      Effect.forkChild
    )
    for (let n = 0; n < 60; n++) yield* TestClock.adjust("1 second")
    const changing = yield* Effect.forkChild(change)
    yield* join(changing)
    const outcomes = yield* join(job)
    const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
    return { counts: countBy(outcomes), outcomes, created }
  })

describe("upsert: a record that was there before is no proof", () => {
  const options = { strategy: DoubtStrategy.upsert(), keyProperty: key }
  const path = "*/batch/upsert"

  it.effect("a true refusal stays one", () =>
    Effect.gen(function* () {
      yield* existing(keyed("10"))
      const { counts } = yield* run([keyed("-1")], options)
      assert.deepStrictEqual(counts, { Rejected: 1 })
      assert.deepStrictEqual(yield* pricesOf, ["10"])
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("what never arrived is written again, and not taken for written", () =>
    Effect.gen(function* () {
      yield* existing(keyed("10"))
      const { counts } = yield* run([keyed("12")], options)
      assert.deepStrictEqual(counts, { InDoubt: 1 })
      assert.deepStrictEqual(yield* pricesOf, ["10"])
    }).pipe(Effect.provide(hubspot([rule({ place: "beforeCommit", reply: gateway }, { path })])))
  )

  it.effect("an outage of a minute is outlived", () =>
    Effect.gen(function* () {
      yield* existing(keyed("10"))
      const { counts } = yield* run([keyed("12")], options)
      assert.deepStrictEqual(counts, { updated: 1 })
      assert.deepStrictEqual(yield* pricesOf, ["12"])
    }).pipe(Effect.provide(hubspot([rule({ place: "beforeCommit", reply: gateway }, { path, to: 60_000 })])))
  )

  it.effect("a batch that is pending is not done because an old record has the key", () =>
    Effect.gen(function* () {
      yield* existing(keyed("10"))
      const { counts } = yield* run([keyed("12")], options)
      assert.deepStrictEqual(counts, { updated: 1 })
      assert.deepStrictEqual(yield* pricesOf, ["12"])
    }).pipe(
      Effect.provide(
        hubspot([
          rule(
            {
              place: "beforeCommit",
              reply: { kind: "status", status: 200, body: { json: { status: "PENDING", results: [] } } }
            },
            { path, nth: 1 }
          )
        ])
      )
    )
  )

  for (const [what, body] of [
    ["says nothing of it", { status: "COMPLETE", results: [] }],
    [
      "has an error about a stranger",
      { status: "COMPLETE", results: [], errors: [{ message: "no", context: { fromObjectId: ["999"] } }] }
    ]
  ] as const) {
    it.effect(`an association is not made because an answer ${what}`, () =>
      Effect.gen(function* () {
        const { outcomes } = yield* run([ofDeal(1, "71")], options)
        const [outcome] = outcomes
        assert.strictEqual(
          outcome?._tag === "InDoubt" ? outcome.evidence._tag : outcome?._tag,
          "Unassociated"
        )
      }).pipe(
        Effect.provide(
          hubspot([
            rule(
              { place: "beforeCommit", reply: { kind: "status", status: 200, body: { json: body } } },
              { path: "/crm/v4/*" }
            )
          ])
        )
      )
    )
  }
})

describe("reconcileByParent: what was changed is not absent", () => {
  const options = { strategy: DoubtStrategy.reconcileByParent() }
  const renamed = Effect.gen(function* () {
    const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
    const lineItems = yield* LineItems.LineItems
    yield* lineItems.update(created[0]!.id, { properties: { name: "Seat one" } })
  })

  it.effect("by somebody, in the quiet period", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* meanwhile([ofDeal(1, "71")], options, renamed)
      assert.deepStrictEqual(counts, { InDoubt: 1 })
      assert.lengthOf(created, 1)
    }).pipe(Effect.provide(hubspot([lost])))
  )

  it.effect("by HubSpot, which shows no empty text", () =>
    Effect.gen(function* () {
      const input = { ...ofDeal(1, "71"), properties: { name: "a", description: "" } }
      const { counts, created } = yield* run([input], options)
      assert.deepStrictEqual(counts, { reconciled: 1 })
      assert.lengthOf(created, 1)
    }).pipe(Effect.provide(hubspot([lost])))
  )

  for (const [what, by] of [
    ["ahead", 86_400_000],
    ["back", -86_400_000]
  ] as const) {
    it.effect(`nor is it with a clock that is set ${what} by a day`, () =>
      Effect.gen(function* () {
        const clock = yield* Clock.clockWith(Effect.succeed)
        const skewed = { ...clock, currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + by) }
        const job = yield* Stream.make(ofDeal(1, "71")).pipe(
          BulkCreate.outcomes({ jobId: "job", ...options }),
          Stream.runCollect,
          Effect.provideService(
            Clock.Clock,
            Object.setPrototypeOf(skewed, Object.getPrototypeOf(clock)) as Clock.Clock
          ),
          Effect.forkChild
        )
        yield* join(job)
        const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
        assert.lengthOf(created, 1)
      }).pipe(Effect.provide(hubspot([lost])))
    )
  }

  it.effect("pages that repeat themselves are not read for ever", () =>
    Effect.gen(function* () {
      const { counts, requests } = yield* run([ofDeal(1, "71")], options)
      assert.deepStrictEqual(counts, { InDoubt: 1 })
      assert.isAtMost(requests.length, 10)
    }).pipe(
      Effect.provide(
        hubspot([
          lost,
          rule(
            {
              place: "beforeCommit",
              reply: {
                kind: "status",
                status: 200,
                body: { json: { results: [{ toObjectId: 1 }], paging: { next: { after: "x" } } } }
              }
            },
            { path: "/crm/v4/*" }
          )
        ])
      )
    )
  )

  it.effect("a record that cannot be read may be the one", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run([ofDeal(1, "71")], options)
      assert.deepStrictEqual(counts, { InDoubt: 1 })
      assert.lengthOf(created, 1)
    }).pipe(
      Effect.provide(
        hubspot([
          lost,
          rule(
            { place: "afterCommit", reply: { kind: "tamper", tampering: [{ do: "emptyResults" }] } },
            { path: "*/batch/read" }
          )
        ])
      )
    )
  )
})

describe("looking by key: what is not said is no proof", () => {
  const lie = rule({ place: "afterCommit", reply: { kind: "status", status: 400, blame: 100 } })
  const verified = { strategy: DoubtStrategy.failVisibleVerified(), keyProperty: key }
  const read = (body: unknown) =>
    rule(
      { place: "beforeCommit", reply: { kind: "status", status: 207, body: { json: body as never } } },
      { path: "*/batch/read" }
    )

  for (const [what, body] of [
    ["is silent", { status: "COMPLETE", results: [] }],
    [
      "has an error of the server's own",
      {
        status: "COMPLETE",
        results: [],
        errors: [{ category: "INTERNAL_ERROR", message: "x", context: { ids: ["job:0", "job:1"] } }]
      }
    ],
    [
      "gives one id for two keys",
      {
        status: "COMPLETE",
        results: ["job:0", "job:1"].map((value) => ({ id: "7", properties: { [key]: value } }))
      }
    ]
  ] as const) {
    it.effect(`an answer that ${what}`, () =>
      Effect.gen(function* () {
        const { counts, created } = yield* run(some(2), verified)
        assert.deepStrictEqual(counts, { InDoubt: 2 })
        assert.lengthOf(created, 2)
      }).pipe(Effect.provide(hubspot([lie, read(body)])))
    )
  }

  it.effect("a key that was made for another job of the same name is not ours", () =>
    Effect.gen(function* () {
      const options = { strategy: DoubtStrategy.guard(), keyProperty: key, jobId: "nightly" }
      yield* run([{ properties: { name: "Monday's chair" } }], options)
      const { counts, created } = yield* run([{ properties: { name: "Tuesday's table" } }], options)
      assert.deepStrictEqual(counts, { InDoubt: 1 })
      assert.lengthOf(created, 1)
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("a stop while what is in doubt is sent again leaves the doubt", () =>
    Effect.gen(function* () {
      const stop = yield* Deferred.make<void>()
      const { counts } = yield* run(some(2), {
        strategy: DoubtStrategy.atLeastOnce(),
        stop,
        onEvent: (event) =>
          event._tag === "Requested" ? Effect.asVoid(Deferred.succeed(stop, undefined)) : Effect.void
      })
      assert.deepStrictEqual(counts, { InDoubt: 2 })
    }).pipe(Effect.provide(hubspot([lost])))
  )
})

describe("a listener that throws", () => {
  for (const tag of ["Waiting", "Asked", "Requested"] as const) {
    it.effect(`at ${tag} costs no outcome`, () =>
      Effect.gen(function* () {
        const outcomes: ReadonlyArray<Outcome.Outcome<Input>> = (yield* run([good(1), keyed("-1")], {
          strategy: DoubtStrategy.guard({ resends: 1 }),
          keyProperty: key,
          onEvent: (event) => {
            if (event._tag === tag) throw new Error("boom")
            return Effect.void
          }
        })).outcomes
        assert.deepStrictEqual(countBy(outcomes), { conflict: 1, Rejected: 1 })
      }).pipe(Effect.provide(hubspot([lost])))
    )
  }
})
