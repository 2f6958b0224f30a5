/**
 * The service that programs depend on: the operations on line items, each with the retry policy that is safe
 * for it.
 *
 * A create is sent again only if HubSpot provably did not accept it. Reads, updates, upserts and archives
 * have the same effect when they are executed twice, so they are sent again after a doubt as well. For more
 * than one batch, and for one true outcome per input, use `BulkCreate` of `@effect-hubspot/batch`.
 *
 * Property values may be numbers and booleans. They are sent as `InputIssue.read` of `@effect-hubspot/schema` makes them.
 *
 * @since 0.1.0
 */
import type * as Association from "@effect-hubspot/schema/Association"
import type * as BatchRequest from "@effect-hubspot/schema/BatchRequest"
import type * as BatchResponse from "@effect-hubspot/schema/BatchResponse"
import type * as CrmObject from "@effect-hubspot/schema/CrmObject"
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as Page from "@effect-hubspot/schema/Page"
import * as Search from "@effect-hubspot/schema/Search"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as AccountLimits from "./AccountLimits.ts"
import type { InvalidBaseUrl } from "./BaseUrl.ts"
import * as Credentials from "./Credentials.ts"
import * as Dispatch from "./Dispatch.ts"
import * as HubSpotClient from "./HubSpotClient.ts"
import * as HubSpotError from "./HubSpotError.ts"
import type { Operation } from "./Operation.ts"
import * as Operations from "./Operations.ts"
import * as RateLimits from "./RateLimits.ts"
import * as Spans from "./Spans.ts"
import type { RateLimitStore } from "./RateLimitStore.ts"

/**
 * Limits, address and timeout of the client.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends HubSpotClient.Options {
  /** Requests per 10 seconds, or `"auto"` (default): 100, then what the account advertises. */
  readonly limit?: number | "auto" | undefined
  /** The part of the account's daily requests left to its other apps, 0 to 1. Default 0.1. */
  readonly dailyReserve?: number | undefined
  /** The time zone in which the account's day ends, such as `Europe/Berlin`. Default: not known. */
  readonly timeZone?: string | undefined
}

type Result<A> = Effect.Effect<A, HubSpotError.HubSpotError>

/**
 * **Example**
 *
 * ```ts
 * import { Credentials, LineItems } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const lineItems = yield* LineItems.LineItems
 *   const { id } = yield* lineItems.create({ properties: { name: "Chair", price: "19.90" } })
 *   yield* lineItems.update(id, { properties: { price: "17.90" } })
 *   const chair = yield* lineItems.get(id, { properties: ["price"] })
 *   return chair.properties?.price
 * }).pipe(
 *   Effect.provide(
 *     LineItems.layer().pipe(
 *       Layer.provide(Credentials.layer(Redacted.make("pat-eu1-0000"))),
 *       Layer.provide(Emulator.layer())
 *     )
 *   )
 * )
 * await Effect.runPromise(program) // => "17.90"
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class LineItems extends Context.Service<
  LineItems,
  {
    /**
     * Creates 1 to 100 line items. Succeeds with HubSpot's reply, which may hold errors for some inputs
     * beside results for others; compare by `objectWriteTraceId`, never by position. The reply may also say that HubSpot has not
     * finished the batch (`PENDING`, `PROCESSING`) or has canceled it: `BatchState` of `@effect-hubspot/batch` follows it. Sending
     * it again would create the line items twice.
     */
    readonly createBatch: (
      request: BatchRequest.Given<BatchRequest.BatchCreate>
    ) => Result<BatchResponse.BatchResponse>
    /** Reads 1 to 100 line items. Ids that do not exist are in the reply's errors. */
    readonly readBatch: (
      request: BatchRequest.BatchRead,
      options?: { readonly archived?: boolean }
    ) => Result<BatchResponse.BatchResponse>
    /** Updates 1 to 100 line items with different ids. */
    readonly updateBatch: (
      request: BatchRequest.Given<BatchRequest.BatchUpdate>
    ) => Result<BatchResponse.BatchResponse>
    /** Creates or updates 1 to 100 line items by a property with unique values. The last write wins. */
    readonly upsertBatch: (
      request: BatchRequest.Given<BatchRequest.BatchUpsert>
    ) => Result<BatchResponse.BatchResponse>
    /** Archives 1 to 100 line items; ids that do not exist are ignored. */
    readonly archiveBatch: (ids: ReadonlyArray<string>) => Result<void>
    /** Creates one line item. */
    readonly create: (request: BatchRequest.Given<BatchRequest.Create>) => Result<CrmObject.CrmObject>
    /** Reads one line item. Fails with `ObjectNotFound` if there is none. */
    readonly get: (id: string, options?: Operations.ReadOptions) => Result<CrmObject.CrmObject>
    /** Updates properties of one line item. */
    readonly update: (
      id: string,
      request: BatchRequest.Given<BatchRequest.Update>,
      options?: { readonly idProperty?: string }
    ) => Result<CrmObject.CrmObject>
    /** Archives one line item; it can be restored in HubSpot for 90 days. */
    readonly archive: (id: string) => Result<void>
    /** All line items, page by page. */
    readonly list: (
      options?: Operations.ListOptions
    ) => Stream.Stream<CrmObject.CrmObject, HubSpotError.HubSpotError>
    /** One page of line items. */
    readonly listPage: (options?: Operations.ListOptions & { readonly after?: string }) => Result<Page.Page>
    /**
     * All line items that a search finds, page by page. Fails with `SearchCapReached` after 10,000 records,
     * before the first page that HubSpot would refuse.
     */
    readonly search: (request: Search.Search) => Stream.Stream<CrmObject.CrmObject, HubSpotError.HubSpotError>
    /** One page of a search. */
    readonly searchPage: (request: Search.Search) => Result<Page.Page>
    /**
     * Associates a line item with an object, by the given types or by HubSpot's default one. `v3` uses the
     * associations API, the dated versions the line item itself.
     */
    readonly associate: (
      target: Operations.AssociationTarget,
      types?: ReadonlyArray<Association.AssociationSpec>
    ) => Result<void>
    /** Removes all associations with one object. Fails with `InvalidRequest` in `v3`. */
    readonly dissociate: (target: Operations.AssociationTarget) => Result<void>
  }
