/**
 * Taking back line items that an import created: which of them are still as their rows made them, and archiving those. It reads
 * before it archives, and archives nothing that was changed since.
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import { CrmObject, InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as Bulk from "../engine/Pipeline.ts"
import * as Source from "../files/Source.ts"
import * as ContentMatch from "../model/ContentMatch.ts"
import type { NotSentReason } from "../model/Outcome.ts"
import * as BulkArchive from "./BulkArchive.ts"
import * as BulkRead from "./BulkRead.ts"

/** A row of a file of created rows, with the columns that were added to it. */
export interface Created {
  readonly row: Source.Row
  readonly id: string
  readonly how: string
}

/**
 * A row, and why its line item is left. `gone`: it is in HubSpot no more, which is what an undo wants. `foreign`: this import did
 * not create it. `unlike`: it is not as its row made it, or that cannot be told.
 */
export interface Judged {
  readonly created: Created
  readonly left?: Left
}

export interface Left {
  readonly why: "gone" | "foreign" | "unlike"
  readonly reason: string
}

const foreign = (reason: string): Left => ({ why: "foreign", reason })
const unlike = (reason: string): Left => ({ why: "unlike", reason })

/** Requests that were not answered, which a later run can repeat. */
export interface Unanswered {
  readonly _tag: "Unanswered"
  readonly reason: NotSentReason | undefined
}

type Options = Pick<Bulk.Options, "onEvent"> & { readonly properties: ReadonlyArray<string> }

/** Why a row is left without asking HubSpot. */
const leftUnread = ({ how, id, row }: Created): Left | undefined => {
  if (how === "found") {
    return foreign("it was found in HubSpot after a doubt, so perhaps this import did not create it")
  }
  if (how === "updated") return foreign("it was there before the import, which updated it")
  if (how !== "created") return foreign(`_how is ${InputIssue.quote(how)}, not created`)
  if (!InputIssue.isRecordId(id)) return unlike(`_id ${InputIssue.quote(id)} is no id of HubSpot`)
  return Result.isFailure(row.input)
    ? unlike(`the row cannot be compared with it: ${Source.describe(row.input.failure[0])}`)
    : undefined
}

/** Why a record is not as its row made it, if it is not. */
const changed = ({ row }: Created, object: CrmObject.CrmObject): Left | undefined => {
  if (Result.isFailure(row.input)) return undefined
  const { properties } = row.input.success
  for (const [name, value] of Object.entries(properties)) {
    if (ContentMatch.couldBe({ properties: { [name]: value } }, object)) continue
    const now = object.properties?.[name]
    const is = now === null || now === undefined || now === "" ? "empty" : InputIssue.quote(now)
    return unlike(
      `it was changed since: ${name} is ${is} in HubSpot, and ${InputIssue.quote(value)} in the row`
    )
  }
  return undefined
}

const isUnanswered = (outcome: {
  readonly _tag: string
  readonly reason?: NotSentReason
}): Unanswered | undefined =>
  outcome._tag === "NotSent" || outcome._tag === "InDoubt"
    ? { _tag: "Unanswered", reason: outcome.reason }
    : undefined

/** Compares some rows with what HubSpot has, in their order. Fails if HubSpot does not answer. */
export const judge = Effect.fnUntraced(function* (
  some: ReadonlyArray<Created>,
  options: Options
): Effect.fn.Return<ReadonlyArray<Judged>, Unanswered, HubSpotClient | RateLimits> {
  const asked = new Set(some.flatMap((one) => (leftUnread(one) === undefined ? [one.id] : [])))
  const found = new Map<string, CrmObject.CrmObject>()
  yield* Stream.fromIterable(asked).pipe(
    BulkRead.outcomes(options),
    Stream.runForEach((outcome) => {
      if (outcome._tag === "Found") found.set(outcome.source, outcome.object)
      const unanswered = isUnanswered(outcome)
      return unanswered === undefined ? Effect.void : Effect.fail(unanswered)
    })
  )
  return some.map((created): Judged => {
    const object = found.get(created.id)
    const left =
      leftUnread(created) ??
      (object === undefined
        ? { why: "gone" as const, reason: "it is in HubSpot no more" }
        : changed(created, object))
    return left === undefined ? { created } : { created, left }
  })
})

/** Archives the line items of some rows. Succeeds with the ids that HubSpot confirms, and what went wrong with the others. */
export const archive = Effect.fnUntraced(function* (
  ids: ReadonlyArray<string>,
  options: Pick<Bulk.Options, "onEvent">
): Effect.fn.Return<
  { readonly archived: ReadonlySet<string>; readonly unanswered: Unanswered | undefined },
  never,
  HubSpotClient | RateLimits
> {
  const archived = new Set<string>()
  let unanswered: Unanswered | undefined
  yield* Stream.fromIterable(new Set(ids)).pipe(
    BulkArchive.outcomes(options),
    Stream.runForEach((outcome) =>
      Effect.sync(() => {
        if (outcome._tag === "Archived") archived.add(outcome.source)
        else unanswered ??= isUnanswered(outcome) ?? { _tag: "Unanswered", reason: undefined }
      })
    )
  )
  return { archived, unanswered }
})
