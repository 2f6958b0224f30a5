import { BulkUpdate, BulkUpsert, DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import { LineItems } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as HubSpot from "../../support/hubspot.ts"
import { gateway, good, hubspot, key, ofDeal, rule, run, some } from "../../support/doubt.ts"
import { inVirtualTime } from "../../support/virtualTime.ts"

/*
 * A doubt from an earlier attempt stays one, whatever becomes of the later ones.
 */

type AnyOutcome = Outcome.Outcome<unknown, Outcome.Success>

const kindOf = (outcome: AnyOutcome): string =>
  outcome._tag === "InDoubt"
    ? `InDoubt ${outcome.evidence._tag}`
    : outcome._tag === "NotSent"
      ? `NotSent ${outcome.reason._tag}`
      : outcome._tag

const kindsOf = (outcomes: ReadonlyArray<AnyOutcome>) =>
  outcomes.toSorted((a, b) => a.index - b.index).map(kindOf)

/** Two records with the names and keys of 0 and 1, and what they are then set to. */
const twoRecords = Effect.gen(function* () {
  const lineItems = yield* LineItems.LineItems
  const inputs = [0, 1].map((n) => ({ properties: { ...good(n).properties, [key]: `k${n}` } }))
  const { results } = yield* lineItems.createBatch({ inputs })
  return results
    .toSorted((a, b) => Number(a.id) - Number(b.id))
    .map(({ id }, n) => ({ id, [key]: `k${n}`, price: "7" }))
})

const status = (code: number, more: object = {}): Faults.Fault => ({
  place: "beforeCommit",
  reply: { kind: "status", status: code, ...more }
})

/** What becomes of the repetition of inputs that the first reply left open, and what they come to. */
const refusals: ReadonlyArray<readonly [what: string, repetition: Faults.Fault, kind: string]> = [
  ["is refused by name", status(400, { blame: 2 }), "InDoubt Unverified"],
  ["is over the day's limit", status(429, { body: "daily" }), "InDoubt Unaccounted"],
  ["is forbidden", status(403), "InDoubt Unaccounted"],
  ["is moved elsewhere", status(477, { retryAfter: "900" }), "InDoubt Unaccounted"]
]

describe("a reply that has one id twice was about something that was written", () => {
  const twice: Faults.Fault = {
    place: "afterCommit",
    reply: { kind: "tamper", tampering: [{ do: "duplicateId" }, { do: "dropTraceIds" }] }
  }

  for (const [what, repetition, kind] of refusals) {
    const world = (path: string) =>
      hubspot([rule(twice, { path, nth: 1 }), rule(repetition, { path, nth: 2 })])

    it.effect(`an update whose repetition ${what} stays in doubt`, () =>
      Effect.gen(function* () {
        const records = yield* inVirtualTime(twoRecords)
        const outcomes = yield* Stream.fromIterable(records).pipe(
          Stream.map(({ id, price }) => ({ id, properties: { price } })),
          BulkUpdate.outcomes(),
          Stream.runCollect,
          inVirtualTime
        )
        assert.include(kindsOf(outcomes), kind)
        for (const outcome of kindsOf(outcomes)) assert.notMatch(outcome, /^(?:Rejected|NotSent)/)
        const lineItems = yield* LineItems.LineItems
        const stored = yield* Stream.runCollect(lineItems.list({ properties: ["price"] }))
        assert.deepStrictEqual(
          stored.map(({ properties }) => properties?.["price"]),
          ["7", "7"]
        )
      }).pipe(Effect.provide(world("*/batch/update")))
    )

    it.effect(`an upsert whose repetition ${what} stays in doubt`, () =>
      Effect.gen(function* () {
        const outcomes = yield* Stream.fromIterable([0, 1]).pipe(
          Stream.map((n) => ({ id: `k${n}`, idProperty: key, properties: good(n).properties })),
          BulkUpsert.outcomes(),
          Stream.runCollect,
          inVirtualTime
        )
        assert.include(kindsOf(outcomes), kind)
        for (const outcome of kindsOf(outcomes)) assert.notMatch(outcome, /^(?:Rejected|NotSent)/)
        const { created } = yield* Effect.flatMap(Emulator, (emulator) => emulator.ledger)
        assert.lengthOf(created, 2)
      }).pipe(Effect.provide(world("*/batch/upsert")))
    )
  }
})

describe("the strategy upsert", () => {
  const path = "*/batch/upsert"
  const retry = { attempts: 1, rateLimited: 30, baseMillis: 1, capMillis: 2, patienceMillis: 1000 }
  const options = { strategy: DoubtStrategy.upsert(), keyProperty: key, retry }
  /** The first send, and five more before the look. */
  const before = [1, 2, 3, 4, 5, 6] as const
  const stored: Faults.Fault = { place: "afterCommit", reply: gateway }

  it.effect("a doubt, a look that fails and a last send that is refused are a doubt", () =>
    Effect.gen(function* () {
      const { created, outcomes, requests } = yield* run(some(3), options)
      assert.deepStrictEqual(kindsOf(outcomes), Array(3).fill("InDoubt Unverified"))
      assert.lengthOf(created, 3)
      assert.lengthOf(
        requests.filter((request) => request.path.endsWith("/batch/upsert")),
        7
      )
    }).pipe(
      Effect.provide(
        hubspot([
          rule(stored, { path, nth: before }),
          rule(status(400, { blame: 3 }), { path, nth: 7 }),
          rule(status(403), { path: "*/batch/read" })
        ])
      )
    )
  )

  it.effect("a last send that is not made leaves the doubt that there was", () =>
    Effect.gen(function* () {
      const { created, outcomes } = yield* run(some(3), options)
      assert.deepStrictEqual(kindsOf(outcomes), Array(3).fill("InDoubt NoAnswer"))
      assert.lengthOf(created, 3)
    }).pipe(
      Effect.provide(
        hubspot([
          rule(stored, { path, nth: before }),
          rule(status(429, { body: "daily" }), { path, nth: 7 }),
          rule(status(403), { path: "*/batch/read" })
        ])
      )
    )
  )

  it.effect("a last send that is answered is what counts, and what it wrote has its parent", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run([ofDeal(0, "70")], options)
      assert.deepStrictEqual(counts, { updated: 1 })
      assert.lengthOf(created, 1)
    }).pipe(
      Effect.provide(
        hubspot([rule(stored, { path, nth: before }), rule(status(403), { path: "*/batch/read" })])
      )
    )
  )
})

