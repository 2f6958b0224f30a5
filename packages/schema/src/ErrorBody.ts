/**
 * HubSpot's error bodies as they are really sent: the body of a 4xx, the entries of a 207's `errors`,
 * and their details.
 *
 * HubSpot's descriptions call many of these fields required and give them narrower types than the
 * wire shows (`context` as a string, `subCategory` as an object). So every field is optional, every
 * shape that was seen decodes, and fields this version does not know are kept: a body decodes and
 * encodes back to the same JSON value.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { OpenStruct } from "./internal/openStruct.ts"
import * as ObjectId from "./ObjectId.ts"

/**
 * One detail: `{ message, code, context, in, subCategory }`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ErrorDetail = OpenStruct({
  message: Schema.optional(Schema.NullOr(Schema.String)),
  code: Schema.optional(Schema.NullOr(Schema.String)),
  context: Schema.optional(Schema.Unknown),
  in: Schema.optional(Schema.NullOr(Schema.String)),
  subCategory: Schema.optional(Schema.Unknown)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ErrorDetail = typeof ErrorDetail.Type

/**
 * One entry of a 207's `errors`: `{ category, context, errors, links, message, status, id, subCategory }`.
 *
 * `context.objectWriteTraceId` names the inputs it is about: see {@link contextValues}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const StandardError = OpenStruct({
  category: Schema.optional(Schema.NullOr(Schema.String)),
  context: Schema.optional(Schema.Unknown),
  errors: Schema.optional(Schema.NullOr(Schema.Array(ErrorDetail))),
  links: Schema.optional(Schema.Unknown),
  message: Schema.optional(Schema.NullOr(Schema.String)),
  status: Schema.optional(Schema.Unknown),
  id: Schema.optional(Schema.NullOr(ObjectId.FromWire)),
  subCategory: Schema.optional(Schema.Unknown)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface StandardError extends Schema.Schema.Type<typeof StandardError> {}

/**
 * The body of a 4xx or 5xx: `{ status: "error", message, correlationId, category, errors, context, links }`;
 * a 429 has `errorType` and `policyName` in the place of `category`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ErrorBody = OpenStruct({
  status: Schema.optional(Schema.Unknown),
  message: Schema.optional(Schema.NullOr(Schema.String)),
  correlationId: Schema.optional(Schema.NullOr(ObjectId.FromWire)),
  category: Schema.optional(Schema.NullOr(Schema.String)),
  subCategory: Schema.optional(Schema.Unknown),
  context: Schema.optional(Schema.Unknown),
  errors: Schema.optional(Schema.NullOr(Schema.Array(ErrorDetail))),
  links: Schema.optional(Schema.Unknown),
  errorType: Schema.optional(Schema.NullOr(Schema.String)),
  policyName: Schema.optional(Schema.NullOr(Schema.String)),
  groupName: Schema.optional(Schema.NullOr(Schema.String))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface ErrorBody extends Schema.Schema.Type<typeof ErrorBody> {}

/**
 * The values a `context` holds under one name, whatever its shape: a list, a single value, or the
 * text form `{name=[a, b]}` of HubSpot's own example. JavaScript has lost digits of an integer beyond 2⁵³ − 1:
 * it gets a `~` before it, so that it matches no id.
 *
 * **Example**
 *
 * ```ts
 * import { ErrorBody } from "@effect-hubspot/schema"
 *
 * const asList = ErrorBody.contextValues({ objectWriteTraceId: ["a1"] }, "objectWriteTraceId")
 * const asText = ErrorBody.contextValues("{missingScopes=[scope1, scope2]}", "missingScopes")
 * const both = [asList, asText]
 * both // => [["a1"], ["scope1", "scope2"]]
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const contextValues = (context: unknown, name: string): ReadonlyArray<string> => {
  if (typeof context === "string") {
    for (const [, key, list, single] of context.matchAll(/([\w.-]+)=(?:\[([^\]]*)\]|([^,\]}]*))/g)) {
      if (key === name)
        return (list ?? single ?? "")
          .split(",")
          .map((value) => value.trim())
          .filter(Boolean)
    }
    return []
  }
  if (typeof context !== "object" || context === null || !Object.hasOwn(context, name)) return []
  const value = (context as Readonly<Record<string, unknown>>)[name]
  const values = Array.isArray(value) ? value : [value]
  return values.flatMap((one) =>
    typeof one === "string" ? [one] : typeof one === "number" || typeof one === "boolean" ? [textOf(one)] : []
  )
}

const textOf = (value: number | boolean): string =>
  Number.isInteger(value) && !Number.isSafeInteger(value) ? `~${value}` : String(value)

/**
 * Foreign text in a form that is safe to show: one line, no control or direction characters, at most `limit`
 * characters. Default 500.
 *
 * @category formatting
 * @since 0.1.0
 */
