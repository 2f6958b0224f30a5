/**
 * What every runtime of durable jobs promises, whatever it runs on: in virtual time where all of it goes by Effect's clock.
 */
import { JobStore } from "@effect-hubspot/batch"
import type * as Accounts from "@effect-hubspot/batch/cluster/Accounts"
import * as ImportRuntime from "@effect-hubspot/batch/cluster/ImportRuntime"
import type * as Frozen from "@effect-hubspot/batch/jobs/Frozen"
import type * as Job from "@effect-hubspot/batch/jobs/Job"
import { Credentials, HubSpotClient, RateLimits, Retry } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import type * as EmulatorOptions from "@effect-hubspot/http/emulator/Emulator"
import { RateLimitStore } from "@effect-hubspot/http/RateLimitStore"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Layer, Redacted, References, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { HttpClient } from "effect/http"
import { randomUUID } from "node:crypto"
import { batchesOf, frozen, holder, rowsOf } from "../sql/jobStore/rows.ts"
import * as HubSpot from "../../support/hubspot.ts"

type Runtime = ImportRuntime.ImportRuntime | JobStore.JobStore | RateLimitStore

export type Options = ImportRuntime.Options<
  never,
  Accounts.AccountUnavailable,
  HttpClient.HttpClient | RateLimitStore
>

/** Where jobs are kept; it may be opened again and again. */
export type Place = Effect.Effect<
  (options: Options) => Layer.Layer<Runtime, unknown, HttpClient.HttpClient>,
  never,
  Scope.Scope
>

const account = "891936587"

/** What stands between the client and HubSpot, and can be changed meanwhile. */
interface World {
  fault: HubSpot.Fault
  requests: number
}

const pass: HubSpot.Fault = (_request, pass) => pass

export const worldOf = (emulator: EmulatorOptions.Options = {}) => {
  const world: World = { fault: pass, requests: 0 }
  const layer = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.make((request) =>
        Effect.suspend(() => world.fault(request, client.execute(request), world.requests++))
      )
    )
  ).pipe(Layer.provideMerge(Emulator.layer({ limit: 100_000, ...emulator })))
  return { world, layer }
}

export const services = (id: string) =>
  HubSpotClient.layer({}).pipe(
    Layer.provideMerge(RateLimits.layerStore({ account: id, limit: 190 })),
    Layer.provide(Credentials.layer(Redacted.make("pat-eu1-cluster"))),
    Layer.orDie
  )

export const plan = Effect.fnUntraced(function* (
  id: string,
  inputs: number,
  more: Partial<Frozen.Frozen> = {}
) {
  const jobs = yield* JobStore.JobStore
  const planning = yield* jobs.create({ id, holder, frozen: { ...frozen, account, batchSize: 10, ...more } })
  // Every seventh row cannot be sent.
  const wrong = Array.from({ length: inputs }, (_, n) => n).filter((n) => n % 7 === 3)
  yield* jobs.append(planning, yield* batchesOf(rowsOf(inputs, wrong), { jobId: id, batchSize: 10 }))
  yield* jobs.planned(planning, { digest: "of the rows", inputs })
})

/** Until a job is as it should be. */
export const until = (id: string, is: (job: Job.Job) => boolean) =>
  Effect.gen(function* () {
    const jobs = yield* JobStore.JobStore
    while (true) {
      const job = yield* jobs.get(id)
      if (is(job)) return job
      yield* Effect.sleep("100 millis")
    }
  })

/** Until so many rows of a job are created. */
const createdOf = (id: string, rows: number) =>
  Effect.gen(function* () {
    const jobs = yield* JobStore.JobStore
    while ((yield* jobs.counts(id)).created < rows) yield* Effect.sleep("100 millis")
  })

export const settled = (id: string) =>
  Effect.flatMap(ImportRuntime.ImportRuntime, (runtime) => runtime.settled(id))

