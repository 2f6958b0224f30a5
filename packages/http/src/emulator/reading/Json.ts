/**
 * JSON as a lenient server reads it: numbers keep their digits and count as text, and a wrong type is refused in the words
 * of HubSpot's own parser.
 *
 * It knows no request: `Body` knows the fields.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Refusal from "../answering/Refusal.ts"

/**
 * A value that was read, or the refusal of the whole request.
 *
 * @category models
 * @since 0.1.0
 */
export type Reading<A> = Result.Result<A, Refusal.Refusal>

/**
 * @category models
 * @since 0.1.0
 */
export type Fields = { readonly [name: string]: unknown }

/** A number of the body, in the digits it was sent with. */
class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/**
 * The text of a body as an object. `type` is the server's name for it.
 *
 * @category reading
 * @since 0.1.0
 */
export const readObject = (text: string, type: string): Reading<Fields> =>
  Result.flatMap(readAny(text), (json) => (isRecord(json) ? Result.succeed(json) : mismatch(type, json)))

/**
 * The text of a body, of whatever kind.
 *
 * @category reading
 * @since 0.1.0
 */
export const readAny = (text: string): Reading<unknown> => {
  if (text.trim() === "") return Result.fail(Refusal.noBody)
  return Result.mapError(parse(text), (cause) => Refusal.invalidJson(syntaxError(cause, text)))
}

/**
 * @category predicates
 * @since 0.1.0
 */
export const isRecord = (json: unknown): json is Fields =>
  Predicate.isObject(json) && !Array.isArray(json) && !(json instanceof NumberText)

/**
 * @category predicates
 * @since 0.1.0
 */
export const isPresent = (json: unknown): boolean => json !== undefined && json !== null

/**
 * Text, or a number or a boolean as text. Documentation: both are accepted for property values and read back as text.
 *
 * @category reading
 * @since 0.1.0
 */
export const asText = (json: unknown): string | undefined =>
  typeof json === "string"
    ? json
    : typeof json === "boolean" || typeof json === "number"
      ? String(json)
      : json instanceof NumberText
        ? json.text
        : undefined

/**
 * A text field that may be absent or null.
 *
 * @category reading
 * @since 0.1.0
 */
export const optionalText = (json: unknown): Reading<string | undefined> => {
  if (!isPresent(json)) return Result.succeed(undefined)
  const text = asText(json)
  return text === undefined ? mismatch("String", json) : Result.succeed(text)
}

/**
 * A list whose entries are read one by one. Absent and null count as an empty list.
 *
 * @category reading
 * @since 0.1.0
 */
export const readList = <A>(json: unknown, readOne: (json: unknown) => Reading<A>): Reading<Array<A>> => {
  const listed = json ?? []
  if (!Array.isArray(listed)) return mismatch("ArrayList", listed)
  const all: Array<A> = []
  for (const one of listed as ReadonlyArray<unknown>) {
    const read = readOne(one)
    if (Result.isFailure(read)) return Result.fail(read.failure)
    all.push(read.success)
  }
  return Result.succeed(all)
}

/**
 * An entry of a list of texts.
 *
 * @category reading
 * @since 0.1.0
 */
export const readText = (json: unknown): Reading<string> => {
  const text = asText(json)
  return text === undefined ? mismatch("String", json) : Result.succeed(text)
}

/**
 * The refusal of a value that is not of a type. Observation, except the position.
 *
 * @category constructors
 * @since 0.1.0
 */
export const mismatch = (type: string, json: unknown): Result.Result<never, Refusal.Refusal> => {
  const [kind, token] = Array.isArray(json)
    ? ["Array", "START_ARRAY"]
    : json instanceof NumberText || typeof json === "number"
      ? ["Number", "VALUE_NUMBER"]
      : typeof json === "string"
        ? ["String", "VALUE_STRING"]
        : typeof json === "boolean"
          ? ["Boolean", `VALUE_${String(json).toUpperCase()}`]
          : json === null
            ? ["null", "VALUE_NULL"]
            : ["Object", "START_OBJECT"]
  return Result.fail(
    Refusal.invalidJson(
      `line 1, column 1: Cannot deserialize value of type \`${type}\` from ${kind} value (token \`JsonToken.${token}\`)`
    )
  )
}

// Numbers keep their source, so that 19.90 stays 19.90 and no amount becomes a binary float. Engines without source access
// give the shortest text of the number. A reviver takes ten times as long as parsing alone, so it is skipped if all numbers
// are whole and short: their text is their source.
const parse = (text: string): Result.Result<unknown, unknown> =>
  Result.try((): unknown => (mayLoseDigits.test(text) ? JSON.parse(text, keepSource) : JSON.parse(text)))

const mayLoseDigits = /(?:^|[:,[])\s*-?(?:\d+[.eE]|\d{16}|(?<=-)0)/

const keepSource = (_name: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" ? new NumberText(context?.source ?? String(value)) : value

// The engine reports the position of an error in long texts only. Line 1, column 1 stands for unknown.
const syntaxError = (cause: unknown, text: string): string => {
  const atEnd = /end of JSON input|Unterminated/.test(String(cause))
  const position = atEnd ? text.length : Number(/position (\d+)/.exec(String(cause))?.[1] ?? 0)
  const before = text.slice(0, position).split("\n")
  const column = before[before.length - 1]!.length + 1
  return `line ${before.length}, column ${column}: Unexpected ${atEnd ? "end-of-input" : "character"}`
}
