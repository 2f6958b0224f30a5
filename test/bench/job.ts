/**
 * Brings a durable job to where a process that was killed left it, through the store's own operations:
 * `job.ts <work> <batches> <strategy>` plans it if it is not there, settles its first batches with their attempts, and leaves
 * the ten after them under way. It lets go of nothing, as the dead do not.
 */
import * as DurableImport from "../../packages/batch/src/cli/DurableImport.ts"
import * as Process from "../../packages/batch/src/cli/Process.ts"
import * as DoubtStrategy from "@effect-hubspot/batch/doubt/DoubtStrategy"
import type * as JobBatch from "@effect-hubspot/batch/jobs/JobBatch"
import * as JobStore from "@effect-hubspot/batch/jobs/JobStore"
import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Option, Redacted, Stream } from "effect"
import { runtimeOf } from "../crash/place.ts"
import type { Work } from "../crash/worker.ts"

const work = JSON.parse(process.argv[2]!) as Work
const until = Number(process.argv[3])
const strategy =
  process.argv[4] === "reconcileByParent" ? DoubtStrategy.reconcileByParent() : DoubtStrategy.failVisible
const { jobId } = work

const hubspot = LineItems.layer({ baseUrl: work.url, limit: 1_000_000 }).pipe(
  Layer.provide(Layer.merge(NodeHttpClient.layerUndici, Credentials.layer(Redacted.make("pat-eu1-bench"))))
)

const plan = DurableImport.plan({
  jobId,
  input: { path: work.input! },
  format: undefined,
  rejects: undefined,
  doubts: undefined,
  batchSize: work.batchSize,
  strategy
}).pipe(Effect.scoped, Effect.provide([hubspot, NodeServices.layer, Process.layer]))

const outcomesOf = ({ items }: JobBatch.JobBatch) =>
  items.map(({ index }) => ({
    _tag: "Created" as const,
    index,
    id: String(20_000_000_000 + index),
    via: "response" as const,
    possibleDuplicate: false
  }))

const program = Effect.gen(function* () {
  const store = yield* JobStore.JobStore
  const { log } = store
  const known = yield* Effect.option(store.get(jobId))
  if (Option.isNone(known)) yield* plan
  const job = yield* store.get(jobId)
  const claim = yield* store.claim(jobId, {
    holder: Process.make().holder,
    lease: "10 minutes",
    insteadOf: job.epoch
  })
  if (claim.job.state === "suspended") yield* store.resume(claim)
  const begin = ({ items }: JobBatch.JobBatch) =>
    log.begin({
      jobId,
      operation: "batchCreate",
      inputs: items.map(({ index }) => index),
      epoch: claim.epoch
    })
  yield* store.unsettled(jobId).pipe(
    Stream.takeWhile(({ number }) => number < until + 10),
    Stream.rechunk(10),
    Stream.runForEachArray((batches) =>
      Effect.gen(function* () {
        for (const batch of batches) {
          const id = yield* begin(batch)
          if (batch.number < until) {
            yield* log.end(id, { acceptance: "Accepted", outcomes: outcomesOf(batch) })
          }
        }
        const done = batches.filter(({ number }) => number < until)
        yield* store.settle(
          claim,
          done.map((batch) => ({ number: batch.number, outcomes: outcomesOf(batch) }))
        )
      })
    )
  )
  return yield* store.counts(jobId)
}).pipe(Effect.provide(runtimeOf(work.database)))

const counts = await Effect.runPromise(program)
process.stdout.write(`${JSON.stringify(counts)}\n`)
process.exit(0)
