/**
 * Faults as data: what goes wrong, where it strikes, and for which requests.
 *
 * A plan is a list of rules in plain JSON, the same in a test, in a file and over the admin API. It applies to every
 * request that HubSpot would process: its token is good, its body has arrived, and no limit has refused it. The first
 * rule that fires decides. Chance and time come from the account's seeded random source and its clock, so the same seed
 * gives the same faults.
 *
 * Where a fault strikes is its `place`:
 *
 * - `beforeCommit`: nothing is applied, and the caller receives the reply.
 * - `afterCommit`: all is applied, then the answer goes wrong (or lies).
 * - `replyLost`: all is applied, and no answer is ever sent.
 * - `lateApply`: the caller receives the reply now, and the server applies the request later.
 * - `partialCommit`: only the first inputs are applied, then the request fails.
 * - `rejectInputs`: some inputs are rejected for the moment, and accepted the next time.
 * - `asynchronous`: the batch becomes a task, see `Tasks`.
 *
 * The caller sees the `reply`. A server cannot cause every failure: names that do not resolve, refused connections and
 * TLS (F01–F06), HTTP/2 (F13), and failures of the client's own clock, process, disk and workers (F58–F64) are not here.
 * `docs/failures.md` has the whole table.
 *
 * @since 0.1.0
 */
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as Effect from "effect/Effect"
import * as Formatter from "effect/Formatter"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

const optional = Schema.optionalKey
const wholeNumber = (minimum: number, maximum: number) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const Millis = wholeNumber(0, 1e12)
const Count = wholeNumber(1, 1e9)
const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const HeaderValue = Schema.String.check(Schema.isPattern(/^[\x20-\x7e]{0,4000}$/))
const Headers = Schema.Record(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9-]{1,100}$/)), HeaderValue)

// -----------------------------------------------------------------------------
// Replies
// -----------------------------------------------------------------------------

/**
 * The body of a `status` reply.
 *
 * - `"hubspot"`: HubSpot's own error body for the status; the words of some are assumptions.
 * - `"burst"`, `"secondly"`, `"daily"`: those of the three limits, for 429.
 * - `"invalidJson"`: the 400 for a body that cannot be read, which has no category.
 * - `"html"`, `"empty"`: as proxies answer, without HubSpot's headers.
 * - `{ text }` with its `contentType`, `{ json }`: any other body.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Body = Schema.Union([
  Schema.Literals(["hubspot", "burst", "secondly", "daily", "invalidJson", "html", "empty"]),
  Schema.Struct({ text: Schema.String, contentType: optional(HeaderValue) }),
  Schema.Struct({ json: Schema.Json })
])

/**
 * @category models
 * @since 0.1.0
 */
export type Body = typeof Body.Type

const status = Schema.Struct({
  kind: Schema.Literal("status"),
  status: wholeNumber(200, 599),
  body: optional(Body),
  blame: optional(Count),
  retryAfter: optional(HeaderValue),
  retryAfterDate: optional(Millis),
  headers: optional(Headers)
})

/**
 * A reply that does not depend on the true one.
 *
 * - `status`: any status. `body` is by default `"hubspot"` from 400 on and `"empty"` below 400. `blame` names that many of
 *   the request's inputs by their trace ids (400, 422). `retryAfter` is sent as it is, even if it is nonsense;
 *   `retryAfterDate` becomes the date that many milliseconds ahead.
 * - `never`: no answer, the connection stays open.
 * - `reset`: the connection is reset before any answer; `close`: it is closed before any answer.
 * - `switchProtocols`: a 101 that the client did not ask for.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BareReply = Schema.Union([
  status,
  Schema.Struct({ kind: Schema.Literal("never") }),
  Schema.Struct({ kind: Schema.Literal("reset") }),
  Schema.Struct({ kind: Schema.Literal("close") }),
  Schema.Struct({ kind: Schema.Literal("switchProtocols") })
])

/**
 * @category models
 * @since 0.1.0
 */
export type BareReply = typeof BareReply.Type

