import { JobStore } from "@effect-hubspot/batch"
import * as ImportRuntime from "@effect-hubspot/batch/cluster/ImportRuntime"
import * as ImportWorkflow from "@effect-hubspot/batch/cluster/ImportWorkflow"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, References, Schema } from "effect"
import * as EntityAddress from "effect/cluster/EntityAddress"
import * as EntityId from "effect/cluster/EntityId"
import * as EntityType from "effect/cluster/EntityType"
import * as Runners from "effect/cluster/Runners"
import * as ShardId from "effect/cluster/ShardId"
import * as Snowflake from "effect/cluster/Snowflake"
import * as Hash from "effect/Hash"
import * as Headers from "effect/http/Headers"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import { Socket } from "effect/socket/Socket"
import { SqlClient } from "effect/sql"
import { randomBytes } from "node:crypto"
import { freePort } from "../../support/freePort.ts"
import { database } from "../../support/postgres.ts"
import { isCreate, plan, services, settled, worldOf } from "./suite.ts"

/*
 * A client at the port of a worker that speaks the protocol of Effect's cluster as well as the workers do.
 */

const Activity = Schema.Struct({
  name: Schema.String,
  attempt: Schema.Int,
  withTransaction: Schema.Boolean
})

/** A connection to the worker on a port. */
type Connect = (port: number) => Effect.Effect<Socket>

const plain: Connect = (port) => NodeSocket.makeNet({ host: "127.0.0.1", port })

const withoutKey: Connect = (port) =>
  NodeSocket.makeTls({ host: "127.0.0.1", port, rejectUnauthorized: false })

const withKey =
  (psk: Uint8Array, identity = "line-items"): Connect =>
  (port) =>
    NodeSocket.makeTls({
      host: "127.0.0.1",
      port,
      ciphers: "TLS_AES_128_GCM_SHA256",
      rejectUnauthorized: false,
      pskCallback: () => ({ psk, identity })
    })

const speaking = (connect: Connect, port: number) =>
  Effect.gen(function* () {
    const { codecFor } = yield* RpcSerialization.RpcSerialization
    const protocol = yield* Effect.provideServiceEffect(RpcClient.makeProtocolSocket(), Socket, connect(port))
    const client = yield* Effect.provideService(Runners.makeRpcClient, RpcClient.Protocol, protocol)
    return {
      ping: Effect.exit(client.Ping()),
      /** Tells the worker to do an activity of a job again. */
      repeat: Effect.fnUntraced(function* (executionId: string, name: string, attempt: number) {
        const payload = yield* Schema.encodeEffect(codecFor(Activity))({
          name,
          attempt,
          withTransaction: false
        })
        return yield* client.Effect({
          persisted: false,
          request: {
            _tag: "Request",
            requestId: Snowflake.Snowflake(BigInt(attempt)),
            address: EntityAddress.make({
              entityType: EntityType.make("Workflow/line-items/import"),
              entityId: EntityId.make(executionId),
              shardId: ShardId.make("default", Math.abs(Hash.string(executionId) % 60) + 1)
            }),
            tag: "activity",
            payload,
            headers: Headers.empty
          }
        })
      }, Effect.exit)
    }
  }).pipe(Effect.provide(RpcSerialization.layerSchemaBinary()))

/** What a worker comes to that is told to do the batches of its job again, while it is at them. */
const repeated = (connect: (key: Uint8Array) => Connect) =>
  Effect.gen(function* () {
    const connected = (yield* database)()
    const port = yield* freePort
    const { layer, world } = worldOf()
    const sent = yield* Deferred.make<void>()
    const told = yield* Deferred.make<void>()
    world.fault = (request, pass) =>
      isCreate(request)
        ? Deferred.succeed(sent, undefined).pipe(Effect.andThen(Deferred.await(told)), Effect.andThen(pass))
        : pass
    const runtime = ImportRuntime.layerCluster({
      account: services,
      concurrency: 2,
      host: "127.0.0.1",
      port
    }).pipe(Layer.provideMerge(connected))
    return yield* Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      const { ledger } = yield* Emulator
      yield* plan("a", 100)
      yield* Deferred.await(sent)
      const { createdAtMillis, epoch } = yield* jobs.get("a")
      const executionId = yield* ImportWorkflow.ImportWorkflow.executionId({ jobId: "a", createdAtMillis })
      const [row] = yield* Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{ key: string }>`SELECT key FROM line_items_worker_key`
      )
      const { ping, repeat } = yield* speaking(connect(Buffer.from(row!.key, "hex")), port)
      const repeating = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 30 }, (_, n) => n),
          (n) => repeat(executionId, `batch ${n % 10} of run ${epoch}`, n + 2),
          { concurrency: "unbounded" }
        ),
        { startImmediately: true }
      )
      // What was said before it is heard before it.
      const pinged = yield* ping
      yield* Deferred.succeed(told, undefined)
      assert.strictEqual((yield* settled("a")).state, "done")
      const { created, inDoubt } = yield* jobs.counts("a")
      assert.lengthOf((yield* ledger).created, created)
      assert.deepStrictEqual([created, inDoubt], [86, 0])
      return { pinged, answers: yield* Fiber.join(repeating) }
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(runtime, layer)))
  }).pipe(Effect.provideService(References.MinimumLogLevel, "Error"))

describe.concurrent("a client at the port of a worker", () => {
  it.live("that has the key of the database is heard, and can have nothing sent twice", () =>
    Effect.gen(function* () {
      const { answers, pinged } = yield* repeated((key) => withKey(key))
      assert.isTrue(Exit.isSuccess(pinged))
      assert.lengthOf(answers.filter(Exit.isSuccess), 30)
    })
  )

  for (const [what, connect] of [
    ["speaks without TLS", () => plain],
    ["has no key", () => withoutKey],
    ["has another key", () => withKey(randomBytes(32))],
    ["has the key under another name", (key) => withKey(key, "somebody")]
  ] as ReadonlyArray<readonly [string, (key: Uint8Array) => Connect]>) {
    it.live(`that ${what} is not heard, and keeps no job from its end`, () =>
      Effect.gen(function* () {
        const { answers, pinged } = yield* repeated(connect)
        assert.isTrue(Exit.isFailure(pinged))
        assert.lengthOf(answers.filter(Exit.isFailure), 30)
      })
    )
  }
})
