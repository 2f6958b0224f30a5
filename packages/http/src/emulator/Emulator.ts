/**
 * A local HubSpot: the endpoints of `HubSpotApi` over an account in memory, with HubSpot's limits,
 * rules, error bodies and disorder, and a ledger of what truly happened.
 *
 * It stands in for the server: only `layerLineItems` knows the client. It opens no socket (`EmulatorServer` does) and
 * keeps nothing after its scope. It uses the Clock and Random that it was built with, so it runs in virtual time and
 * repeats itself under a seed.
 *
 * @since 0.1.0
 */
import type * as Property from "@effect-hubspot/schema/Property"
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Credentials from "../Credentials.ts"
import type { HubSpotClient } from "../HubSpotClient.ts"
import * as LineItems from "../LineItems.ts"
import type { RateLimits } from "../RateLimits.ts"
import { type Account, type Latency, Served } from "./state/Account.ts"
import * as Admin from "./answering/Admin.ts"
import * as Behaviour from "./Behaviour.ts"
import * as Body from "./reading/Body.ts"
import * as Crm from "./state/Crm.ts"
import * as Definitions from "./state/Definitions.ts"
import * as Delivery from "./passage/Delivery.ts"
import * as Requirements from "./passage/Requirements.ts"
import * as FaultPlan from "./passage/FaultPlan.ts"
import * as Faults from "./Faults.ts"
import * as Handlers from "./answering/Handlers.ts"
import * as Journal from "./Journal.ts"
import * as Ledger from "./Ledger.ts"
import * as Objects from "./state/Objects.ts"
import * as Quota from "./state/Quota.ts"
import * as SearchIndex from "./state/SearchIndex.ts"
import * as Tasks from "./state/Tasks.ts"
import * as TaskStatus from "./answering/TaskStatus.ts"
import * as Tokens from "./state/Tokens.ts"
import * as Unserved from "./answering/Unserved.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Requests per rolling ten seconds. Default 190, a private app's limit from Professional on. */
  readonly limit?: number | undefined
  /** Requests per day of the account's time zone. Default 1,000,000. */
  readonly dailyLimit?: number | undefined
  /** The only good token. Default: every well-formed bearer token is good; with `oauth`, none. */
  readonly token?: Redacted.Redacted<string> | undefined
  /** The OAuth app whose refresh token is exchanged for access tokens. Default: no app. */
  readonly oauth?: Tokens.OAuthApp | undefined
  /** The account's time zone, an IANA name. The daily limit goes by its days. Default `UTC`. */
  readonly timeZone?: string | undefined
  /** What the token may do. Default: read and write line items, their parents and products, and define properties. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** How long a request takes in milliseconds, drawn uniformly. Default: no time at all. */
  readonly latency?: Latency | undefined
  /** Names of further custom properties, besides `Definitions.customProperties`. Default none. */
  readonly properties?: ReadonlyArray<string> | undefined
  /** Names of custom properties with unique values. Default none; more can be defined over the API. */
  readonly uniqueProperties?: ReadonlyArray<string> | undefined
  /** Custom properties of line items, as the properties API has them. Default none. */
  readonly propertyDefinitions?: ReadonlyArray<Property.Property> | undefined
  /** How it behaves where HubSpot's behaviour is not known. Default: the first value of each setting of `Behaviour`. */
  readonly behaviour?: Behaviour.Given | undefined
  /** How long until a new or changed line item appears in a search, in milliseconds. Default 0. */
  readonly searchLag?: SearchIndex.Lag | undefined
  /**
   * How many line items, requests and tasks are kept, the last ones, in the ledger, the journal and the account: for an
   * emulator that runs for long. No request finds a forgotten line item, and its values of unique properties are free.
   * The history of a line item has at most as many entries. The ledger and the journal count what they have forgotten.
   * Default: everything is kept.
   */
  readonly keep?: number | undefined
  /** The account's id, as error bodies show it. Default 891936587. */
  readonly portalId?: number | undefined
  /** What goes wrong. Default: nothing. A plan that is wrong is a defect with one line. */
  readonly faults?: Faults.Plan | undefined
  /** Batch creates become tasks. Default: they are done when they are answered. */
  readonly asynchronous?: Asynchronous | undefined
  /** The key of the admin API. Default: 128 random bits per start. */
  readonly adminKey?: Redacted.Redacted<string> | undefined
}

