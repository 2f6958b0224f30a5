/**
 * HubSpot's refusals of a whole request, with status and error body, and its rejections of one input.
 *
 * The words are those of real answers where one is known, because clients match on them. The others are marked as
 * assumptions. `Exchange` adds the correlation id.
 *
 * @since 0.1.0
 */
import { BatchRequest, type ErrorBody } from "@effect-hubspot/schema"

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
 * No `Authorization` header. Observation.
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
 * A malformed token, or one of another account. The category is observation, the words are an assumption.
 *
 * @category constructors
 * @since 0.1.0
 */
export const wrongCredentials: Refusal = refusal(
  401,
  "Authentication credentials are not valid: the access token of this request is malformed, unknown or revoked.",
  { category: "INVALID_AUTHENTICATION" }
)

/**
 * An expired token of OAuth. Observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const expiredCredentials = (secondsAgo: number, expireTime: string): Refusal =>
  refusal(401, `The OAuth token used to make this call expired ${secondsAgo} second(s) ago.`, {
    category: "EXPIRED_AUTHENTICATION",
    context: { "expire time": [expireTime] }
  })

/**
 * The token has none of these scopes; any of them would do. Documentation for the fields, assumption for the words.
 *
 * @category constructors
 * @since 0.1.0
 */
export const missingScopes = (required: ReadonlyArray<string>): Refusal =>
  refusal(403, "This app hasn't been granted all required scopes to make this call.", {
    errors: [
      {
        message: "One or more of the following scopes are required.",
        context: { requiredGranularScopes: required }
      }
    ],
    links: { scopes: "https://developers.hubspot.com/scopes" },
    category: "MISSING_SCOPES"
  })

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
 * No record with this id, or it is archived. Observation, for other objects.
 *
 * @category constructors
 * @since 0.1.0
 */
export const objectNotFound = (id: string): Refusal =>
  refusal(404, "Object not found.  objectId are usually numeric.", {
    context: { id: [id] },
    category: "OBJECT_NOT_FOUND"
  })

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
 * No type of object has this name. Observation, measured for other paths: without `category`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unknownObjectType = (objectType: string): Refusal =>
  refusal(400, `Unable to infer object type from: ${objectType}`, {})

/**
 * The rejection of one input as the refusal of its request: of a single request, and of a batch without unique trace ids.
 * Documentation; that a conflict is a 409 is an observation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalidInput = ({ about: _about, errors, message, ...fields }: Rejection): Refusal =>
  refusal(fields.category === "CONFLICT" ? 409 : 400, message, {
    ...(errors.length > 0 && { errors }),
    ...fields
  })
