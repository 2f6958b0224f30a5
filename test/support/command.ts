/**
 * The command in this process, as the Effect it is: arguments, streams, terminal, signals, working directory and
 * environment are services of its own, so that any number of commands run side by side.
 *
 * What only a process has is tested with one, see `binary.ts`.
 */
import * as Cli from "../../packages/batch/src/cli/Cli.ts"
import * as Process from "../../packages/batch/src/cli/Process.ts"
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import type { Command } from "effect/cli"
import {
  type Cause,
  ConfigProvider,
  Console,
  Deferred,
  Effect,
  Exit,
  Fiber,
  FileSystem,
  Layer,
  Path,
  PlatformError,
  Queue,
  Sink,
  Stdio,
  Stream,
  Terminal
} from "effect"
import { formatWithOptions } from "node:util"

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command under way, in this process or as one of its own. */
export interface Started {
  readonly pid: number
  /** The exit code, once it has ended. */
  readonly code: () => number | null
  readonly finished: Promise<Finished>
  /** Resolves as soon as the standard output or error holds the text. */
  readonly seen: (stream: "stdout" | "stderr", text: string) => Promise<void>
  /** What it has printed so far, both streams as they came. */
  readonly said: () => string
  /** Writes to the standard input. */
  readonly write: (text: string | Uint8Array) => void
  /** Ends the standard input. */
  readonly end: () => void
  /** Nobody reads its standard output any more. */
  readonly closeStdout: () => void
  /** In this process nothing can be killed, only be asked to end. */
  readonly kill: (signal: NodeJS.Signals) => void
}

type Services = Command.Environment | Process.Process

export interface Options {
  readonly args?: ReadonlyArray<string> | undefined
  /** What runs. Default: the command. */
  readonly program?: Effect.Effect<number, never, Services> | undefined
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** The terminal that standard output and error are, by its columns. Default: they are none. */
  readonly columns?: number | undefined
  /** What a person says at the terminal that the standard input is. Default: it is none. */
  readonly answer?: Effect.Effect<string, Terminal.QuitError> | undefined
}

/** Numbers that no process of the system has. */
let lastPid = 5_000_000
const running = new Set<number>()

const own = Process.make()

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A terminal of so many columns. */
export const terminal = (columns: number, answer: NonNullable<Options["answer"]> = Effect.never) =>
  Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns: Effect.succeed(columns),
      rows: Effect.succeed(24),
      size: Effect.never,
      readInput: Queue.unbounded<Terminal.UserInput>(),
      readLine: answer,
      display: () => Effect.void
    })
  )

/** Where a relative path begins. */
const path = (cwd: string) =>
  Layer.effect(
    Path.Path,
    Effect.map(Path.Path, (path) => ({
      ...path,
      resolve: (...segments: ReadonlyArray<string>) => path.resolve(cwd, ...segments)
    }))
  ).pipe(Layer.provide(NodePath.layer))

const fileSystem = (cwd: string) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { resolve } = yield* Path.Path
      const at = (path: string) => resolve(cwd, path)
      return FileSystem.make({
        ...fs,
        access: (path, options) => fs.access(at(path), options),
        makeDirectory: (path, options) => fs.makeDirectory(at(path), options),
        open: (path, options) => fs.open(at(path), options),
        readFile: (path) => fs.readFile(at(path)),
        realPath: (path) => fs.realPath(at(path)),
        remove: (path, options) => fs.remove(at(path), options),
        rename: (from, to) => fs.rename(at(from), at(to)),
        stat: (path) => fs.stat(at(path)),
        writeFile: (path, data, options) => fs.writeFile(at(path), data, options)
      })
    })
  ).pipe(Layer.provide([NodeFileSystem.layer, NodePath.layer]))

const brokenPipe = PlatformError.systemError({
  module: "Stdio",
  method: "stdout",
  _tag: "Unknown",
  cause: Object.assign(new Error("write EPIPE"), { code: "EPIPE" })
})

