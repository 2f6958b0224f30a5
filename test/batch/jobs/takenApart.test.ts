import { JobStore } from "@effect-hubspot/batch"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as HubSpot from "../../support/hubspot.ts"
import { join } from "../../support/virtualTime.ts"
import { batchesOf, frozen, holder, other, rowsOf } from "../sql/jobStore/rows.ts"

const rows = 5
const path = "*/batch/create"

/** Every batch of more than one row is refused, and nobody says why. */
const apart: Faults.Rule = {
  match: { path, inputsOver: 1 },
  fault: { place: "beforeCommit", reply: { kind: "status", status: 400 } }
}

/** The row is created alone, and no answer ever comes. */
const lost = (index: number): Faults.Rule => ({
  match: { path, onlyWithTraceId: `a-${index.toString(36)}`, times: 1 },
  fault: { place: "replyLost" }
})

describe("a batch that was taken apart", () => {
  for (let index = 0; index < rows; index++) {
    it.effect(
      `and whose run died at row ${index + 1} of ${rows} is gone on with, and that row not sent again`,
      () =>
        Effect.gen(function* () {
          const emulator = yield* Emulator
          const jobs = yield* JobStore.JobStore
          const planning = yield* jobs.create({ id: "a", holder, frozen: { ...frozen, batchSize: rows } })
          yield* jobs.append(planning, yield* batchesOf(rowsOf(rows), { batchSize: rows }))
          yield* jobs.planned(planning, { digest: "d", inputs: rows })
          // The row's own attempt comes after those of the batch and its parts.
          yield* emulator.setFaults({ rules: [apart, lost(index)] })

          const first = yield* jobs.claim("a", { holder })
          yield* Effect.forkDetach(Effect.scoped(JobRunner.run(first, { concurrency: 1 })))
          const isSent = Effect.map(emulator.ledger, ({ created }) =>
            created.some(({ objectWriteTraceId }) => objectWriteTraceId === `a-${index.toString(36)}`)
          )
          for (let n = 0; n < 500 && !(yield* isSent); n++) yield* TestClock.adjust("100 millis")
          assert.isTrue(yield* isSent)

          // Its process is gone while it waits for the answer.
          const second = yield* jobs.claim("a", { holder: other, insteadOf: first.epoch })
          const running = yield* Effect.forkChild(Effect.scoped(JobRunner.run(second, { concurrency: 1 })))
          assert.strictEqual((yield* join(running))._tag, "Complete")
          yield* TestClock.adjust("1 hour")
          const { created } = yield* emulator.ledger
          const traces = created.map(({ objectWriteTraceId }) => objectWriteTraceId).toSorted()
          assert.deepStrictEqual(
            traces,
            Array.from({ length: rows }, (_, n) => `a-${n.toString(36)}`)
          )
          const outcomes = yield* Stream.runCollect(jobs.outcomes("a"))
          assert.deepStrictEqual(
            outcomes.map(({ _tag }) => _tag),
            Array.from({ length: rows }, (_, n) => (n === index ? "InDoubt" : "Created"))
          )
        }).pipe(Effect.provide(Layer.fresh(Layer.merge(Stores.layerMemory, HubSpot.layer()))))
    )
  }
})
