/**
 * A durable import whose processes are killed, with real processes and real sockets, and what must be true in the end:
 * nothing is in the ledger twice, no row is lost, every outcome is true, and what the files and `status` say agrees.
 */
import { JobStore } from "@effect-hubspot/batch"
import * as Database from "@effect-hubspot/batch/sql/Database"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import type * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { Effect, Layer, Option, type Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Binary from "../support/binary.ts"
import { bundled } from "../support/bundle.ts"
import * as Command from "../support/command.ts"
import type { Started } from "../support/command.ts"
import type { Point } from "./points.ts"
import { type Place, postgres, runtimeOf } from "./place.ts"
import { importing, type Strategy, type Work } from "./worker.ts"

const keyProperty = "import_key"
export const jobId = "crash"

// ---------------------------------------------------------------------------
// Processes
// ---------------------------------------------------------------------------

export type Process = Started
export type { Finished } from "../support/command.ts"
/** Ends what a failed cycle has left behind. */
export { endAll } from "../support/binary.ts"

const env = { HUBSPOT_ACCESS_TOKEN: "pat-eu1-crash" }

const fileOfProgram = await bundled()

/** Any program of the tests, as a process of its own. */
export const start = (name: Parameters<typeof fileOfProgram>[0], args: ReadonlyArray<string>): Process => {
  const started = Binary.start({
    command: [Binary.node, fileOfProgram(name), ...args],
    cwd: Binary.root,
    env
  })
  started.end()
  return started
}

/** The command, in this process. */
export const command = (...args: ReadonlyArray<string>): Process => {
  const started = Command.start({ args, cwd: Binary.root, env })
  started.end()
  return started
}

/** The command as a process, which can be killed. */
export const program = (...args: ReadonlyArray<string>): Process => start("line-items", args)

/** The command with points to be struck at, as a process. */
export const work = (work: Work): Process => start("crash", [JSON.stringify(work)])

/** The same in this process, where no point is to be struck. */
export const workHere = (work: Work): Process =>
  Command.start({ program: importing(work), cwd: Binary.root, env })

// ---------------------------------------------------------------------------
// World
// ---------------------------------------------------------------------------

type Kind = "good" | "rejected" | "invalid"

/** Every 17th row cannot be sent, every 13th is refused by HubSpot. */
const kindOf = (index: number): Kind =>
  index % 17 === 5 ? "invalid" : index % 13 === 7 ? "rejected" : "good"

const fileOf = (rows: number): string =>
  Array.from({ length: rows }, (_, index) => {
    const name = `Row ${index}`
    const kind = kindOf(index)
    if (kind === "invalid") return JSON.stringify({ name, price: "much" })
    return JSON.stringify({ name, price: kind === "rejected" ? "-1" : "2.5" })
  }).join("\n")

export interface Options {
  readonly database: "sqlite" | { readonly port: number }
  readonly strategy?: Strategy | undefined
  readonly rows?: number | undefined
  readonly batchSize?: number | undefined
  readonly concurrency?: number | undefined
  readonly latency?: { readonly min: number; readonly max: number } | undefined
  readonly faults?: Faults.Plan | undefined
}

/** An account, a database and a file. */
export interface World {
  readonly options: Options
  readonly url: string
  readonly rows: number
  readonly strategy: Strategy
  readonly database: Place
  readonly input: string
  readonly at: (name: string) => string
  readonly ledger: Effect.Effect<Ledger.Snapshot>
  /** What a worker is told that imports, or resumes. Its files have names of their own. */
  readonly workOf: (what: "import" | "resume", more?: Partial<Work>) => Work
}

export const world = Effect.fnUntraced(function* (options: Options) {
  const path = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "line-items-crash-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const at = (name: string) => join(path, name)
  const { rows = 240, strategy = "failVisible" } = options
  writeFileSync(at("rows.ndjson"), fileOf(rows))
  const context = yield* Effect.orDie(
    Layer.build(
      Layer.fresh(
        EmulatorServer.layer({
          limit: 1000,
          latency: options.latency ?? { min: 20, max: 60 },
          uniqueProperties: [keyProperty],
          ...(options.faults !== undefined && { faults: options.faults })
        })
      )
    )
  )
  const { ledger } = yield* Effect.provide(Emulator, context)
  const { url } = yield* Effect.provide(EmulatorServer.EmulatorServer, context)
  const database = yield* databaseOf(options.database, path)
  let files = 0
  return {
    options,
    url,
    rows,
    strategy,
    database,
    input: at("rows.ndjson"),
    at,
    ledger,
    workOf: (what, more = {}) => {
      const n = ++files
      return {
        database,
        url,
        jobId,
        ...(what === "import" && { input: at("rows.ndjson") }),
        strategy,
        ...(strategy === "guard" && { keyProperty }),
        batchSize: options.batchSize ?? 4,
        concurrency: options.concurrency ?? 4,
        rejects: at(`rejects-${n}.ndjson`),
        doubts: at(`doubts-${n}.ndjson`),
        ...more
      }
    }
  } satisfies World as World
})

const databaseOf = Effect.fnUntraced(function* (
  given: Options["database"],
  stateDir: string
): Effect.fn.Return<Place> {
  if (given === "sqlite") return { _tag: "sqlite", stateDir }
  const name = `crash_${randomUUID().replaceAll("-", "")}`
  yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE DATABASE ${sql(name)}`).pipe(
    Effect.provide(Layer.fresh(postgres({ port: given.port, name: "postgres" }))),
    Effect.orDie
  )
  return { _tag: "postgres", port: given.port, name }
})

/** Looks into the database between two processes, as nobody who runs the job does. */
export const look = <A, E>(world: World, effect: Effect.Effect<A, E, JobStore.JobStore>): Effect.Effect<A> =>
  effect.pipe(Effect.provide(Layer.fresh(runtimeOf(world.database))), Effect.orDie)

/** Does to the database what nobody who runs the job does. */
export const statement = <A, E>(
  world: World,
  of: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>
): Effect.Effect<A> =>
  Effect.flatMap(SqlClient.SqlClient, of).pipe(
    Effect.provide(Layer.fresh(sqlOf(world.database))),
    Effect.orDie
  )

const sqlOf = (database: Place) =>
  database._tag === "postgres"
    ? Layer.orDie(postgres(database))
    : Layer.orDie(Database.layerSqlite({ file: `${database.stateDir}/jobs.sqlite` }))

const stateOf = (world: World) =>
  look(
    world,
    Effect.flatMap(JobStore.JobStore, (store) =>
      Effect.map(Effect.option(store.get(jobId)), (job) => Option.getOrUndefined(job)?.state)
    )
  )

// ---------------------------------------------------------------------------
// Cycle
// ---------------------------------------------------------------------------

/** When a process is killed: at a point, or this long after its first request (or, if `cold`, its start). */
export type Kill = Point | { readonly millis: number; readonly cold: boolean }

export interface Result {
  readonly killed: number
  /** How each process ended. */
  readonly ends: ReadonlyArray<string>
  readonly inDoubt: number
  readonly wrong: ReadonlyArray<string>
}

/** The same by the command itself. */
export const asCommand = (work: Work, run: typeof command = program): Process => {
  const { _tag, ...database } = work.database
  if (_tag !== "sqlite" || !("stateDir" in database)) throw new Error("the command is on SQLite")
  const common = [
    "--json",
    `--state-dir=${database.stateDir}`,
    `--base-url=${work.url}`,
    `--rejects=${work.rejects}`,
    `--doubts=${work.doubts}`,
    `--concurrency=${work.concurrency}`
  ]
  if (work.input === undefined) return run("resume", work.jobId, ...common)
  return run("import", work.input, "--job", work.jobId, "--batch-size", String(work.batchSize), ...common)
}

const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

/** Kills a process some time after its first request arrived. */
const killLater = async (world: World, process: Process, kill: Kill): Promise<void> => {
  if (!("millis" in kill)) return
  const requests = async () => (await Effect.runPromise(world.ledger)).requests.length
  const before = await requests()
  while (!kill.cold && process.code() === null && (await requests()) === before) await pause(10)
  await pause(kill.millis)
  process.kill("SIGKILL")
}

/** Runs the import to its end, its processes killed as told, and checks what is left. */
export const run = Effect.fnUntraced(function* (
  options: Options & {
    readonly kills: ReadonlyArray<Kill>
    readonly leaseMillis?: number | undefined
    /** Whether the program is the command itself, where no point is to be struck. */
    readonly real?: boolean | undefined
  }
): Effect.fn.Return<Result, never, Scope.Scope> {
  const here = yield* world(options)
  const ends: Array<string> = []
  const wrong: Array<string> = []
  let killed = 0
  let last: Work | undefined
  for (let n = 0; n < options.kills.length + 15; n++) {
    const state = yield* stateOf(here)
    if ((state === "done" || state === "canceled") && last !== undefined && n >= options.kills.length) break
    const kill = options.kills[n]
    const what = state === undefined || state === "planning" ? "import" : "resume"
    last = here.workOf(what, {
      ...(kill !== undefined && !("millis" in kill) && { point: kill }),
      ...(options.leaseMillis !== undefined && { leaseMillis: options.leaseMillis })
    })
    const startedAt = performance.now()
    // How long guard waits is written down with the plan, and is more than two minutes in the command's.
    const began =
      options.real === true && !(what === "import" && here.strategy === "guard")
        ? asCommand(last)
        : work(last)
    const end = yield* Effect.promise(async () => {
      // A process that hangs is a failure, too.
      const limit = setTimeout(() => {
        wrong.push(`${what} hangs`)
        began.kill("SIGKILL")
      }, 60_000)
      const killing = kill === undefined ? undefined : killLater(here, began, kill)
      const end = await began.finished
      await killing
      clearTimeout(limit)
      return end
    })
    const seconds = ` after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`
    if (end.signal === "SIGKILL") {
      killed++
      // A row of files that nobody finished.
      last = undefined
      ends.push(`${what} killed${seconds}`)
      continue
    }
    ends.push(`${what} ${String(end.code)}${seconds}`)
    if (end.code === 75) yield* Effect.promise(() => pause(500))
    // A fault may meet what is asked before anything is written down.
    else if (![0, 3, 4].includes(end.code ?? -1) && !(options.faults !== undefined && end.code === 2))
      wrong.push(`${what} ended with ${String(end.code)}: ${end.stderr}${end.stdout}`)
    if (wrong.length > 3) break
  }
  const found = yield* check(here, last)
  return { killed, ends, inDoubt: found.inDoubt, wrong: [...wrong, ...found.wrong] }
}, Effect.scoped)

// ---------------------------------------------------------------------------
// Check
// ---------------------------------------------------------------------------

const lines = (file: string): ReadonlyArray<{ readonly name: string }> =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly name: string })

/** What is not as it must be. `files` are those of the last run, if the job is over. */
export const check = Effect.fnUntraced(function* (
  world: World,
  files: Pick<Work, "rejects" | "doubts"> | undefined,
  state: "done" | "canceled" = "done"
) {
  const wrong: Array<string> = []
  const say = (what: string) => void (wrong.length < 12 && wrong.push(what))
  // What was sent by the dead is worked on to its end.
  let ledger = yield* world.ledger
  while (ledger.requests.some(({ status }) => status === 0)) {
    yield* Effect.promise(() => pause(20))
    ledger = yield* world.ledger
  }
  const { attempts, counts, job, rows } = yield* look(
    world,
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      return {
        job: yield* store.get(jobId),
        counts: yield* store.counts(jobId),
        rows: yield* Stream.runCollect(store.rows(jobId)),
        attempts: yield* store.log.attempts(jobId)
      }
    })
  )
  if (job.state !== state) say(`the job is ${job.state}`)

  const stored = new Map<string, Array<Ledger.Snapshot["created"][number]>>()
  for (const created of ledger.created) {
    const trace = created.objectWriteTraceId ?? ""
    // The canary with which a key property is proven.
    if (trace === "" && created.properties["name"] === "effect-hubspot canary") continue
    stored.set(trace, [...(stored.get(trace) ?? []), created])
  }
  for (const [trace, all] of stored) if (all.length > 1) say(`${trace} is there ${all.length} times`)

  /** What was logged of an input: that it was created, or that nobody knows. */
  const logged = new Set<number>()
  const doubtful = new Set<number>()
  for (const { end, inputs } of attempts) {
    for (const entry of end?.outcomes ?? []) {
      if (entry._tag === "Created") logged.add(entry.index)
      if (entry._tag === "InDoubt") doubtful.add(entry.index)
    }
    if (end === undefined || end.acceptance === "InDoubt") for (const index of inputs) doubtful.add(index)
  }

  if (rows.length !== world.rows) say(`${rows.length} rows of ${world.rows}`)
  const sums = { Created: 0, Rejected: 0, Invalid: 0, NotSent: 0, InDoubt: 0 }
  const ids = new Set<string>()
  const transient = world.options.faults !== undefined
  for (const [index, { outcome, row }] of rows.entries()) {
    const kind = kindOf(index)
    const trace = `${jobId}-${index.toString(36)}`
    const there = stored.get(trace)
    stored.delete(trace)
    if (row.index !== index || outcome === undefined || outcome.index !== index) {
      say(`row ${index} has ${outcome === undefined ? "no outcome" : "another's"}`)
      continue
    }
    sums[outcome._tag]++
    if (outcome._tag === "Created") {
      const record = there?.find(({ id }) => id === outcome.id)
      if (record?.properties["name"] !== `Row ${index}`) say(`row ${index} is not ${outcome.id}`)
      if (ids.has(outcome.id)) say(`${outcome.id} is given twice`)
      ids.add(outcome.id)
      continue
    }
    if (logged.has(index)) say(`row ${index} was logged as created, and is ${outcome._tag}`)
    if (outcome._tag === "InDoubt") {
      const { _tag, text } = outcome.evidence
      // A look-up that met a fault leaves what it looked for in doubt.
      if (!doubtful.has(index) && !(transient && world.strategy === "guard"))
        say(`row ${index} is in doubt, and nothing in the log is: ${_tag} ${text}`)
      if (kind === "invalid") say(`row ${index} is invalid, and in doubt`)
      if (world.strategy === "guard" && !transient) say(`row ${index} is in doubt under guard`)
      continue
    }
    if (there !== undefined) say(`row ${index} is ${outcome._tag}, and in the ledger`)
    const expected = kind === "invalid" ? "Invalid" : "Rejected"
    if (outcome._tag === "NotSent" && state === "canceled") continue
    // A fault may refuse what is good.
    if (outcome._tag !== expected || (kind === "good" && !transient)) say(`row ${index} is ${outcome._tag}`)
  }
  for (const trace of stored.keys()) say(`"${trace}" is in the ledger and belongs to no row`)

  const { created, inDoubt, inputs, invalid, notSent, open, rejected } = counts
  const seen = {
    Created: created,
    Rejected: rejected,
    Invalid: invalid,
    NotSent: notSent,
    InDoubt: inDoubt
  }
  if (JSON.stringify(seen) !== JSON.stringify(sums) || open !== 0 || inputs !== world.rows) {
    say(`counted ${JSON.stringify(counts)}, but there are ${JSON.stringify(sums)}`)
  }
  if (world.database._tag === "sqlite") {
    const { finished } = command("status", jobId, "--json", "--state-dir", world.database.stateDir)
    const { stdout } = yield* Effect.promise(() => finished)
    const status = JSON.parse(stdout) as Record<string, unknown>
    for (const [name, count] of Object.entries({
      created,
      inDoubt,
      inputs,
      invalid,
      notSent,
      open,
      rejected
    }))
      if (status[name] !== count) say(`status says ${name} ${String(status[name])} instead of ${count}`)
  }

  if (files !== undefined) {
    for (const [file, kinds] of [
      [files.rejects, ["Rejected", "Invalid", "NotSent"]],
      [files.doubts, ["InDoubt"]]
    ] as const) {
      const wanted = rows.flatMap(({ outcome }, index) =>
        outcome !== undefined && kinds.some((kind) => kind === outcome._tag) ? [`Row ${index}`] : []
      )
      const has = existsSync(file) ? lines(file).map(({ name }) => name) : []
      if (has.join() !== wanted.join()) say(`${file} holds ${has.length} rows, not the ${wanted.length}`)
    }
  }
  return { wrong, inDoubt: sums.InDoubt, counts }
})
