/**
 * Inputs that are about a record that exists: how they are recognised, and that each is about another one.
 */
import { InputIssue } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import type * as Correlation from "../model/Correlation.ts"
import type { Item, Unique } from "../model/Plan.ts"

/** What names a record: its id, or with `idProperty` the value of a property with unique values. */
interface Named {
  readonly id: string
  readonly idProperty?: string
}

/** By the trace id it was sent with, by its name, and by what a record under that trace id must show. */
export const identityOf = ({
  input,
  objectWriteTraceId
}: Item<unknown, Named & Pick<Correlation.Identity, "properties">>): Correlation.Identity => ({
  objectWriteTraceId,
  properties: input.properties,
  ...nameOf(input)
})

/** By its name alone. */
export const nameOf = ({ id, idProperty }: Named): Correlation.Identity =>
  idProperty === undefined ? { id } : { key: { property: idProperty, value: id } }

/** An input as it is sent, or what is wrong with it. */
export const prepared = <In>(input: In, issues: ReadonlyArray<InputIssue.InputIssue>) =>
  issues.length > 0 ? Result.fail(issues) : Result.succeed({ input, key: undefined })

export const unique = ({ input: { id, idProperty } }: Item<unknown, Named>): Unique => ({
  path: "id",
  what: idProperty === undefined ? "id" : idProperty,
  value: id,
  advice: "give each record once"
})