export const showable = (text: string, limit = 500): string => {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, " ").trim()
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean
}

const readEmbedded = Schema.decodeUnknownOption(
  Schema.fromJsonString(
    Schema.Array(
      Schema.Struct({
        message: Schema.String,
        error: Schema.optional(Schema.String),
        name: Schema.optional(Schema.String)
      })
    )
  )
)

/**
 * One problem in HubSpot's words: a `message` that is safe to show, and HubSpot's `code` (`INVALID_OPTION`) and
 * the `property` it is about, if HubSpot names them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Problem = Schema.Struct({
  message: Schema.String,
  code: Schema.optionalKey(Schema.String),
  property: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Problem extends Schema.Schema.Type<typeof Problem> {}

/**
 * The problems that an error reports, at least one. HubSpot packs those of properties as JSON into the message;
 * this function unpacks them.
 *
 * **Example**
 *
 * ```ts
 * import { ErrorBody } from "@effect-hubspot/schema"
 *
 * const problems = ErrorBody.problems({
 *   message: 'Property values were not valid: [{"message":"-1 is too small","error":"OUT_OF_RANGE","name":"price"}]'
 * })
 * problems // => [{ message: "-1 is too small", code: "OUT_OF_RANGE", property: "price" }]
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const problems = (error: StandardError | ErrorBody): ReadonlyArray<Problem> => {
  const message = error.message ?? ""
  const start = message.indexOf(": [{")
  const embedded = start < 0 ? Option.none() : readEmbedded(message.slice(start + 2))
  if (Option.isSome(embedded) && embedded.value.length > 0) {
    return embedded.value.map(({ error: code, message, name }) => problem(message, code, name))
  }
  const [detail] = error.errors ?? []
  const [property] = contextValues(detail?.context, "propertyName")
  const text = message.trim() === "" ? `no message (${error.category ?? "no category"})` : message
  return [problem(text, detail?.code ?? subCategoryOf(error), property)]
}

/**
 * The problems of single inputs in the details of an error, each with the trace ids that it names.
 *
 * @category reading
 * @since 0.1.0
 */
export const problemsOfInputs = (
  error: StandardError | ErrorBody
): ReadonlyArray<{ readonly traceIds: ReadonlyArray<string>; readonly problem: Problem }> =>
  (error.errors ?? []).flatMap(({ code, context, message }) => {
    const traceIds = contextValues(context, "objectWriteTraceId")
    if (traceIds.length === 0 || typeof message !== "string" || message.trim() === "") return []
    const [property] = contextValues(context, "propertyName")
    return [{ traceIds, problem: problem(message, code ?? undefined, property) }]
  })

const subCategoryOf = ({ subCategory }: StandardError | ErrorBody): string | undefined =>
  typeof subCategory === "string" ? subCategory : undefined

const problem = (message: string, code: string | undefined, property: string | undefined): Problem => ({
  message: showable(message).replace(/\.$/, ""),
  ...(code !== undefined && { code: showable(code, 80) }),
  ...(property !== undefined && { property: showable(property, 100) })
})

/**
 * A problem in one line: the property, unless the message names it in quotes, and the message.
 *
 * @category formatting
 * @since 0.1.0
 */
export const describe = ({ message, property }: Problem): string =>
  property === undefined || message.includes(`"${property}"`) ? message : `${property}: ${message}`
