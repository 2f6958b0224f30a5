/**
 * The second half of creating by upsert: giving line items their parents, which an upsert cannot.
 *
 * Associating is idempotent, so it is repeated as the retry policy says. What is not known to be associated
 * in the end is in doubt, with its id.
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import * as Operations from "@effect-hubspot/http/Operations"
import { Association, ErrorBody, type InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import { inDoubt } from "../engine/Settled.ts"
import * as Lookup from "./Lookup.ts"
import type { Created, InDoubt, Of, Upserted } from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"

interface Pair {
  readonly lineItem: string
  readonly to: string
  readonly types: ReadonlyArray<Association.AssociationSpec>
}

/** What of an input is about its associations. */
interface Related {
  readonly associations?: ReadonlyArray<Association.Association>
}

/** A line item that is in HubSpot, whatever the operation calls that. */
type Present<I> = Created<I> | Upserted<I>

/** Whether an input has associations. */
export const isDue = ({ associations = [] }: Related): boolean => associations.length > 0

/** What of an input's associations only a create can give. */
export const issuesOf = (
  associations: ReadonlyArray<Association.Association> = []
): ReadonlyArray<InputIssue.InputIssue> =>
  associations.flatMap(({ types }, index) =>
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

/**
 * The outcomes with those that are in HubSpot associated, or in doubt about it; all of them if `givenUp`
 * comes first.
 */
export const complete = <I, O extends Of<I> & { readonly _tag: string }>(
  services: Dispatch.Services,
  outcomes: ReadonlyArray<O>,
  items: ReadonlyArray<Item<I, Related>>,
  givenUp: Effect.Effect<unknown>
): Effect.Effect<ReadonlyArray<O | InDoubt<I>>> => {
  const byIndex = new Map(items.map((item) => [item.index, item.input]))
  const isPresent = (outcome: O): outcome is O & Present<I> =>
    (outcome._tag === "Created" || outcome._tag === "Upserted") && isDue(byIndex.get(outcome.index) ?? {})
  const present = outcomes.filter(isPresent)
  const unfinished = new Map(present.map(({ id }) => [id, "the answer was not waited for"]))
  return Effect.map(
    Effect.raceFirst(
      associate(services, pairsOf(present, byIndex)),
      Effect.as(givenUp, unfinished as ReadonlyMap<string, string>)
    ),
    (problems) =>
      outcomes.map((outcome): O | InDoubt<I> => {
        const problem = isPresent(outcome) ? problems.get(outcome.id) : undefined
        return isPresent(outcome) && problem !== undefined
          ? inDoubt(outcome, { _tag: "Unassociated", id: outcome.id, problem })
          : outcome
      })
  )
}

/** All pairs of some line items, by object type. */
const pairsOf = <I>(
  present: ReadonlyArray<Present<I>>,
  byIndex: ReadonlyMap<number, Related>
): ReadonlyMap<Association.Target, ReadonlyArray<Pair>> => {
  const pairs = new Map<Association.Target, Array<Pair>>()
  for (const { id, index } of present) {
    for (const { to, types } of byIndex.get(index)?.associations ?? []) {
      for (const target of new Set(types.map(Association.targetOf))) {
        if (target === undefined) continue
        const own = types.filter((spec) => Association.targetOf(spec) === target)
        const pair = { lineItem: id, to: to.id, types: own }
        const all = pairs.get(target)
        if (all === undefined) pairs.set(target, [pair])
        else all.push(pair)
      }
    }
  }
  return pairs
}

/** Associates, and says what is wrong with whom. */
const associate = Effect.fnUntraced(function* (
  services: Dispatch.Services,
  pairs: ReadonlyMap<Association.Target, ReadonlyArray<Pair>>
): Effect.fn.Return<ReadonlyMap<string, string>> {
  const problems = new Map<string, string>()
  for (const [target, some] of pairs) {
    const all = some.map(({ lineItem }) => lineItem)
    const answered = yield* Effect.result(
      Lookup.ask(services)(
        Operations.batchAssociate(
          Association.objectTypeIds[target],
          some.map(({ lineItem, to, types }) => ({ id: lineItem, toObjectId: to, types }))
        )
      )
    )
    if (answered._tag === "Failure") {
      for (const lineItem of all) problems.set(lineItem, answered.failure.message)
      continue
    }
    const { confirmed, errors } = answered.success
    for (const lineItem of all) {
      if (!confirmed.has(lineItem)) problems.set(lineItem, "HubSpot's answer does not confirm it")
    }
    for (const error of errors) {
      const named = new Set(ErrorBody.contextValues(error.context, "fromObjectId"))
      const problem = ErrorBody.problems(error).map(ErrorBody.describe).join("; ")
      // An error that names none of them may be about each of them.
      const ours = all.filter((lineItem) => named.has(lineItem))
      for (const lineItem of ours.length > 0 ? ours : all) problems.set(lineItem, problem)
    }
  }
  return problems
})
