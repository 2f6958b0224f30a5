/**
 * HubSpot's refusals of a whole request, with status and error body, and its rejections of one input.
 *
 * The words are those of real answers where one is known, because clients match on them. The others are marked as
 * assumptions, and the fields are in HubSpot's order. `Exchange` adds the correlation id.
 *
 * @since 0.1.0
 */
import * as BatchRequest from "@effect-hubspot/schema/BatchRequest"
import type * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import type { Behaviour } from "../Behaviour.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Refusal {
  readonly status: number
  readonly body: { readonly status: "error"; readonly message: string; readonly [field: string]: unknown }
}

/**
 * Why one input is rejected, in the fields that HubSpot's error bodies share. `about` is no such field: it says what the
 * settings of the account may change.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rejection {
  readonly category: "VALIDATION_ERROR" | "CONFLICT" | "OBJECT_NOT_FOUND"
  readonly message: string
  readonly subCategory?: string
  readonly context?: Readonly<Record<string, ReadonlyArray<string>>>
  readonly errors: ReadonlyArray<ErrorBody.ErrorDetail>
  readonly about?: "association" | "duplicate" | "required"
}

const refusal = (
  status: number,
  message: string,
  fields: { readonly [field: string]: unknown } = { category: "VALIDATION_ERROR" }
): Refusal => ({ status, body: { status: "error", message, ...fields } })

/**
 * An error body with its correlation id, where HubSpot has it: behind the message. Observation.
 *
 * @category formatting
 * @since 0.1.0
 */
export const withCorrelationId = (
  { message, status, ...fields }: { readonly [field: string]: unknown },
  correlationId: string
): object => ({ status, message, correlationId, ...fields })

/**
 * No token, a malformed one, or one that is unknown. Observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const noCredentials: Refusal = refusal(
  401,
  "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
  { category: "INVALID_AUTHENTICATION" }
)

/**
 * An expired token of OAuth. Observation: the words with seconds, minutes, hours and days, and the order of the fields.
 * Assumption: a unit is used from two of it on.
 *
 * @category constructors
 * @since 0.1.0
 */
export const expiredCredentials = (secondsAgo: number, expireTime: string): Refusal =>
  refusal(401, `The OAuth token used to make this call expired ${age(secondsAgo)} ago.`, {
    category: "EXPIRED_AUTHENTICATION",
    context: { "expire time": [expireTime] }
  })

const units = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60]
] as const

const age = (seconds: number): string => {
  const [unit, length] = units.find(([, length]) => seconds >= 2 * length) ?? ["second", 1]
  return `${Math.floor(seconds / length)} ${unit}(s)`
}

/**
 * The token has none of these scopes; any of them would do. Observation for the words, documentation for the fields.
 *
 * @category constructors
 * @since 0.1.0
 */
export const missingScopes = (required: ReadonlyArray<string>): Refusal =>
  refusal(
    403,
    `This app hasn't been granted all required scopes to make this call. Read more about required scopes here: ${scopesLink}.`,
    {
      errors: [
        {
          message: "One or more of the following scopes are required.",
          context: { requiredGranularScopes: required }
        }
      ],
      links: { scopes: scopesLink },
      category: "MISSING_SCOPES"
    }
  )

const scopesLink = "https://developers.hubspot.com/scopes"

/**
 * The ten-second limit. Observation: `errorType` instead of `category`, and no Retry-After.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tenSecondlyLimit = (portalId: number): Refusal =>
  refusal(429, "You have reached your ten_secondly_rolling limit.", {
    errorType: "RATE_LIMIT",
    policyName: "TEN_SECONDLY_ROLLING",
    groupName: `publicapi:private_app-api-calls-ten-secondly:1000001:${portalId}`
  })

/**
 * The search limit, five in a second for all apps of the account. Observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const secondlyLimit = (portalId: number): Refusal =>
  refusal(429, "You have reached your secondly limit.", {
    errorType: "RATE_LIMIT",
    policyName: "SECONDLY",
    groupName: `publicapi:crm:search:oauth:1000001:${portalId}`
  })

/**
 * The daily limit. Documentation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const dailyLimit: Refusal = refusal(429, "You have reached your daily limit.", {
  errorType: "RATE_LIMIT",
  policyName: "DAILY"
})

/**
 * A body that is not declared as JSON. Assumption.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unsupportedMediaType: Refusal = refusal(
  415,
  "The content type of this request is not supported: send application/json."
)

/**
 * Assumption: no 413 of HubSpot's is public.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tooLarge: Refusal = refusal(413, "The body of this request is too large.")

/**
 * Observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const noBody: Refusal = refusal(400, "Invalid JSON input: a request body was expected, but none found")

/**
 * Bad syntax or a value of a wrong type. Observation: without `category`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalidJson = (what: string): Refusal => refusal(400, `Invalid input JSON on ${what}`, {})

/**
 * The words are observation, the category and the position are assumptions.
 *
 * @category constructors
 * @since 0.1.0
 */
