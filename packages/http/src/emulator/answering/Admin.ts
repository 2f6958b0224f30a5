/**
 * The emulator's own API, beside HubSpot's: read the ledger, the journal, an overview and the definitions, set faults,
 * seed objects, replace the scopes, and set the behaviour where HubSpot's is not known.
 *
 * It requires the admin key, which is not a HubSpot token. Its requests are not in the ledger, have no latency and count
 * for no limit. It cannot change the ledger.
 *
 * @since 0.1.0
 */
import { Property } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as OpenApi from "effect/http-api/OpenApi"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Behaviour from "../Behaviour.ts"
import * as Body from "../reading/Body.ts"
import * as Crm from "../state/Crm.ts"
import * as Definitions from "../state/Definitions.ts"
import { type Account, Served } from "../state/Account.ts"
import * as FaultPlan from "../passage/FaultPlan.ts"
import * as Faults from "../Faults.ts"
import * as Journal from "../Journal.ts"
import * as Ledger from "../Ledger.ts"
import * as Overview from "./Overview.ts"
import * as Pieces from "../passage/Pieces.ts"

/**
 * No admin key, or a wrong one.
 *
 * @category errors
 * @since 0.1.0
 */
class Unauthorized extends Schema.TaggedError<Unauthorized>()(
  "Unauthorized",
  { message: Schema.String },
  { httpApiStatus: 401 }
) {}

/**
 * A web page that is not the emulator's own has sent the request.
 *
 * @category errors
 * @since 0.1.0
 */
class ForeignOrigin extends Schema.TaggedError<ForeignOrigin>()(
  "ForeignOrigin",
  { message: Schema.String },
  { httpApiStatus: 403 }
) {}

/**
 * A line item cannot be associated with this type of object.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownObjectType extends Schema.TaggedError<UnknownObjectType>()(
  "UnknownObjectType",
  { objectType: Schema.String, message: Schema.String },
  { httpApiStatus: 400 }
) {}

/**
 * The body of an admin request is wrong. `message` says where and why, in one line.
 *
 * @category errors
 * @since 0.1.0
 */
class InvalidBody extends Schema.TaggedError<InvalidBody>()(
  "InvalidBody",
  { message: Schema.String },
  { httpApiStatus: 400 }
) {}

/**
 * Reports what is wrong with a body in one line.
 *
 * @category middleware
 * @since 0.1.0
 */
export class BodyCheck extends HttpApiMiddleware.Service<BodyCheck>()(
  "@effect-hubspot/http/emulator/Admin/BodyCheck",
  { error: InvalidBody }
) {}

/**
 * `Authorization: Bearer <adminKey>`, from a program or from the emulator's own page.
 *
 * @category middleware
 * @since 0.1.0
 */
export class Authorization extends HttpApiMiddleware.Service<Authorization>()(
  "@effect-hubspot/http/emulator/Admin/Authorization",
  { security: { bearer: HttpApiSecurity.bearer }, error: [Unauthorized, ForeignOrigin] }
) {}

/** Every path of the admin API begins with this. */
export const prefix = "/_emulator/"

/** An object with its properties, which are kept for products only. */
const SeedObject = Schema.Struct({
  id: Schema.String,
  properties: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})

const admin = HttpApiGroup.make("admin")
  .add(
    HttpApiEndpoint.get("ledger", `${prefix}ledger`, { success: Ledger.Snapshot }),
    HttpApiEndpoint.get("journal", `${prefix}journal`, { success: Journal.Snapshot }),
    HttpApiEndpoint.get("overview", `${prefix}overview`, { success: Overview.Overview }),
    HttpApiEndpoint.get("definitions", `${prefix}definitions`, {
      success: Schema.Struct({ results: Schema.Array(Property.Property) })
    }),
    HttpApiEndpoint.get("faults", `${prefix}faults`, { success: Faults.Plan }),
    HttpApiEndpoint.put("setFaults", `${prefix}faults`, {
      payload: Faults.Plan,
      success: HttpApiSchema.NoContent,
      error: Faults.InvalidPlan
    }),
    HttpApiEndpoint.delete("clearFaults", `${prefix}faults`, { success: HttpApiSchema.NoContent }),
    HttpApiEndpoint.post("objects", `${prefix}objects`, {
      payload: Schema.Struct({
        objectType: Schema.String,
        ids: Schema.optionalKey(Schema.Array(Schema.String)),
        objects: Schema.optionalKey(Schema.Array(SeedObject))
      }),
      success: HttpApiSchema.NoContent,
      error: [UnknownObjectType, InvalidBody]
    }),
    HttpApiEndpoint.put("scopes", `${prefix}scopes`, {
      payload: Schema.Struct({ scopes: Schema.Array(Schema.String) }),
      success: HttpApiSchema.NoContent
    }),
    HttpApiEndpoint.get("behaviour", `${prefix}behaviour`, { success: Behaviour.Behaviour }),
    HttpApiEndpoint.put("setBehaviour", `${prefix}behaviour`, {
      payload: Behaviour.Given,
      success: HttpApiSchema.NoContent
    })
  )
  .middleware(BodyCheck)
  .middleware(Authorization)

/**
 * The admin API: `GET /_emulator/ledger`, `GET /_emulator/journal`, `GET /_emulator/overview`,
 * `GET /_emulator/definitions`, `GET`, `PUT` and `DELETE` `/_emulator/faults`, `POST /_emulator/objects`, `PUT /_emulator/scopes`, `GET` and `PUT` `/_emulator/behaviour`.
 *
 * @category models
 * @since 0.1.0
 */
const AdminApi = HttpApi.make("emulator")
  .add(admin)
  .annotateMerge(OpenApi.annotations({ title: "HubSpot emulator: administration" }))

