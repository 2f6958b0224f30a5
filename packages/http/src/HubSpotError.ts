/**
 * The typed error model: one error, `HubSpotError`, whose `reason` says what happened.
 *
 * Every reason answers one question before all others: **could the write have happened?** Its
 * `acceptance` is `NotAccepted` only where there is proof that HubSpot did not execute the request, and
 * `InDoubt` in every other case. Only a `NotAccepted` may be sent again without further checks.
 * A reason also says whether the same request makes sense again, and what ends otherwise: it is a row of a table that
 * call sites look up. They decide none of it themselves, and look at no status number.
 *
 * Only `internal/classify.ts` makes reasons from transport failures and replies. No reason holds a header, a body, or
 * a token. The file is long because it is that table, with a sentence on each row.
 *
 * @since 0.1.0
 */
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as Schema from "effect/Schema"

/**
 * `NotAccepted`: there is proof that HubSpot did not execute the request. `InDoubt`: there is none.
 *
 * @category models
 * @since 0.1.0
 */
export type Acceptance = "NotAccepted" | "InDoubt"

/**
 * Whether the same request makes sense again, if its acceptance allows it. `never`: it would be refused again. `once`:
 * it passes with another token. `afterMillis`: it may pass after this wait. `pacedMillis`: it may pass when the shared
 * limiter, which holds up all requests for this time, gives it a slot.
 *
 * @category models
 * @since 0.1.0
 */
export type Repeat = "never" | "once" | { readonly afterMillis: number } | { readonly pacedMillis: number }

/**
 * Why a job cannot go on now but can later.
 *
 * @category models
 * @since 0.1.0
 */
export type Suspension = "quota" | "migration" | "network" | "database"

/**
 * What ends with a request that is not sent again. `parts`: the batch is sent in parts. `batch`: only the batch ends.
 * `job`: the job ends. `credentials`: the job waits until a person replaces the token. A {@link Suspension}: the job
 * waits until its cause has passed.
 *
 * @category models
 * @since 0.1.0
 */
export type Ends = "parts" | "batch" | "job" | "credentials" | Suspension

/**
 * Everything that is decided about a reason. Call sites look it up.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row {
  readonly acceptance: Acceptance
  readonly repeat: Repeat
  readonly ends: Ends
}

/** The next attempt may pass. */
const soon = { afterMillis: 0 } as const

/** HubSpot's locks last two seconds. */
const lockMillis = 2000

const optional = Schema.optionalKey

/**
 * The request was invalid and was not sent.
 *
 * @category reasons
 * @since 0.1.0
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "job"
  readonly repeat = "never"
  override get message(): string {
    return `not sent: ${this.detail}`
  }
}

/**
 * There was no connection, so not one byte of the request was sent: name not found, connection refused,
 * host unreachable, connect timeout, TLS handshake cut.
 *
 * @category reasons
 * @since 0.1.0
 */
export class TransportNotSent extends Schema.TaggedError<TransportNotSent>()("TransportNotSent", {
  failure: Schema.Literals(["dns", "refused", "unreachable", "connectTimeout", "tls"])
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "network"
  readonly repeat = soon
  override get message(): string {
    return `no connection to HubSpot (${notSentTexts[this.failure]}); nothing was sent`
  }
}

const notSentTexts = {
  dns: "host name not found",
  refused: "connection refused",
  unreachable: "host unreachable",
  connectTimeout: "connect timeout",
  tls: "TLS handshake failed"
}

/**
 * The server could not prove that it is HubSpot. Certificate checks cannot be turned off.
 *
 * @category reasons
 * @since 0.1.0
 */
export class TlsUntrusted extends Schema.TaggedError<TlsUntrusted>()("TlsUntrusted", {
  code: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "job"
  readonly repeat = "never"
  override get message(): string {
    return `the server's certificate is not trusted (${this.code}); check the clock, the proxy and the base URL`
  }
}

/**
 * The connection broke after the request may have been sent.
 *
 * @category reasons
 * @since 0.1.0
 */
export class TransportAmbiguous extends Schema.TaggedError<TransportAmbiguous>()("TransportAmbiguous", {
  code: Schema.String
}) {
  readonly acceptance = "InDoubt"
  readonly ends = "batch"
  readonly repeat = soon
  override get message(): string {
    return `the connection broke without an answer (${this.code})`
  }
}

/**
 * There was no complete answer in time. `phase` is the part of it that was missing.
 *
 * @category reasons
 * @since 0.1.0
 */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", {
  phase: Schema.Literals(["headers", "body"]),
  millis: Schema.Finite
}) {
  readonly acceptance = "InDoubt"
  readonly ends = "batch"
  readonly repeat = soon
  override get message(): string {
    return `no complete answer within ${this.millis / 1000} s (waiting for the ${this.phase})`
  }
}

