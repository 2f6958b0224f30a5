/**
 * The course of every request: it arrives (journal, quota), is refused or read, waits the first part of the
 * latency, is decided and committed at one instant, waits the rest, and is answered.
 *
 * The handlers decide. A fault that strikes changes when and how much of the request is committed (`Commit`), and what
 * the caller receives (`Delivery`). Nothing here knows the client.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HttpServerError } from "effect/http/HttpServerError"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { Account, Latency } from "../state/Account.ts"
import * as Body from "../reading/Body.ts"
import * as Commit from "./Commit.ts"
import * as Delivery from "./Delivery.ts"
import * as Inputs from "../reading/Inputs.ts"
import type * as Faults from "../Faults.ts"
import type * as Journal from "../Journal.ts"
import type * as Requirements from "./Requirements.ts"
import * as Refusal from "../answering/Refusal.ts"

/** How many requests of strangers are kept. */
const maxStrangers = 1000

/**
 * What is answered; without a body for a 204.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reply {
  readonly status: number
  readonly body?: object | undefined
}

/**
 * A request that handlers decide: its body has arrived. `entry` is the request's entry in the journal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  readonly account: Account
  readonly request: HttpServerRequest
  readonly text: string
  readonly entry: Journal.Open
}

/**
 * What a handler returns.
 *
 * @category models
 * @since 0.1.0
 */
export type Answer = Effect.fn.Return<Reply, Refusal.Refusal>

/**
 * The answer to a path or a method that no endpoint has. Assumption: no limit counts it.
 *
 * @category handlers
 * @since 0.1.0
 */
export const unserved = Effect.fnUntraced(function* (
  account: Account,
  request: HttpServerRequest,
  status: number,
  make: (headers: Readonly<Record<string, string>>) => HttpServerResponse.HttpServerResponse
) {
  const at = yield* Clock.currentTimeMillis
  // Anybody can ask for a path that does not exist. The first such requests without a good token are kept, which shows
  // a wrong path to its user; later ones are only counted.
  const isStranger = account.tokens.check(request.headers.authorization, at) !== undefined
  const entry = yield* enter(account, request, at, isStranger && account.strangers++ >= maxStrangers)
  Object.assign(entry, { decidedAt: at, answeredAt: at, decided: status, status })
  return make({ "x-hubspot-correlation-id": entry.correlationId })
})

/** Enters a request in the journal, or only counts it. */
const enter = (account: Account, request: HttpServerRequest, at: number, isOnlyCounted: boolean) =>
  Effect.map(uuid(at), (correlationId) =>
    account.journal[isOnlyCounted ? "refused" : "arrived"]({
      arrivedAt: at,
      correlationId,
      method: request.method,
      path: askedPath(request)
    })
  )

/**
 * Answers a request to an endpoint. `decide` acts upon the account.
 *
 * @category handlers
 * @since 0.1.0
 */
export const answer = Effect.fnUntraced(
  function* (
    account: Account,
    request: HttpServerRequest,
    requirements: Requirements.Requirements,
    decide: (call: Call) => Effect.Effect<Reply, Refusal.Refusal>
  ) {
    const at = yield* Clock.currentTimeMillis
    const refused = admit(account, requirements, request, at)
    // A request for a token is a stranger's until it is given one.
    const isStranger = requirements.scopes === undefined
    const isTooMany = isStranger && account.strangers++ >= maxStrangers
    const limits = refused?.status === 401 ? authFailure : limitHeaders(account, requirements, request, at)
    const entry = yield* enter(account, request, at, refused?.status === 401 || isTooMany)
    const { correlationId, method, path } = entry
    const [before, after] = yield* drawLatency(account.latency)
    const received: Result.Result<string, Refusal.Refusal> = yield* refused === undefined
      ? receive(request, requirements.body, Body.ceilingOf(account.crm.behaviour))
      : Effect.succeed(Result.fail(refused))
    const headers = {
      ...limits,
      ...waitOf(account, refused),
      "x-hubspot-correlation-id": correlationId,
      "x-request-id": correlationId
    }
    const message = ({ body, status }: Reply): Delivery.Message => ({ status, headers, body })
    const refusal = ({ body, status }: Refusal.Refusal) =>
      message({ status, body: Refusal.withCorrelationId(body, correlationId) })
    let outcome: Commit.Outcome
    if (Result.isFailure(received)) {
      yield* sleep(before)
      outcome = Commit.untouched(refusal(received.failure), pageOf(account, received.failure))
    } else {
      const text = received.success
      const arrival = { at, method, path, text }
      const strike = yield* account.faults.strike(arrival)
      const isBatchCreate = Commit.isBatchCreate(pathOf(request))
      const task = isBatchCreate ? yield* account.asynchronous.strike(arrival) : undefined
      entry.fault = strike === undefined ? null : Commit.describe(strike)
      yield* sleep(before)
      outcome = yield* Commit.run({
        account,
        strike,
        task: isBatchCreate && strike?.rule.fault.place === "asynchronous" ? strike : task,
        text,
        origin: originOf(request),
        taskId: Effect.flatMap(Clock.currentTimeMillis, uuid),
        entry,
        message,
        decide: (text, entry) =>
          Effect.match(decide({ account, request, text, entry }), { onSuccess: message, onFailure: refusal })
      })
    }
    entry.status = Commit.wireStatus(outcome)
    entry.decidedAt = yield* Clock.currentTimeMillis
    entry.decided = outcome.decided?.status ?? null
    if (isStranger && (outcome.decided?.status ?? 500) < 300) account.strangers--
    yield* sleep(after)
    const delivery = yield* Commit.deliver(outcome, {
      correlationId,
      portalId: account.crm.portalId,
      behaviour: account.crm.behaviour,
      headers,
      // Only a fault's reply needs them, and reading them costs more than the rest of a request.
      traceIds:
        outcome.reply !== undefined && Result.isSuccess(received)
          ? Inputs.read(received.success).flatMap((_) => Inputs.traceId(_) ?? [])
          : []
    })
    if (delivery._tag !== "Silence") entry.answeredAt = yield* Clock.currentTimeMillis
    return Delivery.toResponse(delivery)
  },
  // The body stopped half way, so no client is there to read an answer. The ledger keeps status 0.
  Effect.catchTag("HttpServerError", () => Effect.succeed(HttpServerResponse.empty({ status: 400 })))
)

