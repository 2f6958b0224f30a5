/**
 * The issues of rows, grouped by column and advice, and the first rows that have none.
 */
import type { BatchRequest } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import type { Key, Row } from "../source/row.ts"
import { noValue } from "../source/sheet/cells.ts"
import type { Problem } from "./problems.ts"

const mostGroups = 200
const mostPlaces = 3
const mostRows = 3

interface Group {
  readonly column: string
  readonly message: string
  readonly advice: string
  readonly places: Array<{ readonly line: number; readonly column: number }>
  count: number
}

/**
 * A row as it would be sent, and the records that are looked up for it, which are not in the input yet.
 *
 * @category models
 * @since 0.1.0
 */
export interface Preview {
  readonly line: number
  readonly input: BatchRequest.CreateInput
  readonly lookups?: ReadonlyArray<Lookup>
}

/**
 * A record that is named by a property of its own: the deal whose `erp_number` is a value of the file.
 *
 * @category models
 * @since 0.1.0
 */
export type Lookup = Pick<Key, "object" | "property" | "value">

const previewOf = ({ keys = [], line }: Row, input: Preview["input"]): Preview => ({
  line,
  input,
  ...(keys.length > 0 && { lookups: keys.map(Struct.pick(["object", "property", "value"])) })
})

export const make = (header: ReadonlyArray<string> | undefined) => {
  const groups = new Map<string, Group>()
  const preview: Array<Preview> = []
  let rows = 0
  let invalid = 0
  return {
    take: (row: Row): void => {
      rows++
      if (Result.isSuccess(row.input)) {
        if (preview.length < mostRows) preview.push(previewOf(row, row.input.success))
        return
      }
      invalid++
      for (const { advice, column, line, message, path } of row.input.failure) {
        const key = `${path}\n${advice}`
        const known = groups.get(key)
        if (known !== undefined) {
          known.count++
          if (known.places.length < mostPlaces) known.places.push({ line, column })
        } else if (groups.size < mostGroups) {
          const name = path === "" ? "" : (header?.[column - 1] ?? path)
          groups.set(key, { column: name, message, advice, places: [{ line, column }], count: 1 })
        }
      }
    },
    rows: () => rows,
    invalid: () => invalid,
    preview: () => preview,
    problems: (): ReadonlyArray<Problem> =>
      [...groups.values()].map((group) => ({
        kind: "values",
        ...group,
        // A program that computes nothing has written the workbook: no row can be read.
        blocking: group.message === noValue.message && group.count === rows
      }))
  }
}