/** Begins the command. A signal ends it as it ends the program; without one it runs to its end. */
export const start = ({ answer, args = [], columns, cwd, env, program = Cli.run }: Options): Started => {
  const pid = ++lastPid
  running.add(pid)
  const text = { stdout: "", stderr: "", both: "" }
  const watchers = new Set<() => void>()
  let isRead = true
  const write = (stream: "stdout" | "stderr", part: string | Uint8Array) => {
    const added = typeof part === "string" ? part : decoder.decode(part)
    text[stream] += added
    text.both += added
    for (const look of watchers) look()
  }
  const sink = (stream: "stdout" | "stderr") =>
    Sink.forEach((part: string | Uint8Array) =>
      stream === "stderr" || isRead ? Effect.sync(() => write(stream, part)) : Effect.fail(brokenPipe)
    )
  const print =
    (stream: "stdout" | "stderr") =>
    (...parts: ReadonlyArray<unknown>) => {
      if (stream === "stderr" || isRead) write(stream, `${formatWithOptions({}, ...parts)}\n`)
    }
  const console: Console.Console = {
    ...globalThis.console,
    log: print("stdout"),
    info: print("stdout"),
    debug: print("stdout"),
    error: print("stderr"),
    warn: print("stderr")
  }
  const stdin = Effect.runSync(Queue.unbounded<Uint8Array, Cause.Done>())
  const signals = new Set<Deferred.Deferred<void>>()
  const isTerminal = Effect.succeed(columns !== undefined)
  let ended: Finished | undefined
  const services = Layer.mergeAll(
    Stdio.layerTest({
      args: Effect.succeed(args),
      stdin: Stream.fromQueue(stdin),
      stdout: () => sink("stdout"),
      stderr: () => sink("stderr"),
      stdinIsTerminal: Effect.succeed(answer !== undefined),
      stdoutIsTerminal: isTerminal,
      stderrIsTerminal: isTerminal
    }),
    terminal(columns ?? 0, answer),
    path(cwd),
    fileSystem(cwd),
    NodeChildProcessSpawner.layer.pipe(Layer.provide([fileSystem(cwd), path(cwd)])),
    ConfigProvider.layer(ConfigProvider.fromEnv({ env: { ...env } })),
    Layer.succeed(Console.Console, console),
    Layer.succeed(Process.Process, {
      ...own,
      holder: { ...own.holder, pid },
      signaled: Effect.suspend(() => {
        const received = Deferred.makeUnsafe<void>()
        signals.add(received)
        return Effect.ensuring(
          Deferred.await(received),
          Effect.sync(() => signals.delete(received))
        )
      }),
      isGone: (holder) => !running.has(holder.pid) && own.isGone(holder),
      exit: () => Effect.sync(() => Deferred.doneUnsafe(forced, Exit.void))
    })
  )
  const forced = Deferred.makeUnsafe<void>()
  const fiber = Effect.runFork(Effect.provide(program, services))
  const finished = Effect.runPromise(
    Effect.raceFirst(
      Effect.map(Fiber.await(fiber), (exit) => (Exit.isSuccess(exit) ? exit.value : 130)),
      Effect.as(Deferred.await(forced), 130)
    )
  ).then((code) => {
    running.delete(pid)
    ended = { code, signal: null, stdout: text.stdout, stderr: text.stderr }
    for (const look of watchers) look()
    return ended
  })
  return {
    pid,
    code: () => ended?.code ?? null,
    finished,
    said: () => text.both,
    seen: (stream, wanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const is = text[stream].includes(wanted)
          if (!is && ended === undefined) return
          watchers.delete(look)
          if (is) resolve()
          else reject(new Error(`ended without ${JSON.stringify(wanted)}: ${text.stderr}`))
        }
        watchers.add(look)
        look()
      }),
    write: (part) => void Queue.offerUnsafe(stdin, typeof part === "string" ? encoder.encode(part) : part),
    end: () => void Queue.endUnsafe(stdin),
    closeStdout: () => {
      isRead = false
    },
    kill: (signal) => {
      if (!["SIGINT", "SIGTERM", "SIGHUP"].includes(signal))
        throw new Error(`no process to send ${signal} to`)
      const waiting = [...signals]
      if (waiting.length === 0) fiber.interruptUnsafe()
      for (const one of waiting) Deferred.doneUnsafe(one, Exit.void)
    }
  }
}
