/**
 * A batch of a job as text, and back without loss: the request is the same to the byte, and a row is as `Source` read it.
 *
 * The text is a JSON array with one element for each input, in their order. It leaves out what can be derived: the trace id
 * is in the input, and the input of the row is mostly the sent one without what was added.
 */
import { BatchRequest } from "@effect-hubspot/schema"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { Original, Row, RowIssue } from "../../files/Source.ts"
import type { Frozen } from "../../jobs/Frozen.ts"
import type { JobBatch } from "../../jobs/JobBatch.ts"
import type { Item } from "../../model/Plan.ts"
import { compiled } from "../compiled.ts"

const Original = Schema.Union([
  Schema.String,
  Schema.Array(Schema.String),
  Schema.Struct({ broken: Schema.String })
])
const issue = { path: Schema.String, message: Schema.String, advice: Schema.String }
const Issues = Schema.Array(
  Schema.Struct({ ...issue, line: Schema.optionalKey(Schema.Int), column: Schema.optionalKey(Schema.Int) })
)

/** How to get the input of the row from the sent one: drop the trace id, drop the key too, or take this input. */
const Given = Schema.Union([Schema.Literals(["untraced", "unkeyed"]), BatchRequest.CreateInput])

const Sent = Schema.Struct({
  index: Schema.Int,
  line: Schema.Int,
  original: Original,
  input: Schema.Struct({ ...BatchRequest.CreateInput.fields, objectWriteTraceId: Schema.String }),
  key: Schema.optionalKey(Schema.String),
  given: Given
})

/** `given` is `"issues"` if the row has the same issues, else the row's own issues, or the input that it gave. */
const Invalid = Schema.Struct({
  index: Schema.Int,
  line: Schema.Int,
  original: Original,
  issues: Issues,
  given: Schema.Union([Schema.Literal("issues"), Issues, BatchRequest.CreateInput])
})

const isItems = Schema.is(compiled(Schema.Array(Schema.Union([Sent, Invalid]))))
const fromJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

/** The property that holds the key. */
type KeyedBy = Pick<Frozen, "keyProperty">

const originalOf = (original: Original): typeof Original.Type =>
  original._tag === "Csv"
    ? original.cells
    : original._tag === "Json"
      ? original.text
      : { broken: original.text }

const untraced = (input: typeof Sent.Type.input): BatchRequest.CreateInput =>
  Struct.omit(input, ["objectWriteTraceId"])

const unkeyed = (
  input: BatchRequest.CreateInput,
  keyProperty: string | undefined
): BatchRequest.CreateInput => ({
  ...input,
  properties: Object.fromEntries(Object.entries(input.properties).filter(([name]) => name !== keyProperty))
})

const givenOf = (item: Item<Row>, keyProperty: string | undefined): typeof Given.Type => {
  const given = Result.getOrThrow(item.source.input)
  const text = JSON.stringify(given)
  const sent = untraced(item.input)
  if (text === JSON.stringify(sent)) return "untraced"
  return keyProperty !== undefined && text === JSON.stringify(unkeyed(sent, keyProperty)) ? "unkeyed" : given
}

/** The text of a batch. The same batch gives the same text. */
export const encode = ({ invalid, items }: JobBatch, { keyProperty }: KeyedBy): string => {
  const sent = items.map((item): typeof Sent.Type => ({
    index: item.index,
    line: item.source.line,
    original: originalOf(item.source.original),
    // As it is sent, with its fields in this order.
    input: item.input,
    ...(item.key !== undefined && { key: item.key }),
    given: givenOf(item, keyProperty)
  }))
  const wrong = invalid.map(({ index, issues, source }): typeof Invalid.Type => ({
    index,
    line: source.line,
    original: originalOf(source.original),
    issues,
    given: Result.isSuccess(source.input)
      ? source.input.success
      : JSON.stringify(source.input.failure) === JSON.stringify(issues)
        ? "issues"
        : source.input.failure
  }))
  return JSON.stringify([...sent, ...wrong].sort((a, b) => a.index - b.index))
}

const toOriginal = (original: typeof Original.Type): Original =>
  typeof original === "string"
    ? { _tag: "Json", text: original }
    : "broken" in original
      ? { _tag: "Broken", text: original.broken }
      : { _tag: "Csv", cells: original }

const isIssues = (given: typeof Invalid.Type.given): given is typeof Issues.Type => Array.isArray(given)

/** The batch of a text, or undefined if it is none. */
export const decode = (number: number, text: string, { keyProperty }: KeyedBy): JobBatch | undefined => {
  const json = Option.getOrUndefined(fromJson(text))
  if (!isItems(json)) return undefined
  const items: Array<JobBatch["items"][number]> = []
  const invalid: Array<JobBatch["invalid"][number]> = []
  for (const one of json) {
    const { index, line } = one
    const original = toOriginal(one.original)
    if ("input" in one) {
      const { input } = one
      const given =
        one.given === "untraced"
          ? untraced(input)
          : one.given === "unkeyed"
            ? unkeyed(untraced(input), keyProperty)
            : one.given
      items.push({
        source: { index, line, original, input: Result.succeed(given) },
        index,
        input,
        objectWriteTraceId: input.objectWriteTraceId,
        key: one.key
      })
    } else {
      const { given, issues } = one
      const failure = given === "issues" ? issues : isIssues(given) ? given : undefined
      const source: Row = {
        index,
        line,
        original,
        input:
          failure === undefined
            ? Result.succeed(given as BatchRequest.CreateInput)
            : Result.fail(failure as unknown as readonly [RowIssue, ...Array<RowIssue>])
      }
      invalid.push({ _tag: "Invalid", source, index, issues })
    }
  }
  return { number, items, invalid }
}
