import { DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import { LineItems } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { gateway, good, hubspot, type Input, key, ofDeal, rule, run, some } from "../../support/doubt.ts"

const lie = { kind: "status", status: 400, blame: 100 } as const
const evidences = (outcomes: ReadonlyArray<Outcome.Outcome<unknown>>) =>
  outcomes.flatMap((outcome) => (outcome._tag === "InDoubt" ? [outcome.evidence] : []))

/** The deals of the line items that exist. */
const dealsOf = Effect.gen(function* () {
  const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
  const lineItems = yield* LineItems.LineItems
  const records = yield* Effect.forEach(created, ({ id }) =>
    lineItems.get(id, { properties: ["name"], associations: ["deals"] })
  )
  return records
    .map(({ associations, properties }) => [
      properties?.["name"],
      [
        ...new Set(Object.values(associations ?? {}).flatMap(({ results }) => results.map(({ id }) => id)))
      ].join()
    ])
    .sort()
})

describe("upsert", () => {
  const options = { strategy: DoubtStrategy.upsert(), keyProperty: key }
  const match = { path: "*/batch/upsert", nth: 1 }

  it.effect("writes what is in doubt again by its key, and gives all their parents", () =>
    Effect.gen(function* () {
      const inputs = [ofDeal(1, "71"), ofDeal(2, "72"), good(3)]
      const { counts, created, requests } = yield* run(inputs, options)
      assert.deepStrictEqual(counts, { updated: 3 })
      assert.lengthOf(created, 3)
      assert.deepStrictEqual(
        requests.map(({ path, status }) => [path.split("/").slice(-2).join("/"), status]),
        [
          ["batch/upsert", 502],
          ["batch/upsert", 200],
          ["batch/create", 201]
        ]
      )
      assert.deepStrictEqual(yield* dealsOf, [
        ["Seat 1", "71"],
        ["Seat 2", "72"],
        ["Seat 3", ""]
      ])
    }).pipe(Effect.provide(hubspot([rule({ place: "afterCommit", reply: gateway }, match)])))
  )

  it.effect("half of it new, half of it known, each is told", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(some(10), options)
      assert.deepStrictEqual(counts, { updated: 4, response: 6 })
      assert.lengthOf(created, 10)
    }).pipe(Effect.provide(hubspot([rule({ place: "partialCommit", inputs: 4, reply: gateway }, match)])))
  )

  it.effect("a parent that is refused leaves the line item in doubt, with its id", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      yield* emulator.seedObjects("deals", ["71"])
      const { counts, created, outcomes } = yield* run([ofDeal(1, "71"), ofDeal(2, "99")], options)
      assert.deepStrictEqual(counts, { response: 1, InDoubt: 1 })
      assert.lengthOf(created, 2)
      const [evidence] = evidences(outcomes)
      assert.strictEqual(evidence?._tag, "Unassociated")
      const id = created.find(({ properties }) => properties["name"] === "Seat 2")?.id
      assert.strictEqual(evidence?._tag === "Unassociated" ? evidence.id : "", id)
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("a lost answer to the associations is asked again", () =>
    Effect.gen(function* () {
      const { counts } = yield* run([ofDeal(1, "71")], options)
      assert.deepStrictEqual(counts, { response: 1 })
      assert.deepStrictEqual(yield* dealsOf, [["Seat 1", "71"]])
    }).pipe(
      Effect.provide(hubspot([rule({ place: "afterCommit", reply: gateway }, { path: "/crm/v4/*", nth: 1 })]))
    )
  )

  it.effect("an association whose object type is not known is invalid, for an upsert cannot give it", () =>
    Effect.gen(function* () {
      const types = [{ associationCategory: "USER_DEFINED", associationTypeId: 7 }]
      const { counts, requests } = yield* run(
        [{ ...good(1), associations: [{ to: { id: "1" }, types }] }],
        options
      )
      assert.deepStrictEqual(counts, { Invalid: 1 })
      assert.lengthOf(requests, 0)
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("a rejection after a doubt is looked for", () =>
    Effect.gen(function* () {
      const bad = [{ properties: { name: "bad", price: "-1" } }, good(1)]
      const { counts, outcomes } = yield* run(bad, options)
      assert.deepStrictEqual(counts, { Rejected: 1, updated: 1 })
      assert.isTrue(outcomes.some((outcome) => outcome._tag === "Rejected" && outcome.verifiedAbsent))
    }).pipe(Effect.provide(hubspot([rule({ place: "afterCommit", reply: gateway }, match)])))
  )
})

describe("a refusal that lies", () => {
  const lying = hubspot([rule({ place: "afterCommit", reply: lie })])

  for (const [name, strategy] of [
    ["failVisibleVerified", DoubtStrategy.failVisibleVerified()],
    ["guard", DoubtStrategy.guard()]
  ] as const) {
    it.effect(`is found out by ${name}`, () =>
      Effect.gen(function* () {
        const { counts, created } = yield* run(some(5), { strategy, keyProperty: key })
        assert.deepStrictEqual(counts, { reconciled: 5 })
        assert.lengthOf(created, 5)
      }).pipe(Effect.provide(lying))
    )
  }

  it.effect(
    "may have been about the parent, so what is found is associated before it is called created",
    () =>
      Effect.gen(function* () {
        const { counts, requests } = yield* run([ofDeal(1, "71"), ofDeal(2, "72"), good(3)], {
          strategy: DoubtStrategy.failVisibleVerified(),
          keyProperty: key
        })
        assert.deepStrictEqual(counts, { reconciled: 3 })
        assert.deepStrictEqual(
          requests.map(({ path, status }) => [path.split("/").slice(-2).join("/"), status]),
          [
            ["batch/create", 400],
            ["batch/read", 200],
            ["batch/create", 201]
          ]
        )
        assert.match(requests[2]!.path, /associations/)
      }).pipe(Effect.provide(hubspot([rule({ place: "afterCommit", reply: lie }, { nth: 1 })])))
  )

  it.effect(
    "may have been about the parent: without it, a line item that exists is in doubt, with its id",
    () =>
      Effect.gen(function* () {
        const { counts, created, outcomes } = yield* run([ofDeal(1, "71")], {
          strategy: DoubtStrategy.guard(),
          keyProperty: key
        })
        assert.deepStrictEqual(counts, { InDoubt: 1 })
        assert.deepInclude(evidences(outcomes)[0], { _tag: "Unassociated", id: created[0]!.id })
      }).pipe(
        Effect.provide(
          hubspot([
            rule({ place: "afterCommit", reply: lie }, { nth: 1 }),
            rule({ place: "beforeCommit", reply: gateway }, { path: "*/associations/*" })
          ])
        )
      )
  )

  it.effect("is believed without a key: that is the promise's limit", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(some(5), {})
      assert.deepStrictEqual(counts, { Rejected: 5 })
      assert.lengthOf(created, 5)
    }).pipe(Effect.provide(lying))
  )

  it.effect("a true one is verified, and costs nothing but time", () =>
    Effect.gen(function* () {
      const bad = { properties: { name: "bad", price: "-1" } }
      const { counts, outcomes, requests } = yield* run([good(1), bad], {
        strategy: DoubtStrategy.failVisibleVerified(),
        keyProperty: key
      })
      assert.deepStrictEqual(counts, { response: 1, Rejected: 1 })
      assert.isTrue(outcomes.some((outcome) => outcome._tag === "Rejected" && outcome.verifiedAbsent))
      assert.lengthOf(requests, 2)
      assert.isAtLeast(requests[1]!.at - requests[0]!.at, 150_000)
    }).pipe(Effect.provide(hubspot([])))
  )

  it.effect("what is not sent again after a refusal is in doubt, for the refusal may have lied", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run(some(4), {
        strategy: DoubtStrategy.failVisibleVerified(),
        keyProperty: key
      })
      assert.deepStrictEqual(counts, { InDoubt: 4 })
      assert.lengthOf(created, 4)
    }).pipe(
      Effect.provide(
        hubspot([
          rule({ place: "afterCommit", reply: { kind: "status", status: 400 } }),
          rule({ place: "beforeCommit", reply: { kind: "status", status: 403 } }, { path: "*/batch/create" })
        ])
      )
    )
  )

  it.effect("what cannot be looked for is no rejection", () =>
    Effect.gen(function* () {
      const { counts, outcomes } = yield* run(some(2), {
        strategy: DoubtStrategy.failVisibleVerified(),
        keyProperty: key
      })
      assert.deepStrictEqual(counts, { InDoubt: 2 })
      assert.deepStrictEqual(
        evidences(outcomes).map(({ _tag }) => _tag),
        ["Unverified", "Unverified"]
      )
    }).pipe(
      Effect.provide(
        hubspot([
          rule({ place: "beforeCommit", reply: lie }),
          rule({ place: "beforeCommit", reply: { kind: "status", status: 403 } }, { path: "*/batch/read" })
        ])
      )
    )
  )
})

