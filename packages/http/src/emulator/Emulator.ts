/**
 * A local HubSpot: the endpoints of `HubSpotApi` over an account in memory, with HubSpot's limits,
 * rules, error bodies and disorder, and a ledger that says what truly happened.
 *
 * It stands in for the server only and imports nothing of the client. It opens no socket (that is
 * `EmulatorServer`), keeps nothing beyond its scope, and goes by the Clock and Random it was built
 * with, so that it runs in virtual time and repeats itself under a seed.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Admin from "./Admin.ts"
import * as Crm from "./Crm.ts"
import * as Handlers from "./Handlers.ts"
import * as Ledger from "./Ledger.ts"
import * as Quota from "./Quota.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Requests per rolling ten seconds. Default 190, a private app's limit from Professional on. */
  readonly limit?: number | undefined
  /** Requests per day in UTC. Default 1,000,000. */
  readonly dailyLimit?: number | undefined
  /** The only good token. Default: any well-formed bearer token is good. */
  readonly token?: Redacted.Redacted<string> | undefined
  /** What the token may do. Default: read and write line items. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** How long a request takes in milliseconds, drawn uniformly. Default: no time at all. */
  readonly latency?: Handlers.Latency | undefined
  /** Names of further custom properties, besides `Crm.customProperties`. Default none. */
  readonly properties?: ReadonlyArray<string> | undefined
  /** The account's id, as error bodies show it. Default 891936587. */
  readonly portalId?: number | undefined
  /** The key of the admin API. Default: 128 random bits per start. */
  readonly adminKey?: Redacted.Redacted<string> | undefined
}

/**
 * The options, defaults filled in.
 *
 * @category options
 * @since 0.1.0
 */
export interface ResolvedOptions {
  readonly limit: number
  readonly dailyLimit: number
  readonly token: Redacted.Redacted<string> | undefined
  readonly scopes: ReadonlyArray<string>
  readonly latency: Handlers.Latency | undefined
  readonly properties: ReadonlyArray<string>
  readonly portalId: number
}

/**
 * @category services
 * @since 0.1.0
 */
export class Emulator extends Context.Service<
  Emulator,
  {
    /** The options, defaults filled in. */
    readonly options: ResolvedOptions
    /** The key of the admin API. */
    readonly adminKey: Redacted.Redacted<string>
    /** Everything that happened up to now. */
    readonly ledger: Effect.Effect<Ledger.Snapshot>
    /**
     * Answers a request, of HubSpot's API or of the admin API. Whoever waits for it may be interrupted;
     * the request is worked on to its end all the same, as a server does.
     */
    readonly handle: Effect.Effect<
      HttpServerResponse.HttpServerResponse,
      never,
      HttpServerRequest.HttpServerRequest
    >
    /** Makes objects exist: from now on only seeded ids of their type do. */
    readonly seedObjects: (
      objectType: string,
      ids: ReadonlyArray<string>
    ) => Effect.Effect<void, Admin.UnknownObjectType>
    /** Replaces the scopes of the token. */
    readonly setScopes: (scopes: ReadonlyArray<string>) => Effect.Effect<void>
  }
>()("@effect-hubspot/http/emulator/Emulator") {
  /** The emulator alone, for whoever serves it: see `EmulatorServer`. */
  static readonly layerServer = (options?: Options): Layer.Layer<Emulator> =>
    Layer.effect(Emulator, make(options ?? {}))

  /** The emulator, and an `HttpClient` that reaches it in process, whatever the host of the url. */
  static readonly layer = (options?: Options): Layer.Layer<Emulator | HttpClient.HttpClient> =>
    layerClient.pipe(Layer.provideMerge(Emulator.layerServer(options)))
}

const make = Effect.fnUntraced(function* (given: Options) {
  const options: ResolvedOptions = {
    limit: given.limit ?? 190,
    dailyLimit: given.dailyLimit ?? 1_000_000,
    token: given.token,
    scopes: given.scopes ?? ["crm.objects.line_items.read", "crm.objects.line_items.write"],
    latency: given.latency,
    properties: given.properties ?? [],
    portalId: given.portalId ?? 891936587
  }
  const adminKey = given.adminKey ?? (yield* randomKey)
  const account: Handlers.Account = {
    crm: Crm.makeUnsafe(options),
    ledger: Ledger.makeUnsafe(),
    quota: Quota.makeUnsafe(options),
    token: options.token,
    latency: options.latency,
    scopes: new Set(options.scopes)
  }
  const route = yield* HttpRouter.toHttpEffect(
    Layer.merge(Handlers.layer(account), Admin.layer(account, adminKey)).pipe(
      Layer.provide(HttpServer.layerServices)
    )
  )
  const scope = yield* Effect.scope
  // The server's own clock, random source and so on, not those of whoever calls.
  const context = yield* Effect.context<never>()
  const serve = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const fiber = yield* route.pipe(
      Effect.catch(() =>
        request.url.startsWith(Admin.prefix)
          ? Effect.succeed(HttpServerResponse.empty({ status: 404 }))
          : Handlers.notFound(account, request)
      ),
      Effect.provideService(HttpServerRequest.HttpServerRequest, request),
      Effect.scoped,
      Effect.updateContext<never, never>(() => context),
      Effect.forkIn(scope, { startImmediately: true })
    )
    return yield* Fiber.join(fiber)
  })
  return Emulator.of({
    options,
    adminKey,
    ledger: Effect.sync(account.ledger.snapshot),
    handle: Effect.flatMap(HttpServerRequest.HttpServerRequest, serve),
    seedObjects: (objectType, ids) => Admin.seedObjects(account, objectType, ids),
    setScopes: (scopes) => Admin.setScopes(account, scopes)
  })
})

const randomKey = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 32, { halfOpen: true }), 4),
  (words) => Redacted.make(words.map((word) => word.toString(16).padStart(8, "0")).join(""))
)

const layerClient: Layer.Layer<HttpClient.HttpClient, never, Emulator> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(Emulator, (emulator) =>
    HttpClient.make((request) =>
      emulator.handle.pipe(
        Effect.provideService(
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromClientRequest(request)
        ),
        Effect.map((response) => HttpServerResponse.toClientResponse(response, { request }))
      )
    )
  )
)
