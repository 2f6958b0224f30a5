/**
 * What became of an input: exactly one of `Created`, `Rejected`, `Invalid`, `NotSent`, `InDoubt`. Where
 * line items are not created but updated, upserted, archived or read, the success has the name of that.
 *
 * Each outcome carries the caller's own value (`source`) and its place in the input (`index`, from 0), so
 * that nothing has to be matched by position. `InDoubt` is a truthful answer: the input may or may not
 * exist in HubSpot, and sending it again could double it.
 *
 * @since 0.1.0
 */
import type { HubSpotError, Suspension } from "@effect-hubspot/http/HubSpotError"
import type { CrmObject } from "@effect-hubspot/schema/CrmObject"
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import type { InputIssue } from "@effect-hubspot/schema/InputIssue"
import type { AttemptLogError, JobStoreError } from "./StoreFailure.ts"

/**
 * What every outcome says: whose it is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Of<I> {
  readonly source: I
  readonly index: number
}

/**
 * HubSpot has it, under `id`. `object` is the record as HubSpot answered it. `via` is how that is known:
 * the answer to the create (`response`), a conflict with what an earlier attempt had created
 * (`conflict`), a read after a doubt (`reconciled`), or, under the strategy `upsert`, that it was there by
 * its key already and has been overwritten (`updated`). `possibleDuplicate` says that an earlier attempt
 * may have created another one; only the strategy `atLeastOnce` lets that happen.
 *
 * @category models
 * @since 0.1.0
 */
export interface Created<I> extends Of<I> {
  readonly _tag: "Created"
  readonly id: string
  readonly objectWriteTraceId: string
  readonly object: CrmObject
  readonly via: "response" | "conflict" | "reconciled" | "updated"
  readonly possibleDuplicate: boolean
}

/**
 * The line item has the new values.
 *
 * @category models
 * @since 0.1.0
 */
export interface Updated<I> extends Of<I> {
  readonly _tag: "Updated"
  readonly id: string
  readonly objectWriteTraceId: string
  readonly object: CrmObject
}

/**
 * The line item has the new values and associations. `created` says whether it is new; HubSpot may leave
 * that open.
 *
 * @category models
 * @since 0.1.0
 */
export interface Upserted<I> extends Of<I> {
  readonly _tag: "Upserted"
  readonly id: string
  readonly objectWriteTraceId: string
  readonly object: CrmObject
  readonly created: boolean | undefined
}

/**
 * The line item is in the recycle bin, or never existed: HubSpot passes over ids that it does not have.
 *
 * @category models
 * @since 0.1.0
 */
export interface Archived<I> extends Of<I> {
  readonly _tag: "Archived"
  readonly id: string
}

/**
 * The line item as it is now.
 *
 * @category models
 * @since 0.1.0
 */
export interface Found<I> extends Of<I> {
  readonly _tag: "Found"
  readonly id: string
  readonly object: CrmObject
}

/**
 * What success is called, by operation.
 *
 * @category models
 * @since 0.1.0
 */
export interface Successes<I> {
  readonly Created: Created<I>
  readonly Updated: Updated<I>
  readonly Upserted: Upserted<I>
  readonly Archived: Archived<I>
  readonly Found: Found<I>
}

/**
 * @category models
 * @since 0.1.0
 */
export type Success = keyof Successes<unknown>

/**
 * HubSpot said no to this input. `problems` are its words, at least one. `verifiedAbsent` says that it was
 * looked for as well, and is not there.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rejected<I> extends Of<I> {
  readonly _tag: "Rejected"
  readonly objectWriteTraceId: string
  readonly category: string
  readonly problems: ReadonlyArray<ErrorBody.Problem>
  readonly verifiedAbsent: boolean
}

/**
 * Wrong in itself; it was not sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Invalid<I> extends Of<I> {
  readonly _tag: "Invalid"
  readonly issues: ReadonlyArray<InputIssue>
}

/**
 * Nothing is wrong with it, and HubSpot has not got it: it was not sent, or every send was provably
 * refused. It may be sent again.
 *
 * @category models
 * @since 0.1.0
 */
export interface NotSent<I> extends Of<I> {
  readonly _tag: "NotSent"
  readonly reason: NotSentReason
}

/**
 * It was sent, and what HubSpot made of it is not known.
 *
 * @category models
 * @since 0.1.0
 */
export interface InDoubt<I> extends Of<I> {
  readonly _tag: "InDoubt"
  readonly objectWriteTraceId: string
  readonly evidence: Evidence
}

