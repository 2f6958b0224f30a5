/**
 * Workers of a cluster: the command itself, on a PostgreSQL database and an emulator of their own, with real sockets. They
 * are in this process, each with its own port and its own connections; those that are to be killed, or to stand still, are
 * processes. What must be true in the end is checked against the ledger: nothing is in it twice, no row is lost, every
 * outcome is true, and what is in doubt the log has as under way.
 *
 * Nothing here has a time limit: what does not come is waited for until the test runner gives up, and is named then.
 */
import { JobStore } from "@effect-hubspot/batch"
import type * as Job from "@effect-hubspot/batch/jobs/Job"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import type * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { Clock, Console, type Duration, Effect, Latch, Layer, Option, type Scope, Stream } from "effect"
import { HttpServerRequest } from "effect/http"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Cycle from "../../crash/cycle.ts"
import { password, postgres } from "../../crash/place.ts"
import { freePort } from "../../support/freePort.ts"
import type { Work } from "./worker.ts"

export interface Options {
  /** Of the PostgreSQL server. */
  readonly port: number
  /** Requests per 10 s that the workers send. Default 190. */
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
  /** From now on creates arrive, and are not answered. */
  readonly hold: Effect.Effect<unknown>
  /** How many are held. */
  readonly held: Effect.Effect<number>
  /** Goes on with those that are held, and holds others. */
  readonly answer: Effect.Effect<unknown>
  /** Goes on with all. */
  readonly release: Effect.Effect<unknown>
  /** Until all that arrived is answered. */
  readonly answered: Effect.Effect<unknown>
  /** A worker, as soon as it is ready. */
  readonly worker: (...args: ReadonlyArray<string>) => Effect.Effect<Worker>
  /** The same as a process, which can be killed and be stopped. */
  readonly process: (...args: ReadonlyArray<string>) => Effect.Effect<Worker>
  /** One that stops itself where it is about to write down what it sends, with its nth slot. */
  readonly stopping: (nth: number) => Effect.Effect<Worker>
  /** What all workers have said. */
  readonly said: () => ReadonlyArray<string>
  /** Another program as a worker. */
  readonly program: (start: (port: number) => Cycle.Process) => Effect.Effect<Worker>
  readonly look: <A, E>(
    effect: Effect.Effect<A, E, JobStore.JobStore | SqlClient.SqlClient>
  ) => Effect.Effect<A>
  /** Does to the database what no worker does, from another one. */
  readonly statement: <A, E>(
    of: (sql: SqlClient.SqlClient, database: string) => Effect.Effect<A, E>
  ) => Effect.Effect<A>
}

const isInvalid = (index: number): boolean => index % 17 === 5

const fileOf = (rows: number): string =>
  Array.from({ length: rows }, (_, index) =>
    JSON.stringify({ name: `Row ${index}`, price: isInvalid(index) ? "much" : "2.5" })
  ).join("\n")

/** What holds creates: the clock of the emulator, by which the fiber of a request sleeps for the time it takes. */
const makeGate = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const latch = yield* Latch.make(true)
  const seen = new WeakSet<HttpServerRequest.HttpServerRequest>()
  let held = 0
  const pass = (request: HttpServerRequest.HttpServerRequest) => {
    if (!request.url.endsWith(createPath) || seen.has(request)) return Effect.void
    seen.add(request)
    return Effect.acquireUseRelease(
      Effect.sync(() => held++),
      () => latch.await,
      () => Effect.sync(() => held--)
    )
  }
  return {
    latch,
    held: Effect.sync(() => held),
    clock: Object.assign(Object.create(clock) as Clock.Clock, {
      sleep: (duration: Duration.Duration) =>
        Effect.andThen(
          clock.sleep(duration),
          Effect.flatMap(
            Effect.serviceOption(HttpServerRequest.HttpServerRequest),
            Option.match({ onNone: () => Effect.void, onSome: pass })
          )
        )
    })
  }
})

