/**
 * What every runtime of durable jobs promises, whatever it runs on.
 */
import { type Accounts, ImportRuntime, type Job, JobStore } from "@effect-hubspot/batch"
import { Credentials, HubSpotClient, RateLimits, Retry } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type * as EmulatorOptions from "@effect-hubspot/http/emulator/Emulator"
import { RateLimitStore } from "@effect-hubspot/http/RateLimitStore"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, type Scope, Stream } from "effect"
import { HttpClient } from "effect/http"
import { randomUUID } from "node:crypto"
import { batchesOf, frozen, holder, rowsOf } from "../batch/jobStore/rows.ts"
import * as HubSpot from "../support/hubspot.ts"

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

const passing: HubSpot.Fault = (_request, pass) => pass

export const worldOf = (emulator: EmulatorOptions.Options = {}) => {
  const world: World = { fault: passing, requests: 0 }
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
  HubSpotClient.HubSpotClient.layer({}).pipe(
    Layer.provideMerge(RateLimits.RateLimits.layerStore({ account: id, limit: 190 })),
    Layer.provide(Credentials.Credentials.layer(Redacted.make("pat-eu1-cluster"))),
    Layer.orDie
  )

export const plan = Effect.fnUntraced(function* (id: string, inputs: number, more: Partial<Job.Frozen> = {}) {
  const jobs = yield* JobStore.JobStore
  const planning = yield* jobs.create({ id, holder, frozen: { ...frozen, account, batchSize: 10, ...more } })
  // Every seventh row cannot be sent.
  const wrong = Array.from({ length: inputs }, (_, n) => n).filter((n) => n % 7 === 3)
  yield* jobs.append(planning, yield* batchesOf(rowsOf(inputs, wrong), { jobId: id, batchSize: 10 }))
  yield* jobs.planned(planning, { digest: "of the rows", inputs })
})

/** Until a job is as it should be. */
const until = (id: string, is: (job: Job.Job) => boolean) =>
  Effect.gen(function* () {
    const jobs = yield* JobStore.JobStore
    while (true) {
      const job = yield* jobs.get(id)
      if (is(job)) return job
      yield* Effect.sleep("20 millis")
    }
  })

export const settled = (id: string) =>
  Effect.flatMap(ImportRuntime.ImportRuntime, (runtime) => runtime.settled(id))

/** Nothing is in the ledger twice, every row has an outcome, and those that were created are there. */
const check = Effect.fnUntraced(function* (id: string) {
  const jobs = yield* JobStore.JobStore
  const { created } = yield* Effect.flatMap(Emulator, ({ ledger }) => ledger)
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

/** The first creates are answered so long that a job is under way when it is looked at. */
const slow: EmulatorOptions.Options = { latency: { min: 100, max: 200 } }

export const suite = (name: string, place: Place, keeps: "forgets" | "keeps") =>
  describe.concurrent(name, () => {
    const open = (emulator?: EmulatorOptions.Options) =>
      Effect.map(place, (layerOf) => {
        const { layer, world } = worldOf(emulator)
        const runtime = (options: Partial<ImportRuntime.Options> = {}) =>
          layerOf({ account: services, concurrency: 2, ...options })
        return { layer, world, runtime }
      })

    it.live("runs what is planned to its end, several at once, each row once", () =>
      Effect.gen(function* () {
        const { layer, runtime } = yield* open()
        yield* Effect.gen(function* () {
          for (const id of ["a", "b", "c"]) yield* plan(id, 95)
          for (const id of ["a", "b", "c"]) {
            assert.strictEqual((yield* settled(id)).state, "done")
            const { created, invalid } = yield* check(id)
            assert.deepStrictEqual([created, invalid], [81, 14])
          }
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    it.live("goes on by itself when a suspension is over, and sends nothing before", () =>
      Effect.gen(function* () {
        const { layer, runtime, world } = yield* open()
        let movedAt: number | undefined
        const sentAt: Array<number> = []
        world.fault = (request, pass) => {
          if (!isCreate(request)) return pass
          sentAt.push(Date.now())
          if (sentAt.length < 3 || movedAt !== undefined) return pass
          movedAt = Date.now()
          return refused(request, 477, { "retry-after": "3" })
        }
        yield* Effect.gen(function* () {
          yield* plan("a", 95)
          const { state, suspension } = yield* settled("a")
          assert.strictEqual(state, "suspended")
          assert.strictEqual(suspension?.reason, "migration")
          const resumeAt = suspension?.resumeAtMillis ?? 0
          assert.approximately(resumeAt, (movedAt ?? 0) + 3000, 500)
          yield* until("a", ({ state }) => state === "done")
          // Those that were under way when HubSpot said it may have been sent right after.
          assert.deepStrictEqual(
            sentAt.filter((at) => at > (movedAt ?? 0) + 500 && at < resumeAt),
            []
          )
          assert.strictEqual((yield* check("a")).created, 81)
        }).pipe(Effect.provide(Layer.provideMerge(runtime({ retry: impatient }), layer)))
      })
    )

    it.live("waits for a person where a person is needed, and goes on when told", () =>
      Effect.gen(function* () {
        const { layer, runtime, world } = yield* open()
        world.fault = (request, pass) => (isCreate(request) ? refused(request, 401) : pass)
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          yield* plan("a", 30)
          assert.strictEqual((yield* settled("a")).suspension?.reason, "auth")
          yield* Effect.sleep("2500 millis")
          assert.strictEqual((yield* jobs.get("a")).state, "suspended")
          world.fault = passing
          yield* jobs.requestResume("a")
          yield* until("a", ({ state }) => state === "done")
          assert.strictEqual((yield* check("a")).created, 26)
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    it.live("cancels one that runs, and one that is suspended", () =>
      Effect.gen(function* () {
        const { layer, runtime, world } = yield* open(slow)
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          yield* plan("a", 1000)
          while ((yield* jobs.counts("a")).created === 0) yield* Effect.sleep("20 millis")
          yield* jobs.requestCancel("a")
          assert.strictEqual((yield* settled("a")).state, "canceled")
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

    it.live("runs the jobs of one account while another's cannot be", () =>
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

    it.live("cancels one whose account it cannot act for, or no more", () =>
      Effect.gen(function* () {
        const { layer, runtime } = yield* open()
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          yield* plan("a", 30, { account: "7" })
          assert.strictEqual((yield* settled("a")).state, "suspended")
          yield* jobs.requestCancel("a")
          yield* until("a", ({ state }) => state === "canceled").pipe(Effect.timeout("5 seconds"))
          const { notSent, open } = yield* check("a")
          assert.deepStrictEqual([notSent, open], [26, 0])
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    it.live("cancels one that waits for an account that is paused, and holds it meanwhile", () =>
      Effect.gen(function* () {
        const { layer, runtime } = yield* open()
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          const { pause } = yield* RateLimitStore
          yield* pause({ account, millis: 3_600_000 })
          yield* plan("a", 30)
          yield* until("a", ({ holder }) => holder !== undefined)
          yield* Effect.sleep("3 seconds")
          const { holder, state } = yield* jobs.get("a")
          assert.deepStrictEqual([state, (holder?.untilMillis ?? 0) > Date.now()], ["running", true])
          yield* jobs.requestCancel("a")
          yield* until("a", ({ state }) => state === "canceled").pipe(Effect.timeout("8 seconds"))
          const { notSent, open } = yield* check("a")
          assert.deepStrictEqual([notSent, open], [26, 0])
        }).pipe(Effect.provide(Layer.provideMerge(runtime({ lease: "3 seconds" }), layer)))
      })
    )

    it.live("leaves at once while HubSpot does not say whose the token is", () =>
      Effect.gen(function* () {
        const { layer, runtime, world } = yield* open()
        world.fault = () => Effect.never
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          yield* plan("a", 30)
          yield* until("a", ({ holder }) => holder !== undefined)
          yield* Effect.sleep("200 millis")
          const { leave } = yield* ImportRuntime.ImportRuntime
          yield* leave.pipe(Effect.timeout("2 seconds"))
          const { holder, state } = yield* jobs.get("a")
          assert.deepStrictEqual([state, holder], ["running", undefined])
          world.fault = passing
        }).pipe(Effect.provide(Layer.provideMerge(runtime(), layer)))
      })
    )

    it.live("begins anew what came to grief", () =>
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

    if (keeps === "keeps") {
      it.live("leaves a job as it stands, answered, and goes on with it in the next process", () =>
        Effect.gen(function* () {
          const { layer, runtime } = yield* open(slow)
          yield* Effect.gen(function* () {
            const http = yield* Layer.build(layer)
            const first = yield* Effect.gen(function* () {
              yield* plan("a", 600)
              const jobs = yield* JobStore.JobStore
              while ((yield* jobs.counts("a")).created < 100) yield* Effect.sleep("20 millis")
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
            assert.deepStrictEqual([counts.created, counts.inDoubt], [514, 0])
          }).pipe(Effect.scoped)
        })
      )
    }
  })
