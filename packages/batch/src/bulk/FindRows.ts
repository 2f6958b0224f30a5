/**
 * The records that rows of a file name by keys of their own: parents and products, as the file's format says.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import type { BatchRequest, InputIssue } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as Event from "../engine/Event.ts"
import * as FileFormat from "../files/FileFormat.ts"
import type { Row, RowIssue } from "../files/Source.ts"
import * as FindRecords from "./FindRecords.ts"

/**
 * The finds of rows that were read with a format.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofFormat = (format: FileFormat.FileFormat): ReadonlyArray<FindRecords.Find<Row>> =>
  FileFormat.findsOf(format).map(({ column, object, property }) => ({
    object,
    property,
    path: column,
    keyOf: ({ keys }) => keys?.find((key) => key.object === object)?.value
  }))

/**
 * Rows with the records that they name: the id of a parent becomes the association, that of a product `hs_product_id`. A row
 * whose record is not found, or not the only one, has issues. It fails where HubSpot cannot be asked.
 *
 * @category running
 * @since 0.1.0
 */
export const rows =
  (finder: FindRecords.Finder<Row> | undefined, onEvent?: Event.Listener) =>
  <E, R>(
    values: Stream.Stream<Row, E, R>
  ): Stream.Stream<Row, E | HubSpotError, R | HubSpotClient | RateLimits> =>
    values.pipe(
      FindRecords.known(finder, onEvent),
      Stream.map(({ records, source }) => (records === FindRecords.none ? source : rowOf(source, records)))
    )

/** The place of an issue of a row, as `Source` gives it. */
const placed = ({ keys = [], line }: Row, { advice, message, path }: InputIssue.InputIssue): RowIssue => {
  const key = keys.find((key) => key.path === path)
  return { line: key?.line ?? line, column: key?.column ?? 1, path, message, advice }
}

const rowOf = (row: Row, records: FindRecords.Known): Row => {
  const { keys: _, ...rest } = row
  return {
    ...rest,
    input: Result.flatMap(row.input, (input) => {
      const found = FindRecords.addTo(input, records)
      if (Result.isSuccess(found)) return Result.succeed(found.success as BatchRequest.CreateInput)
      const [first, ...others] = found.failure.map((issue) => placed(row, issue))
      return first === undefined ? Result.succeed(input) : Result.fail([first, ...others] as const)
    })
  }
}
