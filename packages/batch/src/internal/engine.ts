/**
 * Effect's workflow engine on a cluster: one runner on a SQLite file, or many on PostgreSQL, with tables of their own.
 *
 * The times are tuned for a runner that is gone to be replaced in seconds. They must be the same in all runners.
 */
import { layerClientProtocol, layerSocketServer } from "@effect/platform-node/NodeClusterSocket"
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SocketRunner from "effect/cluster/SocketRunner"
import * as SqlMessageStorage from "effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as Digest from "effect/crypto/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import { hostname } from "node:os"

/** Of the tables, so that a cluster of somebody else may be in the same database. */
export const prefix = "line_items_cluster"

/** This process, as the holder of a job. */
export const holder = () => ({ pid: process.pid, host: hostname() })

const times = {
  refreshAssignmentsInterval: Duration.millis(500),
  runnerHealthCheckInterval: Duration.seconds(2),
  shardLockExpiration: Duration.seconds(6),
  shardLockRefreshInterval: Duration.seconds(2),
  entityMessagePollInterval: Duration.seconds(1),
  entityReplyPollInterval: Duration.millis(100),
  // A run that is moved is interrupted then; it waits for its requests all the same.
  entityTerminationTimeout: Duration.seconds(5)
} as const

const config = (options: Partial<ShardingConfig.ShardingConfig["Service"]>) =>
  ShardingConfig.layer({ ...times, ...options })

const storage = Layer.merge(
  SqlMessageStorage.layerWith({ prefix }).pipe(Layer.provide(Digest.layerWebCrypto)),
  Layer.orDie(SqlRunnerStorage.layerWith({ prefix }))
)

/** The engine of this process alone. */
export const layerLocal = ClusterWorkflowEngine.layer.pipe(
  Layer.provide(Sharding.layer),
  Layer.provide([Runners.layerNoop, RunnerHealth.layerNoop]),
  Layer.provide(storage),
  Layer.provide(config({}))
)

/** A runner that stands still answers nobody: so soon it counts as gone. */
const pingTimeout = Duration.seconds(1)

const health = Layer.effect(
  RunnerHealth.RunnerHealth,
  Effect.map(Runners.Runners, (runners) =>
    RunnerHealth.RunnerHealth.of({
      isAlive: (address) =>
        runners.ping(address).pipe(
          Effect.timeout(pingTimeout),
          // One that is busy for a moment is not gone.
          Effect.retry({ times: 1 }),
          Effect.isSuccess
        )
    })
  )
).pipe(Layer.provide(Runners.layerRpc), Layer.provide(layerClientProtocol))

/** The engine of a runner that others reach at this address. */
export const layerCluster = ({
  host,
  listenHost = host,
  port
}: {
  readonly host: string
  readonly port: number
  readonly listenHost?: string | undefined
}) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provide(Layer.provide(SocketRunner.layer, [layerSocketServer, layerClientProtocol])),
    Layer.provide(health),
    Layer.provide(storage),
    Layer.provide(
      config({
        runnerAddress: Option.some(RunnerAddress.RunnerAddress.make({ host, port })),
        runnerListenAddress: Option.some(RunnerAddress.RunnerAddress.make({ host: listenHost, port }))
      })
    ),
    Layer.provide(RpcSerialization.layerSchemaBinary())
  )