>()("@effect-hubspot/http/LineItems") {}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.gen(function* () {
  const client = yield* HubSpotClient.HubSpotClient
  const limits = yield* RateLimits.RateLimits

  const dispatch = Dispatch.make({ client, limits })
  const run = <A>(operation: Operation<A>) => Spans.byReason(dispatch(operation))

  /** Sends an operation once its request is checked. */
  const checked = <A>(operation: Effect.Effect<Operation<A>, HubSpotError.HubSpotError>) =>
    Spans.byReason(Effect.flatMap(operation, dispatch))

  /** The records of one page after the other. A failure comes after the records of the pages before it. */
  const pages = (
    first: string | undefined,
    page: (after: string | undefined) => Result<Page.Page>,
    limit: (after: string, page: Page.Page) => HubSpotError.HubSpotError | undefined = () => undefined
  ) =>
    Stream.paginate<
      string | undefined | HubSpotError.HubSpotError,
      CrmObject.CrmObject,
      HubSpotError.HubSpotError
    >(first, (cursor) =>
      typeof cursor === "object"
        ? Effect.fail(cursor)
        : Effect.map(page(cursor), (found) => {
            const after = Page.next(found)
            return [
              found.results,
              after === undefined ? Option.none() : Option.some(limit(after, found) ?? after)
            ] as const
          })
    )

  /** One association has no partial success: its error is the error of the request. */
  const associated = ({ errors: [error] }: Operations.Associated) =>
    error === undefined
      ? Effect.void
      : Effect.fail(
          new HubSpotError.HubSpotError({
            reason: new HubSpotError.ValidationFailed({
              status: 207,
              category: error.category ?? "no category",
              detail: ErrorBody.problems(error).map(ErrorBody.describe).join("; "),
              problems: ErrorBody.problems(error),
              traceIds: [],
              blamed: []
            }),
            operation: "LineItems.associate"
          })
        )

  const listPage: LineItems["Service"]["listPage"] = Effect.fn("LineItems.listPage")((options) =>
    run(Operations.list(options ?? {}))
  )
  const searchPage: LineItems["Service"]["searchPage"] = Effect.fn("LineItems.searchPage")((request) =>
    checked(Operations.search(request))
  )

  return LineItems.of({
    createBatch: Effect.fn("LineItems.createBatch")(function* (request) {
      yield* Effect.annotateCurrentSpan({ "hubspot.inputs": request.inputs.length })
      return yield* checked(Operations.checkedBatchCreate(request))
    }),
    readBatch: Effect.fn("LineItems.readBatch")((request, options) =>
      checked(Operations.batchRead(request, options))
    ),
    updateBatch: Effect.fn("LineItems.updateBatch")((request) => checked(Operations.batchUpdate(request))),
    upsertBatch: Effect.fn("LineItems.upsertBatch")((request) => checked(Operations.batchUpsert(request))),
    archiveBatch: Effect.fn("LineItems.archiveBatch")((ids) => checked(Operations.batchArchive(ids))),
    create: Effect.fn("LineItems.create")((request) => checked(Operations.create(request))),
    get: Effect.fn("LineItems.get")((id, options) => run(Operations.get(id, options ?? {}))),
    update: Effect.fn("LineItems.update")((id, request, options) =>
      checked(Operations.update(id, request, options ?? {}))
    ),
    archive: Effect.fn("LineItems.archive")((id) => run(Operations.archive(id))),
    listPage,
    list: (options = {}) =>
      pages(undefined, (after) => listPage({ ...options, ...(after !== undefined && { after }) })),
    associate: Effect.fn("LineItems.associate")((target, types) =>
      Operations.hasAssociationHelpers(client.apiVersion)
        ? checked(Operations.associate(target, types))
        : Effect.flatMap(
            checked(
              Operations.batchAssociate(target.toObjectType, [
                { id: target.id, toObjectId: target.toObjectId, ...(types !== undefined && { types }) }
              ])
            ),
            (done) => Spans.byReason(associated(done))
          )
    ),
    dissociate: Effect.fn("LineItems.dissociate")((target) =>
      Operations.hasAssociationHelpers(client.apiVersion)
        ? run(Operations.dissociate(target))
        : Effect.fail(
            new HubSpotError.HubSpotError({
              reason: new HubSpotError.InvalidRequest({
                detail: "API version v3 cannot do this; set apiVersion to a dated version"
              }),
              operation: "LineItems.dissociate"
            })
          )
    ),
    searchPage,
    search: (request) =>
      pages(
        request.after,
        (after) => searchPage({ ...request, ...(after !== undefined && { after }) }),
        (after, page) =>
          Number(after) < Search.maxResults
            ? undefined
            : new HubSpotError.HubSpotError({
                reason: new HubSpotError.SearchCapReached({ total: page.total ?? Search.maxResults }),
                operation: "LineItems.search"
              })
      )
  })
})