/**
 * How batches become tasks: for how long they are `PENDING` and then `PROCESSING`, in milliseconds. `cancel` selects the
 * tasks that are canceled half way: by chance, or the n-th ones (from 1). A canceled task creates the first
 * `createdBeforeCancel` of its inputs, by default half of them.
 *
 * @category options
 * @since 0.1.0
 */
export interface Asynchronous {
  readonly pendingMillis: number
  readonly processingMillis: number
  readonly cancel?:
    | { readonly chance: number }
    | { readonly nth: number | readonly [number, ...Array<number>] }
  readonly createdBeforeCancel?: number | undefined
}

/**
 * The options, defaults filled in.
 *
 * @category options
 * @since 0.1.0
 */
export interface ResolvedOptions
  extends
    Pick<Options, "token" | "oauth" | "latency" | "keep">,
    Readonly<{ [Name in WithDefault]: NonNullable<Options[Name]> }> {
  readonly behaviour: Behaviour.Behaviour
}

type WithDefault =
  | "limit"
  | "dailyLimit"
  | "timeZone"
  | "scopes"
  | "properties"
  | "uniqueProperties"
  | "propertyDefinitions"
  | "searchLag"
  | "portalId"

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
    /** Everything that has happened, or what is kept of it. */
    readonly ledger: Effect.Effect<Ledger.Snapshot>
    /**
     * Answers a request, of HubSpot's API or of the admin API. Interrupting the caller does not interrupt the request:
     * it is processed to its end, as on a server.
     */
    readonly handle: Effect.Effect<Delivery.Delivery, never, HttpServerRequest.HttpServerRequest>
    /** Every request so far, in more detail than in the ledger. */
    readonly journal: Effect.Effect<Journal.Snapshot>
    /** The faults that are set. */
    readonly faults: Effect.Effect<Faults.Plan>
    /** Sets what goes wrong from now on, as the option does. All counters restart. With `Faults.none` nothing goes wrong. */
    readonly setFaults: (plan: Faults.Plan) => Effect.Effect<void>
    /**
     * Makes objects exist, given by id or with properties. From now on, only seeded parents of their type exist. Line
     * items inherit missing properties from seeded products.
     */
    readonly seedObjects: (
      objectType: string,
      objects: ReadonlyArray<string | Crm.SeedObject>
    ) => Effect.Effect<void, Admin.UnknownObjectType>
    /** Replaces the scopes of the token. */
    readonly setScopes: (scopes: ReadonlyArray<string>) => Effect.Effect<void>
    /** Changes settings of the behaviour; those that are not given stay as they are. */
    readonly setBehaviour: (behaviour: Behaviour.Given) => Effect.Effect<void>
  }
>()("@effect-hubspot/http/emulator/Emulator") {}

/**
 * The properties of line items that an emulator with these options has, as the properties API shows them.
 *
 * @category reading
 * @since 0.1.0
 */
export const propertiesOf = (
  options: Pick<Options, "properties" | "uniqueProperties" | "propertyDefinitions"> = {}
): ReadonlyArray<Property.Property> => {
  const all = [...Definitions.lineItems().all.values(), ...Definitions.customOf(options)]
  return Array.from(new Map(all.map((one) => [one.name, one])).values(), Definitions.toJson)
}

