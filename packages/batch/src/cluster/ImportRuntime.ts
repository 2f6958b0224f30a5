/**
 * What runs durable jobs by itself, as layers: the same program runs on each. In memory for tests, in one process on a
 * SQLite file, or in as many as wanted on PostgreSQL.
 *
 * It looks every second for jobs that somebody should run, and begins the workflow of each. So a planned job needs
 * nobody to hand it over; one that is suspended goes on when its time has come or when it is told to; and one whose
 * workflow came to grief is begun anew. Of the jobs it knows only what `JobStore` says.
 *
 * When its layer ends, jobs are left as they stand: requests under way are waited for, and nothing more is sent.
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
import type { SocketServerError } from "effect/socket/SocketServer"
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
  /** How requests to an account are made; see `Accounts`. */
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
    /** Begins nothing more and leaves what is under way, with the requests that were sent answered. */
    readonly leave: Effect.Effect<void>
    /** Waits for no answer any more: what is under way is in doubt. */
    readonly abandon: Effect.Effect<void>
  }
>()("@effect-hubspot/batch/cluster/ImportRuntime") {}

/** The runtime on an engine. */
const layerEngine = (
  options: Omit<ImportWorkflow.Options, "leave" | "abandon" | "aroundRun">
): Layer.Layer<ImportRuntime, never, WorkflowEngine | JobStore.JobStore | Accounts.Accounts> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const leave = yield* Deferred.make<void>()
      const abandon = yield* Deferred.make<void>()
      const running = yield* Semaphore.make(mostRuns)
      const workflow = ImportWorkflow.layer({
        ...options,
        leave,
        abandon,
        aroundRun: running.withPermits(1)
      })
      return Layer.provide(
        Layer.effect(
          ImportRuntime,
          Effect.gen(function* () {
            const store = yield* JobStore.JobStore
            const left = Deferred.succeed(leave, undefined).pipe(
              // Nobody runs any more.
              Effect.andThen(running.withPermits(mostRuns)(Effect.void))
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
        ),
        workflow
      )
    })
  )

const assemble = <Made, E, R, E2, R2>(
  options: Options<Made, E, R>,
  engine: Layer.Layer<WorkflowEngine, E2, SqlClient.SqlClient | JobStore.JobStore | R2>,
  run: Pick<ImportWorkflow.Options, "holder" | "takesOver">
) =>
  layerEngine({ ...options, ...run }).pipe(
    Layer.provide(engine),
    Layer.provide(Accounts.layer(options.account)),
    Layer.provideMerge(Stores.layerSql)
  )

