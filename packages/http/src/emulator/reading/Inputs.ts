/**
 * The inputs of a batch as faults look at them: raw JSON, good or bad.
 *
 * Reading a batch for what it is worth is `Body`'s business; a fault only picks some of its inputs and
 * lets the rest through as they came.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"

/**
 * The inputs of a request's text; none when it has no such list.
 *
 * @category reading
 * @since 0.1.0
 */
export const read = (text: string): ReadonlyArray<unknown> => {
  const json = Result.getOrElse(
    Result.try((): unknown => JSON.parse(text, keepDigits)),
    () => undefined
  )
  return Predicate.isObject(json) && Array.isArray(json.inputs) ? json.inputs : []
}

/**
 * The text of a batch of these inputs.
 *
 * @category writing
 * @since 0.1.0
 */
export const write = (inputs: ReadonlyArray<unknown>): string => JSON.stringify({ inputs })

/**
 * @category reading
 * @since 0.1.0
 */
export const traceId = (input: unknown): string | undefined =>
  Predicate.isObject(input) && typeof input.objectWriteTraceId === "string"
    ? input.objectWriteTraceId
    : undefined

/**
 * What an input is known by when it comes again: its trace id, or all of it.
 *
 * @category reading
 * @since 0.1.0
 */
export const key = (input: unknown): string => traceId(input) ?? JSON.stringify(input)

// A number goes on in the digits it came with, where the engine can do that (Node from 22 on).
const { rawJSON } = JSON as { readonly rawJSON?: (text: string) => unknown }

const keepDigits = (_name: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && rawJSON !== undefined && context?.source !== undefined
    ? rawJSON(context.source)
    : value
