/**
 * The one classifier: what a transport failure or a reply means, as a `Reason`.
 *
 * Only this module decides whether a request could have been executed. A refusal is proof only with a complete error
 * body of HubSpot's: a status alone can come from any proxy on the way.
 */
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as HubSpotError from "../HubSpotError.ts"
import * as Undici from "./undici.ts"

/** A reply with its body read to the end. */
export interface RawReply {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: string
}

// -----------------------------------------------------------------------------
// Transport
// -----------------------------------------------------------------------------

/**
 * Whether a failure proves that no part of the request was sent: no connection was made. An error code alone proves
 * nothing. The kernel also reports what it knows of the network (`read EHOSTUNREACH`) for a connection that has carried
 * the request, and a TLS alert or a certificate can arrive mid-stream. The failed system call proves it, and so does
 * undici's report that it was still connecting. If there are several errors, each of them must prove it.
 */
const neverConnected = (error: unknown, depth = 0): boolean => {
  if (depth > deepest || !Predicate.isObject(error)) return false
  if (Undici.isConnectError(error)) return true
  const tried = triedOf(error)
  const below = [...tried, ...causeOf(error)]
  const isWrapper = tried.length > 0 || typeof error.code !== "string"
  return (
    (isWrapper ? below.length > 0 : error.syscall === "connect" || error.syscall === "getaddrinfo") &&
    below.every((inner) => neverConnected(inner, depth + 1))
  )
}