/** Nothing is in the ledger twice, every row has an outcome, and those that were created are there. */
const check = Effect.fnUntraced(function* (id: string) {
  const jobs = yield* JobStore.JobStore
  const { created } = yield* Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)
  const there = new Map<string, string>()
  for (const { id, objectWriteTraceId } of created) {
    if (objectWriteTraceId === null) throw new Error(`${id} has no trace id`)
    assert.isFalse(there.has(objectWriteTraceId), `${objectWriteTraceId} is there twice`)
    there.set(objectWriteTraceId, id)
  }
  const rows = yield* Stream.runCollect(jobs.rows(id))
  for (const { item, outcome, row } of rows) {
    const is = item === undefined ? undefined : there.get(item.objectWriteTraceId)
    switch (outcome?._tag) {
      case "Created":
        assert.strictEqual(is, outcome.id, `row ${row.index}`)
        break
      case "NotSent":
      case "Rejected":
      case "Invalid":
        assert.isUndefined(is, `row ${row.index} is there`)
        break
      case "InDoubt":
        break
      case undefined:
        assert.fail(`row ${row.index} has no outcome`)
    }
  }
  return yield* jobs.counts(id)
})

export const isCreate = ({ url }: { readonly url: string }) => url.endsWith("/batch/create")

export const refused = (
  request: Parameters<HubSpot.Fault>[0],
  status: number,
  headers?: Record<string, string>
) =>
  HubSpot.answer(
    request,
    status,
    { status: "error", message: "no", correlationId: randomUUID(), category: "REFUSED" },
    headers
  )

/** Who is asked to wait for more than a second suspends the job. */
const impatient = { ...Retry.defaults, patienceMillis: 1000 }

/** Creates are answered so slowly that a job is under way when it is looked at. */
const slow: EmulatorOptions.Options = { latency: { min: 300, max: 500 } }