/**
 * The answer was cut: the connection ended in its body, or its JSON does.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ResponseTruncated extends Schema.TaggedError<ResponseTruncated>()("ResponseTruncated", {
  status: Schema.Int
}) {
  readonly acceptance = "InDoubt"
  readonly ends = "batch"
  readonly repeat = soon
  override get message(): string {
    return `the answer (HTTP ${this.status}) was cut off`
  }
}

/**
 * The answer is larger than `limit`, in bytes.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ResponseTooLarge extends Schema.TaggedError<ResponseTooLarge>()("ResponseTooLarge", {
  limit: Schema.Int
}) {
  readonly acceptance = "InDoubt"
  readonly ends = "batch"
  readonly repeat = "never"
  override get message(): string {
    return `the answer is larger than ${this.limit} bytes`
  }
}

/**
 * An answer that is not HubSpot's protocol: an unexpected content type, an empty success, JSON of a
 * wrong shape, a status that has no meaning here.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ProtocolViolation extends Schema.TaggedError<ProtocolViolation>()("ProtocolViolation", {
  kind: Schema.Literals(["contentType", "emptyBody", "shape", "status"]),
  status: Schema.Int,
  detail: Schema.String
}) {
  readonly acceptance = "InDoubt"
  readonly ends = "batch"
  get repeat(): Repeat {
    // A success that cannot be read may come from a proxy and pass next time; a strange refusal stays one.
    return this.status < 400 ? soon : "never"
  }
  override get message(): string {
    return `HTTP ${this.status} that is not HubSpot's protocol: ${this.detail}`
  }
}

/**
 * A redirect. It is never followed, and nothing is sent to the other host.
 *
 * @category reasons
 * @since 0.1.0
 */
export class UnexpectedRedirect extends Schema.TaggedError<UnexpectedRedirect>()("UnexpectedRedirect", {
  status: Schema.Int,
  toHost: Schema.String
}) {
  readonly acceptance = "InDoubt"
  readonly ends = "job"
  readonly repeat = "never"
  override get message(): string {
    return `HTTP ${this.status} redirects to ${this.toHost || "nowhere"}; redirects are not followed`
  }
}

/**
 * HubSpot refused the whole request because of its content (400, 422). `problems` are those of the request,
 * `traceIds` the inputs that HubSpot names, if any, and `blamed` the problems of each of these.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ValidationFailed extends Schema.TaggedError<ValidationFailed>()("ValidationFailed", {
  status: Schema.Int,
  category: Schema.String,
  detail: Schema.String,
  traceIds: Schema.Array(Schema.String),
  problems: Schema.Array(ErrorBody.Problem),
  blamed: Schema.Array(Schema.Struct({ traceIds: Schema.Array(Schema.String), problem: ErrorBody.Problem }))
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "parts"
  readonly repeat = "never"
  override get message(): string {
    return `HubSpot refused the request: ${this.detail}`
  }
}

/**
 * HTTP 409. For a request with one input it is a refusal. For a batch, observations differ whether parts of it are
 * created, so the batch is in doubt.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", {
  /** The number of inputs in the request. */
  inputs: Schema.Int,
  detail: Schema.String,
  problems: Schema.Array(ErrorBody.Problem)
}) {
  readonly repeat = "never"
  get acceptance(): Acceptance {
    return this.inputs === 1 ? "NotAccepted" : "InDoubt"
  }
  get ends(): Ends {
    return this.inputs === 1 ? "parts" : "batch"
  }
  override get message(): string {
    return `conflict: ${this.detail}`
  }
}

