/**
 * The outcome of an input that is part of a batch: how it is concluded from what HubSpot says, and from what it said before.
 *
 * Pure. An outcome travels with its item until the batch is done. It sends nothing and writes nothing down.
 */
import type { HubSpotError, Reason } from "@effect-hubspot/http/HubSpotError"
import { ErrorBody } from "@effect-hubspot/schema"
import type * as Correlation from "../model/Correlation.ts"
import type * as Outcome from "../model/Outcome.ts"
import type { InDoubt, NotSent, Rejected, Success } from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"
import type { BatchOperation } from "./BatchOperation.ts"

/**
 * The outcome of an input that is part of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export type Settled<I, S extends Success = "Created"> =
  | Outcome.Successes<I>[S]
  | Rejected<I>
  | NotSent<I>
  | InDoubt<I>

/** An item and what became of it. */
export interface Ended<I, In, S extends Success> {
  readonly item: Item<I, In>
  readonly outcome: Settled<I, S>
}

/** Every item with the outcome that it gets. */
export const each = <I, In, S extends Success>(
  items: ReadonlyArray<Item<I, In>>,
  outcomeOf: (item: Item<I, In>, position: number) => Settled<I, S>
): ReadonlyArray<Ended<I, In, S>> =>
  items.map((item, position) => ({ item, outcome: outcomeOf(item, position) }))

export const notSent = <I>(
  { index, source }: Item<I, unknown>,
  reason: Outcome.NotSentReason
): NotSent<I> => ({
  _tag: "NotSent",
  source,
  index,
  reason
})

/** What names an input, of an item or of an outcome. */
type Named<I> = Pick<Rejected<I>, "source" | "index" | "objectWriteTraceId">

const named = <I>({ index, objectWriteTraceId, source }: Named<I>): Named<I> => ({
  source,
  index,
  objectWriteTraceId
})

export const inDoubt = <I>(input: Named<I>, evidence: Outcome.Evidence): InDoubt<I> => ({
  _tag: "InDoubt",
  ...named(input),
  evidence
})

const rejected = <I>(
  input: Named<I>,
  category: string,
  problems: ReadonlyArray<ErrorBody.Problem>
): Rejected<I> => ({ _tag: "Rejected", ...named(input), category, problems, verifiedAbsent: false })

export const fromVerdict = <I, In, S extends Success>(
  operation: BatchOperation<In, S>,
  item: Item<I, In>,
  verdict: Correlation.Verdict
): Settled<I, S> => {
  switch (verdict._tag) {
    case "Done":
      return operation.succeed(item, verdict.object)
    case "Rejected":
      return rejected(
        item,
        verdict.errors[0]?.category ?? "no category",
        verdict.errors.flatMap((error) =>
          ownProblems(item, ErrorBody.problemsOfInputs(error), ErrorBody.problems(error))
        )
      )
    case "Unaccounted":
      return inDoubt(item, verdict)
  }
}

export const refused = <I>(item: Item<I, unknown>, { reason }: HubSpotError): Rejected<I> =>
  rejected(
    item,
    reason._tag === "ValidationFailed" ? reason.category : "REQUEST_TOO_LARGE",
    problemsOf(item, reason)
  )

/** What HubSpot says of this input, or else of the request it was in. */
const problemsOf = (item: Item<unknown, unknown>, reason: Reason): ReadonlyArray<ErrorBody.Problem> =>
  reason._tag === "ValidationFailed"
    ? ownProblems(item, reason.blamed, reason.problems)
    : [{ message: reason.message }]

/** What an error says of this input by its trace id, or else of all that it names. */
const ownProblems = (
  { objectWriteTraceId }: Item<unknown, unknown>,
  blamed: ReturnType<typeof ErrorBody.problemsOfInputs>,
  problems: ReadonlyArray<ErrorBody.Problem>
): ReadonlyArray<ErrorBody.Problem> => {
  const own = blamed.flatMap(({ problem, traceIds }) =>
    traceIds.includes(objectWriteTraceId) ? [problem] : []
  )
  return own.length > 0 ? own : problems
}

/** Why an attempt before this one may have been executed: it had no answer, or its refusal is not believed. */
export interface Before {
  readonly doubt: Outcome.Evidence | undefined
  readonly suspicion: Outcome.Evidence | undefined
}

/** An attempt that may have been executed is not undone by what the next one came to. */
export const after = <I, In, S extends Success>(
  { doubt, suspicion }: Before,
  { item, outcome }: Ended<I, In, S>
): Settled<I, S> => {
  if (doubt !== undefined && outcome._tag === "Rejected") return unproven<I>(outcome)
  const evidence = doubt ?? suspicion
  return evidence !== undefined && outcome._tag === "NotSent" ? inDoubt(item, evidence) : outcome
}

/**
 * A rejection that could not be verified after a doubt is a doubt.
 *
 * @category judging
 * @since 0.1.0
 */
export const unproven = <I>(outcome: Rejected<I>): InDoubt<I> => {
  const { category, problems } = outcome
  return inDoubt(outcome, { _tag: "Unverified", category, problems })
}

/** Nothing was to be changed, so nothing can have been: it may be asked again. */
export const harmless = <I, In, S extends Success>({ item, outcome }: Ended<I, In, S>): Settled<I, S> => {
  if (outcome._tag !== "InDoubt") return outcome
  switch (outcome.evidence._tag) {
    case "NoAnswer":
      return notSent(item, { _tag: "RetriesExhausted", error: outcome.evidence.error })
    case "Abandoned":
      return notSent(item, { _tag: "Stopped" })
    default:
      return outcome
  }
}