// Assumption: the order, and that a request without rights is not counted by the limits.
const admit = (
  account: Account,
  { limit, scopes }: Requirements.Requirements,
  request: HttpServerRequest,
  at: number
): Refusal.Refusal | undefined => {
  if (scopes !== undefined) {
    const refused = account.tokens.check(request.headers.authorization, at)
    if (refused !== undefined) return refused
    if (scopes.length > 0 && !scopes.some((scope) => account.scopes.has(scope))) {
      return Refusal.missingScopes(scopes)
    }
  }
  if (limit === "none") return undefined
  switch (limit === "search" ? account.quota.takeSearch(at) : account.quota.take(at)) {
    case undefined:
      return undefined
    case "DAILY":
      return Refusal.dailyLimit
    case "SECONDLY":
      return Refusal.secondlyLimit(account.crm.portalId)
    case "TEN_SECONDLY_ROLLING":
      return Refusal.tenSecondlyLimit(account.crm.portalId)
  }
}

// Observation: a 401 has this header, and none of a limit.
const authFailure = { "x-hubspot-auth-failure": "401 Unauthorized" }

// Observation: other errors have them too. Documentation: a search has none, and OAuth
// none of the day.
const limitHeaders = (
  account: Account,
  { limit }: Requirements.Requirements,
  request: HttpServerRequest,
  at: number
): Readonly<Record<string, string>> =>
  limit === "tenSecondly"
    ? account.quota.headers(at, !account.tokens.isIssued(request.headers.authorization))
    : {}

// Not documented for a 429, so the account is told. The wait is an assumption.
const waitOf = (
  { crm: { behaviour } }: Account,
  refused: Refusal.Refusal | undefined
): Readonly<Record<string, string>> =>
  refused?.status === 429 && behaviour.retryAfter === "present" ? { "retry-after": "10" } : {}

// No 413 of HubSpot's is public, so the account is told.
const pageOf = ({ crm: { behaviour } }: Account, refused: Refusal.Refusal): Faults.BareReply | undefined =>
  refused.status === 413 && behaviour.tooLarge === "html"
    ? { kind: "status", status: 413, body: "html" }
    : undefined

const contentTypes = {
  json: /^application\/json\s*(;|$)/i,
  form: /^application\/x-www-form-urlencoded\s*(;|$)/i
}

const receive = (
  request: HttpServerRequest,
  body: Requirements.Requirements["body"],
  ceiling: number
): Effect.Effect<Result.Result<string, Refusal.Refusal>, HttpServerError> =>
  body === "none"
    ? Effect.succeed(Result.succeed(""))
    : contentTypes[body].test(request.headers["content-type"] ?? "")
      ? Body.readText(request, ceiling).pipe(
          Effect.map(Result.succeed),
          Effect.catchIf(isRefusal, (refusal) => Effect.succeed(Result.fail(refusal)))
        )
      : Effect.succeed(Result.fail(Refusal.unsupportedMediaType))

const isRefusal = (error: Refusal.Refusal | HttpServerError): error is Refusal.Refusal => "body" in error

const pathOf = (request: HttpServerRequest): string => request.url.split("?", 1)[0]!

// As the client wrote it, which may be another name of the endpoint.
const askedPath = (request: HttpServerRequest): string =>
  request.originalUrl.replace(/^https?:\/\/[^/]+/i, "").split("?", 1)[0]!

// In process the url has the origin; over a socket the Host header has it.
const originOf = (request: HttpServerRequest): string =>
  /^https?:\/\/[^/]+/i.exec(request.originalUrl)?.[0] ?? `http://${request.headers.host ?? "localhost"}`

const drawLatency = Effect.fnUntraced(function* (latency: Latency | undefined) {
  if (latency === undefined) return [0, 0] as const
  const total = Math.round(yield* Random.nextBetween(latency.min, latency.max))
  const before = Math.round(total * (yield* Random.next))
  return [before, total - before] as const
})

const sleep = (millis: number): Effect.Effect<void> => (millis > 0 ? Effect.sleep(millis) : Effect.void)

const hex = (random: number, digits: number): string =>
  Math.floor(random * 16 ** digits)
    .toString(16)
    .padStart(digits, "0")

// A version 7 uuid: the time, then random bits from the source of the account, so that a seed repeats it.
const uuid = Effect.fnUntraced(function* (at: number) {
  const [a, b, c, d] = [yield* Random.next, yield* Random.next, yield* Random.next, yield* Random.next]
  const time = at.toString(16).padStart(12, "0")
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(a, 3)}-${hex(0.5 + b / 4, 4)}-${hex(c, 6)}${hex(d, 6)}`
})