/**
 * What is done to the body of a batch reply before it is sent. Changes of errors do nothing to a reply without errors.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Tampering = Schema.Union([
  /** Results lose their trace ids: the first `count`, or all of them. */
  Schema.Struct({ do: Schema.Literal("dropTraceIds"), count: optional(Count) }),
  /** The first two results have each other's trace id. */
  Schema.Struct({ do: Schema.Literal("swapTraceIds") }),
  /** Ids of results are JSON numbers; with `lossy` so large that a reader of doubles loses digits. */
  Schema.Struct({ do: Schema.Literal("numericIds"), lossy: optional(Schema.Boolean) }),
  /** The second result gets the id of the first. */
  Schema.Struct({ do: Schema.Literal("duplicateId") }),
  /** The first result comes twice. */
  Schema.Struct({ do: Schema.Literal("repeatResult") }),
  /** The first `count` results (one) are left out. */
  Schema.Struct({ do: Schema.Literal("dropResults"), count: optional(Count) }),
  /** `COMPLETE` with no results, no errors and no count. */
  Schema.Struct({ do: Schema.Literal("emptyResults") }),
  /** `count` (one) more results that the request did not ask for, with a foreign trace id or with none. */
  Schema.Struct({
    do: Schema.Literal("surplusResults"),
    count: optional(wholeNumber(1, 1000)),
    traceId: optional(Schema.Literals(["foreign", "none"]))
  }),
  /** The first result's input is among the errors too. */
  Schema.Struct({ do: Schema.Literal("contradict") }),
  /** Errors lose their trace ids. */
  Schema.Struct({ do: Schema.Literal("anonymousErrors") }),
  /** Errors name trace ids that were never sent. */
  Schema.Struct({ do: Schema.Literal("foreignErrors") }),
  /** `context` of errors has these `ids` beside its trace ids. */
  Schema.Struct({ do: Schema.Literal("contextIds"), ids: Schema.Array(Schema.String) }),
  /** `context` of errors as the text `{objectWriteTraceId=[…]}`. */
  Schema.Struct({ do: Schema.Literal("contextAsText") }),
  Schema.Struct({ do: Schema.Literal("numErrors"), value: Schema.Int }),
  Schema.Struct({ do: Schema.Literal("noStatus") }),
  /** Another `status`, such as `PENDING` without a task, or an unknown one. */
  Schema.Struct({ do: Schema.Literal("status"), value: Schema.String }),
  /** `links` of the reply. */
  Schema.Struct({ do: Schema.Literal("links"), links: Schema.Record(Schema.String, Schema.String) }),
  /** The first result is no object of HubSpot's. */
  Schema.Struct({ do: Schema.Literal("badEntry") }),
  /** No list of results. */
  Schema.Struct({ do: Schema.Literal("noResults") })
])

/**
 * @category models
 * @since 0.1.0
 */
export type Tampering = typeof Tampering.Type