/** Lets time pass until it is done, as soon as everything has happened that is to happen by then. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust("10 millis")
      // What waits for the system.
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
    return yield* Fiber.join(fiber)
  })

export const suite = (
  name: string,
  place: Place,
  {
    keeps,
    time
  }: {
    /** Whether jobs are there in the next process. */
    readonly keeps: boolean
    readonly time: "virtual" | "real"
  }
) =>
  describe.concurrent(name, () => {
    const test = <E>(name: string, effect: Effect.Effect<void, E, Scope.Scope>) =>
      time === "virtual"
        ? it.effect(name, () => passing(effect))
        : // A cluster that ends has no runners, and says so.
          it.live(name, () => Effect.provideService(effect, References.MinimumLogLevel, "Error"))

    /** In virtual time a duration can be promised; in real time it is the machine's. */
    const within =
      (millis: number) =>
      <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
        Effect.gen(function* () {
          const from = yield* Clock.currentTimeMillis
          const result = yield* effect
          if (time === "virtual") assert.isAtMost((yield* Clock.currentTimeMillis) - from, millis)
          return result
        })

    const open = (emulator?: EmulatorOptions.Options) =>
      Effect.map(place, (layerOf) => {
        const { layer, world } = worldOf(emulator)
        const runtime = (options: Partial<ImportRuntime.Options> = {}) =>
          layerOf({ account: services, concurrency: 2, ...options })
        return { layer, world, runtime }
      })

    test(
      "runs what is planned to its end, several at once, each row once",
      Effect.gen(function* () {
        const { layer, runtime } = yield* open()
        yield* Effect.gen(function* () {
          for (const id of ["a", "b", "c"]) yield* plan(id, 45)
          for (const id of ["a", "b", "c"]) {
            assert.strictEqual((yield* settled(id)).state, "done")
            const { created, invalid } = yield* check(id)
            assert.deepStrictEqual([created, invalid], [39, 6])
          }
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    test(
      "goes on by itself when a suspension is over, and sends nothing before",
      Effect.gen(function* () {
        const { layer, runtime, world } = yield* open()
        const suspended = yield* Deferred.make<Job.Suspension>()
        const onRun: ImportRuntime.Options["onRun"] = ({ end }) =>
          end?._tag === "Suspended" ? Effect.asVoid(Deferred.succeed(suspended, end.suspension)) : Effect.void
        let movedAt: number | undefined
        const sentAt: Array<number> = []
        world.fault = (request, pass) =>
          isCreate(request)
            ? Effect.flatMap(Clock.currentTimeMillis, (now) => {
                sentAt.push(now)
                if (sentAt.length < 3 || movedAt !== undefined) return pass
                movedAt = now
                return refused(request, 477, { "retry-after": "3" })
              })
            : pass
        yield* Effect.gen(function* () {
          yield* plan("a", 95)
          const { reason, resumeAtMillis: resumeAt = 0 } = yield* Deferred.await(suspended)
          assert.strictEqual(reason, "migration")
          assert.isAtLeast(resumeAt, movedAt! + 3000)
          if (time === "virtual") assert.isAtMost(resumeAt, movedAt! + 3500)
          yield* until("a", ({ state }) => state === "done")
          // Two requests are made at once, so another one was under way when HubSpot said it.
          const meanwhile = sentAt.slice(3).filter((at) => at < resumeAt)
          assert.isAtMost(meanwhile.length, 1)
          assert.strictEqual((yield* check("a")).created, 81)
        }).pipe(Effect.provide(Layer.provideMerge(runtime({ retry: impatient, onRun }), layer)))
      })
    )

    test(
      "waits for a person where a person is needed, and goes on when told",
      Effect.gen(function* () {
        const { layer, runtime, world } = yield* open()
        world.fault = (request, pass) => (isCreate(request) ? refused(request, 401) : pass)
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          yield* plan("a", 30)
          const { epoch, suspension } = yield* settled("a")
          assert.strictEqual(suspension?.reason, "auth")
          // Where others are found that are to be run, this one is not.
          for (const id of ["b", "c"]) {
            yield* plan(id, 10)
            yield* settled(id)
          }
          const waiting = yield* jobs.get("a")
          assert.deepStrictEqual([waiting.state, waiting.epoch], ["suspended", epoch])
          world.fault = pass
          yield* jobs.requestResume("a")
          yield* until("a", ({ state }) => state === "done")
          assert.strictEqual((yield* check("a")).created, 26)
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    test(
      "cancels one that runs, and one that is suspended",
      Effect.gen(function* () {
        const { layer, runtime, world } = yield* open(slow)
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          yield* plan("a", 250)
          yield* createdOf("a", 1)
          yield* jobs.requestCancel("a")
          const { state } = yield* within(3000)(settled("a"))
          assert.strictEqual(state, "canceled")
          const { created, notSent, open } = yield* check("a")
          assert.isAbove(created, 0)
          assert.isAbove(notSent, 0)
          assert.strictEqual(open, 0)

          world.fault = (request, pass) => (isCreate(request) ? refused(request, 401) : pass)
          yield* plan("b", 30)
          assert.strictEqual((yield* settled("b")).state, "suspended")
          yield* jobs.requestCancel("b")
          yield* until("b", ({ state }) => state === "canceled")
          assert.strictEqual((yield* check("b")).notSent, 26)
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    test(
      "runs the jobs of one account while another's cannot be",
      Effect.gen(function* () {
        const { layer, runtime } = yield* open()
        yield* Effect.gen(function* () {
          // The token is another account's.
          yield* plan("a", 30, { account: "7" })
          yield* plan("b", 30)
          yield* plan("c", 30, { origin: "https://elsewhere.example" })
          assert.strictEqual((yield* settled("b")).state, "done")
          for (const id of ["a", "c"]) {
            const { state, suspension } = yield* settled(id)
            assert.deepStrictEqual([state, suspension?.reason], ["suspended", "auth"])
          }
          assert.strictEqual((yield* check("b")).created, 26)
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    test(
      "cancels one whose account it cannot act for, or no more",
      Effect.gen(function* () {
        const { layer, runtime } = yield* open()
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          yield* plan("a", 30, { account: "7" })
          assert.strictEqual((yield* settled("a")).state, "suspended")
          yield* jobs.requestCancel("a")
          yield* within(5000)(until("a", ({ state }) => state === "canceled"))
          const { notSent, open } = yield* check("a")
          assert.deepStrictEqual([notSent, open], [26, 0])
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    test(
      "cancels one that waits for an account that is paused, and holds it meanwhile",
      Effect.gen(function* () {
        const { layer, runtime } = yield* open()
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          const { pause } = yield* RateLimitStore
          yield* pause({ account, millis: 3_600_000 })
          yield* plan("a", 30)
          const { epoch, holder } = yield* until("a", ({ holder }) => holder !== undefined)
          // Also when the lease is over with which it was taken.
          const later = yield* until("a", (job) => job.holder!.untilMillis > holder!.untilMillis + 3000)
          assert.deepStrictEqual([later.state, later.epoch], ["running", epoch])
          yield* jobs.requestCancel("a")
          yield* within(8000)(until("a", ({ state }) => state === "canceled"))
          const { notSent, open } = yield* check("a")
          assert.deepStrictEqual([notSent, open], [26, 0])
        }).pipe(Effect.provide(Layer.provideMerge(runtime({ lease: "3 seconds" }), layer)))
      })
    )

    test(
      "leaves at once while HubSpot does not say whose the token is",
      Effect.gen(function* () {
        const { layer, runtime, world } = yield* open()
        const asked = yield* Deferred.make<void>()
        world.fault = () => Effect.andThen(Deferred.succeed(asked, undefined), Effect.never)
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          yield* plan("a", 30)
          yield* Deferred.await(asked)
          assert.isDefined((yield* jobs.get("a")).holder)
          const { leave } = yield* ImportRuntime.ImportRuntime
          yield* within(100)(leave)
          const { holder, state } = yield* jobs.get("a")
          assert.deepStrictEqual([state, holder], ["running", undefined])
          world.fault = pass
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    test(
      "begins anew what came to grief",
      Effect.gen(function* () {
        const { layer, runtime } = yield* open()
        let runs = 0
        const onRun: ImportRuntime.Options["onRun"] = ({ end }) =>
          end === undefined && ++runs === 1 ? Effect.die(new Error("a bug")) : Effect.void
        yield* Effect.gen(function* () {
          yield* plan("a", 30)
          yield* until("a", ({ state }) => state === "done")
          assert.strictEqual(runs, 2)
          assert.strictEqual((yield* check("a")).created, 26)
        }).pipe(Effect.provide(Layer.provideMerge(runtime({ onRun, lease: "1 second" }), layer)))
      })
    )

    if (keeps) {
      test(
        "leaves a job as it stands, answered, and goes on with it in the next process",
        Effect.gen(function* () {
          const { layer, runtime } = yield* open(slow)
          const http = yield* Layer.build(layer)
          const first = yield* Effect.gen(function* () {
            yield* plan("a", 150)
            const jobs = yield* JobStore.JobStore
            yield* createdOf("a", 20)
            const { leave } = yield* ImportRuntime.ImportRuntime
            yield* leave
            const { holder, state } = yield* jobs.get("a")
            assert.deepStrictEqual([state, holder], ["running", undefined])
            return yield* jobs.counts("a")
          }).pipe(Effect.provide(runtime()), Effect.provide(http))
          assert.isAbove(first.open, 0)
          const counts = yield* Effect.gen(function* () {
            yield* until("a", ({ state }) => state === "done")
            return yield* check("a")
          }).pipe(Effect.provide(runtime()), Effect.provide(http))
          assert.deepStrictEqual([counts.created, counts.inDoubt], [129, 0])
        })
      )
    }
  })
