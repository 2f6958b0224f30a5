/**
 * Runs the durable jobs of a database by itself, as layers: in memory for tests, in one process on a SQLite file, or in any
 * number of processes on PostgreSQL. The same program runs on each.
 *
 * Every second it looks for jobs that are due, and begins the workflow of each. So a planned job starts without a call; a
 * suspended one goes on when it is due or `Import.resume` asks for it; and a failed workflow is resumed. It knows of jobs
 * only what `JobStore` says.
 *
 * When its layer ends, it sends nothing more and waits for requests under way. Another process may go on with the jobs.
 *
 * @since 0.1.0
 */
import type { RateLimitStore } from "@effect-hubspot/http/RateLimitStore"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import type * as SqlClient from "effect/sql/SqlClient"
import { layerMemory as layerMemoryEngine, WorkflowEngine } from "effect/workflow/WorkflowEngine"
import * as Accounts from "./Accounts.ts"
import * as ImportWorkflow from "./ImportWorkflow.ts"
import * as Job from "../jobs/Job.ts"
import * as JobStore from "../jobs/JobStore.ts"
import * as Database from "../sql/Database.ts"
import * as Stores from "../sql/Stores.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<Made = never, E = never, R = never> extends Pick<
  ImportWorkflow.Options,
  "concurrency" | "retry" | "onEvent" | "onRun" | "lease"
> {
  /** The client and the limits of an account; see `Accounts`. */
  readonly account: (account: string) => Layer.Layer<Accounts.Services | Made, E, R | RateLimitStore>
}

/**
 * @category services
 * @since 0.1.0
 */
export class ImportRuntime extends Context.Service<
  ImportRuntime,
  {
    /** Waits until a job is over or suspended. */
    readonly settled: (jobId: string) => Effect.Effect<Job.Job, JobStore.JobNotFound | JobStore.JobStoreError>
    /** Begins no more runs, stops those under way, and waits for their requests. Another process may go on. */
    readonly leave: Effect.Effect<void>
    /** The same without waiting for requests: those under way are in doubt. */
    readonly abandon: Effect.Effect<void>
  }
>()("@effect-hubspot/batch/cluster/ImportRuntime") {}

/** The runtime on an engine. */
const layerEngine = (
  options: Omit<ImportWorkflow.Options, "leave" | "abandon" | "aroundRun">
): Layer.Layer<ImportRuntime, never, WorkflowEngine | JobStore.JobStore | Accounts.Accounts> =>
  Layer.effect(
    ImportRuntime,
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const leave = yield* Deferred.make<void>()
      const abandon = yield* Deferred.make<void>()
      const running = yield* Semaphore.make(mostRuns)
      yield* Layer.build(
        ImportWorkflow.layer({ ...options, leave, abandon, aroundRun: running.withPermits(1) })
      )
      const left = Effect.andThen(
        Deferred.succeed(leave, undefined),
        // Free once no run is under way.
        running.withPermits(mostRuns)(Effect.void)
      )
      yield* Effect.addFinalizer(() => left)
      yield* look.pipe(
        Effect.catchCause((cause) => Effect.logWarning("jobs that are due could not be begun", cause)),
        Effect.repeat(Schedule.jittered(Schedule.spaced(lookMillis))),
        Effect.forkScoped
      )
      return ImportRuntime.of({
        settled: (jobId) =>
          Effect.repeat(store.get(jobId), {
            until: ({ state }) => Job.isFinal(state) || state === "suspended",
            schedule: Schedule.spaced(lookMillis / 2)
          }),
        leave: left,
        abandon: Effect.andThen(Deferred.succeed(abandon, undefined), left)
      })
    })
  )

const assemble = <Made, E, R, Engine, E2, R2>(
  options: Options<Made, E, R>,
  engine: Layer.Layer<WorkflowEngine | Engine, E2, SqlClient.SqlClient | JobStore.JobStore | R2>,
  self: Effect.Effect<Pick<ImportWorkflow.Options, "holder" | "isGone">, never, Engine>
) =>
  Layer.unwrap(Effect.map(self, (self) => layerEngine({ ...options, ...self }))).pipe(
    Layer.provide(engine),
    Layer.provide(Accounts.layer(options.account)),
    Layer.provideMerge(Stores.layerSql)
  )