/**
 * An outcome that is no success; the same for every operation.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure<I> = Rejected<I> | Invalid<I> | NotSent<I> | InDoubt<I>

/**
 * The outcome of an input. Of a create, unless another success is named: `Outcome<I, "Updated">`.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<I, S extends Success = "Created"> = Successes<I>[S] | Failure<I>

/**
 * Why an input was not sent: the caller stopped the job (`Stopped`); HubSpot refuses all of it until
 * a person has fixed something (`Halted`: credentials, path, certificate); it cannot go on now but can later
 * (`Suspended`: daily quota, migration, no network, no database of the shared limits); its batch was refused
 * time and again, or the job's budget of repetitions was used up, and others went on (`RetriesExhausted`); what
 * is about to be sent, or was answered, could not be written down, and nothing is sent without (`Unlogged`).
 *
 * @category models
 * @since 0.1.0
 */
export type NotSentReason =
  | { readonly _tag: "Stopped" }
  | { readonly _tag: "Halted"; readonly error: HubSpotError }
  | { readonly _tag: "RetriesExhausted"; readonly error: HubSpotError }
  | { readonly _tag: "Unlogged"; readonly error: AttemptLogError | JobStoreError }
  | {
      readonly _tag: "Suspended"
      readonly cause: Suspension | "outage"
      readonly error: HubSpotError
    }

/**
 * Why an input is in doubt: no usable answer came (`NoAnswer`), the answer does not account for the input
 * (`Unaccounted`; `seen` is what it says instead), the caller did not wait for it (`Abandoned`), or it was refused after an earlier attempt was in doubt
 * and could not be looked for (`Unverified`).
 *
 * @category models
 * @since 0.1.0
 */
export type Evidence =
  | { readonly _tag: "NoAnswer"; readonly error: HubSpotError }
  | { readonly _tag: "Unaccounted"; readonly why: Unaccounted; readonly seen?: string }
  | { readonly _tag: "Abandoned" }
  | {
      readonly _tag: "Unverified"
      readonly category: string
      readonly problems: ReadonlyArray<ErrorBody.Problem>
    }
  | { readonly _tag: "Unassociated"; readonly id: string; readonly problem: string }
  | { readonly _tag: "Recovered"; readonly text: string }

/**
 * How a reply fails to account for an input: it says nothing of it (`missing`); it says created and
 * rejected, or two ids, or has its trace id on a record with the key or the values of another input, or the other way
 * round (`contradiction`); its id was given to two inputs (`duplicateId`); it says created, and no id that can be read
 * (`noId`); something was created that could be this or another input (`ambiguous`); HubSpot has not finished (`unfinished`).
 *
 * @category models
 * @since 0.1.0
 */
export type Unaccounted = "missing" | "contradiction" | "duplicateId" | "noId" | "ambiguous" | "unfinished"

const unaccountedTexts: Record<Unaccounted, string> = {
  missing: "HubSpot's answer does not mention it",
  contradiction: "HubSpot's answer contradicts itself about it",
  duplicateId: "HubSpot's answer gives its id to another input too",
  noId: "HubSpot's answer says that it was created, but gives no id that can be read",
  ambiguous: "HubSpot's answer does not tell it from another input",
  unfinished: "HubSpot had not finished the batch"
}

/**
 * One line on why this is the outcome; for `Created` the id.
 *
 * @category formatting
 * @since 0.1.0
 */
export const describe = (outcome: Outcome<unknown, Success>): string => {
  switch (outcome._tag) {
    case "Created":
      return `created with id ${outcome.id}`
    case "Updated":
      return `updated: id ${outcome.id}`
    case "Upserted":
      return `${outcome.created === true ? "created with id" : "written: id"} ${outcome.id}`
    case "Archived":
      return `archived: id ${outcome.id}`
    case "Found":
      return `found: id ${outcome.id}`
    case "Rejected":
      return outcome.problems.map(ErrorBody.describe).join("; ")
    case "Invalid":
      return outcome.issues.map((issue) => `${issue.path}: ${issue.message}; ${issue.advice}`).join(" | ")
    case "NotSent":
      return describeNotSent(outcome.reason)
    case "InDoubt":
      return describeEvidence(outcome.evidence)
  }
}

/**
 * @category formatting
 * @since 0.1.0
 */
export const describeEvidence = (evidence: Evidence): string => {
  switch (evidence._tag) {
    case "NoAnswer":
      return evidence.error.message
    case "Unaccounted":
      return `${unaccountedTexts[evidence.why]}${evidence.seen === undefined ? "" : `: ${evidence.seen}`}`
    case "Abandoned":
      return "the answer was not waited for"
    case "Unverified":
      return `refused (${evidence.problems.map(ErrorBody.describe).join("; ")}), but it may exist, and could not be looked for`
    case "Unassociated":
      return `created with id ${evidence.id}, but perhaps without its parent: ${evidence.problem}`
    case "Recovered":
      return evidence.text
  }
}

/**
 * @category formatting
 * @since 0.1.0
 */
export const describeNotSent = (reason: NotSentReason): string =>
  reason._tag === "Stopped" ? "not sent: the job was stopped" : `not sent: ${reason.error.message}`
