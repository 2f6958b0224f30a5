/**
 * Effect's workflow engine on a cluster: one runner on a SQLite file, or many on PostgreSQL, with tables of their own.
 *
 * Its times are tuned to replace a lost runner in seconds. They must be the same in all runners. It knows nothing of what a
 * workflow does.
 */
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import * as EntityAddress from "effect/cluster/EntityAddress"
import * as EntityId from "effect/cluster/EntityId"
import * as EntityType from "effect/cluster/EntityType"
import * as MessageStorage from "effect/cluster/MessageStorage"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Runners from "effect/cluster/Runners"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as ShardId from "effect/cluster/ShardId"
import * as SocketRunner from "effect/cluster/SocketRunner"
import * as SqlMessageStorage from "effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as Digest from "effect/crypto/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as Schedule from "effect/Schedule"
import { Socket } from "effect/socket/Socket"
import * as SqlClient from "effect/sql/SqlClient"
import { hostname } from "node:os"
import { ImportWorkflow } from "./ImportWorkflow.ts"
import type * as Job from "../jobs/Job.ts"
import * as JobStore from "../jobs/JobStore.ts"
import * as Database from "../sql/Database.ts"
import * as Migrations from "../sql/Migrations.ts"
import { describeSqlError } from "../model/StoreFailure.ts"
import * as SharedKey from "./SharedKey.ts"

/** The prefix of the tables, so that another program's cluster may use the same database. */
export const prefix = "line_items_cluster"

/** This process, as the holder of a job. */
export const holder = () => ({ pid: process.pid, host: hostname() })

/** A runner, as the holder of jobs, and whether another one is gone. A runner holds its jobs under its address. */
export const runner = ({ host, port }: { readonly host: string; readonly port: number }) =>
  Effect.map(RunnerHealth.RunnerHealth, ({ isAlive }) => ({
    holder: { pid: process.pid, host: `${host}:${port}` },
    isGone: (holder: Job.Holder) => {
      const [, host, port] = /^(.*):(\d+)$/.exec(holder.host) ?? []
      return host === undefined
        ? Effect.succeed(false)
        : Effect.map(isAlive(RunnerAddress.make(host, Number(port))), (alive) => !alive)
    }
  }))

const times = {
  refreshAssignmentsInterval: Duration.millis(500),
  // See `watch`.
  runnerHealthCheckInterval: Duration.seconds(2),
  shardLockExpiration: Duration.seconds(6),
  shardLockRefreshInterval: Duration.seconds(2),
  entityMessagePollInterval: Duration.seconds(1),
  entityReplyPollInterval: Duration.millis(100),
  // Then a run that is moved is interrupted; it waits for its requests all the same.
  entityTerminationTimeout: Duration.seconds(1),
  // The engine works on each shard separately, and jobs are few.
  shardsPerGroup: 60
} as const

const config = (options: Partial<ShardingConfig.ShardingConfig["Service"]>) =>
  ShardingConfig.layer({ ...times, ...options })

export const storage = Layer.merge(
  SqlMessageStorage.layerWith({ prefix }).pipe(Layer.provide(Digest.layerWebCrypto)),
  Layer.orDie(SqlRunnerStorage.layerWith({ prefix }))
)

/**
 * Deletes the engine's messages of jobs that are forgotten, or over for this long, and gives the number of these jobs. The
 * engine itself deletes nothing. A job that may still run keeps its messages.
 */
export const sweep = Effect.fnUntraced(function* (options: { readonly overFor: Duration.Input }) {
  const sql = yield* SqlClient.SqlClient
  const messages = yield* MessageStorage.MessageStorage
  const store = yield* JobStore.JobStore
  // In this order: a job that begins between the two queries is current.
  const kept = yield* sql<{ entity_type: string; entity_id: string; shard_id: string }>`
    SELECT DISTINCT entity_type, entity_id, shard_id FROM ${sql(`${prefix}_messages`)}`
  const current = new Set(
    yield* Effect.forEach(yield* store.current(options), ({ createdAtMillis, id }) =>
      ImportWorkflow.executionId({ jobId: id, createdAtMillis })
    )
  )
  const over = kept.filter(({ entity_id }) => !current.has(entity_id))
  yield* Effect.forEach(
    over,
    ({ entity_id, entity_type, shard_id }) =>
      messages.clearAddress(
        EntityAddress.make({
          entityType: EntityType.make(entity_type),
          entityId: EntityId.make(entity_id),
          shardId: ShardId.fromString(shard_id)
        })
      ),
    { discard: true }
  )
  return over.length
})

