import { DoubtStrategy, JobStore, type Source } from "@effect-hubspot/batch"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as Plan from "@effect-hubspot/batch/model/Plan"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { LineItems } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as HubSpot from "../../support/hubspot.ts"
import { batchesOf, frozen, holder, rowsOf } from "../sql/jobStore/rows.ts"
import { join } from "../../support/virtualTime.ts"

/** What a row comes to that is retried under the key that was made for it, which a record with other values has. */
const outcomeOf = (retry: boolean) =>
  Effect.gen(function* () {
    const items = yield* LineItems.LineItems
    yield* items.create({ properties: { name: "Of another", key: "gum:7" } })
    const jobs = yield* JobStore.JobStore
    const planning = yield* jobs.create({
      id: "again",
      holder,
      frozen: {
        ...frozen,
        strategy: DoubtStrategy.guard(),
        keyProperty: "key",
        ...(retry && { retryOf: { job: "gum", first: "gum" } })
      }
    })
    const key: Plan.Key<Source.Row> = { property: "key", of: () => Plan.madeKey("gum", 7) }
    yield* jobs.append(planning, yield* batchesOf(rowsOf(1), { jobId: "again", key }))
    yield* jobs.planned(planning, { digest: "d", inputs: 1 })
    const running = yield* Effect.forkScoped(
      Effect.flatMap(jobs.claim("again", { holder }), (claim) => JobRunner.run(claim))
    )
    yield* join(running)
    const [entry] = yield* Stream.runCollect(jobs.outcomes("again"))
    return entry?._tag
  }).pipe(
    Effect.scoped,
    Effect.provide([HubSpot.layer({ emulator: { uniqueProperties: ["key"] } }), Stores.layerMemory])
  )

describe("a record under the key of a row", () => {
  it.effect(
    "is the row where the key is the row's own, and a doubt where it was made for the first job",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual([yield* outcomeOf(false), yield* outcomeOf(true)], ["Created", "InDoubt"])
      })
  )
})
