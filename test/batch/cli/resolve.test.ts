import { JobStore } from "@effect-hubspot/batch"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import * as Process from "../../../packages/batch/src/cli/Process.ts"
import * as Resolve from "../../../packages/batch/src/cli/Resolve.ts"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { LineItems } from "@effect-hubspot/http"
import { Association } from "@effect-hubspot/schema"
import { Effect, Layer, Result, Sink, Stdio } from "effect"
import { TestClock } from "effect/testing"
import { inVirtualTime } from "../../support/virtualTime.ts"
import { batchesOf, frozen, holder, other, rowsOf } from "../sql/jobStore/rows.ts"
import * as HubSpot from "../../support/hubspot.ts"

const world = Layer.mergeAll(Stores.layerMemory, Process.layer, HubSpot.layer({ emulator: { portalId: 42 } }))

describe("resolve", () => {
  it.effect(
    "goes by an answer that came when another process had the job, and asks HubSpot about the others",
    () =>
      Effect.gen(function* () {
        const jobs = yield* JobStore.JobStore
        const { log } = jobs
        const planning = yield* jobs.create({ id: "a", frozen, holder })
        yield* jobs.append(planning, yield* batchesOf(rowsOf(2), { jobId: "a" }))
        yield* jobs.planned(planning, { digest: "d", inputs: 2 })
        const first = yield* jobs.claim("a", { holder })
        const sent = { jobId: "a", operation: "batchCreate", inputs: [0, 1], epoch: first.epoch }
        const attempt = yield* log.begin(sent)

        // It stands still, and another one has to doubt what it sent.
        const second = yield* jobs.claim("a", { holder: other, insteadOf: first.epoch })
        const evidence = { _tag: "Recovered", text: "the import ended while it was being sent" } as const
        yield* jobs.settle(second, [
          { number: 0, outcomes: [0, 1].map((index) => ({ _tag: "InDoubt", index, evidence })) }
        ])
        yield* jobs.complete(second, "done")

        // It goes on, and hears of one of the two.
        yield* log.end(attempt, {
          acceptance: "Accepted",
          outcomes: [{ _tag: "Created", index: 1, id: "4711", via: "response", possibleDuplicate: false }]
        })

        const lines: Array<string> = []
        const stdio = Stdio.layerTest({
          stdout: () =>
            Sink.forEach((text: string | Uint8Array) => Effect.sync(() => void lines.push(String(text))))
        })
        const resolve = (apply: boolean) => Effect.provide(Resolve.run("a", { apply, json: true }), stdio)
        assert.strictEqual(yield* resolve(false), 4)
        assert.strictEqual((yield* jobs.counts("a")).created, 0)
        assert.strictEqual(yield* resolve(true), 4)
        const { created, inDoubt } = yield* jobs.counts("a")
        assert.deepStrictEqual([created, inDoubt], [1, 1])
        for (const line of lines) {
          assert.deepStrictEqual(JSON.parse(line).proposals, [
            { line: 2, index: 0, is: "unknown" },
            { line: 3, index: 1, is: "created", id: "4711" }
          ])
        }
        const { requests } = yield* Effect.flatMap(Emulator, ({ ledger }) => ledger)
        assert.isEmpty(requests.filter(({ path }) => path.includes("line_items")))
      }).pipe(Effect.provide(world))
  )

  it.effect("looks for the rows of one parent at once, whatever batches they were sent in", () =>
    Effect.gen(function* () {
      const jobs = yield* JobStore.JobStore
      const rows = rowsOf(6).map((row) => ({
        ...row,
        input: Result.map(row.input, (input) => ({
          ...input,
          associations: [Association.make("deal", "1001")]
        }))
      }))
      const planning = yield* jobs.create({ id: "a", frozen, holder })
      yield* jobs.append(planning, yield* batchesOf(rows, { jobId: "a" }))
      yield* jobs.planned(planning, { digest: "d", inputs: rows.length })
      const claim = yield* jobs.claim("a", { holder })
      const evidence = { _tag: "Recovered", text: "the import ended while it was being sent" } as const
      for (const number of [0, 1, 2]) {
        const inputs = [2 * number, 2 * number + 1]
        yield* jobs.log.begin({ jobId: "a", operation: "batchCreate", inputs, epoch: claim.epoch })
        const outcomes = inputs.map((index) => ({ _tag: "InDoubt", index, evidence }) as const)
        yield* jobs.settle(claim, [{ number, outcomes }])
      }
      yield* jobs.complete(claim, "done")
      // HubSpot has them all the same.
      yield* TestClock.adjust("1 second")
      const lineItems = yield* LineItems.LineItems
      yield* lineItems.createBatch({
        inputs: rows.map(({ input, index }) => ({
          ...Result.getOrThrow(input),
          objectWriteTraceId: `a-${index.toString(36)}`
        }))
      })
      const stdio = Stdio.layerTest({ stdout: () => Sink.drain })
      const resolving = Effect.provide(Resolve.run("a", { apply: true, json: true }), stdio)
      assert.strictEqual(yield* inVirtualTime(resolving), 0)
      assert.strictEqual((yield* jobs.counts("a")).created, 6)
      const { requests } = yield* Effect.flatMap(Emulator, ({ ledger }) => ledger)
      assert.lengthOf(
        requests.filter(({ path }) => path.endsWith("/batch/read")),
        1
      )
    }).pipe(Effect.provide(Layer.fresh(world)))
  )
})
