/**
 * A world by its number: the engine, the emulator, a set of faults that strikes about a quarter of the
 * calls, all in virtual time. The same number gives the same world.
 *
 * What is checked is the emulator's ledger against what the engine said, also hours after it ended.
 */
import { BulkCreate, DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import { Credentials, HubSpotClient, LineItems, Operations } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { Association, type BatchRequest } from "@effect-hubspot/schema"
import { Effect, Layer, Random, Redacted, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { readFileSync } from "node:fs"
import { join } from "../support/virtualTime.ts"

type Input = BatchRequest.CreateInput

// Statuses by which HubSpot proves that it did nothing. One that lies is outside the promise.
const refusals = new Set([
  400, 401, 403, 404, 405, 413, 414, 415, 422, 423, 429, 477, 521, 523, 525, 526, 530
])

const lies = (fault: Faults.Fault): boolean =>
  fault.place !== "beforeCommit" &&
  "reply" in fault &&
  fault.reply.kind === "status" &&
  refusals.has(fault.reply.status)

// These end a job, as they should; a world of nothing else would be a short one.
export const ends = (fault: Faults.Fault): boolean =>
  "reply" in fault &&
  fault.reply.kind === "status" &&
  [401, 403, 404, 405, 414, 415, 477, 307].includes(fault.reply.status)

/** Every fault of the table in docs/faults.md that a server can cause. */
export const catalogue: ReadonlyArray<readonly [row: string, fault: Faults.Fault]> = readFileSync(
  new URL("../../docs/faults.md", import.meta.url),
  "utf8"
)
  .split("\n")
  .flatMap((line) => {
    const row = /^\| (F\d\d) \|/.exec(line)?.[1]
    if (row === undefined) return []
    return [...line.matchAll(/`(\{"place".*?\})`/g)].map((match) => [row, JSON.parse(match[1]!)] as const)
  })

const nothing = new Set(["numErrors"])

/** Inputs of which one in twenty is rejected and one in fifty invalid; four in five have a deal, five to a deal. */
export const inputs = (count: number): ReadonlyArray<Input> =>
  Array.from({ length: count }, (_, n) => ({
    properties: {
      name: `Seat ${n}`,
      ...(n % 20 === 7 && { price: "-1" }),
      ...(n % 50 === 3 && { quantity: "many" })
    },
    ...(n % 5 !== 4 && { associations: [Association.make("deal", String(1000 + Math.floor(n / 5)))] })
  }))

export interface World {
  readonly seed: number
  readonly count: number
  /** Default: 100. */
  readonly batchSize?: number
  /** The share of calls that a fault strikes. */
  readonly share: number
}

/** What a world came to. `wrong` names every promise that was broken. */
export interface Result {
  readonly seed: number
  readonly rows: ReadonlyArray<string>
  readonly struck: number
  readonly requests: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly duplicated: number
  readonly wrong: ReadonlyArray<string>
}

const faultsOf = Effect.fnUntraced(function* (share: number, policy: Policy) {
  if (share === 0) return { rows: [], plan: { rules: [] } }
  const rows: Array<string> = []
  const rules: Array<Faults.Rule> = []
  const chosen: Array<readonly [string, Faults.Fault]> = []
  for (const entry of catalogue) {
    const probability = ends(entry[1]) ? 0.01 : 0.25
    // Drawn in any case, so that a number is the same world for every policy.
    const drawn = (yield* Random.next) < probability
    if (drawn && !nothing.has(entry[0]) && !outside(policy, entry[1])) chosen.push(entry)
  }
  for (const [row, fault] of chosen) {
    rows.push(row)
    rules.push({ match: { chance: Math.min(1, share / chosen.length) }, fault })
  }
  return { rows, plan: { rules } }
})

/** The key property: unique in the account, for `guard`; an ordinary one, for `reconcile`. */
const uniqueKey = "import_key"
const plainKey = "line_item_key"

export const hubspot = (plan: Faults.Plan) =>
  LineItems.layer({ limit: 190 }).pipe(
    Layer.provide(Credentials.layer(Redacted.make("pat-eu1-simulated"))),
    Layer.provideMerge(
      Emulator.layer({
        limit: 190,
        latency: { min: 20, max: 400 },
        faults: plan,
        uniqueProperties: [uniqueKey],
        searchLag: { min: 0, max: 20_000 }
      })
    )
  )

const engine = (options: BulkCreate.Options) => (all: ReadonlyArray<Input>, batchSize: number) =>
  Stream.fromIterable(all).pipe(
    BulkCreate.outcomes({ jobId: "sim", batchSize, ...options }),
    Stream.runCollect
  )

/** What clients do that retry whatever looks transient: three times, and results by position. */
const naive = (all: ReadonlyArray<Input>, batchSize: number) =>
  Effect.gen(function* () {
    const client = yield* HubSpotClient.HubSpotClient
    const batches = Array.from({ length: Math.ceil(all.length / batchSize) }, (_, n) =>
      all.slice(n * batchSize, (n + 1) * batchSize)
    )
    yield* Effect.forEach(
      batches,
      (batch, b) =>
        client
          .execute(
            Operations.batchCreate({
              inputs: batch.map((input, n) => ({
                ...input,
                objectWriteTraceId: `naive-${b * batchSize + n}`
              }))
            })
          )
          .pipe(
            Effect.retry(Schedule.max([Schedule.exponential("1 second"), Schedule.recurs(3)])),
            Effect.exit
          ),
      { concurrency: 10, discard: true }
    )
    return [] as ReadonlyArray<Outcome.Outcome<Input>>
  })

/** The options of the engine under each strategy. */
export const options = {
  failVisible: {},
  failVisibleVerified: { strategy: DoubtStrategy.failVisibleVerified(), keyProperty: uniqueKey },
  atLeastOnce: { strategy: DoubtStrategy.atLeastOnce() },
  reconcile: { strategy: DoubtStrategy.reconcile(), keyProperty: plainKey },
  reconcileByParent: { strategy: DoubtStrategy.reconcileByParent() },
  guard: { strategy: DoubtStrategy.guard(), keyProperty: uniqueKey },
  upsert: { strategy: DoubtStrategy.upsert(), keyProperty: uniqueKey }
} as const satisfies Record<string, BulkCreate.Options>

/** The strategies of the engine, and what clients do that have none. */
const policies = {
  failVisible: engine(options.failVisible),
  failVisibleVerified: engine(options.failVisibleVerified),
  atLeastOnce: engine(options.atLeastOnce),
  reconcile: engine(options.reconcile),
  reconcileByParent: engine(options.reconcileByParent),
  guard: engine(options.guard),
  upsert: engine(options.upsert),
  naive
}

export type Policy = keyof typeof policies

/** The strategies, in the order of a table. */
export const strategies = Object.keys(options) as ReadonlyArray<keyof typeof options>

/** Whether a strategy finds out a refusal that lies. */
const seesThrough = (policy: Policy): boolean =>
  policy === "guard" || policy === "upsert" || policy === "failVisibleVerified"

/** Faults outside the promise of a strategy. */
export const outside = (policy: Policy, fault: Faults.Fault): boolean =>
  (lies(fault) && !seesThrough(policy)) ||
  // Applied later than the quiet period: absence proves nothing then.
  ((policy === "reconcile" || policy === "reconcileByParent") && fault.place === "asynchronous")

/** The line items of each deal. */
const dealsOf = Effect.fnUntraced(function* (all: ReadonlyArray<Input>) {
  const client = yield* HubSpotClient.HubSpotClient
  const ids = new Set(all.flatMap(({ associations = [] }) => associations.map(({ to }) => to.id)))
  const pages = yield* Effect.forEach(
    ids,
    (id) =>
      client
        .execute(Operations.lineItemsOf("deal", id))
        .pipe(Effect.retry(Schedule.spaced("5 seconds")), Effect.orDie),
    { concurrency: 10 }
  )
  return new Map([...ids].map((id, n) => [id, pages[n]!.ids]))
})

/** A clock that goes on in leaps may leave behind what goes on beside it. */
export const step = "10 seconds"

/** Runs a world to its end, and three hours longer. */
export const run = (world: World, policy: Policy = "failVisible"): Effect.Effect<Result> =>
  Effect.gen(function* () {
    const { plan, rows } = yield* faultsOf(world.share, policy)
    return yield* Effect.gen(function* () {
      const all = inputs(world.count)
      const log = yield* AttemptLog.makeMemory({ keep: true })
      const job = yield* policies[policy](all, world.batchSize ?? 100).pipe(
        Effect.provideService(AttemptLog.AttemptLog, log),
        Effect.forkChild
      )
      const outcomes = yield* join(job, step)
      yield* TestClock.adjust("3 hours")
      const emulator = yield* Emulator.Emulator
      const { created, requests } = yield* emulator.ledger
      const journal = yield* emulator.journal
      const wrong: Array<string> = []

      // For every arrival there is an earlier intent.
      const intents = (yield* Effect.orDie(log.attempts("sim"))).map(({ begunAtMillis }) => begunAtMillis)
      const arrivals = requests.filter(({ path }) => /\/line_items\/batch\/(create|upsert)$/.test(path))
      if (policy !== "naive") {
        for (const [n, { at }] of arrivals.entries()) {
          if (intents.filter((begunAt) => begunAt <= at).length <= n)
            wrong.push(`arrival ${n} without intent`)
        }
      }

      const stored = new Map<string, Array<string>>()
      for (const { id, objectWriteTraceId } of created) {
        const key = objectWriteTraceId ?? ""
        stored.set(key, [...(stored.get(key) ?? []), id])
      }
      const duplicated = [...stored.values()].filter((ids) => ids.length > 1).length

      if (policy !== "naive") {
        const marked = new Set(
          outcomes.flatMap((outcome) =>
            (outcome._tag === "Created" && outcome.possibleDuplicate) || outcome._tag === "InDoubt"
              ? [`sim-${outcome.index.toString(36)}`]
              : []
          )
        )
        for (const [traceId, ids] of stored) {
          if (ids.length > 1 && (policy !== "atLeastOnce" || !marked.has(traceId)))
            wrong.push(`${traceId} twice`)
        }
        const seen = outcomes.map((outcome) => outcome.index).sort((a, b) => a - b)
        if (seen.length !== all.length || seen.some((index, n) => index !== n))
          wrong.push("not one outcome each")
        const ids = new Set<string>()
        for (const outcome of outcomes) {
          const traceId = `sim-${outcome.index.toString(36)}`
          const has = stored.get(traceId)
          if (outcome._tag === "Created") {
            if (has?.includes(outcome.id) !== true) wrong.push(`${traceId} is not ${outcome.id}`)
            if (ids.has(outcome.id)) wrong.push(`${outcome.id} given twice`)
            ids.add(outcome.id)
          } else if (outcome._tag !== "InDoubt" && has !== undefined)
            wrong.push(`${traceId} ${outcome._tag}, and stored`)
          if (world.share === 0 && outcome._tag === "InDoubt")
            wrong.push(`${traceId} in doubt without a fault`)
        }
      }
      if (policy === "upsert") {
        // What is said to be created belongs to its deal.
        yield* emulator.setFaults({ rules: [] })
        const looking = yield* Effect.forkChild(dealsOf(all))
        const deals = yield* join(looking, step)
        for (const outcome of outcomes) {
          const deal = all[outcome.index]!.associations?.[0]?.to.id
          if (outcome._tag !== "Created" || deal === undefined) continue
          if (deals.get(deal)?.includes(outcome.id) !== true) wrong.push(`${outcome.id} not of deal ${deal}`)
        }
      }
      const counts: Record<string, number> = {}
      for (const { _tag } of outcomes) counts[_tag] = (counts[_tag] ?? 0) + 1
      return {
        seed: world.seed,
        rows,
        struck: journal.requests.filter((request) => request.fault !== null && request.fault !== undefined)
          .length,
        requests: requests.length,
        outcomes: counts,
        duplicated,
        wrong
      }
    }).pipe(Effect.provide(Layer.orDie(hubspot(plan))))
  }).pipe(Random.withSeed(world.seed), Effect.provide(TestClock.layer()), Effect.scoped)
