/**
 * The program behind the executable: the command on Node, its exit code the process's.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Cli from "./Cli.ts"
import * as Process from "./Process.ts"

Process.heedTerminal()

NodeRuntime.runMain(Effect.provide(Cli.run, Layer.merge(NodeServices.layer, Process.layer)), {
  disableErrorReporting: true,
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? Number(exit.value) : 130)
})