/**
 * HubSpot could not read the request (malformed JSON, 414, 415): a bug of this library.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ProtocolBug extends Schema.TaggedError<ProtocolBug>()("ProtocolBug", {
  status: Schema.Int,
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "job"
  readonly repeat = "never"
  override get message(): string {
    return `HubSpot cannot read the request (HTTP ${this.status}): ${this.detail}; please report this`
  }
}

/**
 * What a token is by its form: HubSpot tells each kind the same when it refuses one.
 *
 * @category models
 * @since 0.1.0
 */
export const TokenKind = Schema.Literals(["apiKey", "personalAccessKey", "privateApp", "oauth", "unknown"])

/**
 * @category models
 * @since 0.1.0
 */
export type TokenKind = typeof TokenKind.Type

/**
 * HTTP 401: the token is missing, invalid or expired. If it is `renewable`, the credentials can get another
 * one, and the next attempt has it. `token` is what kind it is, by its form.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  category: Schema.String,
  detail: Schema.String,
  renewable: Schema.Boolean,
  token: optional(TokenKind)
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "credentials"
  get repeat(): Repeat {
    return this.renewable ? "once" : "never"
  }
  override get message(): string {
    return `HubSpot does not accept the access token (${this.category}): ${
      this.category === "EXPIRED_AUTHENTICATION" || aged.test(this.detail)
        ? this.expiry
        : tokenTexts[this.token ?? "unknown"]
    }`
  }
  private get expiry(): string {
    const [since = "is expired"] = aged.exec(this.detail) ?? []
    return this.renewable
      ? `it ${since}; it will be renewed`
      : `it ${since}; set HUBSPOT_ACCESS_TOKEN to a new one, or let it be renewed: set HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and HUBSPOT_REFRESH_TOKEN, and give --token-file`
  }
}

// As HubSpot has it: "expired 75 second(s) ago".
const aged = /\bexpired \d[^.]*/

const privateApp = "set HUBSPOT_ACCESS_TOKEN to the token of a private app, which begins with pat-"

const tokenTexts: Readonly<Record<TokenKind, string>> = {
  apiKey: `it has the form of an old API key, which HubSpot no longer takes (or of an OAuth refresh token); ${privateApp}`,
  personalAccessKey: `it has the form of a personal access key, which only HubSpot's own command line takes; ${privateApp}`,
  privateApp:
    "it has the form of a private app's token, and is none of this account now; copy it again from the app's page in HubSpot (Auth), and set HUBSPOT_ACCESS_TOKEN to it",
  oauth: `it has the form of an OAuth access token, and is not valid now; get a new one for HUBSPOT_ACCESS_TOKEN, or connect the account again`,
  unknown: `HubSpot does not know it; check HUBSPOT_ACCESS_TOKEN, or ${privateApp}`
}

/**
 * There is no access token: HubSpot refuses to renew it. `status` is HubSpot's word for why, such as
 * `BAD_REFRESH_TOKEN`. The request itself was not sent.
 *
 * @category reasons
 * @since 0.1.0
 */
