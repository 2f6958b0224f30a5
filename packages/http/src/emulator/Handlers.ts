/**
 * HubSpot's side of `HubSpotApi`: what is answered to a request, and what it does to the account.
 *
 * Every request goes the same way: it arrives (ledger, quota), is refused or read, waits the first part
 * of the latency, is decided and committed at one instant, waits the rest, is answered. Handlers are
 * raw so that bodies are HubSpot's to the letter and bad requests get HubSpot's answers, not Effect's.
 *
 * Nothing here knows the client.
 *
 * @since 0.1.0
 */
import { ApiVersion } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { HttpServerError } from "effect/http/HttpServerError"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as HubSpotApi from "../HubSpotApi.ts"
import * as Body from "./Body.ts"
import type * as Crm from "./Crm.ts"
import type * as Ledger from "./Ledger.ts"
import type * as Quota from "./Quota.ts"
import * as Refusal from "./Refusal.ts"
import * as Rules from "./Rules.ts"

/**
 * The state that requests act upon, and what is set for it. `scopes` may be exchanged at run time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Account {
  readonly crm: Crm.Crm
  readonly ledger: Ledger.Ledger
  readonly quota: Quota.Quota
  /** The only good token; `undefined` for any well-formed one. */
  readonly token: Redacted.Redacted<string> | undefined
  readonly latency: Latency | undefined
  scopes: ReadonlySet<string>
}

/**
 * The time one request takes, in milliseconds, drawn uniformly.
 *
 * @category models
 * @since 0.1.0
 */
export interface Latency {
  readonly min: number
  readonly max: number
}

interface Reply {
  readonly status: number
  readonly body: object
}

/**
 * Serves the contract in each of its versions. Assumption: the dated versions answer as `v3` does.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (account: Account) => {
  const [first, ...rest] = ApiVersion.ApiVersion.literals.map((version) => layerVersion(account, version))
  return Layer.mergeAll(first!, ...rest)
}

const layerVersion = (account: Account, version: ApiVersion.ApiVersion) => {
  const api = HubSpotApi.make(version)
  return HttpApiBuilder.layer(api).pipe(
    Layer.provide(
      HttpApiBuilder.group(api, "lineItems", (handlers) =>
        handlers.handleRaw("batchCreate", ({ request }) =>
          answer(account, request, (text, entry) => batchCreate(account, text, entry)).pipe(
            // The body stopped half way, so nobody is there to read an answer. The ledger keeps status 0.
            Effect.catchTag("HttpServerError", () =>
              Effect.succeed(HttpServerResponse.empty({ status: 400 }))
            )
          )
        )
      )
    )
  )
}

/**
 * The answer to a path that HubSpot does not serve. Observation: HTML, not an error body. Assumption:
 * it is not counted by any limit.
 *
 * @category handlers
 * @since 0.1.0
 */
export const notFound = Effect.fnUntraced(function* (account: Account, request: HttpServerRequest) {
  const entry = account.ledger.arrived(yield* Clock.currentTimeMillis, request.method, pathOf(request))
  const correlationId = yield* uuid
  entry.status = 404
  return HttpServerResponse.text(
    "<html>\n<head><title>Error 404 Not Found</title></head>\n<body><h2>HTTP ERROR 404 Not Found</h2></body>\n</html>\n",
    {
      status: 404,
      contentType: "text/html;charset=utf-8",
      headers: { "x-hubspot-correlation-id": correlationId }
    }
  )
})

const answer = Effect.fnUntraced(function* (
  account: Account,
  request: HttpServerRequest,
  decide: (text: string, entry: Ledger.OpenRequest) => Effect.Effect<Reply, Refusal.Refusal>
): Effect.fn.Return<HttpServerResponse.HttpServerResponse, HttpServerError> {
  const at = yield* Clock.currentTimeMillis
  const entry = account.ledger.arrived(at, request.method, pathOf(request))
  const refused = admit(account, request, at)
  // Observation: the limit's headers are on errors too. That a 401 has them is an assumption.
  const limits = account.quota.headers(at)
  const correlationId = yield* uuid
  const [before, after] = yield* drawLatency(account.latency)
  const received: Result.Result<string, Refusal.Refusal> = yield* refused === undefined
    ? receive(request)
    : Effect.succeed(Result.fail(refused))
  yield* sleep(before)
  const reply: Reply = yield* Result.isFailure(received)
    ? Effect.succeed({ ...received.failure, body: { ...received.failure.body, correlationId } })
    : decide(received.success, entry).pipe(
        Effect.catch(({ body, status }) => Effect.succeed({ status, body: { ...body, correlationId } }))
      )
  entry.status = reply.status
  yield* sleep(after)
  return HttpServerResponse.text(JSON.stringify(reply.body), {
    status: reply.status,
    contentType: "application/json;charset=utf-8",
    headers: { ...limits, "x-hubspot-correlation-id": correlationId, "x-request-id": correlationId }
  })
})

