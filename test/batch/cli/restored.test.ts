/**
 * An old copy of the database, under strategies that look, in virtual time: what was sent after the copy was made is found
 * and not sent again, also what was created long before anybody knew of the loss.
 */
import { DoubtStrategy, JobStore } from "@effect-hubspot/batch"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import type { Source } from "@effect-hubspot/batch"
import * as DurableImport from "../../../packages/batch/src/cli/DurableImport.ts"
import * as Process from "../../../packages/batch/src/cli/Process.ts"
import { LineItems } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result, Stdio } from "effect"
import { TestClock } from "effect/testing"
import { batchesOf, frozen, holder, other, rowsOf } from "../sql/jobStore/rows.ts"
import * as HubSpot from "../../support/hubspot.ts"

const keyProperty = "import_key"

const world = Layer.mergeAll(
  Stores.layerMemory,
  Process.layer,
  HubSpot.layer({ emulator: { portalId: 42, uniqueProperties: [keyProperty] } })
)

/** Rows of which two and two, those of a batch, have a parent in common. */
const rows = (count: number): ReadonlyArray<Source.Row> =>
  rowsOf(count).map((row) => ({
    ...row,
    input: Result.map(row.input, (input) => ({
      ...input,
      associations: [Association.make("deal", String(70 + (row.index >> 1)))]
    }))
  }))

const strategies = {
  reconcileByParent: DoubtStrategy.reconcileByParent(),
  reconcile: DoubtStrategy.reconcile(),
  guard: DoubtStrategy.guard(),
  upsert: DoubtStrategy.upsert()
}

describe("a job whose database is an old copy", () => {
  for (const [name, strategy] of Object.entries(strategies)) {
    it.effect(`under ${name} finds what was sent since, and sends the rest`, () =>
      Effect.gen(function* () {
        const jobs = yield* JobStore.JobStore
        const lineItems = yield* LineItems.LineItems
        const planning = yield* jobs.create({
          id: "a",
          holder,
          frozen: { ...frozen, strategy, ...(name !== "reconcileByParent" && { keyProperty }) }
        })
        const batches = yield* batchesOf(rows(6), {
          jobId: "a",
          ...(name !== "reconcileByParent" && { key: { property: keyProperty } })
        })
        yield* jobs.append(planning, batches)
        yield* jobs.planned(planning, { digest: "d", inputs: 6 })
        // What the copy does not know: a run sent two of the three batches.
        yield* TestClock.adjust("1 minute")
        for (const { items } of batches.slice(0, 2)) {
          yield* lineItems.createBatch({ inputs: items.map(({ input }) => input) })
        }
        yield* TestClock.adjust("1 day")
        yield* Effect.provide(DurableImport.distrust("a"), Stdio.layerTest({}))
        const running = yield* Effect.forkChild(
          Effect.scoped(Effect.flatMap(jobs.claim("a", { holder: other }), (claim) => JobRunner.run(claim)))
        )
        while (running.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(running))._tag, "Complete")
        const { created } = yield* Effect.flatMap(Emulator, ({ ledger }) => ledger)
        const names = created.map(({ properties }) => properties["name"])
        assert.deepStrictEqual(
          [...new Set(names)].sort(),
          rowsOf(6).map((_, n) => `Seat ${n}`)
        )
        assert.lengthOf(names, 6, "something is there twice")
        assert.deepInclude(yield* jobs.counts("a"), { created: 6, inDoubt: 0 })
      }).pipe(Effect.provide(world))
    )
  }
})
