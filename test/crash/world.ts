/**
 * Durable jobs whose process dies, in virtual time: at a drawn moment nothing of the process goes on any more, whatever
 * it was at; what it had sent arrives all the same. Then another one takes the job, and so on to the end.
 *
 * What is checked is the emulator's ledger against what the store says in the end.
 */
import { DoubtStrategy, JobStore } from "@effect-hubspot/batch"
import * as Job from "@effect-hubspot/batch/jobs/Job"
import * as JobBatch from "@effect-hubspot/batch/jobs/JobBatch"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Plan from "@effect-hubspot/batch/model/Plan"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as SqlJobStore from "@effect-hubspot/batch/sql/SqlJobStore"
import type { Source } from "@effect-hubspot/batch"
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { Effect, Layer, Random, Redacted, Stream } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"

const keyProperty = "import_key"

export const strategies = {
  failVisible: DoubtStrategy.failVisible,
  atLeastOnce: DoubtStrategy.atLeastOnce(),
  reconcile: DoubtStrategy.reconcile(),
  reconcileByParent: DoubtStrategy.reconcileByParent(),
  guard: DoubtStrategy.guard(),
  upsert: DoubtStrategy.upsert()
} as const

export interface World {
  readonly seed: number
  readonly rows: ReadonlyArray<Source.Row>
  readonly strategy: keyof typeof strategies
  readonly kills: number
  readonly faults: Faults.Plan
}

export interface Result {
  readonly runs: number
  readonly ends: ReadonlyArray<string>
  readonly counts: Job.Counts
  readonly entries: ReadonlyArray<Job.Entry>
  readonly wrong: ReadonlyArray<string>
}

const jobId = "crash"

/** A process: its own client and limiter, on the same HubSpot and the same database. Dead, it does nothing more. */
const processOn = (life: { dead: boolean }) => {
  const mortal = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => (life.dead ? Effect.never : effect)).pipe(
      // Whatever comes back from outside after its death is not heard.
      Effect.flatMap((value) => (life.dead ? Effect.never : Effect.succeed(value))),
      Effect.catchCause((cause) => (life.dead ? Effect.never : Effect.failCause(cause)))
    )
  const mortally = <S extends object>(service: S): S =>
    new Proxy(service, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== "function") return value
        return (...given: ReadonlyArray<unknown>) => {
          const made: unknown = Reflect.apply(value, target, given)
          return Effect.isEffect(made) ? mortal(made) : made
        }
      }
    })
  return Layer.mergeAll(
    LineItems.layer({ limit: 190 }).pipe(
      Layer.provide(Credentials.layer(Redacted.make("pat-eu1-crash"))),
      Layer.provide(
        Layer.effect(
          HttpClient.HttpClient,
          Effect.map(HttpClient.HttpClient, (client) =>
            // The request arrives, though nobody lives to hear the answer.
            HttpClient.make((request) => mortal(client.execute(request)))
          )
        )
      )
    ),
    Layer.effect(
      JobStore.JobStore,
      Effect.map(JobStore.JobStore, (store) => ({ ...mortally(store), log: mortally(store.log) }))
    )
  )
}

/** Lets what is not virtual, such as a digest, come to its end. */
const breathe = Effect.promise(async () => {
  for (let n = 0; n < 5; n++) await new Promise<void>((resolve) => setImmediate(resolve))
})

/** Time in steps, so that between two of them everything that can go on goes on. */
const pass = (millis: number, step: number) =>
  Effect.gen(function* () {
    for (let at = 0; at < millis; at += step) {
      yield* TestClock.adjust(Math.min(step, millis - at))
      yield* breathe
    }
  })