// Documentation: one of these scopes is enough.
const writeScopes = ["crm.objects.line_items.write", "e-commerce"]

const wellFormedToken = /^[A-Za-z0-9._~+/=-]{8,4096}$/

// Assumption: the order, and that a request without rights is not counted by the limits.
const admit = (account: Account, request: HttpServerRequest, at: number): Refusal.Refusal | undefined => {
  const { authorization } = request.headers
  if (authorization === undefined) return Refusal.noCredentials
  const token = /^Bearer +(.*)$/i.exec(authorization)?.[1] ?? ""
  if (!wellFormedToken.test(token)) return Refusal.wrongCredentials
  if (account.token !== undefined && Redacted.value(account.token) !== token) return Refusal.wrongCredentials
  if (!writeScopes.some((scope) => account.scopes.has(scope))) return Refusal.missingScopes(writeScopes)
  const exceeded = account.quota.take(at)
  if (exceeded === undefined) return undefined
  return exceeded === "DAILY" ? Refusal.dailyLimit : Refusal.tenSecondlyLimit(account.crm.portalId)
}

const receive = (
  request: HttpServerRequest
): Effect.Effect<Result.Result<string, Refusal.Refusal>, HttpServerError> =>
  /^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")
    ? Body.readText(request).pipe(
        Effect.map(Result.succeed),
        Effect.catchIf(isRefusal, (refusal) => Effect.succeed(Result.fail(refusal)))
      )
    : Effect.succeed(Result.fail(Refusal.unsupportedMediaType))

const isRefusal = (error: Refusal.Refusal | HttpServerError): error is Refusal.Refusal => "body" in error

const batchCreate = Effect.fnUntraced(function* (
  account: Account,
  text: string,
  entry: Ledger.OpenRequest
): Effect.fn.Return<Reply, Refusal.Refusal> {
  const batch = Body.readBatch(text)
  entry.inputs = batch.count
  const inputs = yield* Effect.fromResult(batch.inputs)
  const rejections = inputs.map((input) => Rules.check(account.crm, input))
  if (!Body.haveUniqueTraceIds(inputs)) {
    // Documentation: without a unique trace id on every input there is no partial success. Observation:
    // nothing is created, and the first problem is the one reported.
    const rejection = rejections.find((rejection) => rejection !== undefined)
    if (rejection !== undefined) return yield* Effect.fail(Refusal.invalidInput(rejection))
  }
  const now = DateTime.formatIso(yield* DateTime.now)
  const results: Array<object> = []
  const errors: Array<object> = []
  // Observation: the order of results is not that of the inputs. Ids are given in that order too, so
  // that nothing can be concluded from them.
  for (const index of yield* Random.shuffle(inputs.keys())) {
    const input = inputs[index]!
    const rejection = rejections[index]
    if (rejection === undefined) results.push(create(account, input, now))
    else errors.push(partialError(rejection, input.objectWriteTraceId ?? ""))
  }
  // Documentation: 201 for all, 207 for a part. That nothing at all is a 207 too is an assumption.
  return {
    status: errors.length === 0 ? 201 : 207,
    body: {
      status: "COMPLETE",
      results,
      ...(errors.length > 0 && { numErrors: errors.length, errors }),
      startedAt: now,
      completedAt: now
    }
  }
})

// Must stay synchronous: the account and the ledger change together.
const create = (account: Account, input: Body.Input, now: string): object => {
  const { associations, id, properties } = account.crm.create(input.properties, input.associations, now)
  const objectWriteTraceId = input.objectWriteTraceId ?? null
  account.ledger.created({ id, objectWriteTraceId, properties, associations, createdAt: now })
  return {
    id,
    // Documentation: what was sent and a few defaults; nothing is inherited from a product here.
    properties: {
      ...properties,
      createdate: now,
      hs_lastmodifieddate: now,
      hs_object_id: id,
      hs_object_source: "API",
      hs_object_source_label: "API"
    },
    createdAt: now,
    updatedAt: now,
    archived: false,
    // Observation, of upserts of one input; for creates an assumption.
    ...(objectWriteTraceId !== null && { objectWriteTraceId })
  }
}

// Documentation: no `errors`, `links` or `id` in the entries of a 207, the details are in the message.
const partialError = ({ category, context, message, subCategory }: Refusal.Rejection, traceId: string) => ({
  status: "error",
  category,
  ...(subCategory !== undefined && { subCategory }),
  message,
  context: { ...context, objectWriteTraceId: [traceId] }
})

const pathOf = (request: HttpServerRequest): string => request.url.split("?", 1)[0]!

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
