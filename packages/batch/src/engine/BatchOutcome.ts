/**
 * The outcome of an input that is part of a batch: how it follows from HubSpot's answer, and from the attempts before.
 *
 * Pure: it sends nothing and writes nothing down. An outcome travels with its item until the batch is done.
 */
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import { ErrorBody } from "@effect-hubspot/schema"
import type * as Correlation from "../model/Correlation.ts"
import type * as Division from "../model/Division.ts"
import type * as Outcome from "../model/Outcome.ts"
import type { InDoubt, NotSent, Rejected, Success } from "../model/Outcome.ts"
import type { Item, TracedInput } from "../model/Plan.ts"
import type { BatchOperation } from "./BatchOperation.ts"

/**
 * The outcome of an input that is part of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export type BatchOutcome<I, S extends Success = "Created"> =
  | Outcome.Successes<I>[S]
  | Rejected<I>
  | NotSent<I>
  | InDoubt<I>

/**
 * An item with its outcome.
 *
 * @category models
 * @since 0.1.0
 */
export interface ItemOutcome<I, In = TracedInput, S extends Success = "Created"> {
  readonly item: Item<I, In>
  readonly outcome: BatchOutcome<I, S>
}

/** Every item with an outcome. */
export const each = <I, In, S extends Success>(
  items: ReadonlyArray<Item<I, In>>,
  outcomeOf: (item: Item<I, In>, position: number) => BatchOutcome<I, S>
): ReadonlyArray<ItemOutcome<I, In, S>> =>
  items.map((item, position) => ({ item, outcome: outcomeOf(item, position) }))

/** The same items with other outcomes. */
export const map = <I, In, S extends Success>(
  all: ReadonlyArray<ItemOutcome<I, In, S>>,
  outcomeOf: (one: ItemOutcome<I, In, S>) => BatchOutcome<I, S>
): ReadonlyArray<ItemOutcome<I, In, S>> => all.map((one) => ({ item: one.item, outcome: outcomeOf(one) }))

export const notSent = <I>(
  { index, source }: Item<I, unknown>,
  reason: Outcome.NotSentReason
): NotSent<I> => ({ _tag: "NotSent", source, index, reason })

/** The part of an item or of an outcome that identifies the input. */
type Named<I> = Pick<Rejected<I>, "source" | "index" | "objectWriteTraceId">

/** What the failure of a request means for all that was not sent yet. */
export const reasonOf = (
  error: HubSpotError
): Exclude<Outcome.NotSentReason, { readonly _tag: "Stopped" }> => {
  const { ends } = error
  switch (ends) {
    case "job":
    case "credentials":
    case "parts":
      return { _tag: "Halted", error }
    case "batch":
      return { _tag: "Suspended", cause: "outage", error }
    case "quota":
    case "migration":
    case "network":
    case "database":
      return { _tag: "Suspended", cause: ends, error }
  }
}

export const inDoubt = <I>(
  { index, objectWriteTraceId, source }: Named<I>,
  evidence: Outcome.Evidence
): InDoubt<I> => ({ _tag: "InDoubt", source, index, objectWriteTraceId, evidence })

export const rejected = <I>(
  { index, objectWriteTraceId, source }: Named<I>,
  {
    category,
    problems,
    verifiedAbsent = false
  }: Pick<Rejected<I>, "category" | "problems"> & {
    readonly verifiedAbsent?: boolean
  }
): Rejected<I> => ({
  _tag: "Rejected",
  source,
  index,
  objectWriteTraceId,
  category,
  problems,
  verifiedAbsent
})

export const fromVerdict = <I, In, S extends Success>(
  operation: BatchOperation<In, S>,
  item: Item<I, In>,
  verdict: Correlation.Verdict
): BatchOutcome<I, S> => {
  switch (verdict._tag) {
    case "Done":
      return operation.succeed(item, verdict.object)
    case "Rejected":
      return rejected(item, {
        category: verdict.errors[0]?.category ?? "no category",
        problems: verdict.errors.flatMap((error) => ErrorBody.problems(error, item))
      })
    case "Unaccounted":
      return inDoubt(item, verdict)
  }
}

/** What an error that refuses a batch says of its inputs. */
export const refusalOf = ({ reason }: HubSpotError): Division.Refusal & { readonly category: string } => {
  const nameless = { traceIds: [], blamed: [] }
  switch (reason._tag) {
    case "ValidationFailed":
      return reason
    case "Conflict":
      return { ...nameless, category: "CONFLICT", problems: reason.problems }
    default:
      return { ...nameless, category: "REQUEST_TOO_LARGE", problems: [{ message: reason.message }] }
  }
}

/** Why an earlier attempt may have been executed: it had no answer (`doubt`), or its `refusal` is not believed. */
export interface Before {
  readonly doubt: Outcome.Evidence | undefined
  readonly refusal: Outcome.Evidence | undefined
}

/** The outcome after attempts that may have been executed: a later attempt does not undo them. */
export const after = <I, In, S extends Success>(
  { doubt, refusal }: Before,
  { item, outcome }: ItemOutcome<I, In, S>
): BatchOutcome<I, S> => {
  if (doubt !== undefined && outcome._tag === "Rejected") return unproven<I>(outcome)
  const evidence = doubt ?? refusal
  return evidence !== undefined && outcome._tag === "NotSent" ? inDoubt(item, evidence) : outcome
}

/** A rejection after a doubt that could not be verified is a doubt. */
export const unproven = <I>(outcome: Rejected<I>): InDoubt<I> => {
  const { category, problems } = outcome
  return inDoubt(outcome, { _tag: "Unverified", category, problems })
}

/** The outcome of a read. A read changes nothing, so it leaves no doubt and may be sent again. */
export const harmless = <I, In, S extends Success>({
  item,
  outcome
}: ItemOutcome<I, In, S>): BatchOutcome<I, S> => {
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