/**
 * In memory: gone with the process, for tests.
 *
 * **Example**
 *
 * ```ts
 * import { DoubtStrategy, JobStore, type Source } from "@effect-hubspot/batch"
 * import * as ImportRuntime from "@effect-hubspot/batch/cluster/ImportRuntime"
 * import * as Frozen from "@effect-hubspot/batch/jobs/Frozen"
 * import * as JobBatch from "@effect-hubspot/batch/jobs/JobBatch"
 * import * as Plan from "@effect-hubspot/batch/model/Plan"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Result, Stream } from "effect"
 *
 * const frozen: Frozen.Frozen = {
 *   source: { name: "orders" }, format: "ndjson", batchSize: 100, strategy: DoubtStrategy.failVisible,
 *   account: "25012345", origin: "https://api.hubapi.com"
 * }
 * const row = (n: number): Source.Row => ({
 *   index: n, line: n + 1, original: { _tag: "Json", text: `{"name":"Seat ${n}"}` },
 *   input: Result.succeed({ properties: { name: `Seat ${n}` } })
 * })
 * const program = Effect.gen(function* () {
 *   const jobs = yield* JobStore.JobStore
 *   const planning = yield* jobs.create({ id: "orders", frozen, holder: { pid: 1, host: "here" } })
 *   const shape = Plan.creates<Source.Row>({ jobId: "orders", toInput: ({ input }) => input })
 *   yield* Stream.range(0, 249).pipe(
 *     Stream.map(row),
 *     JobBatch.fromRows({ shape, batchSize: 100 }),
 *     Stream.runForEachArray((batches) => jobs.append(planning, batches))
 *   )
 *   yield* jobs.planned(planning, { digest: "of the rows", inputs: 250 })
 *   // It is run from here on, here or elsewhere.
 *   const runtime = yield* ImportRuntime.ImportRuntime
 *   const { state } = yield* runtime.settled("orders")
 *   const { created } = yield* jobs.counts("orders")
 *   return [state, created]
 * })
 * const layer = ImportRuntime.layerMemory({
 *   account: (account) => Emulator.layerLineItems({ emulator: { portalId: Number(account) } })
 * })
 * await Effect.runPromise(Effect.provide(program, layer)) // => ["done", 250]
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = <Made, E, R>(
  options: Options<Made, E, R>
): Layer.Layer<
  ImportRuntime | JobStore.JobStore | RateLimitStore,
  Database.DatabaseError,
  Exclude<Exclude<R, JobStore.JobStore | RateLimitStore>, SqlClient.SqlClient>
> =>
  assemble(options, layerMemoryEngine, { holder: { pid: 0, host: "memory" } }).pipe(
    Layer.provide(Database.layerSqlite({ file: ":memory:" }))
  )

/**
 * On one SQLite file under a directory of this machine, readable by its owner only. One process has a directory at a
 * time; another stands by.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLocal = <Made, E, R>(
  options: Options<Made, E, R> & { readonly stateDir: string }
): Layer.Layer<
  ImportRuntime | JobStore.JobStore | RateLimitStore,
  Database.DatabaseError,
  Exclude<Exclude<R, JobStore.JobStore | RateLimitStore>, SqlClient.SqlClient>
> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./ClusterEngine.ts")),
      ({ holder, layerLocal }) => assemble(options, layerLocal, { holder: holder() })
    )
  ).pipe(Layer.provide(Database.layerSqlite({ file: Stores.fileIn(options.stateDir) })))

/**
 * A runner of a cluster on PostgreSQL: as many processes as wanted, on as many machines, share the jobs of a database.
 * When one dies, the others have its jobs in a few seconds, and what it had under way is in doubt.
 *
 * The runners speak to each other at `host` and `port`, by TLS with a key that is in the database: a process that cannot
 * read the database is refused there. The database needs sessions of its own for each runner, so no pooler of transactions
 * between. Needs `@effect/platform-node`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerCluster = <Made, E, R>(
  options: Options<Made, E, R> & {
    /** Where the others reach this runner. */
    readonly host: string
    readonly port: number
    /** The address to listen on, if it is another. */
    readonly listenHost?: string | undefined
  }
): Layer.Layer<
  ImportRuntime | JobStore.JobStore | RateLimitStore,
  Database.DatabaseError | SocketServerError,
  SqlClient.SqlClient | Exclude<R, JobStore.JobStore | RateLimitStore>
> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./ClusterEngine.ts")),
      ({ holder, layerCluster }) =>
        assemble(options, layerCluster(options), {
          holder: { ...holder(), host: `${options.host}:${options.port}` },
          takesOver: isRunner
        })
    )
  )

/** A runner holds its jobs by its address, which is no name of a machine. */
const isRunner = ({ host }: Job.Holder): boolean => /:\d+$/.test(host)

/** Begins the workflows of jobs that somebody should run and nobody does. */
const look = Effect.gen(function* () {
  const store = yield* JobStore.JobStore
  yield* Effect.forEach(
    yield* store.due,
    // A runner that stands still is told as well, and answers nothing; the others must not wait for that.
    (job) => Effect.timeoutOption(begin(job), mostMillis),
    { concurrency: 16, discard: true }
  )
})

const begin = Effect.fnUntraced(function* ({ createdAtMillis, id }: Job.Job) {
  // One that is begun already is not begun twice.
  const executionId = yield* ImportWorkflow.ImportWorkflow.execute(
    { jobId: id, createdAtMillis },
    { discard: true }
  )
  const result = yield* ImportWorkflow.ImportWorkflow.poll(executionId)
  if (Option.isNone(result) || result.value._tag !== "Suspended") return
  if (result.value.cause !== undefined) {
    yield* Effect.logWarning(`job "${id}" came to grief and is begun anew`, result.value.cause)
  }
  yield* ImportWorkflow.ImportWorkflow.resume(executionId)
})

const lookMillis = 1000

/** It is looked again. */
const mostMillis = 5000

/** More than one process has. */
const mostRuns = 1_000_000