/**
 * The service on an existing client and limiter.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerClient: Layer.Layer<LineItems, never, HubSpotClient.HubSpotClient | RateLimits.RateLimits> =
  Layer.effect(LineItems, make)

type Services = LineItems | HubSpotClient.HubSpotClient | RateLimits.RateLimits

/**
 * The service with its client and its limiter.
 *
 * **Example**
 *
 * ```ts
 * import { Credentials, LineItems } from "@effect-hubspot/http"
 * import { Layer, Redacted } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * const layer = LineItems.layer({ limit: 190 }).pipe(
 *   Layer.provide(Credentials.layer(Redacted.make("pat-eu1-0000"))),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * Layer.isLayer(layer) // => true
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<Services, InvalidBaseUrl, HttpClient | Credentials.Credentials> =>
  within(RateLimits.layer(options), options)

/**
 * The same, within limits that are shared with every process that uses the same store.
 *
 * **Example**
 *
 * ```ts
 * import { Credentials, LineItems, RateLimitStore } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * // Two tokens of one account. The store can also be a database that several processes share.
 * const hubspot = (token: string) =>
 *   LineItems.layerStore({ limit: 190, account: "25012345" }).pipe(
 *     Layer.provide(Credentials.layer(Redacted.make(token)))
 *   )
 * const create = Effect.flatMap(LineItems.LineItems, (lineItems) =>
 *   lineItems.create({ properties: { name: "Chair" } })
 * )
 * const program = Effect.gen(function* () {
 *   const one = yield* Effect.provide(create, hubspot("pat-eu1-0001"))
 *   const two = yield* Effect.provide(create, hubspot("pat-eu1-0002"))
 *   return one.id === two.id
 * }).pipe(
 *   Effect.provide(Layer.merge(RateLimitStore.layerMemory, Emulator.layer()))
 * )
 * await Effect.runPromise(program) // => false
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStore = (
  options: Options & {
    /** The id of the HubSpot account whose limits these are. */
    readonly account: string
  }
): Layer.Layer<Services, InvalidBaseUrl, HttpClient | Credentials.Credentials | RateLimitStore> =>
  within(RateLimits.layerStore(options), options)

/**
 * The same for an account that is not known before HubSpot reports it: see `AccountLimits`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerAccount = (
  options: Options & Pick<AccountLimits.Options, "supposed"> = {}
): Layer.Layer<Services, InvalidBaseUrl, HttpClient | Credentials.Credentials | RateLimitStore> =>
  within(AccountLimits.layer(options), options)

/**
 * The same with the token from `HUBSPOT_ACCESS_TOKEN`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  options: Options = {}
): Layer.Layer<Services, InvalidBaseUrl | Credentials.CredentialsError, HttpClient> =>
  Layer.provide(layer(options), Credentials.layerConfig)

/** The service with its client, on a limiter. */
const within = <R>(limits: Layer.Layer<RateLimits.RateLimits, never, R>, options: HubSpotClient.Options) =>
  layerClient.pipe(Layer.provideMerge(HubSpotClient.layer(options)), Layer.provideMerge(limits))
