/**
 * The outcome of an input, as it is written down: without values of the caller's and without records of HubSpot's.
 *
 * @since 0.1.0
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import * as Outcome from "./Outcome.ts"

/**
 * The outcome of one input, as it is written down: without the caller's value and without HubSpot's record. The evidence of a
 * doubt is a text.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Entry = Schema.Union([
  Schema.TaggedStruct("Created", {
    index: Schema.Int,
    id: Schema.String,
    via: Schema.Literals(["response", "conflict", "reconciled", "updated"]),
    possibleDuplicate: Schema.Boolean
  }),
  // The success of every other operation.
  Schema.TaggedStruct("Done", { index: Schema.Int, id: Schema.String }),
  Schema.TaggedStruct("Rejected", {
    index: Schema.Int,
    category: Schema.String,
    problems: Schema.Array(ErrorBody.Problem),
    verifiedAbsent: Schema.Boolean
  }),
  Schema.TaggedStruct("InDoubt", {
    index: Schema.Int,
    evidence: Schema.Struct({
      _tag: Schema.Literals([
        "NoAnswer",
        "Unaccounted",
        "Abandoned",
        "Unverified",
        "Unassociated",
        "Recovered"
      ]),
      text: Schema.String
    })
  })
])

/**
 * @category models
 * @since 0.1.0
 */
export type Entry = typeof Entry.Type

/**
 * An outcome as it is written down.
 *
 * **Example**
 *
 * ```ts
 * import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
 *
 * const entry = AttemptLog.entry({
 *   _tag: "InDoubt",
 *   source: { name: "Seat" },
 *   index: 7,
 *   objectWriteTraceId: "job-7",
 *   evidence: { _tag: "Unaccounted", why: "missing" }
 * })
 * entry // => { _tag: "InDoubt", index: 7, evidence: { _tag: "Unaccounted", text: "HubSpot's answer does not mention it" } }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const entry = (
  outcome: Exclude<Outcome.Outcome<unknown, Outcome.Success>, { readonly _tag: "Invalid" | "NotSent" }>
): Entry => {
  switch (outcome._tag) {
    case "Created": {
      const { id, index, possibleDuplicate, via } = outcome
      return { _tag: "Created", index, id, via, possibleDuplicate }
    }
    case "Rejected":
      return Struct.pick(outcome, ["_tag", "index", "category", "problems", "verifiedAbsent"])
    case "InDoubt": {
      const { evidence, index } = outcome
      const text = Outcome.describeEvidence(evidence)
      return { _tag: "InDoubt", index, evidence: { _tag: evidence._tag, text } }
    }
    default:
      return { _tag: "Done", index: outcome.index, id: outcome.id }
  }
}

const [Created, , Rejected, InDoubt] = Entry.members

/**
 * The final outcome of one input, as it is written down: the outcome of a create, or of an input that was never attempted.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Final = Schema.Union([
  Created,
  Rejected,
  InDoubt,
  Schema.TaggedStruct("Invalid", {
    index: Schema.Int,
    issues: Schema.Array(
      Schema.Struct({ path: Schema.String, message: Schema.String, advice: Schema.String })
    )
  }),
  Schema.TaggedStruct("NotSent", {
    index: Schema.Int,
    reason: Schema.Struct({
      _tag: Schema.Literals([
        "Stopped",
        "AllRejected",
        "Halted",
        "RetriesExhausted",
        "Unlogged",
        "Suspended"
      ]),
      text: Schema.String
    })
  })
])

/**
 * @category models
 * @since 0.1.0
 */
export type Final = typeof Final.Type

/**
 * A final outcome of a create as it is written down.
 *
 * **Example**
 *
 * ```ts
 * import * as Job from "@effect-hubspot/batch/jobs/Job"
 *
 * const entry = Job.entry({ _tag: "NotSent", source: "row", index: 7, reason: { _tag: "Stopped" } })
 * entry // => { _tag: "NotSent", index: 7, reason: { _tag: "Stopped", text: "not sent: the job was stopped" } }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const final = (outcome: Outcome.Outcome<unknown>): Final => {
  switch (outcome._tag) {
    case "Invalid": {
      const { index, issues } = outcome
      return { _tag: "Invalid", index, issues: issues.map(Struct.pick(["path", "message", "advice"])) }
    }
    case "NotSent": {
      const { index, reason } = outcome
      const text = Outcome.describeNotSent(reason)
      return { _tag: "NotSent", index, reason: { _tag: reason._tag, text } }
    }
    default:
      return entry(outcome) as Exclude<Entry, { readonly _tag: "Done" }>
  }
}
