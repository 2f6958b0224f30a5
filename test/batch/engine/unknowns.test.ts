/**
 * What is not known of HubSpot may be either way, and the outcomes are true. An import of a few batches runs under every value
 * of every setting of the emulator, and what it says of each input is held against the ledger.
 */
import { BulkCreate, DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import * as Behaviour from "@effect-hubspot/http/emulator/Behaviour"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { Association, type BatchRequest } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random, Stream } from "effect"
import * as HubSpot from "../../support/hubspot.ts"
import { inVirtualTime } from "../../support/virtualTime.ts"

const batchSize = 25

/** Inputs that meet every setting: good ones and bad ones, and one batch whose descriptions are so long. */
const inputsOf = (length: number): ReadonlyArray<BatchRequest.CreateInput> =>
  Array.from({ length: 250 }, (_, n) => ({
    properties: {
      name: `Seat ${n}`,
      price: "10.125",
      quantity: "1",
      hs_sku: `S${n}`,
      hs_external_id: `E${n}`,
      ...(n % 3 === 0 && { hs_line_item_currency_code: "JPY" }),
      ...(n % 7 === 2 && { recurringbillingfrequency: "monthly", hs_recurring_billing_period: "P24M" }),
      ...(n % 20 === 4 && { price: "-1" }),
      ...(n % 20 === 9 && { prise: "1" }),
      ...(n % 50 === 14 && { amount: "7" }),
      ...(n % 50 === 19 && { hs_unique_creation_key: `K${n}` }),
      ...(n % 50 === 24 && { quantity: " 2 " }),
      ...(n % 20 === 13 && { code: `C${n % 40}` }),
      ...(n >= 50 && n < 75 && { description: "x".repeat(length) }),
      // One batch has no good input.
      ...(n >= 100 && n < 125 && { prise: "1" })
    },
    associations: [Association.make("deal", n % 25 === 21 ? "1234567890123" : String(1000 + n))]
  }))

const strategies = {
  failVisible: {},
  failVisibleVerified: {
    strategy: DoubtStrategy.failVisibleVerified(),
    keyProperty: "import_key"
  },
  guard: { strategy: DoubtStrategy.guard(), keyProperty: "import_key" }
} satisfies Record<string, BulkCreate.Options>

const inputs = inputsOf(450)
/** One batch is longer than a mebibyte. */
const longInputs = inputsOf(45_000)

/** Rejected, it exists all the same: only who looks finds that out. */
const isLie = ({ badAssociation }: Behaviour.Given, strategy: string): boolean =>
  badAssociation === "orphan" && strategy === "failVisible"

/**
 * Under these some inputs are in doubt: a reply that is not HubSpot's proves nothing, a conflict of a batch may be with the
 * batch itself, and a line item that lacks its parent is not what was asked for.
 */
const leavesDoubt = ({
  badAssociation,
  duplicateInBatch,
  duplicateValue,
  locked,
  tooLarge,
  ...rest
}: Behaviour.Given): boolean =>
  locked === "html" ||
  locked === "empty" ||
  (tooLarge === "html" && rest.bodyCeiling === "1MiB") ||
  (duplicateInBatch === "batch" && duplicateValue === undefined) ||
  badAssociation === "orphan"

const imported = ({ bodyCeiling, tooLarge }: Behaviour.Given, options: BulkCreate.Options) =>
  Stream.fromIterable(bodyCeiling === undefined && tooLarge === undefined ? inputs : longInputs).pipe(
    BulkCreate.outcomes({ jobId: "either", batchSize, ...options }),
    Stream.runCollect,
    inVirtualTime
  )

/** Everything that was said and is not so. */
const untrue = (
  outcomes: ReadonlyArray<Outcome.Outcome<unknown>>,
  created: Ledger.Snapshot["created"]
): ReadonlyArray<string> => {
  const stored = Map.groupBy(created, ({ objectWriteTraceId }) => objectWriteTraceId)
  const wrong = [...stored].flatMap(([traceId, all]) => (all.length > 1 ? [`${traceId} twice`] : []))
  const seen = new Set(outcomes.map(({ index }) => index))
  if (seen.size !== inputs.length || outcomes.length !== inputs.length) wrong.push("not one outcome each")
  for (const outcome of outcomes) {
    const traceId = `either-${outcome.index.toString(36)}`
    const record = stored.get(traceId)?.[0]
    if (outcome._tag === "Created") {
      if (outcome.id !== record?.id) wrong.push(`${traceId} is not ${outcome.id}`)
      if (record?.associations.length !== 1) wrong.push(`${traceId} without its deal`)
    } else if (outcome._tag !== "InDoubt" && record !== undefined) {
      wrong.push(`${traceId} ${outcome._tag}, and stored`)
    }
  }
  return wrong
}