/**
 * Makes objects exist: parents, or products from which line items inherit properties. From now on, only seeded parents of
 * this type exist.
 *
 * @category administration
 * @since 0.1.0
 */
export const seedObjects = (
  account: Account,
  objectType: string,
  objects: ReadonlyArray<string | Crm.SeedObject>
): Effect.Effect<void, UnknownObjectType> =>
  Effect.suspend(() =>
    Crm.seedObjects(
      account.crm,
      objectType,
      objects.map((object) => (typeof object === "string" ? { id: object } : object))
    )
      ? Effect.void
      : Effect.fail(
          new UnknownObjectType({
            objectType,
            message: `a line item cannot belong to ${JSON.stringify(objectType)}`
          })
        )
  )

/**
 * Replaces the scopes of the token.
 *
 * @category administration
 * @since 0.1.0
 */
export const setScopes = (account: Account, scopes: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.sync(() => {
    account.scopes = new Set(scopes)
  })

/**
 * Changes settings of the behaviour; the others stay as they are.
 *
 * @category administration
 * @since 0.1.0
 */
export const setBehaviour = ({ crm }: Account, given: Behaviour.Given): Effect.Effect<void> =>
  Effect.sync(() => {
    crm.behaviour = Behaviour.make({ ...crm.behaviour, ...given })
  })

/**
 * Sets what goes wrong from now on. All counters restart.
 *
 * @category administration
 * @since 0.1.0
 */
export const setFaults = (account: Account, plan: Faults.Plan): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    account.faults = FaultPlan.makeUnsafe(plan, now)
  })

// Raw, so that a misspelt key and a text that is not JSON are each reported in one clear line.
const putFaults = Effect.fnUntraced(
  function* (account: Account, request: HttpServerRequest) {
    const text = yield* Body.readText(request)
    const json = yield* Effect.try((): unknown => JSON.parse(text))
    yield* setFaults(account, yield* Faults.decode(json))
    return HttpServerResponse.empty({ status: 204 })
  },
  Effect.mapError((error) =>
    error instanceof Faults.InvalidPlan
      ? error
      : new Faults.InvalidPlan({ message: "fault plan: the body is not JSON, or too large" })
  )
)

const layerBodyCheck = HttpApiMiddleware.layerSchemaErrorTransform(BodyCheck, ({ cause }) =>
  Effect.fail(new InvalidBody({ message: cause.message.replace(/\s+/g, " ").slice(0, 500) }))
)

const admit = Effect.fnUntraced(function* (credential: Redacted.Redacted<string>) {
  // A middleware that requires a service requires it of the layer, and this one comes with the request.
  const served = Option.getOrUndefined(yield* Effect.serviceOption(Served))
  const { headers } = yield* HttpServerRequest
  if (isForeign(headers)) {
    return yield* new ForeignOrigin({ message: "the admin API answers no page of another origin" })
  }
  if (served === undefined || !Mac.timingSafeEqual(bytesOf(credential), bytesOf(served.adminKey))) {
    return yield* new Unauthorized({ message: "send Authorization: Bearer <admin key of this emulator>" })
  }
})

const bytesOf = (key: Redacted.Redacted<string>) => new TextEncoder().encode(Redacted.value(key))

const layerAuthorization = Layer.succeed(Authorization, {
  bearer: (effect, { credential }) => Effect.andThen(admit(credential), effect)
})

// Browsers send these headers, programs do not. Another port of this machine is the same site, and another origin.
const isForeign = ({
  host,
  origin,
  "sec-fetch-site": site = "none"
}: HttpServerRequest["headers"]): boolean =>
  !["none", "same-origin"].includes(site) || (origin !== undefined && origin !== `http://${host}`)

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = () =>
  HttpApiBuilder.layer(AdminApi).pipe(
    Layer.provide(
      HttpApiBuilder.group(AdminApi, "admin", (handlers) =>
        handlers
          // Raw: encoding a large ledger through its schema would only take time.
          .handleRaw("ledger", () => Effect.map(Served, ({ ledger }) => Pieces.toResponse(ledger.snapshot())))
          .handleRaw("journal", () =>
            Effect.map(Served, ({ journal }) => Pieces.toResponse(Journal.snapshot(journal)))
          )
          .handle("overview", () => Effect.flatMap(Served, Overview.read))
          .handleRaw("definitions", () =>
            Effect.map(Served, ({ crm }) =>
              Pieces.toResponse({ results: Array.from(crm.properties.values(), Definitions.toJson) })
            )
          )
          .handle("faults", () => Effect.map(Served, ({ faults }) => faults.plan))
          .handleRaw("setFaults", ({ request }) =>
            Effect.flatMap(Served, (account) => putFaults(account, request))
          )
          .handle("clearFaults", () => Effect.flatMap(Served, (account) => setFaults(account, Faults.none)))
          .handle("objects", ({ payload: { ids, objects, objectType } }) =>
            ids === undefined && objects === undefined
              ? Effect.fail(new InvalidBody({ message: "neither ids nor objects are given" }))
              : Effect.flatMap(Served, (account) =>
                  seedObjects(account, objectType, [...(ids ?? []), ...(objects ?? [])])
                )
          )
          .handle("scopes", ({ payload }) =>
            Effect.flatMap(Served, (account) => setScopes(account, payload.scopes))
          )
          .handle("behaviour", () => Effect.map(Served, ({ crm }) => crm.behaviour))
          .handle("setBehaviour", ({ payload }) =>
            Effect.flatMap(Served, (account) => setBehaviour(account, payload))
          )
      )
    ),
    Layer.provide([layerBodyCheck, layerAuthorization])
  )
