/**
 * What an import asks of the account before its first row is sent, and what is wrong with whole columns of its file: a line for
 * each column, and nothing is sent.
 */
import * as Dispatch from "@effect-hubspot/http/Dispatch"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { Operation } from "@effect-hubspot/http/Operation"
import * as Operations from "@effect-hubspot/http/Operations"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import { Association, InputIssue, type Property, StandardProperties } from "@effect-hubspot/schema"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Columns from "../files/Columns.ts"
import type * as Proposal from "../files/Proposal.ts"
import * as Source from "../files/Source.ts"
import { Exit, refusedBefore } from "./Exit.ts"
import * as Report from "./Report.ts"
import * as Shell from "./Shell.ts"

/** The properties that an import goes by. */
export interface Definitions {
  readonly definitions: ReadonlyArray<Property.Property>
  /** Whether the account has no others. */
  readonly isComplete: boolean
  readonly isEmulated: boolean
  /** How many requests it took. */
  readonly requests: number
}

const ask = <A>(operation: Operation<A>) =>
  Effect.flatMap(Effect.all({ client: HubSpotClient, limits: RateLimits }), (services) =>
    Dispatch.make(services)(operation)
  )

/** A line about a file. */
const say = (name: string, line: string) => Console.error(`${Source.visible(name)}: ${line}`)

/** The account's definitions, asked for once. A token that may not read them is no obstacle. */
export const definitions = (
  name: string,
  emulated: ReadonlyArray<Property.Property> | undefined
): Effect.Effect<Definitions, Exit, HubSpotClient | RateLimits> =>
  emulated !== undefined
    ? Effect.succeed({ definitions: emulated, isComplete: true, isEmulated: true, requests: 0 })
    : ask(Operations.listProperties).pipe(
        Effect.map((definitions) => ({ definitions, isComplete: true, isEmulated: false, requests: 1 })),
        Effect.catchReason("HubSpotError", "Forbidden", ({ message }) =>
          Effect.as(
            say(
              name,
              `the account's properties cannot be read (${message}), so columns are compared with HubSpot's standard ones, and others are sent as they are`
            ),
            {
              definitions: StandardProperties.lineItems,
              isComplete: false,
              isEmulated: false,
              requests: 1
            }
          )
        ),
        Effect.mapError(refusedBefore)
      )

/** The definitions for a file that no account is asked about. */
export const standard = (
  emulated: ReadonlyArray<Property.Property> | undefined
): Effect.Effect<Definitions> =>
  Effect.succeed({
    definitions: emulated ?? StandardProperties.lineItems,
    isComplete: emulated !== undefined,
    isEmulated: emulated !== undefined,
    requests: 0
  })

/** So many columns have a line of their own. */
const most = 20

/** A longer name of a column is not repeated in advice. */
const longest = 60

const nameOf = ({ column, isSet }: Columns.Problem): string =>
  isSet ? `--set ${Shell.quote(column)}` : `column ${InputIssue.quote(column)}`

const lineOf = (problem: Columns.Problem): string => {
  const { column, isSet, property } = problem
  const becomes = column === property ? "" : ` becomes ${InputIssue.quote(property)}, which`
  const ignored =
    column.length > longest || Source.visible(column) !== column ? "unmapped" : Shell.quote(column)
  const without = isSet ? "leave it out" : `leave it out with --ignore ${ignored}`
  if (problem._tag === "ReadOnly") {
    const { rows, values } = problem
    const how =
      rows === 0 || isSet ? "" : `, and ${Report.format(values)} of ${Report.format(rows)} rows have a value`
    return `${nameOf(problem)}${becomes} is read-only: HubSpot computes it${how}; ${without}`
  }
  const is = `${nameOf(problem)}${becomes} is no property of the account`
  if (problem.nearest === undefined) return `${is}; ${without}`
  const map = isSet ? "" : ` Take it so with --map ${Shell.quote(`${column}=${problem.nearest}`)}, or`
  return `${is}; did you mean ${InputIssue.quote(problem.nearest)}?${map} ${without}`.replace(
    "? leave",
    "? Otherwise leave"
  )
}

