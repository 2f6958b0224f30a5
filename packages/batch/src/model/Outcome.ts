/**
 * The outcome of an input: exactly one of `Created`, `Rejected`, `Invalid`, `NotSent`, `InDoubt`. Other operations have other
 * names for success: `Updated`, `Upserted`, `Archived`, `Found`.
 *
 * Each outcome has the caller's own value (`source`) and its position among the inputs (`index`, from 0), so that callers need
 * not match outcomes by position. `InDoubt` is a truthful answer: the input may or may not exist in HubSpot, and sending it
 * again could create a duplicate.
 *
 * @since 0.1.0
 */
import type { HubSpotError, Suspension } from "@effect-hubspot/http/HubSpotError"
import type { CrmObject } from "@effect-hubspot/schema/CrmObject"
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import type { InputIssue } from "@effect-hubspot/schema/InputIssue"
import type { AttemptLogError, JobStoreError } from "./StoreFailure.ts"

/**
 * The input that an outcome belongs to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Of<I> {
  readonly source: I
  readonly index: number
}

/**
 * HubSpot has the line item, under `id`. `object` is the record in HubSpot's answer. `via` is how that is known: the answer to
 * the create (`response`), a conflict with a line item of an earlier attempt (`conflict`), a read after a doubt (`reconciled`),
 * or, under the strategy `upsert`, that a line item with its key existed and was overwritten (`updated`). `possibleDuplicate`
 * says that an earlier attempt may have created another line item. Only the strategy `atLeastOnce` allows that.
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
 * The line item has the new values and associations. `created` says whether it is new, if HubSpot said so.
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
 * The line item is in the recycle bin, or never existed: HubSpot ignores ids that it does not have.
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
 * The outcomes of success, by name.
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
 * HubSpot rejected this input. `problems` has what HubSpot reports, at least one. `verifiedAbsent` says that the
 * input was also looked for, and is not in HubSpot.
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
 * The input is not valid, so it was not sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Invalid<I> extends Of<I> {
  readonly _tag: "Invalid"
  readonly issues: ReadonlyArray<InputIssue>
}

/**
 * The input is valid, and HubSpot does not have it: it was not sent, or every send was provably refused. It may be sent again.
 *
 * @category models
 * @since 0.1.0
 */
export interface NotSent<I> extends Of<I> {
  readonly _tag: "NotSent"
  readonly reason: NotSentReason
}

/**
 * The input was sent, and it is not known whether HubSpot executed it.
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
 * An outcome other than success. It is the same for every operation.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure<I> = Rejected<I> | Invalid<I> | NotSent<I> | InDoubt<I>

/**
 * The outcome of an input: of a create, or of the operation with the named success, such as `Outcome<I, "Updated">`.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<I, S extends Success = "Created"> = Successes<I>[S] | Failure<I>

/**
 * Why an input was not sent:
 *
 * - `Stopped`: the caller stopped the job.
 * - `AllRejected`: the first inputs of the job, `rejected` in number, were all rejected for one cause (`stopWhenAllRejected`).
 * - `Halted`: HubSpot refuses the whole job until a person has fixed something (credentials, path, certificate).
 * - `Suspended`: the job can go on later (daily quota, migration, no network, no database of the shared limits, HubSpot does
 *   not answer).
 * - `RetriesExhausted`: its batch was refused at every attempt, or the job's retry budget was used up. Other batches went on.
 * - `Unlogged`: an attempt or its answer could not be written down, and nothing is sent unlogged.
 *
 * @category models
 * @since 0.1.0
 */
export type NotSentReason =
  | { readonly _tag: "Stopped" }
  | {
      readonly _tag: "AllRejected"
      readonly rejected: number
      readonly problem: ErrorBody.Problem
    }
  | { readonly _tag: "Halted"; readonly error: HubSpotError }
  | { readonly _tag: "RetriesExhausted"; readonly error: HubSpotError }
  | { readonly _tag: "Unlogged"; readonly error: AttemptLogError | JobStoreError }
  | {
      readonly _tag: "Suspended"
      readonly cause: Suspension | "outage"
      readonly error: HubSpotError
    }

/**
 * Why an input is in doubt:
 *
 * - `NoAnswer`: no usable answer came.
 * - `Unaccounted`: the answer does not account for the input; `seen` is what it says instead.
 * - `Abandoned`: the caller did not wait for the answer.
 * - `Unverified`: HubSpot refused the input after an earlier attempt was in doubt, and the input could not be looked for.
 * - `Unassociated`: the line item was created by upsert, or exists though it was refused, and may lack its associations.
 * - `Recovered`: the log of an earlier run says so.
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
 * How a reply fails to account for an input:
 *
 * - `missing`: it does not mention the input.
 * - `contradiction`: it reports the input as created and as rejected, or with two ids, or it has the input's trace id on a
 *   record with the key or the values of another input, or the other way round.
 * - `duplicateId`: it gives the input's id to another input too.
 * - `noId`: it reports the input as created, without an id that can be read.
 * - `unassigned`: it reports the input as created, under one of several ids.
 * - `ambiguous`: a record was created that could be this input or another one.
 * - `unfinished`: HubSpot has not finished the batch; `seen` is its last status. `CANCELED` will not change. After `PENDING` or
 *   `PROCESSING` a schedule has ended, or nothing could look at the batch (see `BatchObserver`).
 *
 * @category models
 * @since 0.1.0
 */
export type Unaccounted =
  | "missing"
  | "contradiction"
  | "duplicateId"
  | "noId"
  | "unassigned"
  | "ambiguous"
  | "unfinished"

const unaccountedTexts: Record<Unaccounted, string> = {
  missing: "HubSpot's answer does not mention it",
  contradiction: "HubSpot's answer contradicts itself about it",
  duplicateId: "HubSpot's answer gives its id to another input too",
  noId: "HubSpot's answer says that it was created, but gives no id that can be read",
  unassigned: "HubSpot's answer does not say which id it has",
  ambiguous: "HubSpot's answer does not distinguish it from another input",
  unfinished: "HubSpot had not finished the batch"
}

/**
 * One line on the reason for an outcome, or on the id of a success.
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
 * When inputs that were not sent because of this error can be sent, in milliseconds since 1970, if HubSpot says so.
 *
 * @category reading
 * @since 0.1.0
 */
export const resumeAtMillis = ({ reason }: HubSpotError, nowMillis: number): number | undefined => {
  const unknown = { resumeAtMillis: undefined, retryAfterMillis: undefined }
  const { resumeAtMillis, retryAfterMillis } = { ...unknown, ...reason }
  return resumeAtMillis ?? (retryAfterMillis === undefined ? undefined : nowMillis + retryAfterMillis)
}

/**
 * @category formatting
 * @since 0.1.0
 */
export const describeNotSent = (reason: NotSentReason): string => {
  switch (reason._tag) {
    case "Stopped":
      return "not sent: the job was stopped"
    case "AllRejected":
      return `not sent: the first ${reason.rejected} were all rejected for one cause: ${ErrorBody.describe(reason.problem)}`
    case "Suspended":
      if (reason.cause === "outage") return `not sent: HubSpot does not answer: ${outageOf(reason.error)}`
      break
  }
  return `not sent: ${reason.error.message}`
}

/** A page is the answer of a network in between, not HubSpot's. */
const outageOf = ({ message, reason }: HubSpotError): string =>
  reason._tag === "ProtocolViolation"
    ? `${message}; ask your administrator about the proxy or firewall between this machine and HubSpot`
    : message
