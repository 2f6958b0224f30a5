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
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { OpenStruct } from "./internal/openStruct.ts"
import { shorten } from "./internal/shorten.ts"
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
  subCategory: Schema.optional(Schema.Unknown),
  validationResults: Schema.optional(Schema.Unknown)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface StandardError extends Schema.Schema.Type<typeof StandardError> {}

/**
 * The body of a 4xx or 5xx: `{ status: "error", message, correlationId, category, errors, context, links }`;
 * a 429 has `errorType` and `policyName` in the place of `category`. Some refusals have no `category`, and older ones
 * have `validationResults` in the place of `errors`.
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
  validationResults: Schema.optional(Schema.Unknown),
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
  const clean = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ")
    .trim()
  return shorten(clean, limit)
}

/**
 * One problem in HubSpot's words: a `message` that is safe to show, and, if HubSpot names them, its `code`
 * (`INVALID_OPTION`), the `property` it is about, and the `value` that is wrong.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Problem = Schema.Struct({
  message: Schema.String,
  code: Schema.optionalKey(Schema.String),
  property: Schema.optionalKey(Schema.String),
  value: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Problem extends Schema.Schema.Type<typeof Problem> {}

/**
 * The problems that an error reports, at least one: an entry of `errors`, of `validationResults` or of the JSON list
 * that HubSpot packs into a message is a problem, and so is every property that the context names. The message itself
 * is one if there is no entry. What is said twice is one problem. Of entries that name inputs by their trace ids, only those
 * that name the one of `about` count, if it is given.
 *
 * **Example**
 *
 * ```ts
 * import { ErrorBody } from "@effect-hubspot/schema"
 *
 * const packed = ErrorBody.problems({
 *   message: 'Property values were not valid: [{"message":"-1 is too small","error":"OUT_OF_RANGE","name":"price"}]'
 * })
 * packed // => [{ message: "-1 is too small", code: "OUT_OF_RANGE", property: "price" }]
 *
 * const required = ErrorBody.problems({
 *   message: "Some required properties were not set.",
 *   context: { properties: ["hs_sku", "quantity"] }
 * })
 * required.map(ErrorBody.describe) // => ["hs_sku: Some required properties were not set", "quantity: Some required properties were not set"]
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const problems = (
  error: StandardError | ErrorBody,
  about?: { readonly objectWriteTraceId: string | undefined }
): ReadonlyArray<Problem> => {
  const { entries, heading } = unpacked(error.message)
  const code = subCategoryOf(error)
  const said = [
    ...entries,
    ...fromList(error.validationResults),
    ...(error.errors ?? [])
      .filter((detail) => about === undefined || isAbout(detail, about.objectWriteTraceId))
      .flatMap((detail) => fromDetail(detail, heading, code))
  ]
  const isNamed = new Set(said.flatMap(({ property }) => property ?? []))
  const names = namesIn(error.context).filter((name) => !isNamed.has(name))
  // Associations are refused with the objects in the context only.
  const ids = contextValues(error.context, "INVALID_OBJECT_IDS").join(", ")
  const what = isSaid(heading) ? heading : `no message (${error.category ?? "no category"})`
  const own = ids === "" ? what : `${what}: ${ids}`
  const all = [...said, ...names.map((name) => problem(own, code, name))]
  return all.length === 0 ? [problem(own, code, undefined)] : withoutRepetition(all)
}

const isAbout = ({ context }: ErrorDetail, traceId: string | undefined): boolean => {
  const named = contextValues(context, "objectWriteTraceId")
  return named.length === 0 || named.some((one) => one === traceId)
}

/** The properties that a context names. */
const namesIn = (context: unknown): ReadonlyArray<string> => [
  ...new Set([...contextValues(context, "propertyName"), ...contextValues(context, "properties")])
]

