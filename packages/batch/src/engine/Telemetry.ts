/**
 * What an operator sees of batches: the attributes of their spans, and how many inputs had which outcome.
 *
 * The requests themselves are told by `HubSpotClient` and `Metrics` of `@effect-hubspot/http`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { Outcome, Success } from "../model/Outcome.ts"

/**
 * Outcomes of inputs, by `hubspot.outcome`: `Created`, `Rejected`, `Invalid`, `NotSent`, `InDoubt`, or the success of another
 * operation. A durable job counts those that it has written down.
 *
 * @category metrics
 * @since 0.1.0
 */
export const outcomes = Metric.counter("hubspot.bulk.outcomes", {
  description: "Inputs of bulk operations and jobs, by what became of them",
  attributes: { unit: "{input}" },
  incremental: true
})

type Tag = Outcome<unknown, Success>["_tag"]

const counters = new Map<Tag, typeof outcomes>()

const counterOf = (tag: Tag): typeof outcomes => {
  let counter = counters.get(tag)
  if (counter === undefined) {
    counter = Metric.withAttributes(outcomes, { "hubspot.outcome": tag })
    counters.set(tag, counter)
  }
  return counter
}

/** Counts outcomes: one update for each kind among them. */
export const counted = (all: ReadonlyArray<{ readonly _tag: Tag }>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const counts = new Map<Tag, number>()
    for (const { _tag } of all) counts.set(_tag, (counts.get(_tag) ?? 0) + 1)
    return Effect.forEach(counts, ([tag, count]) => Metric.update(counterOf(tag), count), { discard: true })
  })

/** Everything about a batch, its requests and the work on its doubts, has the job and the number of the batch in its spans. */
export const ofBatch = (jobId: string, batch: number) =>
  Effect.annotateSpans({ "hubspot.job.id": jobId, "hubspot.batch.number": batch })

/** A request has the number of the attempt at its batch, from 1. */
export const ofAttempt = (attempt: number) => Effect.annotateSpans({ "hubspot.attempt": attempt })
