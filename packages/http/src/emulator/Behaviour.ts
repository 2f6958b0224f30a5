/**
 * How the emulated account behaves where HubSpot's behaviour is not known, or differs between accounts.
 *
 * Each setting has the values that HubSpot may have; the first is the default. What is known is no setting. Faults are not here:
 * `Faults` says what goes wrong.
 *
 * @since 0.1.0
 */
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"

/**
 * The settings that are one of several words.
 *
 * @category constants
 * @since 0.1.0
 */
export const settings = {
  /** A duplicate of a unique value in a create: 409 `CONFLICT`, or `VALIDATION_ERROR` with `CONFLICTING_UNIQUE_VALUE`. */
  duplicateValue: ["conflict", "invalidValue"],
  /** A duplicate in a batch with trace ids is an error of its input, or refuses the batch. */
  duplicateInBatch: ["input", "batch"],
  /** Where missing required properties are named: in `context.properties`, or in one entry of `errors[]` each. */
  missingProperties: ["context", "errors"],
  /** Yearly and total revenue of a recurring line item: as HubSpot defines it for people, or empty. */
  recurringRevenue: ["computed", "empty"],
  /** Decimals of computed amounts: always two, or none for currencies that have none. */
  decimals: ["two", "currency"],
  /** How computed amounts are rounded: the half away from zero, the half to an even digit, or always towards zero. */
  rounding: ["halfAway", "halfEven", "down"],
  /** Whether `amount` can be written. */
  amount: ["readOnly", "writable"],
  /** Whether `hs_external_id` keeps a value. */
  externalId: ["kept", "lost"],
  /** Whether `hs_unique_creation_key` can be written. */
  creationKey: ["readOnly", "writable"],
  /** Outer blanks of values that are not text: cut off, or refused with `LEADING_TRAILING_WHITESPACE`. */
  outerBlanks: ["trimmed", "refused"],
  /** Whether the results of a batch create repeat the trace ids of their inputs: all, none, or every other one. */
  traceIds: ["repeated", "absent", "mixed"],
  /** Some inputs have a trace id, some have none or that of another: as a batch without trace ids, or as one with them. */
  someTraceIds: ["untraced", "traced"],
  /** Trace ids of more than 100 characters: taken as they are, or the batch is refused. */
  longTraceIds: ["taken", "refused"],
  /** What the answer to a create shows: the sent and computed properties, or HubSpot's defaults. */
  createdProperties: ["all", "default"],
  /** A batch with trace ids of which every input is bad: a 207, or the 400 of a refusal. */
  allInvalid: ["partial", "refused"],
  /** A bad association in a batch with trace ids: an error of its input; of the batch; or of its input, which exists without it. */
  badAssociation: ["input", "batch", "orphan"],
  /** Without trace ids, a bad input refuses the batch, and nothing is created, or the good inputs are. */
  refusedBatch: ["nothing", "goodInputs"],
  /** A partial failure in 2026-09: `errors` in the plain reply, or a 207. */
  partialIn202609: ["folded", "multiStatus"],
  /** In which order the results of a batch are: any, or that of the inputs. */
  resultOrder: ["any", "sent"],
  /** Ids and the values of number properties in replies: text, or JSON numbers. */
  numbers: ["text", "json"],
  /** The details of bad values in a message: behind the colon, or in a paragraph of their own and with the values. */
  details: ["inline", "apart"],
  /** Values that are empty, in replies of 2026-09: null, not there, or empty text. */
  emptyIn202609: ["null", "absent", "text"],
  /** An empty `inputs`: refused, refused as a field that is not set, or answered with no results. */
  emptyInputs: ["refused", "unset", "accepted"],
  /** A body without `inputs`: refused, or answered with no results. */
  noInputs: ["refused", "accepted"],
  /** More inputs than a batch may have: refused in the words of batch reads, or as JSON that cannot be read. */
  tooManyInputs: ["counted", "unreadable"],
  /** The largest body that is read: 10 or 1 mebibytes. */
  bodyCeiling: ["10MiB", "1MiB"],
  /** The 413 of a larger one: HubSpot's error body, or a page of a proxy. */
  tooLarge: ["json", "html"],
  /** The body of a 423: HubSpot's error body, one without category, a page, or nothing. */
  locked: ["categorized", "plain", "html", "empty"],
  /** The refusal of an association with an object that does not exist: as seen in 2025, or in the older words alone. */
  unknownTarget: ["current", "older"],
  /** The 404 for a record with a numeric id: without category, or with `OBJECT_NOT_FOUND`. */
  missingRecord: ["plain", "categorized"],
  /** Whether a 429 and a 423 have `Retry-After`. */
  retryAfter: ["absent", "present"],
  /** Whether a request that the ten-second limit refuses counts in it. */
  refusedRequests: ["free", "counted"]
} as const

type Words = { readonly [Name in keyof typeof settings]: (typeof settings)[Name][number] }

type Fields = { readonly [Name in keyof Words]: Schema.Literals<(typeof settings)[Name]> }

/**
 * A property that every new line item must have, or must have when another property has a value.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Required = Schema.Struct({
  name: Schema.String,
  when: Schema.optionalKey(Schema.Struct({ name: Schema.String, value: Schema.String }))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Required = typeof Required.Type

/**
 * @category schemas
 * @since 0.1.0
 */
export const Behaviour = Schema.Struct({
  ...(Record.map(settings, (words) => Schema.Literals(words)) as unknown as Fields),
  /** What a create must set or inherit. HubSpot announced it with 2026-09; here it holds in every version. Default: nothing. */
  requiredProperties: Schema.Array(Required)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Behaviour = typeof Behaviour.Type

/**
 * Some of the settings.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Given = Behaviour.mapFields(Struct.map(Schema.optionalKey))

/**
 * @category models
 * @since 0.1.0
 */
export type Given = typeof Given.Type

const defaults: Behaviour = {
  ...(Record.map(settings, ([first]) => first) as unknown as Words),
  requiredProperties: []
}

/**
 * The behaviour with these settings, and the defaults of the others.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (given: Given = {}): Behaviour => ({ ...defaults, ...given })