const values: ReadonlyArray<Behaviour.Given> = [
  {},
  ...Object.entries(Behaviour.settings).flatMap(([name, [, ...others]]) =>
    others.map((value): Behaviour.Given => ({ [name]: value }))
  ),
  { requiredProperties: [{ name: "tax" }] },
  { requiredProperties: [{ name: "tax", when: { name: "recurringbillingfrequency", value: "monthly" } }] },
  {
    requiredProperties: [{ name: "tax", when: { name: "recurringbillingfrequency", value: "monthly" } }],
    missingProperties: "errors"
  },
  // Settings that show only together.
  { bodyCeiling: "1MiB", tooLarge: "html" },
  { locked: "plain", retryAfter: "present" },
  { duplicateInBatch: "batch", duplicateValue: "invalidValue" },
  { badAssociation: "batch", unknownTarget: "older" },
  { traceIds: "absent", createdProperties: "default" },
  { traceIds: "absent", numbers: "json" },
  { traceIds: "mixed", createdProperties: "default" }
]

/** HubSpot with few requests and some locks, and what an import says there, beside what is stored. */
const world = (behaviour: Behaviour.Given, apiVersion: "v3" | "2026-09", options: BulkCreate.Options) =>
  Effect.gen(function* () {
    const outcomes = yield* imported(behaviour, options)
    const { created } = yield* Effect.flatMap(Emulator, ({ ledger }) => ledger)
    const kinds = Map.groupBy(outcomes, ({ _tag }) => _tag)
    const count = (kind: Outcome.Outcome<unknown>["_tag"]) => kinds.get(kind)?.length ?? 0
    return { outcomes, created, count }
  }).pipe(
    Effect.provide(
      HubSpot.layer({
        client: { limit: 190, apiVersion },
        emulator: {
          behaviour,
          limit: 8,
          latency: { min: 20, max: 400 },
          uniqueProperties: ["code", "import_key"],
          faults: {
            rules: [
              {
                match: { method: "POST", path: "*/batch/create", every: 4, times: 3 },
                fault: { place: "beforeCommit", reply: { kind: "status", status: 423 } }
              }
            ]
          }
        }
      })
    ),
    Random.withSeed(apiVersion)
  )

describe("every outcome is true, and nothing is created twice, under", () => {
  for (const behaviour of values) {
    it.effect(JSON.stringify(behaviour), () =>
      Effect.gen(function* () {
        for (const apiVersion of ["v3", "2026-09"] as const) {
          for (const [name, options] of Object.entries(strategies)) {
            const where = `${apiVersion} ${name}`
            const { count, created, outcomes } = yield* world(behaviour, apiVersion, options)
            const wrong = untrue(outcomes, created)
            if (isLie(behaviour, name)) {
              assert.lengthOf(wrong, 9, where)
              for (const one of wrong) assert.match(one, / Rejected, and stored$/)
            } else assert.deepStrictEqual(wrong, [], where)
            assert.strictEqual(count("NotSent"), 0, where)
            if (!leavesDoubt(behaviour)) assert.strictEqual(count("InDoubt"), 0, where)
            const isNone =
              behaviour.requiredProperties?.[0]?.when === undefined && "requiredProperties" in behaviour
            if (isNone) assert.deepStrictEqual([count("Rejected"), created.length], [inputs.length, 0], where)
            else assert.isAtLeast(count("Created"), 40, where)
            assert.isAtLeast(count("Rejected") + count("InDoubt"), 50, where)
          }
        }
      })
    )
  }

  it.effect(
    "a rejection that a look refutes: in doubt, with the id of the line item that lacks its deal",
    () =>
      Effect.gen(function* () {
        for (const options of [strategies.failVisibleVerified, strategies.guard]) {
          const { created, outcomes } = yield* world({ badAssociation: "orphan" }, "v3", options)
          const orphans = created.filter(({ associations }) => associations.length === 0).map(({ id }) => id)
          const found = outcomes.flatMap((outcome) =>
            outcome._tag === "InDoubt" && outcome.evidence._tag === "Unassociated"
              ? [outcome.evidence.id]
              : []
          )
          assert.lengthOf(orphans, 9)
          assert.sameMembers(found, orphans)
        }
      })
  )
})