/** The outermost error of a failure that has a code. */
const codedOf = (
  error: unknown,
  depth = 0
): { readonly code: string; readonly syscall: unknown } | undefined => {
  if (depth > deepest || !Predicate.isObject(error)) return undefined
  if (typeof error.code === "string") return { code: error.code, syscall: error.syscall }
  for (const inner of [...causeOf(error), ...triedOf(error)]) {
    const found = codedOf(inner, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

const deepest = 4

const causeOf = (error: object): ReadonlyArray<unknown> =>
  "cause" in error && error.cause !== undefined ? [error.cause] : []

/** The failure of each address of a host that has several. */
const triedOf = (error: object): ReadonlyArray<unknown> =>
  "errors" in error && Array.isArray(error.errors) ? error.errors : []

const connectFailures: ReadonlyMap<string, HubSpotError.TransportNotSent["failure"]> = new Map([
  ["ENOTFOUND", "dns"],
  ["ECONNREFUSED", "refused"],
  ["EHOSTUNREACH", "unreachable"],
  ["ENETUNREACH", "unreachable"],
  ["EADDRNOTAVAIL", "unreachable"],
  ["ETIMEDOUT", "connectTimeout"],
  ["UND_ERR_CONNECT_TIMEOUT", "connectTimeout"]
])

const connectFailure = (code: string, syscall: unknown): HubSpotError.TransportNotSent["failure"] =>
  syscall === "getaddrinfo"
    ? "dns"
    : (connectFailures.get(code) ?? (syscall === "connect" ? "unreachable" : "tls"))

const untrustedCode =
  /^(?:CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_|UNABLE_TO_(?:GET|VERIFY)_|ERR_TLS_CERT|HOSTNAME_MISMATCH)/

/** The reason of a transport failure. The failure itself is dropped: some print the token. */
export const transport = (error: HttpClientError, statusSeen: number | undefined): HubSpotError.Reason => {
  // An answer had begun, so the request had arrived.
  if (statusSeen !== undefined) return new HubSpotError.ResponseTruncated({ status: statusSeen })
  switch (error.reason._tag) {
    case "EncodeError":
    case "InvalidUrlError":
      return new HubSpotError.InvalidRequest({ detail: "the request cannot be put on the wire" })
    case "TransportError": {
      const { cause } = error.reason
      const { code, syscall } = codedOf(cause) ?? { code: "unknown", syscall: undefined }
      if (!neverConnected(cause)) return new HubSpotError.TransportAmbiguous({ code })
      return untrustedCode.test(code)
        ? new HubSpotError.TlsUntrusted({ code })
        : new HubSpotError.TransportNotSent({ failure: connectFailure(code, syscall) })
    }
    default:
      return new HubSpotError.ResponseTruncated({ status: 0 })
  }
}

// -----------------------------------------------------------------------------
// Replies
// -----------------------------------------------------------------------------

const decodeErrorBody = Schema.decodeUnknownOption(ErrorBody.ErrorBody)
const maxRetryAfterMillis = 25 * 3_600_000

const parseJson = (text: string): Option.Option<unknown> =>
  Result.getSuccess(Result.try((): unknown => JSON.parse(text)))

/** The three forms of a date in a header. One without GMT is meant in it. */
const httpDate =
  /^(?:\w{3}, \d\d \w{3} \d{4}|\w{6,9}, \d\d-\w{3}-\d\d|\w{3} \w{3} [ \d]\d) \d\d:\d\d:\d\d (?:GMT|\d{4})$/i

/**
 * Milliseconds of a `Retry-After` in seconds or as a date. It is ignored if it is malformed or more than 25 hours. The parser
 * of Effect's `Headers` would bring `DateTime` with its zones into every client.
 */
const retryAfter = (headers: Headers.Headers, now: number): { readonly retryAfterMillis?: number } => {
  const text = Option.getOrElse(Headers.get(headers, "retry-after"), () => "").trim()
  if (/^\d+$/.test(text)) return bounded(Number(text) * 1000)
  return httpDate.test(text) ? bounded(Date.parse(/GMT$/i.test(text) ? text : `${text} GMT`) - now) : {}
}

const bounded = (millis: number): { readonly retryAfterMillis?: number } =>
  millis >= 0 && millis <= maxRetryAfterMillis ? { retryAfterMillis: millis } : {}

/** HubSpot's error body, complete: it always says `status: "error"` or names a category. */
const envelope = (body: string): Option.Option<ErrorBody.ErrorBody> =>
  parseJson(body).pipe(
    Option.flatMap((json) => Option.orElse(decodeErrorBody(json), () => decodeErrorBody(textsIn(json)))),
    Option.filter(
      (error) =>
        isOwn(error) ||
        (typeof error.message === "string" &&
          (error.status === "error" ||
            typeof error.category === "string" ||
            typeof error.errorType === "string"))
    )
  )

/** The fields that make an error body, where a field beside them has a wrong shape. */
const textsIn = (json: unknown): unknown =>
  Predicate.isObject(json)
    ? Object.fromEntries(
        ["status", "message", "correlationId", "category"].flatMap((name) =>
          typeof json[name] === "string" ? [[name, json[name]]] : []
        )
      )
    : undefined

/** No proxy sends both of these: the body is HubSpot's own, whatever else it says. */
const isOwn = ({ correlationId, status }: ErrorBody.ErrorBody): boolean =>
  status === "error" && typeof correlationId === "string" && correlationId !== ""

const policies: ReadonlyMap<string, HubSpotError.RateLimited["policy"]> = new Map([
  ["TEN_SECONDLY_ROLLING", "burst"],
  ["SECONDLY", "secondly"],
  ["DAILY", "daily"]
])

/** The correlation id of a reply, from its header or its body. */
export const correlationId = (reply: RawReply): { readonly correlationId?: string } => {
  const id =
    Option.getOrUndefined(Headers.get(reply.headers, "x-hubspot-correlation-id")) ??
    (reply.status >= 400 ? Option.getOrUndefined(envelope(reply.body))?.correlationId : undefined)
  return typeof id === "string" && id.length > 0 ? { correlationId: ErrorBody.showable(id, 64) } : {}
}

/** What a success holds: JSON, or nothing at all (204). */
export type Expected = "json" | "nothing"

/** What a reply answers. */
export interface Asked {
  readonly expects: Expected
  readonly inputs: number
  readonly ofRecord: boolean
}

/** The JSON of a 2xx reply, or the reason of a failure. */
export const reply = Effect.fnUntraced(function* (
  raw: RawReply,
  asked: Asked
): Effect.fn.Return<unknown, HubSpotError.Reason> {
  if (raw.status >= 200 && raw.status < 300) return yield* success(raw, asked.expects)
  if (raw.status >= 300 && raw.status < 400) {
    return yield* new HubSpotError.UnexpectedRedirect({
      status: raw.status,
      toHost: redirectHost(raw.headers)
    })
  }
  return yield* refusal(raw, asked, yield* Clock.currentTimeMillis)
})

const violation = (kind: HubSpotError.ProtocolViolation["kind"], status: number, detail: string) =>
  new HubSpotError.ProtocolViolation({ kind, status, detail })

const success = ({ body, headers, status }: RawReply, expected: Expected) => {
  if (expected === "nothing") return Effect.void
  if (status !== 200 && status !== 201 && status !== 207) {
    return Effect.fail(violation("status", status, "no reply to this request"))
  }
  if (body.trim().length === 0) return Effect.fail(violation("emptyBody", status, "empty body"))
  const type = Option.getOrElse(Headers.get(headers, "content-type"), () => "no content type")
  const json = parseJson(body)
  if (/\bjson\b/i.test(type)) {
    return Effect.mapError(Effect.fromOption(json), () => new HubSpotError.ResponseTruncated({ status }))
  }
  // A proxy may drop the content type or change it. A page is not HubSpot's, whatever it holds.
  return /html|xml/i.test(type) || Option.isNone(json)
    ? Effect.fail(
        violation("contentType", status, `${ErrorBody.showable(type, 80)}: ${ErrorBody.showable(body, 80)}`)
      )
    : Effect.succeed(json.value)
}

const redirectHost = (headers: Headers.Headers): string =>
  Option.match(Headers.get(headers, "location"), {
    onNone: () => "",
    onSome: (location) =>
      ErrorBody.showable(/^[a-z]+:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(location)?.[1] ?? "a path of its own", 80)
  })

/** The reason of a reply outside 2xx and 3xx. */
const refusal = (raw: RawReply, { inputs, ofRecord }: Asked, now: number): HubSpotError.Reason => {
  const { status } = raw
  const after = retryAfter(raw.headers, now)
  // For these the status is enough: the limiter refuses before any other part of HubSpot, and the edge's own codes say
  // that the origin was not reached. The others are in doubt anyway.
  switch (status) {
    case 429: {
      const body = Option.getOrUndefined(envelope(raw.body))
      const policyName = ErrorBody.showable(body?.policyName ?? "", 80)
      return new HubSpotError.RateLimited({
        policy: policies.get(policyName) ?? "unknown",
        policyName,
        ...after
      })
    }
    case 521:
    case 523:
    case 525:
    case 526:
    case 530:
      return new HubSpotError.EdgeUnreachable({ status })
    case 408:
      return new HubSpotError.ServerFailed({ kind: "timeout", status })
    case 502:
    case 504:
    case 520:
    case 522:
    case 524:
      return new HubSpotError.ServerFailed({ kind: "gateway", status })
    case 503:
      return new HubSpotError.ServerFailed({ kind: "unavailable", status })
  }
  if (status >= 500) return new HubSpotError.ServerFailed({ kind: "error", status })

  const body = Option.getOrUndefined(envelope(raw.body))
  if (body === undefined) {
    const start = ErrorBody.showable(raw.body, 80)
    return violation(
      "status",
      status,
      start.length === 0 ? "no error body" : `not an error body of HubSpot's: ${start}`
    )
  }
  const problems = ErrorBody.problems(body)
  const detail = problems.map(ErrorBody.describe).join("; ")
  const category = ErrorBody.showable(body.category ?? "", 80)
  switch (status) {
    case 400:
    case 422:
      if (unknownType.test(body.message ?? "")) return new HubSpotError.EndpointNotFound({ detail })
      if (category === "" && unreadable.test(body.message ?? ""))
        return new HubSpotError.ProtocolBug({ status, detail })
      return isAboutInputs(body)
        ? new HubSpotError.ValidationFailed({
            status,
            category: category || "no category",
            detail,
            problems: ErrorBody.problems(body, { objectWriteTraceId: undefined }),
            traceIds: inContexts(body, "objectWriteTraceId"),
            blamed: ErrorBody.problemsOfInputs(body)
          })
        : violation("status", status, detail)
    case 401:
      return new HubSpotError.Unauthorized({ category: category || "no category", detail, renewable: false })
    case 403:
      return new HubSpotError.Forbidden({ missingScopes: missingScopes(body), detail })
    case 404:
      return category === "OBJECT_NOT_FOUND" || (category === "" && ofRecord)
        ? new HubSpotError.ObjectNotFound({ detail })
        : new HubSpotError.EndpointNotFound({ detail })
    case 405:
    case 406:
    case 410:
    case 451:
      return new HubSpotError.EndpointRefused({ status, detail })
    case 409:
      // A body that is not HubSpot's own is no refusal of one input either.
      return isOwn(body)
        ? new HubSpotError.Conflict({ inputs, detail, problems })
        : violation("status", status, detail)
    case 413:
      return new HubSpotError.RequestTooLarge({ detail })
    case 414:
    case 415:
      return new HubSpotError.ProtocolBug({ status, detail })
    case 423:
      return new HubSpotError.Locked(after)
    case 477:
      return new HubSpotError.Migrating({ ...waitIn(detail), ...after })
    default:
      return violation("status", status, detail)
  }
}

// Words of HubSpot's, with and without a category.
const unknownType = /^(?:Unable to infer object type|Invalid object or event type id)\b/
const unreadable = /^Invalid (?:input JSON|JSON input)/
const invalidValues = /^Property values were not valid\b/

/** Whether a 400 or 422 proves that nothing was executed, because of what the inputs are. */
const isAboutInputs = (body: ErrorBody.ErrorBody): boolean => {
  if (body.category === "VALIDATION_ERROR") return true
  if (!isOwn(body) || !ErrorBody.isRefusal(body)) return false
  return (
    typeof body.category === "string" ||
    (body.errors ?? []).length > 0 ||
    (Array.isArray(body.validationResults) && body.validationResults.length > 0) ||
    invalidValues.test(body.message ?? "")
  )
}

const unitMillis = { s: 1000, m: 60_000, h: 3_600_000, d: 24 * 3_600_000 }

/** The wait that a text speaks of, such as "1440 min", with the bound of `Retry-After`. */
const waitIn = (text: string): { readonly retryAfterMillis?: number } => {
  const [, count, unit] =
    /\b(\d[\d,]{0,6})\s*(s|m|h|d)(?:ec(?:ond)?s?|in(?:ute)?s?|(?:ou)?rs?|ays?)?\b/i.exec(text) ?? []
  if (count === undefined || unit === undefined) return {}
  return bounded(
    Number(count.replaceAll(",", "")) * unitMillis[unit.toLowerCase() as keyof typeof unitMillis]
  )
}

const inContexts = (body: ErrorBody.ErrorBody, name: string): ReadonlyArray<string> => [
  ...new Set([
    ...ErrorBody.contextValues(body.context, name),
    ...(body.errors ?? []).flatMap((detail) => ErrorBody.contextValues(detail.context, name))
  ])
]

const missingScopes = (body: ErrorBody.ErrorBody): ReadonlyArray<string> =>
  ["requiredGranularScopes", "missingScopes", "requiredScopes"]
    .flatMap((name) => inContexts(body, name))
    .map((scope) => ErrorBody.showable(scope, 80))
