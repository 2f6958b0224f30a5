/**
 * Workers of a cluster as real processes: the command itself, on a PostgreSQL database and an emulator of their own, with
 * real sockets. What must be true in the end is checked against the ledger: nothing is in it twice, no row is lost, every
 * outcome is true, and what is in doubt the log has as under way.
 */
import { type Job, JobStore, Stores } from "@effect-hubspot/batch"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { EmulatorServer } from "@effect-hubspot/http/emulator/EmulatorServer"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import type * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { Effect, Layer, type Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Cycle from "../crash/cycle.ts"
import { password, postgres } from "../crash/worker.ts"
import { freePort } from "../support/freePort.ts"
import type { Work } from "./worker.ts"

export interface Options {
  /** Of the PostgreSQL server. */
  readonly port: number
  /** Requests per 10 s that the emulator allows, and the workers send. Default 1000 and 190. */
  readonly limit?: number | undefined
  readonly latency?: { readonly min: number; readonly max: number } | undefined
}

export interface Worker extends Cycle.Process {
  readonly port: number
  readonly ended: Effect.Effect<Cycle.Finished>
}

export interface World {
  readonly url: string
  readonly databaseUrl: string
  readonly at: (name: string) => string
  readonly ledger: Effect.Effect<Ledger.Snapshot>
  /** What goes wrong in the account from now on. */
  readonly fail: (plan: Faults.Plan) => Effect.Effect<void>
  /** A command of this database. */
  readonly command: (name: string, ...args: ReadonlyArray<string>) => Cycle.Process
  /** Writes a job of so many rows down; every 17th cannot be sent. */
  readonly submit: (id: string, rows: number, ...args: ReadonlyArray<string>) => Effect.Effect<void>
  /** A worker, as soon as it is ready. */
  readonly worker: (...args: ReadonlyArray<string>) => Effect.Effect<Worker>
  /** One that stops itself where it is about to write down what it sends, with its nth slot. */
  readonly stopping: (nth: number) => Effect.Effect<Worker>
  /** Another program as a worker. */
  readonly program: (start: (port: number) => Cycle.Process) => Effect.Effect<Worker>
  readonly look: <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore>) => Effect.Effect<A>
  /** Does to the database what no worker does, from another one. */
  readonly statement: <A, E>(
    of: (sql: SqlClient.SqlClient, database: string) => Effect.Effect<A, E>
  ) => Effect.Effect<A>
}

export const isInvalid = (index: number): boolean => index % 17 === 5

const fileOf = (rows: number): string =>
  Array.from({ length: rows }, (_, index) =>
    JSON.stringify({ name: `Row ${index}`, price: isInvalid(index) ? "much" : "2.5" })
  ).join("\n")

