/*
 * What the compiler promises about outcomes, statuses and reasons. It is compiled by `tsc -b`, which is part
 * of the tests; each line that must not compile says so.
 */
import type { BatchState, Outcome } from "@effect-hubspot/batch"
import type { HubSpotError } from "@effect-hubspot/http"
import { Effect } from "effect"

declare const outcome: Outcome.Outcome<string>

/** A switch over all outcomes gives a value in every case. */
export const complete = (): string => {
  switch (outcome._tag) {
    case "Created":
      return outcome.id
    case "Rejected":
      return outcome.category
    case "Invalid":
      return outcome.issues.join()
    case "NotSent":
      return outcome.reason._tag
    case "InDoubt":
      return outcome.evidence._tag
  }
}

// @ts-expect-error: InDoubt is not handled
export const forgetsDoubts = (): string => {
  switch (outcome._tag) {
    case "Created":
    case "Rejected":
    case "Invalid":
    case "NotSent":
      return outcome.source
  }
}

export const createdHasAnId = (created: Outcome.Created<string>): string => created.id

// @ts-expect-error: what was rejected has no id
export const rejectedHasNoId = (rejected: Outcome.Rejected<string>): string => rejected.id

// @ts-expect-error: neither has what is in doubt
export const doubtHasNoId = (doubt: Outcome.InDoubt<string>): string => doubt.id

// @ts-expect-error: nor does an outcome of which it is not known whether it was created
export const outcomeHasNoId = (): string => outcome.id

// @ts-expect-error: an update does not create
export const updateCreates = (of: Outcome.Outcome<string, "Updated">): boolean => of._tag === "Created"

declare const state: ReturnType<typeof BatchState.fromResponse>

export const everyStatus: Effect.Effect<string> = Effect.as(state, "done").pipe(
  Effect.catchTags({
    Pending: () => Effect.succeed("not begun"),
    Processing: () => Effect.succeed("at work"),
    Canceled: ({ response }) => Effect.succeed(`${response.results.length} created before`),
    UnknownStatus: () => Effect.succeed("unknown")
  })
)

// @ts-expect-error: CANCELED is not handled
export const forgetsCanceled: Effect.Effect<string> = Effect.as(state, "done").pipe(
  Effect.catchTags({
    Pending: () => Effect.succeed("not begun"),
    Processing: () => Effect.succeed("at work"),
    UnknownStatus: () => Effect.succeed("unknown")
  })
)

declare const reason: HubSpotError.Reason

// @ts-expect-error: most reasons are not handled
export const forgetsReasons = (): string => {
  switch (reason._tag) {
    case "TimedOut":
      return reason.phase
  }
}

declare const notSent: Outcome.NotSentReason

// @ts-expect-error: a job that is suspended is not handled
export const forgetsSuspension = (): string => {
  switch (notSent._tag) {
    case "Stopped":
    case "Halted":
    case "RetriesExhausted":
    case "Unlogged":
      return notSent._tag
  }
}