/**
 * A reply made from the true one, in addition to the bare ones.
 *
 * - `cut`: the connection breaks after the share `keep` (0.5) of the body; `by` a `reset` (default) or a `close`.
 * - `slow`: the true answer, that much later. `drip`: its body, `bytes` (1) at a time.
 * - `truncated`: a complete message whose JSON ends after the share `keep` (0.5).
 * - `otherStatus`, `contentType`: the true body under another status or type.
 * - `whole`: another JSON document instead of the body, such as `[]` or `null`.
 * - `oversize`: the true JSON and blanks, `bytes` in all. `deep`: the true JSON with a field of `levels` nested lists.
 * - `encoding`: the headers say that the body is encoded, but it is not. `gzip`: it is, `layers` times (1), and inflates
 *   to `inflatedBytes`.
 * - `informational`: that many 1xx answers before the true one.
 * - `tamper`: one or more `Tampering`s, in their order.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reply = Schema.Union([
  ...BareReply.members,
  Schema.Struct({
    kind: Schema.Literal("cut"),
    keep: optional(Share),
    by: optional(Schema.Literals(["reset", "close"]))
  }),
  Schema.Struct({ kind: Schema.Literal("slow"), delayMillis: Millis }),
  Schema.Struct({ kind: Schema.Literal("drip"), everyMillis: Millis, bytes: optional(Count) }),
  Schema.Struct({ kind: Schema.Literal("truncated"), keep: optional(Share) }),
  Schema.Struct({ kind: Schema.Literal("otherStatus"), status: wholeNumber(200, 599) }),
  Schema.Struct({ kind: Schema.Literal("contentType"), contentType: HeaderValue }),
  Schema.Struct({ kind: Schema.Literal("whole"), json: Schema.Json }),
  Schema.Struct({ kind: Schema.Literal("oversize"), bytes: wholeNumber(1, 1e12) }),
  Schema.Struct({ kind: Schema.Literal("deep"), levels: wholeNumber(1, 100_000) }),
  Schema.Struct({ kind: Schema.Literal("encoding"), encoding: HeaderValue }),
  Schema.Struct({
    kind: Schema.Literal("gzip"),
    layers: optional(wholeNumber(1, 10)),
    inflatedBytes: optional(wholeNumber(1, 1024 ** 3))
  }),
  Schema.Struct({
    kind: Schema.Literal("informational"),
    status: Schema.Literals([100, 102, 103]),
    count: wholeNumber(1, 10_000)
  }),
  Schema.Struct({ kind: Schema.Literal("tamper"), tampering: Schema.NonEmptyArray(Tampering) })
])

/**
 * @category models
 * @since 0.1.0
 */
export type Reply = typeof Reply.Type

// -----------------------------------------------------------------------------
// Faults
// -----------------------------------------------------------------------------

/**
 * What goes wrong, and where.
 *
 * `partialCommit` applies the first `inputs` of a batch. `rejectInputs` rejects each input with the given chance (1), and
 * each input once only, so that it is accepted when it is sent again. `asynchronous` makes
 * the batch a task: `end` is `"complete"` (default), `"canceled"` after `createdBeforeCancel` inputs (half
 * of them), or `"never"`; `status` is that of the first answer (201).
 *
 * @category schemas
 * @since 0.1.0
 */
export const Fault = Schema.Union([
  Schema.Struct({ place: Schema.Literal("beforeCommit"), reply: BareReply }),
  Schema.Struct({ place: Schema.Literal("afterCommit"), reply: Reply }),
  Schema.Struct({ place: Schema.Literal("replyLost") }),
  Schema.Struct({ place: Schema.Literal("lateApply"), delayMillis: Millis, reply: BareReply }),
  Schema.Struct({ place: Schema.Literal("partialCommit"), inputs: wholeNumber(0, 100), reply: BareReply }),
  Schema.Struct({
    place: Schema.Literal("rejectInputs"),
    chance: optional(Share),
    category: optional(Schema.String),
    message: optional(Schema.String)
  }),
  Schema.Struct({
    place: Schema.Literal("asynchronous"),
    pendingMillis: Millis,
    processingMillis: Millis,
    end: optional(Schema.Literals(["complete", "canceled", "never"])),
    createdBeforeCancel: optional(wholeNumber(0, 100)),
    status: optional(wholeNumber(200, 299))
  })
])

/**
 * @category models
 * @since 0.1.0
 */
export type Fault = typeof Fault.Type

/**
 * Which requests a rule applies to: all of them, unless a field excludes some.
 *
 * - `method`, and `path` without query; a `*` in it stands for any text.
 * - `onlyWithTraceId`: an input of the body has this trace id. `inputsOver`: it has more inputs than this.
 * - `from`, `to`: milliseconds since the plan was set, half open.
 * - `nth`: only the n-th request (from 1), or these, that fits all of the above; `every`: every n-th.
 * - `chance`: 1 is always. `times`: how often the rule fires, at most.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Match = Schema.Struct({
  method: optional(Schema.String.check(Schema.isPattern(/^[A-Z]{1,10}$/))),
  path: optional(Schema.String.check(Schema.isPattern(/^[/*]\S{0,500}$/))),
  onlyWithTraceId: optional(Schema.String),
  inputsOver: optional(wholeNumber(0, 1e6)),
  from: optional(Millis),
  to: optional(Millis),
  nth: optional(Schema.Union([Count, Schema.NonEmptyArray(Count)])),
  every: optional(Count),
  chance: optional(Share),
  times: optional(Count)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Match = typeof Match.Type

/**
 * A fault and the requests that meet it. `name` appears in the journal.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Rule = Schema.Struct({
  name: optional(Schema.String),
  match: optional(Match),
  fault: Fault
})

/**
 * @category models
 * @since 0.1.0
 */
