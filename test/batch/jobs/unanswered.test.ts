/**
 * Durable jobs while HubSpot does not answer: what each run costs, when the next one may begin, and that the rest is created
 * once when HubSpot is back.
 */
import { JobStore } from "@effect-hubspot/batch"
import * as Accounts from "@effect-hubspot/batch/cluster/Accounts"
import * as ImportWorkflow from "@effect-hubspot/batch/cluster/ImportWorkflow"
import type * as Job from "@effect-hubspot/batch/jobs/Job"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { plan } from "../cluster/suite.ts"
import { batchesOf, frozen, holder, rowsOf } from "../sql/jobStore/rows.ts"
import { join } from "../../support/virtualTime.ts"

const emulator = Emulator.layer({ portalId: 891936587 })

/** What a process has of an account: nothing that it has learnt outlives it. */
const services = Layer.fresh(
  LineItems.layer({ limit: 190 }).pipe(Layer.provide(Credentials.layer(Redacted.make("pat-eu1-test"))))
)

const down = Effect.flatMap(Emulator.Emulator, ({ setFaults }) =>
  setFaults({
    rules: [
      {
        match: { path: "*/batch/create" },
        fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } }
      }
    ]
  })
)

const up = Effect.flatMap(Emulator.Emulator, ({ setFaults }) => setFaults({ rules: [] }))

/** The line items in HubSpot, each once. */
const stored = Effect.gen(function* () {
  const { created } = yield* Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)
  const names = new Set(created.map(({ properties }) => properties["name"]))
  assert.strictEqual(names.size, created.length, "something is there twice")
  return names.size
})

describe("a durable job while HubSpot does not answer", () => {
  it.effect("costs three batches, then one input a run, and the rest is created when HubSpot is back", () =>
    Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      const rows = 3000
      const planning = yield* jobs.create({ id: "a", holder, frozen: { ...frozen, batchSize: 100 } })
      yield* jobs.append(planning, yield* batchesOf(rowsOf(rows), { batchSize: 100 }))
      yield* jobs.planned(planning, { digest: "of the rows", inputs: rows })
      const run = Effect.gen(function* () {
        const claim = yield* jobs.claim("a", { holder })
        return yield* JobRunner.run(claim)
      }).pipe(
        Effect.scoped,
        Effect.provide(Layer.orDie(services)),
        Effect.forkChild,
        Effect.flatMap((job) => join(job))
      )

      yield* down
      const pauses: Array<number | undefined> = []
      for (const _ of [1, 2, 3, 4, 5, 6, 7]) {
        const end = yield* run
        assert(end._tag === "Suspended")
        assert.strictEqual(end.suspension.reason, "outage")
        pauses.push((end.suspension.resumeAtMillis ?? 0) - (yield* Clock.currentTimeMillis))
      }
      const { requests } = yield* Effect.flatMap(Emulator.Emulator, ({ ledger }) => ledger)
      const creates = requests.filter(({ path }) => path.endsWith("/batch/create"))
      assert.deepStrictEqual(
        creates.map(({ inputs }) => inputs),
        [100, 100, 100, 1, 1, 1, 1, 1, 1]
      )
      assert.deepStrictEqual(
        pauses.map((pause) => Math.round((pause ?? 0) / 60_000)),
        [1, 2, 4, 8, 15, 15, 15]
      )
      yield* up
      assert.strictEqual((yield* run)._tag, "Complete")
      const { created, inDoubt, open } = yield* jobs.counts("a")
      assert.deepStrictEqual([created, inDoubt, open], [rows - 306, 306, 0])
      assert.strictEqual(yield* stored, rows)
    }).pipe(Effect.provide(Layer.merge(Stores.layerMemory, emulator)))
  )

  it.effect("goes on by itself where workers run it", () =>
    Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      const account = yield* Effect.context<Accounts.Services>()
      const until = (is: (job: Job.Job) => boolean) =>
        Effect.gen(function* () {
          while (!is(yield* jobs.get("a"))) yield* TestClock.adjust("500 millis")
        })
      const workflow = ImportWorkflow.layer({
        holder: { pid: 1, host: "worker" },
        concurrency: 1,
        leave: yield* Deferred.make<void>()
      }).pipe(
        Layer.provideMerge(WorkflowEngine.layerMemory),
        Layer.provide(Layer.succeed(Accounts.Accounts, { services: () => Effect.succeed(account) }))
      )
      yield* Effect.gen(function* () {
        yield* down
        yield* plan("a", 100)
        const { createdAtMillis } = yield* jobs.get("a")
        yield* ImportWorkflow.ImportWorkflow.execute({ jobId: "a", createdAtMillis }, { discard: true })
        yield* until(({ suspension }) => suspension?.reason === "outage")
        const { created, inDoubt } = yield* jobs.counts("a")
        assert.strictEqual(created, 0)
        yield* up
        yield* until(({ state }) => state === "done")
        const counts = yield* jobs.counts("a")
        assert.strictEqual(counts.inDoubt, inDoubt)
        assert.strictEqual(counts.created + counts.inDoubt + counts.invalid, 100)
        assert.strictEqual(yield* stored, counts.created + counts.inDoubt)
      }).pipe(Effect.provide(workflow))
    }).pipe(
      Effect.provide(Layer.merge(Stores.layerMemory, Layer.provideMerge(Layer.orDie(services), emulator)))
    )
  )
})