export const run = (world: World): Effect.Effect<Result> =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const strategy = strategies[world.strategy]
    const property = ["failVisible", "atLeastOnce", "reconcileByParent"].includes(world.strategy)
      ? undefined
      : keyProperty
    const holder = { pid: 1, host: "a" }
    const claim = yield* store.create({
      id: jobId,
      holder,
      frozen: {
        source: { name: "rows.ndjson" },
        format: "ndjson",
        batchSize: 20,
        strategy,
        ...(property !== undefined && { keyProperty: property }),
        account: "1",
        origin: "https://api.hubapi.com"
      }
    })
    const shape = Plan.creates<Source.Row>({
      jobId,
      toInput: (row) => row.input,
      key: property === undefined ? undefined : { property }
    })
    const batches = yield* Stream.fromIterable(world.rows).pipe(
      JobBatch.fromRows({ shape, batchSize: 20 }),
      Stream.runCollect
    )
    yield* store.append(claim, batches)
    yield* store.planned(claim, { digest: "d", inputs: world.rows.length })

    const ends: Array<string> = []
    let runs = 0
    while (runs < world.kills + 20) {
      runs++
      const job = yield* store.get(jobId)
      if (Job.isFinal(job.state)) break
      const life = { dead: false }
      const running = store
        .claim(jobId, { holder, ...(job.holder !== undefined && { insteadOf: job.epoch }) })
        .pipe(
          Effect.flatMap((claim) => JobRunner.run(claim)),
          Effect.scoped,
          Effect.provide(Layer.fresh(processOn(life)))
        )
      const fiber = yield* Effect.forkDetach(running)
      if (runs <= world.kills) {
        // Anywhere from before the first request to long after the last one.
        yield* pass(Math.floor((yield* Random.next) ** 2 * 3000), 10)
        life.dead = true
        // What was under way arrives.
        yield* pass(180_000, 1000)
        ends.push("killed")
        continue
      }
      for (let n = 0; n < 120 && fiber.pollUnsafe() === undefined; n++)
        yield* pass(10_000 * (n + 1), 1000 * (n + 1))
      const exit = fiber.pollUnsafe()
      ends.push(exit === undefined ? "hangs" : exit._tag === "Success" ? exit.value._tag : "failed")
      if (exit === undefined) break
    }
    const emulator = yield* Emulator.Emulator
    const { created } = yield* emulator.ledger
    const entries = yield* Stream.runCollect(store.outcomes(jobId))
    const counts = yield* store.counts(jobId)
    const wrong: Array<string> = []
    const stored = new Map<string, Array<string>>()
    for (const { id, objectWriteTraceId } of created) {
      const trace = objectWriteTraceId ?? ""
      stored.set(trace, [...(stored.get(trace) ?? []), id])
    }
    const marked = new Set(
      entries.flatMap((entry) =>
        entry._tag === "InDoubt" || (entry._tag === "Created" && entry.possibleDuplicate) ? [entry.index] : []
      )
    )
    for (const [trace, ids] of stored) {
      const index = Number.parseInt(trace.slice(jobId.length + 1), 36)
      if (ids.length > 1 && (world.strategy !== "atLeastOnce" || !marked.has(index)))
        wrong.push(`${trace} twice`)
    }
    // What the log accounts for is not in doubt.
    const accounted = new Set(
      (yield* store.log.attempts(jobId)).flatMap(({ end }) =>
        (end?.outcomes ?? []).flatMap(({ _tag, index }) => (_tag === "Created" ? [index] : []))
      )
    )
    if (!Job.isFinal((yield* store.get(jobId)).state))
      wrong.push(`not over after ${runs} runs: ${ends.join(" ")}`)
    if (entries.length !== world.rows.length) wrong.push(`${entries.length} outcomes`)
    if (entries.some(({ index }, n) => index !== n)) wrong.push("not one outcome each")
    const ids = new Set<string>()
    for (const entry of entries) {
      const has = stored.get(`${jobId}-${entry.index.toString(36)}`)
      const isThere =
        entry._tag === "Created" || (entry._tag === "InDoubt" && entry.evidence._tag === "Unassociated")
      if (!isThere && accounted.has(entry.index)) wrong.push(`${entry.index} ${entry._tag}, and logged`)
      if (entry._tag === "Created") {
        if (has?.includes(entry.id) !== true) wrong.push(`${entry.index} is not ${entry.id}`)
        if (ids.has(entry.id)) wrong.push(`${entry.id} given twice`)
        ids.add(entry.id)
      } else if (entry._tag !== "InDoubt" && has !== undefined)
        wrong.push(`${entry.index} ${entry._tag}, and stored`)
    }
    return { runs, ends, counts, entries, wrong }
  }).pipe(
    Effect.provide(
      SqlJobStore.layer.pipe(
        Layer.provideMerge(Database.layerSqlite({ file: ":memory:" })),
        Layer.provideMerge(
          Emulator.layer({
            limit: 190,
            latency: { min: 20, max: 400 },
            faults: world.faults,
            uniqueProperties: [keyProperty],
            searchLag: { min: 0, max: 20_000 }
          })
        )
      )
    ),
    Effect.orDie,
    Random.withSeed(world.seed),
    Effect.provide(TestClock.layer()),
    Effect.scoped
  )
