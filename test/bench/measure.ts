/**
 * What benchmarks share: processes that measure themselves, a HubSpot in a process of its own, medians.
 */
import { Context, Effect, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { Row } from "./row.ts"

/** A benchmark's file. What it starts ends with the scope. */
export interface Benchmark {
  readonly run: Effect.Effect<ReadonlyArray<Row>, never, Scope.Scope | Rounds>
}

/** How often each thing is measured: quickly, or long enough to trust the figures. */
export class Rounds extends Context.Service<Rounds, { readonly quick: boolean }>()("bench/Rounds") {}

export const root = fileURLToPath(new URL("../../", import.meta.url))
export const node = join(root, "node_modules/.bin/node")
export const bin = join(root, "packages/batch/src/bin.ts")
export const token = "pat-eu1-bench"

export const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The median of the ratios of what was measured in the same round. */
export const ratio = (these: ReadonlyArray<number>, those: ReadonlyArray<number>): number =>
  median(these.map((one, n) => one / those[n]!))

/** Each variant in turn, and that several times over, so that what else the machine does meets them all alike. */
export const inTurn = <A>(
  variants: ReadonlyArray<Effect.Effect<A, never, Scope.Scope>>,
  rounds: number
): Effect.Effect<ReadonlyArray<ReadonlyArray<A>>> =>
  Effect.gen(function* () {
    const found = variants.map((): Array<A> => [])
    for (let round = 0; round < rounds; round++) {
      for (const [n, variant] of variants.entries()) found[n]!.push(yield* Effect.scoped(variant))
    }
    return found
  })

/** A new folder in this one until the scope ends. */
export const folderIn = (parent: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      mkdirSync(parent, { recursive: true })
      return mkdtempSync(join(parent, "line-items-bench-"))
    }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )

export const folder = folderIn(tmpdir())

export interface Process {
  readonly child: ChildProcess
  /** The next line of the standard output. */
  readonly line: Effect.Effect<string>
  readonly stderr: () => string
  readonly ended: Effect.Effect<number | null>
}

/** A process of Node's. It is killed when the scope ends; with `input` its standard input ends first. */
const startWith = (end: "kill" | "input", script: string, ...args: ReadonlyArray<string>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() =>
        spawn(node, [script, ...args], {
          cwd: root,
          env: { HUBSPOT_ACCESS_TOKEN: token, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/bench") },
          stdio: ["pipe", "pipe", "pipe"]
        })
      ),
      (child) =>
        Effect.promise(
          () =>
            new Promise<void>((resolve) => {
              if (child.exitCode !== null || child.signalCode !== null) return resolve()
              const kill = setTimeout(() => child.kill("SIGKILL"), 3000)
              child.on("close", () => {
                clearTimeout(kill)
                resolve()
              })
              child.stdin.end()
              if (end === "kill") child.kill("SIGKILL")
            })
        )
    ),
    (child): Process => {
      let stderr = ""
      child.stderr.setEncoding("utf8").on("data", (part: string) => (stderr += part))
      const lines: Array<string> = []
      const waiting: Array<(line: string) => void> = []
      createInterface({ input: child.stdout }).on("line", (line) => {
        const next = waiting.shift()
        if (next === undefined) lines.push(line)
        else next(line)
      })
      const ended = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)))
      return {
        child,
        stderr: () => stderr,
        ended: Effect.promise(() => ended),
        line: Effect.callback((resume) => {
          const known = lines.shift()
          if (known !== undefined) return resume(Effect.succeed(known))
          waiting.push((line) => resume(Effect.succeed(line)))
          void ended.then(() => resume(Effect.die(new Error(`${script} ended: ${stderr}`))))
        })
      }
    }
  )

export const start = (script: string, ...args: ReadonlyArray<string>) => startWith("kill", script, ...args)

/** A PostgreSQL server and its port. It ends in good order, and its folder with it. */
export const postgres = Effect.flatMap(
  startWith("input", join(import.meta.dirname, "../support/postgresProcess.ts")),
  ({ line }) => Effect.map(line, Number)
)

/** HubSpot, as far as it is needed here, in a process of its own. With `hold` it answers no create. */
export const hubspot = (mode: "answer" | "hold" = "answer", port = 0) =>
  Effect.gen(function* () {
    const server = yield* start(join(import.meta.dirname, "server.ts"), mode, String(port))
    const listening = Number(yield* server.line)
    return {
      port: listening,
      url: `http://127.0.0.1:${listening}`,
      /** When the next create came that is not answered. */
      create: Effect.map(server.line, Number)
    }
  })

/** The memory of a process in MB, as Linux tells it as long as it lives: now, and the highest mark. */
export const memoryOf = ({ child }: Process, which: "VmRSS" | "VmHWM"): number => {
  try {
    const status = readFileSync(`/proc/${child.pid ?? 0}/status`, "utf8")
    return Number(new RegExp(`^${which}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** What a process measured of itself. */
export interface Measured {
  readonly wallMillis: number
  /** User and system. */
  readonly cpuMillis: number
}

/** Runs a script to its end; its last line is what it measured. */
export const measured = <A = Measured>(
  script: string,
  ...args: ReadonlyArray<string>
): Effect.Effect<A, never, Scope.Scope> =>
  Effect.gen(function* () {
    const process = yield* start(resolve(import.meta.dirname, script), ...args)
    const line = yield* process.line
    yield* process.ended
    return JSON.parse(line) as A
  })

/** Measures in this process. */
export const measure = async (work: () => Promise<unknown>): Promise<Measured> => {
  const cpu = process.cpuUsage()
  const from = performance.now()
  await work()
  const { system, user } = process.cpuUsage(cpu)
  return { wallMillis: performance.now() - from, cpuMillis: (user + system) / 1000 }
}

export const cpuOf = (all: ReadonlyArray<Measured>) => all.map(({ cpuMillis }) => cpuMillis)

export const wallOf = (all: ReadonlyArray<Measured>) => all.map(({ wallMillis }) => wallMillis)

export const seconds = (millis: number): string => `${(millis / 1000).toFixed(2)} s`