describe("reconcileByParent", () => {
  const options = { strategy: DoubtStrategy.reconcileByParent() }
  const lost = rule({ place: "afterCommit", reply: gateway })
  const family = (count: number) => Array.from({ length: count }, (_, n) => ofDeal(n, String(70 + (n % 3))))

  it.effect("finds what was created among the parent's line items, and sends nothing again", () =>
    Effect.gen(function* () {
      const { counts, created, outcomes, requests } = yield* run(family(30), options)
      assert.deepStrictEqual(counts, { reconciled: 30 })
      assert.lengthOf(created, 30)
      const traces = new Map(created.map(({ id, objectWriteTraceId }) => [id, objectWriteTraceId]))
      for (const outcome of outcomes) {
        assert.strictEqual(
          outcome._tag === "Created" ? traces.get(outcome.id) : "",
          `job-${outcome.index.toString(36)}`
        )
      }
      assert.isAtLeast(requests[1]!.at - requests[0]!.at, 150_000)
    }).pipe(Effect.provide(hubspot([lost])))
  )

  it.effect("what is absent three times is sent again, and identical lines count", () =>
    Effect.gen(function* () {
      const twins: ReadonlyArray<Input> = Array.from({ length: 6 }, () => ofDeal(1, "70"))
      const { counts, created } = yield* run(twins, options)
      assert.deepStrictEqual(counts, { reconciled: 2, response: 4 })
      assert.lengthOf(created, 6)
    }).pipe(Effect.provide(hubspot([rule({ place: "partialCommit", inputs: 2, reply: gateway })])))
  )

  it.effect("an equal line that was there before is not taken for ours, and leaves the doubt", () =>
    Effect.gen(function* () {
      const lineItems = yield* LineItems.LineItems
      yield* lineItems.create(ofDeal(1, "70"))
      yield* TestClock.adjust("1 hour")
      const { counts, created } = yield* run([ofDeal(1, "70"), ofDeal(2, "71")], options)
      assert.deepStrictEqual(counts, { InDoubt: 1, response: 1 })
      assert.lengthOf(created, 2)
    }).pipe(Effect.provide(hubspot([rule({ place: "beforeCommit", reply: gateway })])))
  )

  it.effect("an equal line of which the clocks cannot say whether it is older leaves the doubt", () =>
    Effect.gen(function* () {
      const lineItems = yield* LineItems.LineItems
      yield* lineItems.create(ofDeal(1, "70"))
      yield* TestClock.adjust("10 seconds")
      const { counts, created } = yield* run([ofDeal(1, "70"), ofDeal(2, "71")], options)
      assert.deepStrictEqual(counts, { InDoubt: 1, response: 1 })
      assert.lengthOf(created, 2)
    }).pipe(Effect.provide(hubspot([rule({ place: "beforeCommit", reply: gateway })])))
  )

  it.effect("an input without a parent, or with two equal candidates, stays in doubt", () =>
    Effect.gen(function* () {
      const wide: Input = {
        properties: { name: "Seat 1", price: "5" },
        associations: [Association.make("deal", "70")]
      }
      // The record of the one could be of both.
      const { counts, created } = yield* run([wide, ofDeal(1, "70"), good(0)], options)
      assert.deepStrictEqual(counts, { InDoubt: 3 })
      assert.lengthOf(created, 1)
    }).pipe(Effect.provide(hubspot([rule({ place: "partialCommit", inputs: 1, reply: gateway })])))
  )

  it.effect("while another batch with the same parent is in doubt, nothing is concluded", () =>
    Effect.gen(function* () {
      const inputs = [ofDeal(1, "70"), ofDeal(2, "71"), ofDeal(1, "70")]
      const { counts, created } = yield* run(inputs, { ...options, batchSize: 2 })
      assert.deepStrictEqual(counts, { reconciled: 1, InDoubt: 2 })
      assert.lengthOf(created, 3)
    }).pipe(
      Effect.provide(
        hubspot([rule({ place: "afterCommit", reply: gateway }, { path: "*/line_items/batch/create" })])
      )
    )
  )
})