export const missingFields = (...fields: ReadonlyArray<string>): Refusal =>
  refusal(
    400,
    `Invalid input JSON on line 1, column 2. Some required fields were not set: [${fields.join(", ")}]`
  )

/**
 * Assumption.
 *
 * @category constructors
 * @since 0.1.0
 */
export const noInputs: Refusal = refusal(400, "The list of inputs is empty: at least one is required.")

/**
 * Observation of batch read; the same words for create are an assumption.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tooManyInputs: Refusal = refusal(
  400,
  `The maximum number of inputs supported in a batch is ${BatchRequest.maxInputs}. Please reduce the number of items and try again`
)

/**
 * The same, as a reader of JSON may say it: without category. Assumption.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unreadableInputs = (max: number): Refusal =>
  invalidJson(`line 1, column 2: inputs has more than ${max} elements`)

/**
 * Observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tooManyInputsWithHistory: Refusal = refusal(
  400,
  `The maximum number of inputs supported in a batch request for property histories is ${BatchRequest.maxInputsWithHistory}. Please reduce the number of items and try again`
)

/**
 * The same record twice in a batch of changes. Observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const duplicateIds = (ids: ReadonlyArray<string>): Refusal =>
  refusal(400, `Duplicate IDs found in batch input: [${ids.join(", ")}]. IDs must be unique`, {
    context: { ids },
    category: "VALIDATION_ERROR"
  })

/**
 * A record named by a property whose values are not unique. Observation for upserts, with contacts; for
 * reads an assumption.
 *
 * @category constructors
 * @since 0.1.0
 */
export const notUnique = (what: "read" | "update/upsert", name: string, portalId: number): Refusal =>
  refusal(400, `Unable to perform ${what} by non-unique 0-8 property ${name} in portal ID ${portalId}`)

/**
 * Observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const nothingToUpdate: Rejection = {
  category: "VALIDATION_ERROR",
  message: "No properties found to update, please provide at least one.",
  errors: []
}

/**
 * Some records of a batch read do not exist. Observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const notRead: Rejection = {
  category: "OBJECT_NOT_FOUND",
  message:
    "Could not get some LINE_ITEM objects, they may be deleted or not exist. Check that ids are valid.",
  errors: []
}

/**
 * No record with this id, or it is archived. Observation, of other objects: a numeric id has other words, and no category.
 *
 * @category constructors
 * @since 0.1.0
 */
export const objectNotFound = (id: string, { missingRecord }: Behaviour): Refusal => {
  if (/^\d+$/.test(id) && Number(id) > 0) {
    return refusal(
      404,
      "resource not found",
      missingRecord === "plain" ? {} : { category: "OBJECT_NOT_FOUND" }
    )
  }
  const words =
    Number(id) === 0
      ? "Object not found.  objectId is usually positive."
      : "Object not found.  objectId are usually numeric."
  return refusal(404, words, { context: { id: [id] }, category: "OBJECT_NOT_FOUND" })
}

/**
 * An object type that is none. Observation, of other types: no category.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unknownObjectType = (name: string): Refusal =>
  refusal(
    400,
    /^\d+-\d+$/.test(name)
      ? `Invalid object or event type id: ${name}`
      : `Unable to infer object type from: ${name}`,
    {}
  )

/**
 * An impossible value in a query or a field. Assumption: the words.
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalid = (message: string): Refusal => refusal(400, message)

/**
 * The object exists already. Observation for the status, with contacts.
 *
 * @category constructors
 * @since 0.1.0
 */
export const conflict = (message: string, category = "CONFLICT"): Refusal =>
  refusal(409, message, { category })

/**
 * Any other missing object. Assumption.
 *
 * @category constructors
 * @since 0.1.0
 */
export const notFound = (message: string, subCategory: string): Refusal =>
  refusal(404, message, { category: "OBJECT_NOT_FOUND", subCategory })

/**
 * The rejection of one input as the refusal of its request: of a single request, and of a batch without unique trace ids.
 * Documentation; that a conflict is a 409 is an observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalidInput = ({ about: _about, context, errors, message, ...fields }: Rejection): Refusal =>
  refusal(fields.category === "CONFLICT" ? 409 : 400, message, {
    ...(errors.length > 0 && { errors }),
    ...(context !== undefined && { context }),
    ...fields
  })
