/**
 * How line items are created under a strategy: the runner of its operation, how unfinished batches are
 * observed, and what is done about doubts.
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as BatchObserver from "./BatchObserver.ts"
import * as DoubtStrategy from "./DoubtStrategy.ts"
import * as Lookup from "./Lookup.ts"
import type * as Bulk from "../engine/Pipeline.ts"
import * as Resolving from "./Resolver.ts"

/**
 * `property` is the key property, if there is one; a strategy that needs one gets one. `first` is the job whose keys the
 * inputs may have, if they are those of another one.
 */
export const resolver = Effect.fnUntraced(function* (
  job: Bulk.Job,
  strategy: DoubtStrategy.DoubtStrategy,
  property: string | undefined,
  first?: string
) {
  const observer = yield* observerOf(job.services, strategy, property)
  const runner = yield* job.runner(Resolving.operationOf(strategy, property), {
    observe: Option.getOrUndefined(observer)?.observe,
    trustRefusals: Resolving.trustsRefusals(strategy)
  })
  return Resolving.make(runner, { ...job, strategy, property, first })
})

/** The one of the context, or by key where there is a key. */
const observerOf = Effect.fnUntraced(function* (
  services: Dispatch.Services,
  strategy: DoubtStrategy.DoubtStrategy,
  property: string | undefined
) {
  const given = yield* Effect.serviceOption(BatchObserver.BatchObserver)
  // A record under the key of an upsert may be an old one; the upsert is simply done again.
  if (Option.isSome(given) || property === undefined || strategy._tag === "upsert") return given
  const lookup = DoubtStrategy.keyNeeded(strategy) === "unique" ? Lookup.byUniqueValue : Lookup.bySearch
  return Option.some(BatchObserver.key(lookup(services, property)))
})