/**
 * The emulator alone, without a client. `EmulatorServer` serves it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerServer = (options?: Options): Layer.Layer<Emulator> =>
  Layer.effect(Emulator, make(options ?? {}))

/**
 * The emulator, and an `HttpClient` that reaches it in process, whatever the host of its urls is.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Emulator | HttpClient.HttpClient> =>
  layerClient.pipe(Layer.provideMerge(layerServer(options)))

/**
 * The client's services on an emulator inside this process: for tests, without socket, port or account.
 *
 * **Example**
 *
 * ```ts
 * import { LineItems } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect } from "effect"
 *
 * const test = Effect.gen(function* () {
 *   const lineItems = yield* LineItems.LineItems
 *   yield* lineItems.create({ properties: { name: "Chair" } })
 *   const { created } = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
 *   return created.length
 * })
 * await Effect.runPromise(Effect.provide(test, Emulator.layerLineItems())) // => 1
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLineItems = (
  options: Omit<LineItems.Options, "baseUrl"> & { readonly emulator?: Options | undefined } = {}
): Layer.Layer<LineItems.LineItems | HubSpotClient | RateLimits | Emulator | HttpClient.HttpClient> =>
  LineItems.layer({ ...options, baseUrl: undefined }).pipe(
    Layer.provide(Credentials.layer(Redacted.make("embedded-emulator"))),
    Layer.provideMerge(layer(options.emulator)),
    Layer.orDie
  )

const make = Effect.fnUntraced(function* (given: Options) {
  const options: ResolvedOptions = {
    limit: given.limit ?? 190,
    dailyLimit: given.dailyLimit ?? 1_000_000,
    token: given.token,
    oauth: given.oauth,
    timeZone: given.timeZone ?? "UTC",
    scopes: given.scopes ?? Requirements.allScopes,
    latency: given.latency,
    properties: given.properties ?? [],
    uniqueProperties: given.uniqueProperties ?? [],
    propertyDefinitions: given.propertyDefinitions ?? [],
    searchLag: given.searchLag ?? 0,
    behaviour: Behaviour.make(given.behaviour),
    keep: given.keep,
    portalId: given.portalId ?? 891936587
  }
  const adminKey = given.adminKey ?? Redacted.make(yield* Tokens.randomKey)
  const scope = yield* Effect.scope
  const startedAt = yield* Clock.currentTimeMillis
  const random = yield* Random.Random
  const index = SearchIndex.makeUnsafe(
    options.searchLag,
    () => random.nextDoubleUnsafe(),
    () => crm.lineItems
  )
  const objects = Objects.makeUnsafe({
    ...options,
    lag: options.searchLag,
    random: () => random.nextDoubleUnsafe(),
    exists: (kind, id) => (kind === "product" ? crm.productOf(id) !== undefined : crm.exists(kind, id))
  })
  const crm: Crm.Crm = Crm.makeUnsafe({ ...options, changed: index.changed, valuesOf: objects.valuesOf })
  const journal = Journal.makeUnsafe(options.keep)
  const account: Account = {
    crm,
    index,
    objects,
    ledger: Ledger.makeUnsafe(journal, options.keep),
    quota: Quota.makeUnsafe({
      ...options,
      timeZone: DateTime.zoneMakeNamedUnsafe(options.timeZone),
      countsRefused: () => crm.behaviour.refusedRequests === "counted"
    }),
    tokens: Tokens.makeUnsafe(options),
    latency: options.latency,
    timeZone: options.timeZone,
    adminKey,
    journal,
    tasks: Tasks.makeUnsafe(scope, options.keep),
    scope,
    asynchronous: FaultPlan.makeUnsafe(asynchronousPlan(given.asynchronous), startedAt),
    faults: FaultPlan.makeUnsafe(given.faults ?? Faults.none, startedAt),
    scopes: new Set(options.scopes),
    strangers: 0
  }
  const route = yield* routes
  // The server's own clock, random source and so on, not those of the caller.
  const context = yield* Effect.context<never>()
  const adminContext = Context.add(context, HttpIncomingMessage.MaxBodySize, ByteSize.bytes(Body.maxBytes))
  const serve = Effect.fnUntraced(function* (arrived: HttpServerRequest.HttpServerRequest) {
    const request = Unserved.canonical(arrived)
    const fiber = yield* route.pipe(
      Effect.catch(() =>
        request.url.startsWith(Admin.prefix)
          ? Effect.succeed(HttpServerResponse.empty({ status: 404 }))
          : Unserved.answer(account, request)
      ),
      Effect.provideService(HttpServerRequest.HttpServerRequest, request),
      Effect.provideService(Served, account),
      Effect.scoped,
      Effect.updateContext<never, never>(() =>
        request.url.startsWith(Admin.prefix) ? adminContext : context
      ),
      Effect.forkIn(scope, { startImmediately: true })
    )
    return Delivery.fromResponse(yield* Fiber.join(fiber))
  })
  return Emulator.of({
    options,
    adminKey,
    ledger: Effect.sync(account.ledger.snapshot),
    handle: Effect.flatMap(HttpServerRequest.HttpServerRequest, serve),
    journal: Effect.sync(() => Journal.snapshot(journal)),
    faults: Effect.sync(() => account.faults.plan),
    setFaults: (plan) =>
      Admin.setFaults(account, plan).pipe(Effect.updateContext<never, never>(() => context)),
    seedObjects: (objectType, objects) => Admin.seedObjects(account, objectType, objects),
    setScopes: (scopes) => Admin.setScopes(account, scopes),
    setBehaviour: (behaviour) => Admin.setBehaviour(account, behaviour)
  })
})

/** The routes of every emulator, in a scope that never ends, and without a service of who asked first. */
const makeRoutes = Effect.suspend(() =>
  HttpRouter.toHttpEffect(
    Layer.mergeAll(Handlers.layer(), TaskStatus.layer(), Admin.layer()).pipe(
      Layer.provide(HttpServer.layerServices)
    )
  )
).pipe(Effect.updateContext<never, Scope.Scope>(() => Context.make(Scope.Scope, Scope.makeUnsafe())))

