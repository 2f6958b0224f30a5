/**
 * The second half of creates by upsert: an upsert takes no associations, so the line items get their parents afterwards.
 *
 * Associating is idempotent, so it is repeated as the retry policy says. A line item that is not known to be associated in
 * the end is in doubt, with its id.
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import * as Operations from "@effect-hubspot/http/Operations"
import { Association, ErrorBody, type InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as BatchOutcome from "../engine/BatchOutcome.ts"
import type { ItemOutcome } from "../engine/BatchRunner.ts"
import type { Success } from "../model/Outcome.ts"
import * as Lookup from "./Lookup.ts"

/** The associations of an input. */
interface Related {
  readonly associations?: ReadonlyArray<Association.Association>
}

/** An association to make: the `id` of a line item, and the record it belongs to. */
interface Pair {
  readonly target: Association.Target
  readonly id: string
  readonly toObjectId: string
  readonly types: ReadonlyArray<Association.AssociationSpec>
}

/** Whether an input has associations. */
export const isDue = ({ associations = [] }: Related): boolean => associations.length > 0

/** The associations of an input that only a create can make. */
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
 * Associates the line items that are in HubSpot. Those whose association is not known to be made are in doubt; all of them if
 * `abandon` comes first.
 */
export const complete = <I, In extends Related, S extends Success>(
  services: Dispatch.Services,
  all: ReadonlyArray<ItemOutcome<I, In, S>>,
  abandon: Effect.Effect<unknown>
): Effect.Effect<ReadonlyArray<ItemOutcome<I, In, S>>> => {
  const pairs = all.flatMap(pairsOf)
  const abandoned = new Map(pairs.map(({ id }) => [id, "the answer was not waited for"]))
  return Effect.map(Effect.raceFirst(associate(services, pairs), Effect.as(abandon, abandoned)), (problems) =>
    BatchOutcome.map(all, ({ item, outcome }) => {
      if (outcome._tag !== "Created" && outcome._tag !== "Upserted") return outcome
      const { id } = outcome
      const problem = problems.get(id)
      return problem === undefined
        ? outcome
        : BatchOutcome.inDoubt(item, { _tag: "Unassociated", id, problem })
    })
  )
}

/** The associations that an input still needs, by object type. None if it is not in HubSpot. */
const pairsOf = <I, In extends Related, S extends Success>({
  item: { input },
  outcome
}: ItemOutcome<I, In, S>): ReadonlyArray<Pair> => {
  if (outcome._tag !== "Created" && outcome._tag !== "Upserted") return []
  const { id } = outcome
  return (input.associations ?? []).flatMap(({ to, types }) =>
    Array.from(Map.groupBy(types, Association.targetOf), ([target, own]) =>
      target === undefined ? [] : { target, id, toObjectId: to.id, types: own }
    ).flat()
  )
}

/** Associates, and returns the problem of each line item that has one. */
const associate = Effect.fnUntraced(function* (
  services: Dispatch.Services,
  all: ReadonlyArray<Pair>
): Effect.fn.Return<ReadonlyMap<string, string>> {
  const problems = new Map<string, string>()
  for (const [target, pairs] of Map.groupBy(all, ({ target }) => target)) {
    const ids = pairs.map(({ id }) => id)
    const note = (some: ReadonlyArray<string>, problem: string) => {
      for (const id of some) problems.set(id, problem)
    }
    const answered = yield* Effect.result(
      Lookup.ask(services)(Operations.batchAssociate(Association.objectTypeIds[target], pairs))
    )
    if (answered._tag === "Failure") {
      note(ids, answered.failure.message)
      continue
    }
    const { confirmed, errors } = answered.success
    note(
      ids.filter((id) => !confirmed.has(id)),
      "HubSpot's answer does not confirm it"
    )
    for (const error of errors) {
      const named = new Set(ErrorBody.contextValues(error.context, "fromObjectId"))
      const ours = ids.filter((id) => named.has(id))
      // An error that names none of them may be about each of them.
      note(ours.length > 0 ? ours : ids, ErrorBody.problems(error).map(ErrorBody.describe).join("; "))
    }
  }
  return problems
})