/** The problems in the JSON list that a message holds, and the words before it. */
const unpacked = (
  message: string | null | undefined
): { readonly heading: string; readonly entries: ReadonlyArray<Problem> } => {
  const whole = { heading: message ?? "", entries: [] }
  const start = whole.heading.search(/:\s*\[\s*\{/)
  if (start < 0) return whole
  const list = whole.heading.slice(whole.heading.indexOf("[", start), whole.heading.lastIndexOf("]") + 1)
  const entries = fromList(Option.getOrUndefined(readJson(list)))
  return entries.length === 0 ? whole : { heading: whole.heading.slice(0, start), entries }
}

const readJson = (text: string): Option.Option<unknown> =>
  Result.getSuccess(Result.try((): unknown => JSON.parse(text)))

/** The problems of a list of `{ isValid, message, error, name, propertyValue }`. */
const fromList = (entries: unknown): ReadonlyArray<Problem> =>
  Array.isArray(entries)
    ? entries.flatMap((entry: unknown) => {
        const said = (name: string) => contextValues(entry, name)[0]
        const code = said("error")
        const message = said("message") ?? code
        if (message === undefined || said("isValid") === "true") return []
        return [problem(message, code, said("name"), said("propertyValue"))]
      })
    : []

/** The problems of an entry of `errors`: one for each property that it names, or those that its message holds. */
const fromDetail = (
  detail: ErrorDetail,
  around: string,
  codeAround: string | undefined
): ReadonlyArray<Problem> => {
  const { entries, heading } = unpacked(detail.message)
  if (entries.length > 0) return entries
  const message = [heading, around, detail.code].find(isSaid)
  if (message === undefined) return []
  const names = namesIn(detail.context)
  const [value] = contextValues(detail.context, "propertyValue")
  return (names.length > 0 ? names : [detail.in ?? undefined]).map((name) =>
    problem(message, detail.code ?? subCategoryOf(detail) ?? codeAround, name, value)
  )
}

const isSaid = (text: string | null | undefined): text is string =>
  typeof text === "string" && text.trim() !== ""

/** What is said twice is kept once, with all that is said of it. */
const withoutRepetition = (all: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
  const kept = new Map<string, Problem>()
  for (const one of all) {
    const key = JSON.stringify([one.property, one.message])
    kept.set(key, { ...one, ...kept.get(key) })
  }
  const about = new Set([...kept.values()].flatMap((one) => (one.property === undefined ? [] : one.message)))
  return [...kept.values()].filter((one) => one.property !== undefined || !about.has(one.message))
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
  (error.errors ?? []).flatMap((detail) => {
    const traceIds = contextValues(detail.context, "objectWriteTraceId")
    return traceIds.length === 0
      ? []
      : fromDetail(detail, "", undefined).map((problem) => ({ traceIds, problem }))
  })

const subCategoryOf = ({ subCategory }: StandardError | ErrorBody | ErrorDetail): string | undefined =>
  typeof subCategory === "string" ? subCategory : undefined

const problem = (
  message: string,
  code: string | undefined,
  property: string | undefined,
  value?: string | undefined
): Problem => ({
  message: showable(message).replace(/\.$/, ""),
  ...(code !== undefined && { code: showable(code, 80) }),
  ...(property !== undefined && { property: showable(property, 100) }),
  ...(value !== undefined && { value: showable(value, 100) })
})

/**
 * A problem in one line: the property, unless the message names it in quotes, the message, and the value, unless the
 * message shows it.
 *
 * @category formatting
 * @since 0.1.0
 */
export const describe = ({ message, property, value }: Problem): string => {
  const about =
    property === undefined || message.includes(`"${property}"`) ? message : `${property}: ${message}`
  return value === undefined || message.includes(value)
    ? about
    : `${about} (the value is ${JSON.stringify(value)})`
}

/**
 * Whether an error is a refusal. HubSpot's own failures (`INTERNAL_ERROR`, `TIMEOUT` and the like) leave open what has
 * become of an input.
 *
 * @category reading
 * @since 0.1.0
 */
export const isRefusal = ({ category }: StandardError | ErrorBody): boolean =>
  !/INTERNAL|TIMEOUT|TIMED_OUT|UNAVAILABLE/i.test(category ?? "")
