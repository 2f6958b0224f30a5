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
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { Association, type BatchRequest } from "@effect-hubspot/schema"
import { Clock, Effect, Layer, Random, Redacted, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { join } from "../support/virtualTime.ts"
import * as Catalogue from "./catalogue.ts"
import * as Shape from "./shape.ts"

type Input = BatchRequest.CreateInput

/** The inputs of a plain world. */
export const inputs = (count: number): ReadonlyArray<Input> => Shape.inputs({ ...Shape.plain, count })

export interface World {
  readonly seed: number
  /** The most inputs. */
  readonly count: number
  /** Whether everything but the number of inputs is drawn. Else it is a plain world of so large batches. Default: drawn. */
  readonly batchSize?: number
  /** The share of calls that a fault strikes. */
  readonly share: number
}

/** What a world came to. `wrong` names every promise that was broken. */
export interface Result {
  readonly seed: number
  /** The rows of the faults that were drawn. */
  readonly rows: ReadonlyArray<string>
  /** The faults that struck. One that changes errors struck if there were any. */
  readonly fired: ReadonlyArray<Faults.Fault>
  readonly struck: number
  readonly requests: number
  /** Whether the limit held requests back. */
  readonly full: boolean
  readonly outcomes: Readonly<Record<string, number>>
  readonly duplicated: number
  readonly wrong: ReadonlyArray<string>
}

/** How long after a request it is applied: within what its strategy promises to see. */
const lateBy = (policy: Policy, { lagShare, visible }: Shape.Shape, reply: Faults.BareReply): number => {
  const late =
    policy === "reconcile" ? visible * (1 - lagShare) : policy === "reconcileByParent" ? visible : 0
  // The others look once, after the quiet period.
  const other = Math.min(visible, 140_000)
  // An answer that never comes is a doubt only after the client's timeout.
  return Math.floor((late || other) + (reply.kind === "never" ? 110_000 : 0))
}

const faultsOf = Effect.fnUntraced(function* (
  seed: number,
  share: number,
  policy: Policy,
  shape: Shape.Shape
) {
  const rows: Array<string> = []
  const rules: Array<Faults.Rule> = []
  const faults: Array<Faults.Fault> = []
  if (share === 0) return { rows, faults, plan: { rules } }
  const { last, some } = yield* Catalogue.kindsOf(seed)
  const add = ([row, fault]: Catalogue.Entry, match: Faults.Match) => {
    if (outside(policy, fault)) return
    rows.push(row)
    faults.push(fault)
    const path = Catalogue.tampers(fault) ? { path: "*/line_items/batch/*" } : {}
    rules.push({
      match: { ...match, ...path },
      fault:
        fault.place === "lateApply" ? { ...fault, delayMillis: lateBy(policy, shape, fault.reply) } : fault
    })
  }
  const nth = yield* Random.nextIntBetween(2, 9)
  if (last !== undefined) add(last, { nth })
  for (const entry of some) add(entry, { chance: Math.min(1, share / some.length) })
  return { rows, faults, plan: { rules } }
})

/** The key property: unique in the account, for `guard`; an ordinary one, for `reconcile`. */
const uniqueKey = "import_key"
const plainKey = "line_item_key"

export const hubspot = (
  plan: Faults.Plan,
  { lagShare, limit, visible }: Omit<Shape.Shape, "count" | "batchSize"> = Shape.plain
) =>
  LineItems.layer({ limit }).pipe(
    Layer.provide(Credentials.layer(Redacted.make("pat-eu1-simulated"))),
    Layer.provideMerge(
      Emulator.layer({
        limit,
        latency: { min: 20, max: 400 },
        faults: plan,
        uniqueProperties: [uniqueKey],
        searchLag: { min: 0, max: Math.floor(visible * lagShare) }
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
  (Catalogue.lies(fault) && !seesThrough(policy)) ||
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

/** The first deal has had line items for an hour. */
const makeOld = Effect.fnUntraced(function* (count: number) {
  const client = yield* HubSpotClient.HubSpotClient
  const associations = [Association.make("deal", "1000")]
  for (let from = 0; from < count; from += 100) {
    const some = Array.from({ length: Math.min(100, count - from) }, (_, n) => from + n)
    const request = Operations.batchCreate({
      inputs: some.map((n) => ({ properties: { name: `Old ${n}` }, associations }))
    })
    yield* client.execute(request).pipe(Effect.retry(Schedule.spaced("11 seconds")), Effect.orDie)
  }
})

/** What the engine said of inputs that are the same for HubSpot, which may have each other's ids. */
interface Class {
  readonly stored: Set<string>
  readonly created: Set<string>
  /** Copies of inputs that were created more than once, and inputs in doubt. */
  open: number
}

/** Runs a world to its end, and three hours longer. */
export const run = (world: World, policy: Policy = "failVisible"): Effect.Effect<Result> =>
  Effect.gen(function* () {
    const { seed, share } = world
    const shape =
      world.batchSize === undefined
        ? yield* Shape.draw(seed, world.count)
        : { ...Shape.plain, count: world.count, batchSize: world.batchSize }
    const { faults, plan, rows } = yield* faultsOf(seed, share, policy, shape)
    return yield* Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      if (policy === "reconcileByParent" && shape.old > 0) {
        const making = yield* Effect.forkChild(makeOld(shape.old))
        yield* join(making, step)
        yield* TestClock.adjust("1 hour")
      }
      yield* emulator.setFaults(plan)
      const startedAt = yield* Clock.currentTimeMillis
      const all = Shape.inputs(shape)
      const log = yield* AttemptLog.makeMemory({ keep: true })
      const job = yield* policies[policy](all, shape.batchSize).pipe(
        Effect.provideService(AttemptLog.AttemptLog, log),
        Effect.forkChild
      )
      const outcomes = yield* join(job, step)
      yield* TestClock.adjust("3 hours")
      const { created } = yield* emulator.ledger
      const journal = yield* emulator.journal
      const requests = journal.requests.filter(({ arrivedAt }) => arrivedAt >= startedAt)
      const wrong: Array<string> = []

      // In every window, the server got no more than its limits.
      const worst = (search: boolean, windowMillis: number) =>
        Ledger.worstWindow(
          requests
            .filter(({ path }) => path.endsWith("/search") === search)
            .map(({ arrivedAt: at, inputs, method, path }) => ({ at, inputs, method, path, status: 0 })),
          windowMillis
        )
      const busiest = worst(false, 10_000)
      if (policy !== "naive") {
        if (busiest > shape.limit) wrong.push(`${busiest} requests in ten seconds, at most ${shape.limit}`)
        const searches = worst(true, 1000)
        if (searches > 5) wrong.push(`${searches} searches in a second`)
        const refused = requests.filter(({ fault, status }) => status === 429 && fault === null).length
        if (refused > 0) wrong.push(`${refused} requests over the limit`)
      }

      // For every arrival there is an earlier intent.
      const intents = (yield* Effect.orDie(log.attempts("sim"))).map(({ begunAtMillis }) => begunAtMillis)
      const arrivals = requests.filter(({ path }) => /\/line_items\/batch\/(create|upsert)$/.test(path))
      if (policy !== "naive") {
        for (const [n, { arrivedAt }] of arrivals.entries()) {
          if (intents.filter((begunAt) => begunAt <= arrivedAt).length <= n)
            wrong.push(`arrival ${n} without intent`)
        }
      }

      const stored = new Map<string, Array<string>>()
      for (const { id, objectWriteTraceId } of created) {
        if (objectWriteTraceId === null) continue
        stored.set(objectWriteTraceId, [...(stored.get(objectWriteTraceId) ?? []), id])
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
        const classes = new Map<string, Class>()
        for (const outcome of outcomes) {
          const traceId = `sim-${outcome.index.toString(36)}`
          const content = JSON.stringify(all[outcome.index])
          const its = classes.get(content) ?? { stored: new Set(), created: new Set(), open: 0 }
          classes.set(content, its)
          const has = stored.get(traceId) ?? []
          for (const id of has) its.stored.add(id)
          its.open += Math.max(0, has.length - 1) + (outcome._tag === "InDoubt" ? 1 : 0)
          if (outcome._tag === "Created") {
            if (ids.has(outcome.id)) wrong.push(`${outcome.id} given twice`)
            ids.add(outcome.id)
            its.created.add(outcome.id)
          }
          if (share === 0 && outcome._tag === "InDoubt") wrong.push(`${traceId} in doubt without a fault`)
        }
        for (const [content, { created, open, stored }] of classes) {
          for (const id of created) if (!stored.has(id)) wrong.push(`${content} is not ${id}`)
          const unsaid = [...stored].filter((id) => !created.has(id))
          if (unsaid.length > open)
            wrong.push(`${content} is stored as ${unsaid.join(" ")}, and not said to be`)
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
      const struck = requests.filter(({ fault }) => fault !== null)
      const fired = new Set(
        struck.flatMap(({ decided, fault }) => {
          const one = faults[fault!.rule]
          return one === undefined || (Catalogue.tampersWithErrors(one) && decided !== 207) ? [] : [one]
        })
      )
      return {
        seed,
        rows,
        fired: [...fired],
        struck: struck.length,
        requests: requests.length,
        full: busiest === shape.limit,
        outcomes: counts,
        duplicated,
        wrong
      }
    }).pipe(Effect.provide(Layer.orDie(hubspot({ rules: [] }, shape))))
  }).pipe(Random.withSeed(world.seed), Effect.provide(TestClock.layer()), Effect.scoped)