export const make = (options: Options): Effect.Effect<World, never, Scope.Scope> =>
  Effect.gen(function* () {
    const path = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "line-items-cluster-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const at = (name: string) => join(path, name)
    const { latency, limit, port } = options
    const emulator = yield* Layer.build(
      Layer.fresh(
        EmulatorServer.layer({
          limit: limit ?? 1000,
          latency: latency ?? { min: 20, max: 60 }
        })
      )
    )
    const { ledger, setFaults } = yield* Effect.provide(Emulator, emulator)
    const { url } = yield* Effect.provide(EmulatorServer, emulator)
    const name = `cluster_${randomUUID().replaceAll("-", "")}`
    const statement: World["statement"] = (of) =>
      Effect.flatMap(SqlClient.SqlClient, (sql) => of(sql, name)).pipe(
        Effect.provide(Layer.fresh(postgres({ port, name: "postgres" }))),
        Effect.orDie
      )
    yield* statement((sql) => sql`CREATE DATABASE ${sql(name)}`)
    const store = yield* Layer.build(
      Layer.fresh(Stores.layerSql.pipe(Layer.provide(postgres({ port, name }))))
    )
    const databaseUrl = `postgres://postgres:${password}@127.0.0.1:${port}/${name}`

    const workers: Array<Worker> = []
    yield* Effect.addFinalizer(() =>
      Effect.forEach(
        workers,
        ({ ended, kill }) =>
          Effect.andThen(
            Effect.sync(() => kill("SIGKILL")),
            ended
          ),
        {
          concurrency: "unbounded"
        }
      )
    )
    const program: World["program"] = Effect.fnUntraced(function* (start) {
      const port = yield* freePort
      const begun = start(port)
      const worker: Worker = { ...begun, port, ended: Effect.promise(() => begun.finished) }
      workers.push(worker)
      yield* Effect.promise(() => begun.seen("stdout", "worker at"))
      return worker
    })
    const command: World["command"] = (command, ...args) =>
      Cycle.command(command, "--database-url", databaseUrl, ...args)
    const process: World["command"] = (command, ...args) =>
      Cycle.program(command, "--database-url", databaseUrl, ...args)
    const world: World = {
      url,
      databaseUrl,
      at,
      ledger,
      fail: setFaults,
      command,
      statement,
      stopping: (nth) =>
        program((own) =>
          Cycle.start("cluster", [
            JSON.stringify({ database: { port, name }, url, port: own, nth } satisfies Work)
          ])
        ),
      look: (effect) => effect.pipe(Effect.provide(store), Effect.orDie),
      submit: Effect.fnUntraced(function* (id, rows, ...args) {
        const file = at(`${rows}.ndjson`)
        writeFileSync(file, fileOf(rows))
        const { finished } = command("submit", file, "--job", id, "--base-url", url, "--limit=190", ...args)
        const { code, stderr } = yield* Effect.promise(() => finished)
        if (code !== 0) return yield* Effect.die(new Error(`submit ended with ${String(code)}: ${stderr}`))
      }),
      program,
      worker: (...args) =>
        program((port) =>
          process(
            "worker",
            "--host=127.0.0.1",
            `--port=${port}`,
            `--base-url=${url}`,
            `--limit=${Math.min(limit ?? 190, 190)}`,
            ...args
          )
        )
    }
    return world
  }).pipe(Effect.orDie)

// ---------------------------------------------------------------------------
// Waiting
// ---------------------------------------------------------------------------

/** Until it is so; looked at often, and not for ever. */
export const until = <A>(
  what: string,
  look: Effect.Effect<A>,
  is: (found: A) => boolean,
  seconds = 40
): Effect.Effect<A> =>
  Effect.gen(function* () {
    const from = performance.now()
    while (true) {
      const found = yield* look
      if (is(found)) return found
      if (performance.now() - from > seconds * 1000) {
        return yield* Effect.die(new Error(`${what}: not after ${seconds} s: ${JSON.stringify(found)}`))
      }
      yield* Effect.sleep("50 millis")
    }
  })

export const job = (world: World, id: string): Effect.Effect<Job.Job> =>
  world.look(Effect.flatMap(JobStore.JobStore, (store) => store.get(id)))

export const counts = (world: World, id: string): Effect.Effect<Job.Counts> =>
  world.look(Effect.flatMap(JobStore.JobStore, (store) => store.counts(id)))

export const finished = (world: World, ids: ReadonlyArray<string>, seconds = 60) =>
  Effect.forEach(
    ids,
    (id) =>
      until(id, job(world, id), ({ state }) => state === "done" || state === "canceled", seconds).pipe(
        Effect.map(({ state }) => state)
      ),
    { concurrency: 1 }
  )

export const isCreate = ({ path }: { readonly path: string }) => path.endsWith("/batch/create")

export const creates = (world: World) => Effect.map(world.ledger, ({ requests }) => requests.filter(isCreate))

/** When the account has got so many creates. */
export const sent = (world: World, batches: number) =>
  until(
    "creates",
    Effect.map(creates(world), ({ length }) => length),
    (n) => n >= batches
  )

/** Creates that have arrived and are not answered. */
export const underWay = (world: World) =>
  Effect.map(creates(world), (all) => all.filter(({ status }) => status === 0).length)

/** The worker that runs a job, once one does. */
export const runnerOf = (world: World, id: string, workers: ReadonlyArray<Worker>) =>
  Effect.gen(function* () {
    const { holder } = yield* until(id, job(world, id), ({ holder }) => holder !== undefined)
    const worker = workers.find(({ pid }) => pid === holder?.pid)
    if (worker === undefined) return yield* Effect.die(new Error(`${id} is run by ${holder?.host}`))
    return worker
  })

