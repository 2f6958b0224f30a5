/**
 * The inputs of a batch as faults see them: raw JSON, good or bad.
 *
 * `Body` reads a batch to decide it. A fault only picks some of its inputs and passes the others on unchanged.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"

/**
 * The inputs in the text of a request; none if it has no such list.
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
 * The key by which an input is recognised when it is sent again: its trace id, or the whole input.
 *
 * @category reading
 * @since 0.1.0
 */
export const key = (input: unknown): string => traceId(input) ?? JSON.stringify(input)

// A number keeps its digits, if the engine supports it (Node 22 or later).
const { rawJSON } = JSON as { readonly rawJSON?: (text: string) => unknown }

const keepDigits = (_name: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && rawJSON !== undefined && context?.source !== undefined
    ? rawJSON(context.source)
    : value