export type Rule = typeof Rule.Type

/**
 * The rules; the first that fires decides. Every rule counts the requests that match it, including those that an earlier
 * rule struck.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Plan = Schema.Struct({ rules: Schema.Array(Rule) })

/**
 * @category models
 * @since 0.1.0
 */
export type Plan = typeof Plan.Type

/**
 * Nothing goes wrong.
 *
 * @category constants
 * @since 0.1.0
 */
export const none: Plan = { rules: [] }

/**
 * The JSON is not a plan. `message` says where and why, in one line.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPlan extends Schema.TaggedError<InvalidPlan>()(
  "InvalidPlan",
  { message: Schema.String },
  { httpApiStatus: 400 }
) {}

const decodePlan = Schema.decodeUnknownEffect(Plan, { onExcessProperty: "error" })
const decodePlanResult = Schema.decodeUnknownResult(Plan, { onExcessProperty: "error" })

/**
 * Reads a plan. An unknown key is refused too: a rule without its misspelt condition would match everything.
 *
 * **Example**
 *
 * ```ts
 * import * as Faults from "@effect-hubspot/http/emulator/Faults"
 * import { Effect } from "effect"
 *
 * const plan = Faults.decode({
 *   rules: [
 *     {
 *       match: { method: "POST", path: "*" + "/batch/create", nth: 3 },
 *       fault: { place: "afterCommit", reply: { kind: "status", status: 502, body: "html" } }
 *     }
 *   ]
 * })
 * Effect.runSync(plan).rules.length // => 1
 * ```
 *
 * @category reading
 * @since 0.1.0
 */
export const decode = (json: unknown): Effect.Effect<Plan, InvalidPlan> =>
  Effect.mapError(decodePlan(json), (error) => invalid(json, error))

/** The same, where a plan that is wrong is a defect: an option in code. */
export const decodeUnsafe = (json: unknown): Plan =>
  Result.getOrThrowWith(decodePlanResult(json), (error) => invalid(json, error))

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** The first thing that is wrong: where, the value, and what would be right. */
const invalid = (json: unknown, { issue }: Schema.SchemaError): InvalidPlan => {
  const [{ message, path: found = [] } = { message: "Expected a plan" }] = issuesOf(issue).issues
  const path = found.map((part) => (typeof part === "object" ? part.key : part))
  // What tells the members of a union apart is what is wrong with it.
  const tags = [...message.matchAll(/\{ readonly "(\w+)": ("\w+")/g)]
  const [, tag] = tags[0] ?? []
  if (tag !== undefined) path.push(tag)
  const where = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")
  const at = where === "" ? "" : ` at ${where.replace(/^\./, "")}`
  const wrong = (what: string) =>
    new InvalidPlan({ message: ErrorBody.showable(`fault plan${at}: ${what}`.replace(/\s+/g, " ")) })
  if (/excess property/.test(message)) return wrong("no such key; check how it is written")
  if (message === "Missing key") return wrong("it is missing")
  const value = path.reduce<unknown>(
    (inner, part) => (Predicate.hasProperty(inner, part) ? inner[part] : undefined),
    json
  )
  const given = value === undefined ? "nothing" : Formatter.format(value)
  const expected =
    tags.length > 0 ? `Expected ${[...new Set(tags.map(([, , value]) => value))].join(", ")}` : message
  const right = expected.replace(/^Expected /, "").replaceAll(" | ", ", ")
  return wrong(`${ErrorBody.showable(given, 60)} is given; it must be ${right}`)
}
