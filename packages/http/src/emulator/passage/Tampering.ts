/**
 * What is done to the true body of a batch reply before it is sent: total functions from JSON to JSON.
 *
 * Only the reply changes; the account and the ledger do not.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import type * as Faults from "../Faults.ts"

type Json = { readonly [name: string]: unknown }

/** Ids that no line item of the account has. */
const surplusId = 90_000_000_001

/** Beyond what a double holds to the digit. */
const lossyId = 2 ** 60

/**
 * Applies the tamperings in their order.
 *
 * @category tampering
 * @since 0.1.0
 */
export const apply = (body: object, tampering: ReadonlyArray<Faults.Tampering>): object =>
  tampering.reduce<Json>(one, body as Json)

const one = (body: Json, tampering: Faults.Tampering): Json => {
  const results = list(body.results)
  const errors = list(body.errors)
  const [first, second] = results
  switch (tampering.do) {
    case "dropTraceIds": {
      const { count = results.length } = tampering
      return {
        ...body,
        results: results.map((result, n) => (n < count ? without(result, "objectWriteTraceId") : result))
      }
    }
    case "swapTraceIds":
      return first === undefined || second === undefined
        ? body
        : { ...body, results: [tracedAs(first, second), tracedAs(second, first), ...results.slice(2)] }
    case "numericIds":
      return {
        ...body,
        results: results.map((result) => ({
          ...result,
          id: tampering.lossy === true ? Number(result.id) + lossyId : Number(result.id)
        }))
      }
    case "duplicateId":
      return first === undefined || second === undefined
        ? body
        : { ...body, results: [first, { ...second, id: first.id }, ...results.slice(2)] }
    case "repeatResult":
      return first === undefined ? body : { ...body, results: [first, ...results] }
    case "dropResults":
      return { ...body, results: results.slice(tampering.count ?? 1) }
    case "emptyResults":
      return { ...without(body, "errors", "numErrors"), status: "COMPLETE", results: [] }
    case "surplusResults": {
      const { count = 1, traceId = "foreign" } = tampering
      const surplus = Array.from({ length: count }, (_, n) => ({
        ...without(first ?? { properties: {} }, "objectWriteTraceId"),
        id: String(surplusId + n),
        ...(traceId === "foreign" && { objectWriteTraceId: `foreign-${n}` })
      }))
      return { ...body, results: [...results, ...surplus] }
    }
    case "contradict":
      return first === undefined
        ? body
        : withErrors(body, [
            ...errors,
            {
              status: "error",
              category: "VALIDATION_ERROR",
              message: "This input was refused.",
              context: { objectWriteTraceId: [first.objectWriteTraceId ?? ""] }
            }
          ])
    case "anonymousErrors":
      return mapErrors(body, (error) => without(error, "context"))
    case "foreignErrors":
      return mapErrors(body, (error, n) => ({ ...error, context: { objectWriteTraceId: [`foreign-${n}`] } }))
    case "contextIds":
      return mapErrors(body, (error) => ({
        ...error,
        context: { ...(Predicate.isObject(error.context) && error.context), ids: tampering.ids }
      }))
    case "contextAsText":
      return mapErrors(body, (error) => ({ ...error, context: asText(error.context) }))
    case "numErrors":
      return { ...body, numErrors: tampering.value }
    case "noStatus":
      return without(body, "status")
    case "status":
      return { ...body, status: tampering.value }
    case "links":
      return { ...body, links: tampering.links }
    case "badEntry":
      return { ...body, results: [{ id: null, properties: "none" }, ...results.slice(1)] }
    case "noResults":
      return without(body, "results")
  }
}

const list = (json: unknown): ReadonlyArray<Json> =>
  Array.isArray(json) ? (json as ReadonlyArray<Json>) : []

const without = (json: Json, ...names: ReadonlyArray<string>): Json =>
  Object.fromEntries(Object.entries(json).filter(([name]) => !names.includes(name)))

/** A result with the trace id of another one, or without one if the other has none. */
const tracedAs = (result: Json, { objectWriteTraceId }: Json): Json => ({
  ...without(result, "objectWriteTraceId"),
  ...(objectWriteTraceId !== undefined && { objectWriteTraceId })
})

const withErrors = (body: Json, errors: ReadonlyArray<object>): Json => ({
  ...body,
  numErrors: errors.length,
  errors
})

const mapErrors = (body: Json, f: (error: Json, n: number) => Json): Json =>
  Array.isArray(body.errors) ? { ...body, errors: list(body.errors).map(f) } : body

// HubSpot's own description gives an example in this form.
const asText = (context: unknown): unknown =>
  Predicate.isObject(context)
    ? `{${Object.entries(context)
        .map(([name, values]) => `${name}=[${list(values).join(", ")}]`)
        .join(", ")}}`
    : context