export const make = (options: Options): Effect.Effect<World, never, Scope.Scope> =>
  Effect.gen(function* () {
    const path = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "line-items-cluster-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const at = (name: string) => join(path, name)
    const { latency, limit = 190, port } = options
    const gate = yield* makeGate
    const emulator = yield* Layer.build(
      Layer.fresh(
        EmulatorServer.layer({
          limit: 1000,
          latency: latency ?? { min: 20, max: 60 }
        })
      )
    ).pipe(Effect.provideService(Clock.Clock, gate.clock))
    const { journal, ledger, setFaults } = yield* Effect.provide(Emulator, emulator)
    const { url } = yield* Effect.provide(EmulatorServer.EmulatorServer, emulator)
    const name = `cluster_${randomUUID().replaceAll("-", "")}`
    const server = yield* Layer.build(Layer.fresh(postgres({ port, name: "postgres" })))
    const statement: World["statement"] = (of) =>
      Effect.flatMap(SqlClient.SqlClient, (sql) => of(sql, name)).pipe(Effect.provide(server), Effect.orDie)
    yield* statement((sql) => sql`CREATE DATABASE ${sql(name)}`)
    const store = yield* Layer.build(
      Layer.fresh(Stores.layerSql.pipe(Layer.provideMerge(postgres({ port, name }))))
    )
    const databaseUrl = `postgres://postgres:${password}@127.0.0.1:${port}/${name}`

    const workers: Array<{ readonly said: () => string; readonly end: Effect.Effect<unknown> }> = []
    yield* Effect.addFinalizer(() =>
      Effect.andThen(
        gate.latch.open,
        Effect.forEach(workers, ({ end }) => end, { concurrency: "unbounded" })
      )
    )
    const begin = Effect.fnUntraced(function* (
      start: (port: number) => Cycle.Process,
      end: (worker: Cycle.Process) => Promise<unknown>
    ) {
      const port = yield* freePort
      const begun = start(port)
      const ended = Effect.promise(() => begun.finished).pipe(
        Effect.onInterrupt(() => Console.log(`the end of a worker was waited for: ${begun.said()}`))
      )
      workers.push({
        said: begun.said,
        end: Effect.andThen(
          Effect.promise(() => end(begun)),
          ended
        )
      })
      yield* Effect.promise(() => begun.seen("stdout", "worker at"))
      return { ...begun, port, ended }
    })
    const program: World["program"] = (start) => begin(start, async ({ kill }) => kill("SIGKILL"))
    const command: World["command"] = (command, ...args) =>
      Cycle.command(command, "--database-url", databaseUrl, ...args)
    const worker = (port: number, ...args: ReadonlyArray<string>) => [
      "worker",
      "--database-url",
      databaseUrl,
      "--host=127.0.0.1",
      `--port=${port}`,
      `--base-url=${url}`,
      `--limit=${limit}`,
      ...args
    ]
    const world: World = {
      url,
      databaseUrl,
      at,
      ledger,
      fail: setFaults,
      hold: gate.latch.close,
      held: gate.held,
      answer: gate.latch.release,
      release: gate.latch.open,
      answered: until("answers to all requests", journal, ({ requests }) =>
        requests.every(({ answeredAt }) => answeredAt !== null)
      ),
      command,
      said: () => workers.map(({ said }) => said()),
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
        const { finished } = command(
          "submit",
          file,
          "--job",
          id,
          "--base-url",
          url,
          `--limit=${limit}`,
          ...args
        )
        const { code, stderr } = yield* Effect.promise(() => finished)
        if (code !== 0) return yield* Effect.die(new Error(`submit ended with ${String(code)}: ${stderr}`))
      }),
      program,
      process: (...args) => program((port) => Cycle.program(...worker(port, ...args))),
      worker: (...args) =>
        begin(
          (port) => Cycle.command(...worker(port, ...args)),
          async ({ code, finished, kill, seen }) => {
            if (code() !== null) return
            // Twice: nobody waits for its requests any more.
            kill("SIGTERM")
            await Promise.race([seen("stderr", "stopping"), finished])
            kill("SIGTERM")
          }
        )
    }
    return world
  }).pipe(Effect.orDie)

// ---------------------------------------------------------------------------
// Waiting
// ---------------------------------------------------------------------------

/** Until it is so. What takes its time is looked at less and less often. */
export const until = <A>(what: string, look: Effect.Effect<A>, is: (found: A) => boolean): Effect.Effect<A> =>
  Effect.suspend(() => {
    let found: A
    return Effect.gen(function* () {
      for (let pause = 20; !is((found = yield* look)); pause = Math.min(pause * 1.25, 300)) {
        yield* Effect.sleep(pause)
      }
      return found
    }).pipe(Effect.onInterrupt(() => Console.log(`${what} was waited for: ${JSON.stringify(found)}`)))
  })

export const job = (world: World, id: string): Effect.Effect<Job.Job> =>
  world.look(Effect.flatMap(JobStore.JobStore, (store) => store.get(id)))

export const counts = (world: World, id: string): Effect.Effect<Job.Counts> =>
  world.look(Effect.flatMap(JobStore.JobStore, (store) => store.counts(id)))

export const finished = (world: World, ids: ReadonlyArray<string>) =>
  Effect.forEach(ids, (id) =>
    until(`the end of ${id}`, job(world, id), ({ state }) => state === "done" || state === "canceled").pipe(
      Effect.map(({ state }) => state)
    )
  )

const createPath = "/batch/create"

const isCreate = ({ path }: { readonly path: string }) => path.endsWith(createPath)

