/**
 * The second half of creating by upsert: giving line items their parents, which an upsert cannot.
 *
 * Associating is idempotent, so it is repeated as the retry policy says. What is not known to be associated
 * in the end is in doubt, with its id.
 */
import * as Operations from "@effect-hubspot/http/Operations"
import { Association, ErrorBody, InputIssue, type BatchRequest } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Lookup from "../Lookup.ts"
import type { Created, InDoubt } from "../Outcome.ts"
import type { Item } from "../Plan.ts"

interface Pair {
  readonly lineItem: string
  readonly to: string
  readonly types: ReadonlyArray<Association.AssociationSpec>
}

/** Whether an input has associations. */
export const isDue = ({ input }: Item<unknown>): boolean => (input.associations?.length ?? 0) > 0

/** What of an input's associations can be given by create only. */
export const issuesOf = (input: BatchRequest.CreateInput): ReadonlyArray<InputIssue.InputIssue> =>
  (input.associations ?? []).flatMap(({ types }, index) =>
    types.some((spec) => Association.targetOf(spec) === undefined)
      ? [
          {
            path: `associations[${index}].types`,
            message: "a type whose object type is not known",
            advice: "an upsert can only associate by HubSpot's own types; choose another strategy"
          }
        ]
      : []
  )

/** All pairs of some line items, by object type. */
const pairsOf = <I>(
  created: ReadonlyArray<Created<I>>,
  byIndex: ReadonlyMap<number, Item<I>>
): ReadonlyMap<Association.Target, ReadonlyArray<Pair>> => {
  const pairs = new Map<Association.Target, Array<Pair>>()
  for (const { id, index } of created) {
    for (const { to, types } of byIndex.get(index)!.input.associations ?? []) {
      const byTarget = new Map<Association.Target, Array<Association.AssociationSpec>>()
      for (const spec of types) {
        const target = Association.targetOf(spec)
        if (target !== undefined) byTarget.set(target, [...(byTarget.get(target) ?? []), spec])
      }
      for (const [target, specs] of byTarget) {
        const all = pairs.get(target)
        const pair = { lineItem: id, to: to.id, types: specs }
        if (all === undefined) pairs.set(target, [pair])
        else all.push(pair)
      }
    }
  }
  return pairs
}

/** The outcomes with the created ones associated, or in doubt about it. */
export const complete = Effect.fnUntraced(function* <I, O extends { readonly _tag: string }>(
  services: Lookup.Services,
  outcomes: ReadonlyArray<O | Created<I>>,
  byIndex: ReadonlyMap<number, Item<I>>
) {
  const due = outcomes.filter((outcome): outcome is Created<I> => isCreated(outcome, byIndex))
  const problems = new Map<string, string>()
  for (const [target, pairs] of pairsOf(due, byIndex)) {
    const answered = yield* Effect.result(
      Lookup.ask(services)(
        Operations.batchAssociate(
          Association.objectTypeIds[target],
          pairs.map(({ lineItem, to, types }) => ({ id: lineItem, toObjectId: to, types }))
        )
      )
    )
    if (answered._tag === "Failure") {
      for (const { lineItem } of pairs) problems.set(lineItem, answered.failure.message)
      continue
    }
    for (const error of answered.success) {
      const named = ErrorBody.contextValues(error.context, "fromObjectId")
      const problem = ErrorBody.faults(error).map(ErrorBody.describe).join("; ")
      // An error that names nobody may be about each of them.
      for (const lineItem of named.length > 0 ? named : pairs.map((pair) => pair.lineItem)) {
        problems.set(lineItem, problem)
      }
    }
  }
  return outcomes.map((outcome): O | Created<I> | InDoubt<I> => {
    if (!isCreated(outcome, byIndex)) return outcome
    const problem = problems.get(outcome.id)
    return problem === undefined ? outcome : unassociated(outcome, problem)
  })
})

/** The outcomes with the created ones in doubt about their parents. */
export const unknown = <I, O extends { readonly _tag: string }>(
  outcomes: ReadonlyArray<O | Created<I>>,
  byIndex: ReadonlyMap<number, Item<I>>,
  problem: string
): ReadonlyArray<O | Created<I> | InDoubt<I>> =>
  outcomes.map((outcome) => (isCreated(outcome, byIndex) ? unassociated(outcome, problem) : outcome))

const isCreated = <I>(
  outcome: { readonly _tag: string } | Created<I>,
  byIndex: ReadonlyMap<number, Item<I>>
): outcome is Created<I> =>
  outcome._tag === "Created" && "index" in outcome && isDue(byIndex.get(outcome.index)!)

const unassociated = <I>(
  { id, index, objectWriteTraceId, source }: Created<I>,
  problem: string
): InDoubt<I> => ({
  _tag: "InDoubt",
  source,
  index,
  objectWriteTraceId,
  evidence: { _tag: "Unassociated", id, problem }
})
