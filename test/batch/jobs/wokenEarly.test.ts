import { JobStore } from "@effect-hubspot/batch"
import * as Accounts from "@effect-hubspot/batch/cluster/Accounts"
import * as ImportWorkflow from "@effect-hubspot/batch/cluster/ImportWorkflow"
import type * as Job from "@effect-hubspot/batch/jobs/Job"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { Retry } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as DurableClock from "effect/workflow/DurableClock"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { isCreate, plan, refused } from "../cluster/suite.ts"
import * as HubSpot from "../../support/hubspot.ts"

/*
 * A job that is suspended goes on when its time has come: not when a clock of the workflow engine rings too early, as it
 * does for a message that somebody forged.
 */

/** What is not done in virtual time, such as a digest, takes its time. */
const until = (is: (job: Job.Job) => boolean) =>
  Effect.gen(function* () {
    const jobs = yield* JobStore.JobStore
    while (true) {
      const job = yield* jobs.get("a")
      if (is(job)) return job
      yield* TestClock.adjust("50 millis")
    }
  })

const requests = Effect.flatMap(Emulator, ({ ledger }) =>
  Effect.map(ledger, ({ requests }) => requests.length)
)

/** Lets the time pass that long, and everything else go on meanwhile. */
const pass = (millis: number) =>
  Effect.gen(function* () {
    const end = (yield* Clock.currentTimeMillis) + millis
    while ((yield* Clock.currentTimeMillis) < end) {
      yield* TestClock.adjust(Math.min(500, end - (yield* Clock.currentTimeMillis)))
      yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
    }
  })

const workflow = (accounts: Layer.Layer<Accounts.Accounts>) =>
  Layer.unwrap(
    Effect.map(Deferred.make<void>(), (leave) =>
      ImportWorkflow.layer({
        holder: { pid: 1, host: "worker" },
        concurrency: 1,
        retry: { ...Retry.defaults, patienceMillis: 1000 },
        leave
      })
    )
  ).pipe(Layer.provideMerge(WorkflowEngine.layerMemory), Layer.provide(accounts))

const suspensions: ReadonlyArray<
  readonly [reason: Job.Suspension["reason"], seconds: number, HubSpot.Fault]
> = [
  ["migration", 3600, (request) => refused(request, 477, { "retry-after": "3600" })],
  ["network", 60, (request) => HubSpot.transport(request, "ECONNREFUSED", "connect")]
]

describe("a job that is suspended", () => {
  for (const [reason, seconds, answer] of suspensions) {
    it.effect(`for ${reason} does not go on because a clock rings early, and goes on when it is time`, () =>
      Effect.gen(function* () {
        let down = true
        const hubspot = HubSpot.layer({
          emulator: { portalId: 891936587 },
          fault: (request, pass) => (isCreate(request) && down ? answer(request, pass, 0) : pass)
        })
        yield* Effect.gen(function* () {
          const jobs = yield* JobStore.JobStore
          const services = yield* Effect.context<Accounts.Services>()
          yield* Effect.gen(function* () {
            yield* plan("a", 30)
            const { createdAtMillis } = yield* jobs.get("a")
            const payload = { jobId: "a", createdAtMillis }
            const executionId = yield* ImportWorkflow.ImportWorkflow.execute(payload, { discard: true })
            const { epoch, suspension } = yield* until(({ state }) => state === "suspended")
            assert.strictEqual(suspension?.reason, reason)
            const suspendedAt = yield* Clock.currentTimeMillis
            yield* pass(1000)
            down = false
            const before = yield* requests

            const { deferredDone } = yield* WorkflowEngine.WorkflowEngine
            for (const name of [`suspension of run ${epoch}`, `suspension of run ${epoch}, again 1`]) {
              const { deferred } = DurableClock.make({ name, duration: 0 })
              yield* deferredDone(deferred, {
                workflowName: ImportWorkflow.ImportWorkflow._tag,
                executionId,
                deferredName: deferred.name,
                exit: Exit.void
              })
              yield* pass((seconds * 1000) / 3)
              const { epoch: later, state } = yield* jobs.get("a")
              assert.deepStrictEqual([state, later], ["suspended", epoch])
              assert.strictEqual(yield* requests, before)
            }

            yield* until(({ state }) => state === "done")
            const took = (yield* Clock.currentTimeMillis) - suspendedAt
            assert.isAtLeast(took, seconds * 1000)
            assert.isAtMost(took, seconds * 1000 + 30_000)
            assert.strictEqual((yield* jobs.counts("a")).created, 26)
          }).pipe(
            Effect.provide(
              workflow(Layer.succeed(Accounts.Accounts, { services: () => Effect.succeed(services) }))
            )
          )
        }).pipe(Effect.provide(Layer.merge(Stores.layerMemory, hubspot)))
      })
    )
  }
})