// ---------------------------------------------------------------------------
// Check
// ---------------------------------------------------------------------------

/** The most requests of all kinds within ten seconds, and those that were too many. */
export const pressure = ({ requests }: Ledger.Snapshot) => {
  const times = requests.map(({ at }) => at).sort((a, b) => a - b)
  let worst = 0
  for (let first = 0, last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= 10_000) first++
    worst = Math.max(worst, last - first + 1)
  }
  return { worst, refused: requests.filter(({ status }) => status === 429).length }
}

/** What is not as it must be, of jobs that are over. No fault may have met them. */
export const check = Effect.fnUntraced(function* (world: World, jobs: Readonly<Record<string, number>>) {
  const wrong: Array<string> = []
  const say = (what: string) => void (wrong.length < 12 && wrong.push(what))
  // What was sent by the dead is worked on to its end.
  yield* until("requests", underWay(world), (n) => n === 0, 20)
  const ledger = yield* world.ledger
  const there = new Map<string, string>()
  for (const { id, objectWriteTraceId, properties } of ledger.created) {
    const trace = objectWriteTraceId ?? ""
    if (there.has(trace)) say(`${trace} is there twice`)
    there.set(trace, id)
    if (properties["name"] !== `Row ${Number.parseInt(trace.replace(/^.*-/, ""), 36)}`) {
      say(`${trace} is ${properties["name"]}`)
    }
  }
  const sums = { created: 0, invalid: 0, notSent: 0, inDoubt: 0 }
  for (const [id, inputs] of Object.entries(jobs)) {
    const { attempts, rows } = yield* world.look(
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        return { attempts: yield* store.log.attempts(id), rows: yield* Stream.runCollect(store.rows(id)) }
      })
    )
    const doubtful = new Set<number>()
    const { epoch: last, state } = yield* job(world, id)
    for (const { end, epoch = 0, inputs } of attempts) {
      // One that stood still may write down what it was answered when another has the job and had to doubt it.
      if (end === undefined || end.acceptance === "InDoubt" || epoch < last) {
        for (const index of inputs) doubtful.add(index)
      }
    }
    if (state !== "done" && state !== "canceled") say(`${id} is ${state}`)
    if (rows.length !== inputs) say(`${id} has ${rows.length} rows of ${inputs}`)
    for (const [index, { outcome, row }] of rows.entries()) {
      const trace = `${id}-${index.toString(36)}`
      const is = there.get(trace)
      there.delete(trace)
      if (row.index !== index || outcome === undefined) {
        say(`${trace} has no outcome`)
        continue
      }
      if (isInvalid(index) !== (outcome._tag === "Invalid")) say(`${trace} is ${outcome._tag}`)
      switch (outcome._tag) {
        case "Created":
          sums.created++
          if (is !== outcome.id) say(`${trace} is not ${outcome.id}`)
          break
        case "InDoubt":
          sums.inDoubt++
          if (!doubtful.has(index)) say(`${trace} is in doubt, and was not under way`)
          break
        case "Invalid":
          sums.invalid++
          if (is !== undefined) say(`${trace} is invalid, and there`)
          break
        case "NotSent":
          sums.notSent++
          if (is !== undefined) say(`${trace} was not sent, and is there`)
          if (state !== "canceled") say(`${trace} was not sent`)
          break
        default:
          say(`${trace} is ${outcome._tag}`)
      }
    }
  }
  for (const trace of there.keys()) say(`${trace} belongs to no row`)
  // Nothing was ever sent a second time, also if HubSpot had thrown it away.
  const sentInputs = ledger.requests
    .filter((request) => isCreate(request) && ![401, 429].includes(request.status))
    .reduce((sum, { inputs }) => sum + (inputs ?? 0), 0)
  if (sentInputs > sums.created + sums.inDoubt) {
    say(`${sentInputs} rows were sent, of ${sums.created} created and ${sums.inDoubt} in doubt`)
  }
  return { wrong, ...sums, ...pressure(ledger) }
})
