/**
 * The way every request goes: it arrives (ledger, quota), is refused or read, waits the first part of the
 * latency, is decided and committed at one instant, waits the rest, is answered.
 *
 * What is decided is the handlers' business. A fault that strikes changes when and how much of it is
 * committed (here) and what the caller is told (`Delivery`). Nothing here knows the client.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HttpServerError } from "effect/http/HttpServerError"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { Account, Latency } from "../state/Account.ts"
import * as Body from "../reading/Body.ts"
import * as Commit from "./Commit.ts"
import * as Delivery from "./Delivery.ts"
import * as Inputs from "../reading/Inputs.ts"
import type * as Ledger from "../Ledger.ts"
import * as Operation from "./Operation.ts"
import * as Refusal from "../answering/Refusal.ts"

/** So many of them are kept. */
const maxStrangers = 1000

/**
 * What is answered; without a body for a 204.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reply {
  readonly status: number
  readonly body?: object
}

/**
 * The answer to a path that HubSpot does not serve. Observation: HTML, not an error body. Assumption:
 * it is not counted by any limit.
 *
 * @category handlers
 * @since 0.1.0
 */
export const notFound = Effect.fnUntraced(function* (account: Account, request: HttpServerRequest) {
  const at = yield* Clock.currentTimeMillis
  // Anybody can ask for what does not exist; so the first of those who do so without a good token are kept, for who
  // has the path wrong, and no more than these.
  const isStranger = account.tokens.check(request.headers.authorization, at) !== undefined
  const how = isStranger && account.strangers++ >= maxStrangers ? "refused" : "arrived"
  const entry = account.ledger[how](at, request.method, pathOf(request))
  const correlationId = yield* uuid
  entry.status = 404
  const record = account.journal[how]({
    arrivedAt: at,
    correlationId,
    method: entry.method,
    path: entry.path
  })
  Object.assign(record, { decidedAt: at, answeredAt: at, decided: 404, status: 404 })
  return Delivery.html(404, "404 Not Found", "HTTP ERROR 404 Not Found", {
    "x-hubspot-correlation-id": correlationId
  })
})

/**
 * Answers a request that is about something: `decide` gets the body's text and acts upon the account.
 *
 * @category handlers
 * @since 0.1.0
 */
export const answer = Effect.fnUntraced(function* (
  account: Account,
  request: HttpServerRequest,
  decide: (text: string, entry: Ledger.OpenRequest) => Effect.Effect<Reply, Refusal.Refusal>,
  operation: Operation.Operation = Operation.write
): Effect.fn.Return<HttpServerResponse.HttpServerResponse, HttpServerError> {
  const at = yield* Clock.currentTimeMillis
  const { method } = request
  const path = pathOf(request)
  const refused = admit(account, operation, request, at)
  // Whoever asks for a token is a stranger until it is given.
  const isStranger = operation.scopes === undefined
  const isTooMany = isStranger && account.strangers++ >= maxStrangers
  const how = refused?.status === 401 || isTooMany ? "refused" : "arrived"
  const entry = account.ledger[how](at, method, path)
  const limits = limitHeaders(account, operation, request, at)
  const correlationId = yield* uuid
  const record = account.journal[how]({ arrivedAt: at, correlationId, method, path })
  const [before, after] = yield* drawLatency(account.latency)
  const received: Result.Result<string, Refusal.Refusal> = yield* refused === undefined
    ? receive(request, operation.body)
    : Effect.succeed(Result.fail(refused))
  const headers = { ...limits, "x-hubspot-correlation-id": correlationId, "x-request-id": correlationId }
  const message = ({ body, status }: Reply): Delivery.Message => ({ status, headers, body })
  const refusal = ({ body, status }: Refusal.Refusal): Delivery.Message =>
    message({ status, body: { ...body, correlationId } })
  let outcome: Commit.Outcome
  if (Result.isFailure(received)) {
    yield* sleep(before)
    outcome = Commit.untouched(refusal(received.failure))
  } else {
    const text = received.success
    const arrival = { at, method, path, text }
    const strike = yield* account.faults.strike(arrival)
    const task = yield* account.asynchronous.strike(arrival)
    record.fault = strike === undefined ? null : Commit.describe(strike)
    yield* sleep(before)
    outcome = yield* Commit.run({
      account,
      strike,
      task: strike?.rule.fault.place === "asynchronous" ? strike : task,
      text,
      origin: originOf(request),
      path,
      taskId: uuid,
      entry,
      message: (status, body) => message({ status, body }),
      decide: (text, entry) =>
        decide(text, entry).pipe(
          Effect.map(message),
          Effect.catch((refused) => Effect.succeed(refusal(refused)))
        )
    })
  }
  entry.status = Commit.wireStatus(outcome)
  record.inputs = entry.inputs
  record.decidedAt = yield* Clock.currentTimeMillis
  record.decided = outcome.decided?.status ?? null
  if (isStranger && outcome.decided?.status === 200) account.strangers--
  record.status = entry.status
  yield* sleep(after)
  const delivery = yield* Commit.deliver(outcome, {
    correlationId,
    portalId: account.crm.portalId,
    headers,
    // Only a fault's reply asks for them, and reading them costs more than the rest of a request.
    traceIds:
      outcome.reply !== undefined && Result.isSuccess(received)
        ? Inputs.read(received.success).flatMap((_) => Inputs.traceId(_) ?? [])
        : []
  })
  if (delivery._tag !== "Silence") record.answeredAt = yield* Clock.currentTimeMillis
  return Delivery.toResponse(delivery)
})

// Assumption: the order, and that a request without rights is not counted by the limits.
const admit = (
  account: Account,
  { limit, scopes }: Operation.Operation,
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

// Observation: on errors too; that a 401 has them is an assumption. Documentation: none on a search, and
// none of the day for OAuth.
const limitHeaders = (
  account: Account,
  { limit }: Operation.Operation,
  request: HttpServerRequest,
  at: number
): Readonly<Record<string, string>> =>
  limit === "tenSecondly"
    ? account.quota.headers(at, !account.tokens.isIssued(request.headers.authorization))
    : {}

const contentTypes = {
  json: /^application\/json\s*(;|$)/i,
  form: /^application\/x-www-form-urlencoded\s*(;|$)/i
}

const receive = (
  request: HttpServerRequest,
  body: Operation.Operation["body"]
): Effect.Effect<Result.Result<string, Refusal.Refusal>, HttpServerError> =>
  body === "none"
    ? Effect.succeed(Result.succeed(""))
    : contentTypes[body].test(request.headers["content-type"] ?? "")
      ? Body.readText(request).pipe(
          Effect.map(Result.succeed),
          Effect.catchIf(isRefusal, (refusal) => Effect.succeed(Result.fail(refusal)))
        )
      : Effect.succeed(Result.fail(Refusal.unsupportedMediaType))

const isRefusal = (error: Refusal.Refusal | HttpServerError): error is Refusal.Refusal => "body" in error

const pathOf = (request: HttpServerRequest): string => request.url.split("?", 1)[0]!

// In process the url says where it was sent, over a socket the Host header does.
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

// A version 4 uuid, from the random source of the account so that a seed repeats it.
const uuid = Effect.gen(function* () {
  const [a, b, c, d] = [yield* Random.next, yield* Random.next, yield* Random.next, yield* Random.next]
  const tail = hex(b, 8)
  return `${hex(a, 8)}-${tail.slice(0, 4)}-4${tail.slice(5)}-a${hex(c, 3)}-${hex(d, 12)}`
})
