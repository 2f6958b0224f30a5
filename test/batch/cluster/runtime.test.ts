import * as ImportRuntime from "@effect-hubspot/batch/cluster/ImportRuntime"
import { Effect, FileSystem, Layer } from "effect"
import { NodeFileSystem } from "@effect/platform-node"
import { freePort } from "../../support/freePort.ts"
import { database } from "../../support/postgres.ts"
import { type Options, suite } from "./suite.ts"

suite("the runtime in memory", Effect.succeed(ImportRuntime.layerMemory), { keeps: false, time: "virtual" })

suite(
  "the runtime in one process",
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const stateDir = yield* fs.makeTempDirectoryScoped()
    return (options: Options) => ImportRuntime.layerLocal({ ...options, stateDir })
  }).pipe(Effect.orDie, Effect.provide(NodeFileSystem.layer)),
  { keeps: true, time: "virtual" }
)

suite(
  "the runtime of a cluster",
  Effect.gen(function* () {
    const connect = yield* database
    return (options) =>
      Layer.unwrap(
        Effect.map(freePort, (port) =>
          ImportRuntime.layerCluster({ ...options, host: "127.0.0.1", port }).pipe(Layer.provide(connect()))
        )
      )
  }),
  { keeps: true, time: "real" }
)