describe("reconcile sends again only what every read has proved to be absent", () => {
  const options = { strategy: DoubtStrategy.reconcile(), keyProperty: "line_item_key" }
  const lost = rule({ place: "afterCommit", reply: gateway })

  /** Searches that find nothing: those at `absent` say that there is nothing, the others that there is something. */
  const searches = (absent: ReadonlyArray<number>) => {
    let n = 0
    return HubSpot.layer({
      emulator: { faults: { rules: [lost] } },
      fault: (request, pass) =>
        request.url.endsWith("/search")
          ? HubSpot.answer(request, 200, { total: absent.includes(n++) ? 0 : 1, results: [] })
          : pass
    })
  }

  for (const [what, absent] of [
    ["absent once and silent twice", [0]],
    ["silent, absent and silent", [1]],
    ["silent twice and absent at last", [2]],
    ["absent twice, then silent", [0, 1]],
    ["silent, then absent twice", [1, 2]],
    ["silent three times", []]
  ] as const) {
    it.effect(`${what} is no proof`, () =>
      Effect.gen(function* () {
        const { counts, created } = yield* run([good(1)], options)
        assert.deepStrictEqual(counts, { InDoubt: 1 })
        assert.lengthOf(created, 1)
      }).pipe(Effect.provide(searches(absent)))
    )
  }
})

describe("looks that must not lead to another send", () => {
  const isCreate = (url: string) => url.endsWith("/line_items/batch/create")
  const creates = (requests: ReadonlyArray<{ readonly path: string }>) =>
    requests.filter(({ path }) => path.endsWith("/line_items/batch/create")).length

  it.effect("what was certainly created, under an id that is not known, is not sent again", () =>
    Effect.gen(function* () {
      const options = { strategy: DoubtStrategy.reconcile(), keyProperty: "line_item_key" }
      const { counts, created, requests } = yield* run(some(2), options)
      assert.deepStrictEqual(counts, { InDoubt: 2 })
      assert.lengthOf(created, 2)
      assert.strictEqual(creates(requests), 1)
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          fault: (request, pass) => {
            if (request.url.endsWith("/search"))
              return HubSpot.answer(request, 200, { total: 0, results: [] })
            if (request.url.endsWith("/batch/read")) return HubSpot.answer(request, 403, "no")
            if (!isCreate(request.url)) return pass
            // Its records do not show whose they are.
            return Effect.flatMap(pass, () =>
              HubSpot.answer(request, 201, { status: "COMPLETE", results: [{ id: "1001" }, { id: "1002" }] })
            )
          }
        })
      )
    )
  )

  it.effect("line items of a parent on pages that never end prove nothing", () =>
    Effect.gen(function* () {
      const { counts, created } = yield* run([ofDeal(1, "70")], {
        strategy: DoubtStrategy.reconcileByParent()
      })
      assert.deepStrictEqual(counts, { InDoubt: 1 })
      assert.lengthOf(created, 1)
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          emulator: { faults: { rules: [rule({ place: "afterCommit", reply: gateway })] } },
          fault: (request, pass) =>
            request.url.includes("/associations/")
              ? HubSpot.answer(request, 200, { results: [], paging: { next: { after: "7" } } })
              : pass
        })
      )
    )
  )
})