/**
 * In memory, for tests: the jobs end with the process.
 *
 * **Example**
 *
 * ```ts
 * import { Import } from "@effect-hubspot/batch"
 * import * as ImportRuntime from "@effect-hubspot/batch/cluster/ImportRuntime"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer, Result, Schema, Stream } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   yield* Stream.range(0, 249).pipe(
 *     Import.submit({
 *       id: "orders",
 *       codec: Schema.Int,
 *       toInput: (n) => Result.succeed({ properties: { name: `Seat ${n}` } })
 *     })
 *   )
 *   // The runtime runs it from here on, in this process or another.
 *   const runtime = yield* ImportRuntime.ImportRuntime
 *   const { state } = yield* runtime.settled("orders")
 *   const { counts } = yield* Import.status("orders")
 *   return [state, counts.created]
 * })
 * const hubspot = (portalId: number) => Emulator.layerLineItems({ emulator: { portalId } })
 * const layer = Layer.merge(
 *   hubspot(25012345),
 *   ImportRuntime.layerMemory({ account: (account) => hubspot(Number(account)) })
 * )
 * await Effect.runPromise(Effect.provide(program, layer)) // => ["done", 250]
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = <Made, E, R>(options: Options<Made, E, R>) =>
  assemble(options, layerMemoryEngine, Effect.succeed({ holder: { pid: 0, host: "memory" } })).pipe(
    Layer.provide(Database.layerSqlite({ file: ":memory:" }))
  )

/**
 * On one SQLite file under a directory of this machine, which only its owner can read. One process has the directory at a
 * time; another one waits for it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = <Made, E, R>(options: Options<Made, E, R> & { readonly stateDir: string }) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./ClusterEngine.ts")),
      ({ holder, layerLocal }) => assemble(options, layerLocal, Effect.succeed({ holder: holder() }))
    )
  ).pipe(Layer.provide(Database.layerSqlite({ file: Stores.fileIn(options.stateDir) })))

/**
 * A runner of a cluster on PostgreSQL: any number of processes, on any number of machines, share the jobs of a database.
 * When one dies, the others take over its jobs in a few seconds, and its requests under way are in doubt.
 *
 * The runners connect to each other at `host` and `port`, by TLS with a key from the database, and refuse a process that
 * cannot read the database. Each runner needs database sessions of its own, so there must be no transaction pooler between.
 * Needs `@effect/platform-node`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerCluster = <Made, E, R>(
  options: Options<Made, E, R> & {
    /** The address at which other runners reach this one. */
    readonly host: string
    readonly port: number
    /** The address to listen on. Default: `host`. */
    readonly listenHost?: string | undefined
  }
) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./ClusterEngine.ts")),
      ({ layerCluster, runner }) => assemble(options, layerCluster(options), runner(options))
    )
  )

/** Begins the workflows of jobs that are due and that no process holds. */
const look = Effect.gen(function* () {
  const store = yield* JobStore.JobStore
  yield* Effect.forEach(
    yield* store.due,
    // The workflow may be at a runner that does not answer; other jobs must not wait for it.
    (job) => Effect.timeoutOption(begin(job), mostMillis),
    { concurrency: 16, discard: true }
  )
})

const begin = Effect.fnUntraced(function* ({ createdAtMillis, id }: Job.Job) {
  // This does not begin a workflow twice.
  const executionId = yield* ImportWorkflow.ImportWorkflow.execute(
    { jobId: id, createdAtMillis },
    { discard: true }
  )
  const result = yield* ImportWorkflow.ImportWorkflow.poll(executionId)
  if (Option.isNone(result) || result.value._tag !== "Suspended") return
  if (result.value.cause !== undefined) {
    yield* Effect.logWarning(`the workflow of job "${id}" failed and is resumed`, result.value.cause)
  }
  yield* ImportWorkflow.ImportWorkflow.resume(executionId)
})

/** How often due jobs are looked for. */
const lookMillis = 1000

/** How long one job may hold up the others; it is looked for again. */
const mostMillis = 5000

/** More runs than one process ever has. */
const mostRuns = 1_000_000