export const creates = (world: World) => Effect.map(world.ledger, ({ requests }) => requests.filter(isCreate))

/** When the account has got so many creates. */
export const sent = (world: World, batches: number) =>
  until(
    `${batches} creates`,
    Effect.map(creates(world), ({ length }) => length),
    (n) => n >= batches
  )

/** Creates that have arrived and are not worked on. */
const underWay = (world: World) =>
  Effect.map(creates(world), (all) => all.filter(({ status }) => status === 0).length)

/** Whether a worker has the job. */
export const runs =
  ({ port }: Worker) =>
  ({ holder }: Job.Job): boolean =>
    holder?.host === `127.0.0.1:${port}`

/** The worker that runs a job, once one does. */
export const runnerOf = (world: World, id: string, workers: ReadonlyArray<Worker>) =>
  Effect.gen(function* () {
    const found = yield* until(`a runner of ${id}`, job(world, id), ({ holder }) => holder !== undefined)
    const worker = workers.find((worker) => runs(worker)(found))
    if (worker === undefined) return yield* Effect.die(new Error(`${id} is run by ${found.holder?.host}`))
    return worker
  })

/** Until who has a job has renewed the lease twice from now on: so the answer to the first is there. */
export const renewed = Effect.fnUntraced(function* (world: World, id: string) {
  for (let n = 0; n < 2; n++) {
    const { holder } = yield* job(world, id)
    yield* until(
      `the lease of ${id}`,
      job(world, id),
      (now) => (now.holder?.untilMillis ?? 0) > (holder?.untilMillis ?? 0)
    )
  }
})

/** Until so many workers have found each other and have parts of the work: no job moves by itself then. */
export const shared = (world: World, workers: number) =>
  until(
    `${workers} workers with parts of the work`,
    world.statement(
      (sql, name) => sql<{ sessions: number; shards: number }>`
        SELECT COUNT(DISTINCT pid)::INT AS sessions, COUNT(*)::INT AS shards FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = ${name})`
    ),
    ([held]) => held?.sessions === workers && held.shards === 60
  )

/** The attempts of a job. */
export const attempts = (world: World, id: string) =>
  world.look(Effect.flatMap(JobStore.JobStore, ({ log }) => log.attempts(id)))

const all = (world: World) =>
  world.look(
    Effect.gen(function* () {
      const { list, log } = yield* JobStore.JobStore
      return yield* Effect.forEach(yield* list(), ({ job }) =>
        Effect.map(log.attempts(job.id), (attempts) => ({ job, attempts }))
      )
    })
  )

/**
 * Holds creates, until so many of a job are held and none is on its way; what they are attempts of. A run may begin with one
 * request, so those that are there before any of the run has its answer are answered; with more, all batches could go by.
 */
export const held = Effect.fnUntraced(function* (world: World, id: string, requests: number) {
  yield* world.hold
  while (true) {
    const { its } = yield* until(
      `${requests} requests of ${id} under way`,
      Effect.gen(function* () {
        const atTheGate = yield* world.held
        const jobs = yield* all(world)
        // Those of runs that are over are no more.
        const current = jobs.flatMap(({ attempts, job }) =>
          attempts.filter(({ epoch }) => epoch === job.epoch)
        )
        const open = current.filter(({ end }) => end === undefined)
        return {
          its: open.filter(({ jobId }) => jobId === id),
          answered: current.some(({ end, jobId }) => end !== undefined && jobId === id),
          onTheirWay: open.length - atTheGate,
          state: jobs.find(({ job }) => job.id === id)?.job.state
        }
      }),
      ({ answered, its, onTheirWay }) => its.length >= (answered ? requests : 1) && onTheirWay === 0
    ).pipe(Effect.onInterrupt(() => Console.log(`the workers say: ${JSON.stringify(world.said())}`)))
    if (its.length >= requests) return its
    yield* world.answer
  }
})

/** Until a worker has said it. */
export const says = (worker: Cycle.Process, text: string, stream: "stdout" | "stderr" = "stdout") =>
  Effect.promise(() => worker.seen(stream, text)).pipe(
    Effect.onInterrupt(() => Console.log(`${JSON.stringify(text)} was waited for: ${worker.said()}`))
  )

/** Until a worker has said that its run of a job is over. */
export const ended = (worker: Cycle.Process, id: string) =>
  until(`the end of a run of ${id}`, Effect.sync(worker.said), (said) =>
    new RegExp(`^${id}: (?!running$)`, "m").test(said)
  )

// ---------------------------------------------------------------------------
// Check
// ---------------------------------------------------------------------------

/** The most requests of all kinds within ten seconds, and those that were too many. */
const pressure = ({ requests }: Ledger.Snapshot) => {
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
  yield* until("the end of all requests", underWay(world), (n) => n === 0)
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