let made: Effect.Success<typeof makeRoutes> | undefined

/** They are made once: that takes longer than many a test. */
const routes = Effect.suspend(() =>
  made === undefined
    ? Effect.tap(makeRoutes, (route) =>
        Effect.sync(() => {
          made = route
        })
      )
    : Effect.succeed(made)
)

/** Its rules name no path: `Exchange` asks them of batch creates only. */
const asynchronousPlan = (options: Asynchronous | undefined): Faults.Plan => {
  if (options === undefined) return Faults.none
  const { cancel, createdBeforeCancel, pendingMillis, processingMillis } = options
  const course = { place: "asynchronous", pendingMillis, processingMillis } as const
  const all = { fault: course }
  if (cancel === undefined) return { rules: [all] }
  const kept = createdBeforeCancel !== undefined && { createdBeforeCancel }
  return { rules: [{ match: cancel, fault: { ...course, end: "canceled", ...kept } }, all] }
}

const layerClient: Layer.Layer<HttpClient.HttpClient, never, Emulator> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(Emulator, (emulator) =>
    HttpClient.make((request) =>
      emulator.handle.pipe(
        Effect.provideService(
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromClientRequest(request)
        ),
        Effect.flatMap((delivery) => {
          switch (delivery._tag) {
            // A client does not see informational (1xx) answers.
            case "Answer":
              return Effect.succeed(HttpServerResponse.toClientResponse(delivery.response, { request }))
            case "Silence":
              return Effect.never
            case "Lost":
              return Effect.fail(
                new HttpClientError.HttpClientError({
                  reason: new HttpClientError.TransportError({
                    request,
                    cause: new Delivery.ConnectionLost({ by: delivery.by })
                  })
                })
              )
          }
        })
      )
    )
  )
)