export class TokenRefused extends Schema.TaggedError<TokenRefused>()("TokenRefused", {
  status: Schema.String,
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "credentials"
  readonly repeat = "never"
  override get message(): string {
    return `HubSpot does not renew the access token (${this.status}): ${this.detail}; ${renewalTexts[this.status] ?? renewalTexts["BAD_REFRESH_TOKEN"]}`
  }
}

const renewalTexts: Readonly<Record<string, string>> = {
  BAD_CLIENT_ID: "set HUBSPOT_CLIENT_ID to the client id on the app's page in HubSpot (Auth)",
  BAD_CLIENT_SECRET: "set HUBSPOT_CLIENT_SECRET to the client secret on the app's page in HubSpot (Auth)",
  BAD_REFRESH_TOKEN:
    "connect the account again: install the app once more, and set HUBSPOT_REFRESH_TOKEN to the refresh token it gets"
}

/**
 * There is no access token for now: the token endpoint did not answer as it should. The request itself was
 * not sent.
 *
 * @category reasons
 * @since 0.1.0
 */
export class TokenUnavailable extends Schema.TaggedError<TokenUnavailable>()("TokenUnavailable", {
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "network"
  readonly repeat = soon
  override get message(): string {
    return `no access token for now: ${this.detail}`
  }
}

/**
 * HTTP 403: the token lacks scopes.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  missingScopes: Schema.Array(Schema.String),
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "credentials"
  readonly repeat = "never"
  override get message(): string {
    return this.missingScopes.length > 0
      ? `the access token lacks the scope ${this.missingScopes.join(" or ")}; add it in HubSpot`
      : `HubSpot forbids this: ${this.detail}`
  }
}

/**
 * HTTP 404 for the path itself.
 *
 * @category reasons
 * @since 0.1.0
 */
export class EndpointNotFound extends Schema.TaggedError<EndpointNotFound>()("EndpointNotFound", {
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "job"
  readonly repeat = "never"
  override get message(): string {
    return `HubSpot does not know this path: ${this.detail}`
  }
}

/**
 * HTTP 404 for the record: there is none with this id, or it is archived.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ObjectNotFound extends Schema.TaggedError<ObjectNotFound>()("ObjectNotFound", {
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "job"
  readonly repeat = "never"
  override get message(): string {
    return `HubSpot has no such record: ${this.detail}`
  }
}

/**
 * HTTP 405, 406, 410 or 451: HubSpot does not offer this here.
 *
 * @category reasons
 * @since 0.1.0
 */
export class EndpointRefused extends Schema.TaggedError<EndpointRefused>()("EndpointRefused", {
  status: Schema.Int,
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "job"
  readonly repeat = "never"
  override get message(): string {
    return `HubSpot refuses this endpoint (HTTP ${this.status}): ${this.detail}`
  }
}

/**
 * HTTP 413: the request is too large.
 *
 * @category reasons
 * @since 0.1.0
 */
export class RequestTooLarge extends Schema.TaggedError<RequestTooLarge>()("RequestTooLarge", {
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "parts"
  readonly repeat = "never"
  override get message(): string {
    return `the request is too large for HubSpot: ${this.detail}`
  }
}

/**
 * HubSpot returns at most 10,000 records of a search, and this one has more. The next page was not requested.
 *
 * @category reasons
 * @since 0.1.0
 */
export class SearchCapReached extends Schema.TaggedError<SearchCapReached>()("SearchCapReached", {
  total: Schema.Int
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "job"
  readonly repeat = "never"
  override get message(): string {
    return `the search finds ${this.total} records, and HubSpot returns the first 10,000; narrow the filters`
  }
}

/**
 * HTTP 423: records are locked; HubSpot's locks last two seconds.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Locked extends Schema.TaggedError<Locked>()("Locked", {
  retryAfterMillis: optional(Schema.Finite)
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "batch"
  get repeat(): Repeat {
    return { afterMillis: Math.max(lockMillis, this.retryAfterMillis ?? 0) }
  }
  override get message(): string {
    return "HubSpot has locked the records for a moment"
  }
}

/**
 * HTTP 429. `burst` is the rolling ten seconds, `secondly` the search limit, `daily` the account's day.
 *
 * @category reasons
 * @since 0.1.0
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  policy: Schema.Literals(["burst", "secondly", "daily", "unknown"]),
  policyName: Schema.String,
  retryAfterMillis: optional(Schema.Finite),
  /** For `daily`: when the account's day ends, in milliseconds since 1970, if its time zone is known. */
  resumeAtMillis: optional(Schema.Finite)
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "quota"
  get repeat(): Repeat {
    return this.policy === "daily" ? "never" : { pacedMillis: this.retryAfterMillis ?? 0 }
  }
  override get message(): string {
    return this.policy === "daily"
      ? "the account's daily limit of requests is reached; it resets at midnight in the account's time zone"
      : `HubSpot's rate limit is reached (${this.policyName || "no policy named"})`
  }
}

/**
 * The store of the shared rate limits cannot be reached, so the request got no slot and was not sent.
 *
 * @category reasons
 * @since 0.1.0
 */
export class LimitsUnavailable extends Schema.TaggedError<LimitsUnavailable>()("LimitsUnavailable", {
  detail: Schema.String
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "database"
  readonly repeat = soon
  override get message(): string {
    return `not sent: ${this.detail}`
  }
}

/**
 * HTTP 477: the account is being moved between data centres.
 *
 * @category reasons
 * @since 0.1.0
 */
export class Migrating extends Schema.TaggedError<Migrating>()("Migrating", {
  retryAfterMillis: optional(Schema.Finite)
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "migration"
  get repeat(): Repeat {
    return this.retryAfterMillis === undefined ? "never" : { afterMillis: this.retryAfterMillis }
  }
  override get message(): string {
    return this.retryAfterMillis === undefined
      ? "HubSpot is migrating the account; try again later"
      : `HubSpot is migrating the account; try again in ${Math.ceil(this.retryAfterMillis / 60_000)} min`
  }
}

/**
 * HTTP 521, 523, 525, 526 or 530: HubSpot's edge did not reach its servers.
 *
 * @category reasons
 * @since 0.1.0
 */
export class EdgeUnreachable extends Schema.TaggedError<EdgeUnreachable>()("EdgeUnreachable", {
  status: Schema.Int
}) {
  readonly acceptance = "NotAccepted"
  readonly ends = "network"
  readonly repeat = soon
  override get message(): string {
    return `HubSpot's edge could not reach its servers (HTTP ${this.status})`
  }
}

/**
 * A failure inside HubSpot that does not say whether the request was executed: 408 and every 5xx that is
 * not {@link EdgeUnreachable}.
 *
 * @category reasons
 * @since 0.1.0
 */
export class ServerFailed extends Schema.TaggedError<ServerFailed>()("ServerFailed", {
  kind: Schema.Literals(["timeout", "error", "gateway", "unavailable"]),
  status: Schema.Int
}) {
  readonly acceptance = "InDoubt"
  readonly ends = "batch"
  readonly repeat = soon
  override get message(): string {
    return `HubSpot failed (HTTP ${this.status}) and may have executed the request`
  }
}

/**
 * Every reason.
 *
 * @category reasons
 * @since 0.1.0
 */
export const Reason = Schema.Union([
  InvalidRequest,
  TransportNotSent,
  TlsUntrusted,
  TransportAmbiguous,
  TimedOut,
  ResponseTruncated,
  ResponseTooLarge,
  ProtocolViolation,
  UnexpectedRedirect,
  ValidationFailed,
  Conflict,
  ProtocolBug,
  Unauthorized,
  TokenRefused,
  TokenUnavailable,
  Forbidden,
  EndpointNotFound,
  ObjectNotFound,
  EndpointRefused,
  RequestTooLarge,
  SearchCapReached,
  Locked,
  RateLimited,
  LimitsUnavailable,
  Migrating,
  EdgeUnreachable,
  ServerFailed
]) satisfies { readonly Type: Row }

/**
 * @category models
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * A request to HubSpot did not succeed: the `reason`, the `operation`, and HubSpot's correlation id if it sent one
 * (its support asks for it).
 *
 * **Example**
 *
 * ```ts
 * import { HubSpotError } from "@effect-hubspot/http"
 * import { Effect } from "effect"
 *
 * const program = Effect.fail(
 *   new HubSpotError.HubSpotError({
 *     reason: new HubSpotError.ServerFailed({ kind: "gateway", status: 502 }),
 *     operation: "POST /crm/v3/objects/line_items/batch/create"
 *   })
 * ).pipe(
 *   Effect.catchReason("HubSpotError", "ServerFailed", (reason) => Effect.succeed(reason.acceptance))
 * )
 * Effect.runSync(program) // => "InDoubt"
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class HubSpotError extends Schema.TaggedError<HubSpotError>()("HubSpotError", {
  reason: Reason,
  operation: Schema.String,
  correlationId: optional(Schema.String)
}) {
  /** Whether the request could have been executed. */
  get acceptance(): Acceptance {
    return this.reason.acceptance
  }

  /** What ends with the request, if it is not sent again. */
  get ends(): Ends {
    return this.reason.ends
  }

  override get message(): string {
    const id = this.correlationId === undefined ? "" : ` (correlation id ${this.correlationId})`
    return `${this.reason.message}${id}`
  }
}