/** Columns that HubSpot computes, as problems of a proposal. */
export const readOnly = (problems: ReadonlyArray<Columns.Problem>): ReadonlyArray<Proposal.Problem> =>
  problems.flatMap((problem): ReadonlyArray<Proposal.Problem> => {
    if (problem._tag !== "ReadOnly" || problem.isSet) return []
    const [message = "", advice = ""] = lineOf(problem).split("; ")
    return [
      {
        kind: "column",
        column: problem.column,
        count: problem.values,
        message,
        advice,
        places: [],
        blocking: true
      }
    ]
  })

/** Refuses a file whose columns HubSpot would reject in every row. */
export const refuseColumns = (
  name: string,
  problems: ReadonlyArray<Columns.Problem>,
  { isEmulated }: Definitions
): Effect.Effect<void, Exit> => {
  if (problems.length === 0) return Effect.void
  const at = Source.visible(name)
  const own = problems.find((one) => one._tag === "Unknown" && one.nearest === undefined && !one.isSet)
  const lines = [
    ...problems.slice(0, most).map((problem) => `${at}: ${lineOf(problem)}`),
    ...(problems.length > most
      ? [`${at}: and ${Report.format(problems.length - most)} more columns like these`]
      : []),
    ...(isEmulated && own !== undefined
      ? [
          `${at}: the emulator has HubSpot's standard properties; others can be defined for it with --emulator-properties <file>, a JSON array such as ${JSON.stringify([{ name: exampleOf(own.property), type: "string" }])}`
        ]
      : [])
  ]
  return Effect.fail(new Exit({ code: Report.exitCodes.usage, lines }))
}

/** A name that a property can have. */
const exampleOf = (name: string): string => (/^[a-z][a-z0-9_]{0,60}$/.test(name) ? name : "my_property")

/** What --find names for a parent. */
const kindOf = ({ property }: Columns.Parents): string => property.slice(0, -"_id".length)

const otherwise = (parents: Columns.Parents): string =>
  `look the ${kindOf(parents)} up by a key of your own with --find ${JSON.stringify(`${parents.column}=${kindOf(parents)}.<your property>`)}, or import the rows without a parent with --ignore ${Shell.quote(parents.column)}`

/** The ids that the account has, `undefined` if the token may not read the type. */
const existing = (name: string, parents: Columns.Parents) =>
  Operations.batchRead(
    { inputs: parents.sample.map((id) => ({ id })) },
    { objectType: Association.objectTypeIds[parents.target] }
  ).pipe(
    Effect.flatMap(ask),
    Effect.map(({ results }) => results.length),
    Effect.catchReason("HubSpotError", "Forbidden", ({ message }) =>
      Effect.as(say(name, `column ${InputIssue.quote(parents.column)} is not checked: ${message}`), undefined)
    ),
    Effect.mapError(refusedBefore)
  )

/**
 * Refuses a file with a parent column of which no value is an id of this account: by its form, and where there is an account, by
 * one read of a sample. Succeeds with how many requests that took.
 */
export const refuseParents = Effect.fnUntraced(function* (
  name: string,
  columns: ReadonlyArray<Columns.Parents>,
  { isEmulated }: Definitions
): Effect.fn.Return<number, Exit, HubSpotClient | RateLimits> {
  const filled = columns.filter(({ values }) => values > 0)
  const lines: Array<string> = []
  let requests = 0
  const refuse = (parents: Columns.Parents, what: string): void => {
    lines.push(
      `${Source.visible(name)}: column ${InputIssue.quote(parents.column)}: ${what}; ${otherwise(parents)}`
    )
  }
  for (const parents of filled) {
    if (parents.ids === 0) {
      const { values } = parents
      refuse(
        parents,
        `${values === 1 ? "its value is no id" : `none of its ${Report.format(values)} values is an id`} of HubSpot, which has digits only`
      )
    } else if (!isEmulated) {
      requests++
      const [first = ""] = parents.sample
      if ((yield* existing(name, parents)) === 0) {
        const asked = parents.sample.length
        refuse(
          parents,
          asked === 1
            ? `the account has no ${kindOf(parents)} ${first}`
            : `none of the ${asked} ids that were looked up (${first}, …) is ${/^[aeiou]/.test(kindOf(parents)) ? "an" : "a"} ${kindOf(parents)} of the account`
        )
      }
    }
  }
  if (lines.length > 0) return yield* new Exit({ code: Report.exitCodes.usage, lines })
  if (isEmulated && filled.length > 0) {
    const names = filled.map(({ column }) => InputIssue.quote(column)).join(", ")
    yield* say(name, `the parents in ${names} are not checked: the emulator knows none`)
  }
  return requests
})