const retention = Layer.effectDiscard(
  sweep({ overFor: "1 hour" }).pipe(
    Effect.catchCause((cause) =>
      Effect.logWarning("the messages of jobs that are over could not be deleted", cause)
    ),
    Effect.repeat(Schedule.jittered(Schedule.spaced("10 minutes"))),
    Effect.delay("1 minute"),
    Effect.forkScoped
  )
)

/** The engine for one process. */
export const layerLocal = ClusterWorkflowEngine.layer.pipe(
  Layer.merge(retention),
  Layer.provide(Sharding.layer),
  Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
  Layer.provide(storage),
  Layer.provide(config({}))
)

/** The key that the runners of a database share. */
const key: Effect.Effect<SharedKey.Key, Database.DatabaseError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    yield* Migrations.migrate
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* Effect.mapError(
      sql<{ key: string }>`SELECT key FROM line_items_worker_key`,
      (cause) => new Database.DatabaseError({ reason: "Unreadable", detail: describeSqlError(cause), cause })
    )
    const bytes = Hex.decode(row?.key ?? "")
    if (Result.isFailure(bytes) || bytes.success.length !== 32) {
      return yield* new Database.DatabaseError({
        reason: "Unreadable",
        detail: "line_items_worker_key has no key"
      })
    }
    return Redacted.make(bytes.success)
  }
)

/** The protocol between runners. */
const layerClientProtocol = (key: SharedKey.Key) =>
  Layer.effect(
    Runners.RpcClientProtocol,
    Effect.map(RpcSerialization.RpcSerialization, (serialization) => ({
      codecFor: serialization.codecFor,
      make: (address) =>
        RpcClient.makeProtocolSocket().pipe(
          Effect.provideServiceEffect(Socket, SharedKey.connect(address, key)),
          Effect.provideService(RpcSerialization.RpcSerialization, serialization)
        )
    }))
  )

/** A runner that does not answer in this time counts as gone. */
const pingTimeout = Duration.seconds(1)

const watchInterval = Duration.seconds(1)

const health = Layer.effect(
  RunnerHealth.RunnerHealth,
  Effect.map(Runners.Runners, (runners) =>
    RunnerHealth.RunnerHealth.of({
      isAlive: (address) =>
        runners.ping(address).pipe(
          Effect.timeout(pingTimeout),
          // A runner may be busy for a moment.
          Effect.retry({ times: 1 }),
          Effect.isSuccess
        )
    })
  )
).pipe(Layer.provide(Runners.layerRpc))

/**
 * Each runner watches the others. In Effect's engine one runner watches all, and its own death would be noticed only by
 * its old heartbeat. A mistake costs little: a runner that is alive keeps its locks.
 */
const watch = (self: RunnerAddress.RunnerAddress) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { getRunners, setRunnerHealth } = yield* RunnerStorage.RunnerStorage
      const { isAlive } = yield* RunnerHealth.RunnerHealth
      const look = Effect.flatMap(getRunners, (runners) =>
        Effect.forEach(
          runners.filter(([{ address }, healthy]) => healthy && !Equal.equals(address, self)),
          ([{ address }]) =>
            Effect.flatMap(isAlive(address), (alive) =>
              alive ? Effect.void : setRunnerHealth(address, false)
            ),
          { concurrency: 10, discard: true }
        )
      )
      // Without the database, no runner could take over.
      yield* Effect.ignore(look).pipe(Effect.repeat(Schedule.spaced(watchInterval)), Effect.forkScoped)
    })
  )

/** The engine of a runner that other runners of the database reach at this address. */
export const layerCluster = (options: Parameters<typeof layerRunner>[0]) =>
  Layer.unwrap(Effect.map(key, (key) => layerRunner(options, key)))

const layerRunner = (
  {
    host,
    listenHost = host,
    port
  }: {
    readonly host: string
    readonly port: number
    readonly listenHost?: string | undefined
  },
  key: SharedKey.Key
) => {
  const runnerAddress = RunnerAddress.RunnerAddress.make({ host, port })
  return ClusterWorkflowEngine.layer.pipe(
    Layer.merge(retention),
    Layer.merge(watch(runnerAddress)),
    Layer.provide(Layer.provide(SocketRunner.layer, SharedKey.layerServer({ host: listenHost, port }, key))),
    Layer.provideMerge(health),
    Layer.provide(layerClientProtocol(key)),
    Layer.provide(storage),
    Layer.provide(config({ runnerAddress: Option.some(runnerAddress) })),
    Layer.provide(RpcSerialization.layerSchemaBinary())
  )
}
