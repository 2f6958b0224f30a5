/**
 * The process that a command runs in, as a service: its identity, its signals, and which other processes are alive.
 * Arguments, streams, terminal, files and environment are services of Effect's own.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Job from "../jobs/Job.ts"
import { hostname } from "node:os"

export class Process extends Context.Service<
  Process,
  {
    /** The version of Node: `24.21.0`. */
    readonly nodeVersion: string
    /** This process, as the holder of a job. */
    readonly holder: Job.Holder
    /** The next Ctrl-C or SIGTERM after the first, which interrupts the command. */
    readonly signaled: Effect.Effect<void>
    /** Whether a process of this machine has ended. One of another machine cannot be seen from here. */
    readonly isGone: (holder: Job.Holder) => boolean
    /** Ends the process at once, also with requests under way. */
    readonly exit: (code: number) => Effect.Effect<void>
  }
>()("@effect-hubspot/batch/cli/Process") {}

const signaled: Effect.Effect<void> = Effect.callback((resume) => {
  const received = () => resume(Effect.void)
  process.once("SIGINT", received)
  process.once("SIGTERM", received)
  return Effect.sync(() => {
    process.removeListener("SIGINT", received)
    process.removeListener("SIGTERM", received)
  })
})

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** Node's own process. */
export const make = (): Process["Service"] => ({
  nodeVersion: process.versions.node,
  holder: { pid: process.pid, host: hostname() },
  signaled,
  isGone: ({ host, pid }) => host === hostname() && pid !== process.pid && !isAlive(pid),
  exit: (code) => Effect.sync(() => process.exit(code))
})

/** Handles the signals of the terminal, and an output that nobody reads any more: what is lost there is no error. */
export const heedTerminal = (): void => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)
  // A terminal that goes away ends the program like SIGTERM.
  process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
  // Ctrl-Z: a process that is stopped in a transaction would block the jobs' database. No transaction is open here.
  process.on("SIGTSTP", () => process.kill(process.pid, "SIGSTOP"))
}

export const layer: Layer.Layer<Process> = Layer.sync(Process, make)
