/**
 * The emulator's own API, beside HubSpot's: read the ledger, seed parents, change the scopes.
 *
 * It needs the admin key, which is not a HubSpot token. Its calls are not in the ledger, take no
 * latency and count for no limit. It offers no way to change what the ledger says.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as OpenApi from "effect/http-api/OpenApi"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Crm from "./Crm.ts"
import type { Account } from "./Handlers.ts"
import * as Ledger from "./Ledger.ts"

/**
 * No admin key, or a wrong one.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()(
  "Unauthorized",
  { message: Schema.String },
  { httpApiStatus: 401 }
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
 * `Authorization: Bearer <adminKey>`.
 *
 * @category middleware
 * @since 0.1.0
 */
export class Authorization extends HttpApiMiddleware.Service<Authorization>()(
  "@effect-hubspot/http/emulator/Admin/Authorization",
  { security: { bearer: HttpApiSecurity.bearer }, error: Unauthorized }
) {}

/** Every path of the admin API begins with this. */
export const prefix = "/_emulator/"

const admin = HttpApiGroup.make("admin")
  .add(
    HttpApiEndpoint.get("ledger", `${prefix}ledger`, { success: Ledger.Snapshot }),
    HttpApiEndpoint.post("objects", `${prefix}objects`, {
      payload: Schema.Struct({ objectType: Schema.String, ids: Schema.Array(Schema.String) }),
      success: HttpApiSchema.NoContent,
      error: UnknownObjectType
    }),
    HttpApiEndpoint.put("scopes", `${prefix}scopes`, {
      payload: Schema.Struct({ scopes: Schema.Array(Schema.String) }),
      success: HttpApiSchema.NoContent
    })
  )
  .middleware(Authorization)

/**
 * The admin API: `GET /_emulator/ledger`, `POST /_emulator/objects`, `PUT /_emulator/scopes`.
 *
 * @category models
 * @since 0.1.0
 */
export const AdminApi = HttpApi.make("emulator")
  .add(admin)
  .annotateMerge(OpenApi.annotations({ title: "HubSpot emulator: administration" }))

/**
 * Makes objects exist. From now on only seeded ids of their type do.
 *
 * @category administration
 * @since 0.1.0
 */
export const seedObjects = (
  account: Account,
  objectType: string,
  ids: ReadonlyArray<string>
): Effect.Effect<void, UnknownObjectType> =>
  Effect.suspend(() => {
    const target = Crm.targetOfObjectType(objectType)
    return target === undefined
      ? Effect.fail(
          new UnknownObjectType({
            objectType,
            message: `a line item cannot belong to ${JSON.stringify(objectType)}`
          })
        )
      : Effect.sync(() => account.crm.seed(target, ids))
  })

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

const layerAuthorization = (adminKey: Redacted.Redacted<string>) =>
  Layer.succeed(Authorization, {
    bearer: (effect, { credential }) =>
      Redacted.value(credential) === Redacted.value(adminKey)
        ? effect
        : Effect.fail(
            new Unauthorized({ message: "send Authorization: Bearer <admin key of this emulator>" })
          )
  })

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (account: Account, adminKey: Redacted.Redacted<string>) =>
  HttpApiBuilder.layer(AdminApi).pipe(
    Layer.provide(
      HttpApiBuilder.group(AdminApi, "admin", (handlers) =>
        handlers
          // Raw, because encoding a large ledger through its schema would only cost time.
          .handleRaw("ledger", () =>
            Effect.sync(() => HttpServerResponse.jsonUnsafe(account.ledger.snapshot()))
          )
          .handle("objects", ({ payload }) => seedObjects(account, payload.objectType, payload.ids))
          .handle("scopes", ({ payload }) => setScopes(account, payload.scopes))
      )
    ),
    Layer.provide(layerAuthorization(adminKey))
  )
