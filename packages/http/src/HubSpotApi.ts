/**
 * The contract: HubSpot's line items endpoints, and the few around them, as one `HttpApi`.
 *
 * The client's operations and the OpenAPI page are made from it, and the emulator serves it. It says what may be on
 * the wire, not what that means: `HubSpotError` says so for failures, and the batch package for accepted replies.
 *
 * @since 0.1.0
 */
import * as Account from "@effect-hubspot/schema/Account"
import * as ApiVersion from "@effect-hubspot/schema/ApiVersion"
import * as Association from "@effect-hubspot/schema/Association"
import * as BatchRequest from "@effect-hubspot/schema/BatchRequest"
import * as BatchResponse from "@effect-hubspot/schema/BatchResponse"
import * as CrmObject from "@effect-hubspot/schema/CrmObject"
import * as Page from "@effect-hubspot/schema/Page"
import * as Search from "@effect-hubspot/schema/Search"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { AssociationBatchResponse } from "./contract/AssociationBatch.ts"
import * as Associations from "./contract/Associations.ts"
import { about, error, flag, id, list, of } from "./contract/Endpoint.ts"
import { otherPaths, paths } from "./contract/Paths.ts"
import { properties } from "./contract/Properties.ts"

export { paths } from "./contract/Paths.ts"

const batch = (status: 200 | 201): ReadonlyArray<Schema.Codec<BatchResponse.BatchResponse, unknown>> => [
  BatchResponse.BatchResponse.pipe(HttpApiSchema.status(status)),
  BatchResponse.BatchResponse.pipe(HttpApiSchema.status(207)),
  BatchResponse.BatchResponse.pipe(HttpApiSchema.status(status === 200 ? 201 : 200))
]

const readQuery = { properties: list, propertiesWithHistory: list, associations: list, archived: flag }

const lineItems = (version: ApiVersion.ApiVersion) => {
  const path = paths(version)
  return HttpApiGroup.make("lineItems").add(
    HttpApiEndpoint.get("list", path.root, {
      query: { limit: flag, after: flag, ...readQuery },
      success: of<Page.Page>(Page.Page),
      error
    }).annotateMerge(about("List line items", "A page at a time, at most 100 each.")),
    HttpApiEndpoint.post("create", path.root, {
      payload: of<BatchRequest.Create>(BatchRequest.Create),
      success: of<CrmObject.CrmObject>(CrmObject.CrmObject.pipe(HttpApiSchema.status(201))),
      error
    }).annotateMerge(about("Create a line item", "Not idempotent.")),
    HttpApiEndpoint.get("get", path.one, {
      params: id,
      query: { ...readQuery, idProperty: flag },
      success: of<CrmObject.CrmObject>(CrmObject.CrmObject),
      error
    }).annotateMerge(about("Read a line item", "By id, or by the value of a property with unique values.")),
    HttpApiEndpoint.patch("update", path.one, {
      params: id,
      query: { idProperty: flag },
      payload: of<BatchRequest.Update>(BatchRequest.Update),
      success: of<CrmObject.CrmObject>(CrmObject.CrmObject),
      error
    }).annotateMerge(about("Update a line item", "Properties only; associations stay.")),
    HttpApiEndpoint.delete("archive", path.one, {
      params: id,
      success: HttpApiSchema.NoContent,
      error
    }).annotateMerge(about("Archive a line item", "It can be restored for 90 days.")),
    HttpApiEndpoint.post("batchCreate", path.batchCreate, {
      payload: of<BatchRequest.BatchCreate>(BatchRequest.BatchCreate),
      success: batch(201),
      error
    }).annotateMerge(
      about(
        "Create a batch of line items",
        "1 to 100 inputs. With a unique objectWriteTraceId on every input a partial failure is a 207; without, one bad input refuses the whole batch. Not idempotent."
      )
    ),
    HttpApiEndpoint.post("batchRead", path.batchRead, {
      query: { archived: flag },
      payload: of<BatchRequest.BatchRead>(BatchRequest.BatchRead),
      success: batch(200),
      error
    }).annotateMerge(about("Read a batch of line items", "1 to 100 ids, 50 with histories.")),
    HttpApiEndpoint.post("batchUpdate", path.batchUpdate, {
      payload: of<BatchRequest.BatchUpdate>(BatchRequest.BatchUpdate),
      success: batch(200),
      error
    }).annotateMerge(about("Update a batch of line items", "1 to 100 inputs with different ids.")),
    HttpApiEndpoint.post("batchUpsert", path.batchUpsert, {
      payload: of<BatchRequest.BatchUpsert>(BatchRequest.BatchUpsert),
      success: batch(200),
      error
    }).annotateMerge(
      about(
        "Create or update a batch of line items",
        "By the value of a property with unique values; results say which with `new`."
      )
    ),
    HttpApiEndpoint.post("batchArchive", path.batchArchive, {
      payload: of<BatchRequest.BatchArchive>(BatchRequest.BatchArchive),
      success: HttpApiSchema.NoContent,
      error
    }).annotateMerge(about("Archive a batch of line items", "Ids that do not exist are ignored.")),
    HttpApiEndpoint.post("search", path.search, {
      payload: of<Search.Search>(Search.Search),
      success: of<Page.Page>(Page.Page),
      error
    }).annotateMerge(
      about(
        "Search line items",
        "At most 10,000 results, new records after a while, five requests a second for the account."
      )
    )
  )
}

const objectPaths = paths("v3", ":objectType")
const params = { objectType: Schema.String }

const objects = HttpApiGroup.make("objects").add(
  HttpApiEndpoint.post("create", objectPaths.root, {
    params,
    payload: of<BatchRequest.Create>(BatchRequest.Create),
    success: of<CrmObject.CrmObject>(CrmObject.CrmObject.pipe(HttpApiSchema.status(201))),
    error
  }).annotateMerge(about("Create a record", "Not idempotent.")),
  HttpApiEndpoint.post("batchCreate", objectPaths.batchCreate, {
    params,
    payload: of<BatchRequest.BatchCreate>(BatchRequest.BatchCreate),
    success: batch(201),
    error
  }).annotateMerge(about("Create a batch of records", "1 to 100 inputs. Not idempotent.")),
  HttpApiEndpoint.post("batchRead", objectPaths.batchRead, {
    params,
    query: { archived: flag },
    payload: of<BatchRequest.BatchRead>(BatchRequest.BatchRead),
    success: batch(200),
    error
  }).annotateMerge(
    about("Read a batch of records", "By id, or by the value of a property with unique values.")
  ),
  HttpApiEndpoint.post("search", objectPaths.search, {
    params,
    payload: of<Search.Search>(Search.Search),
    success: of<Page.Page>(Page.Page),
    error
  }).annotateMerge(about("Search records", "It counts for the same limit as a search of line items."))
)

/** The association helpers on the line item itself, which only the dated versions have. */
const helpers = (version: ApiVersion.ApiVersion) => {
  const path = paths(version)
  const params = { ...id, toObjectType: Schema.String, toObjectId: Schema.String }
  return HttpApiGroup.make("datedAssociations").add(
    HttpApiEndpoint.put("associateDefault", path.associateDefault, {
      params,
      success: AssociationBatchResponse,
      error
    }).annotateMerge(about("Associate a line item by the default type", "Idempotent.")),
    HttpApiEndpoint.put("associate", path.associate, {
      params,
      payload: Schema.Array(Association.AssociationSpec),
      success: Schema.Record(Schema.String, Schema.Unknown).pipe(HttpApiSchema.status(201)),
      error
    }).annotateMerge(about("Associate a line item", "By one or more types; idempotent.")),
    HttpApiEndpoint.delete("dissociate", path.associate, {
      params,
      success: HttpApiSchema.NoContent,
      error
    }).annotateMerge(about("Remove all associations with an object", ""))
  )
}

const account = HttpApiGroup.make("account").add(
  HttpApiEndpoint.get("accountDetails", otherPaths.account, {
    success: of<Account.AccountDetails>(Account.AccountDetails),
    error
  }).annotateMerge(about("The account of the token", "Its id, time zone and currencies."))
)

const usage = HttpApiGroup.make("usage").add(
  HttpApiEndpoint.get("dailyUsage", otherPaths.usage, {
    success: Schema.Record(Schema.String, Schema.Unknown),
    error
  }).annotateMerge(about("The requests of the day", "Of all private apps of the account together."))
)

const form = Schema.Record(Schema.String, Schema.String).pipe(HttpApiSchema.asFormUrlEncoded())

const oauth = HttpApiGroup.make("oauth").add(
  HttpApiEndpoint.post("token", otherPaths.token, {
    payload: form,
    success: Account.TokenResponse,
    error: Account.TokenError.pipe(HttpApiSchema.status(400))
  }).annotateMerge(about("An access token", "For a refresh token; all parameters in the form body.")),
  HttpApiEndpoint.post("introspect", otherPaths.introspect, {
    payload: form,
    success: Schema.Record(Schema.String, Schema.Unknown),
    error: Account.TokenError.pipe(HttpApiSchema.status(400))
  }).annotateMerge(about("What a token is", "Whether it is active, and of which account.")),
  HttpApiEndpoint.post("revoke", otherPaths.revoke, {
    payload: form,
    success: HttpApiSchema.NoContent,
    error: Account.TokenError.pipe(HttpApiSchema.status(400))
  }).annotateMerge(about("Revoke a token", ""))
)

/** Declares the bearer token of every call: `HttpApi` could only declare it by checking it itself. */
const withBearer = (spec: { readonly [name: string]: unknown }) => ({
  ...spec,
  components: {
    ...(spec.components as object),
    securitySchemes: {
      bearer: {
        type: "http",
        scheme: "bearer",
        description: "The token of a private app, a service key, or an OAuth access token"
      }
    }
  },
  security: [{ bearer: [] }]
})

const apiOf = (version: ApiVersion.ApiVersion) =>
  HttpApi.make("hubspot")
    .add(lineItems(version))
    .annotateMerge(OpenApi.annotations({ title: "HubSpot CRM line items", version, transform: withBearer }))

/**
 * The whole contract in version `v3`: line items, and the endpoints around them, which are the same in every version.
 *
 * @category models
 * @since 0.1.0
 */
export const HubSpotApi = apiOf("v3").add(
  Associations.associations,
  Associations.otherAssociations,
  properties,
  account,
  usage,
  oauth
)

/**
 * What is asked of the other object types: parents and products are made and looked up like line items. A deal is looked up at
 * `/crm/v3/objects/0-3/batch/read`.
 *
 * @category models
 * @since 0.1.0
 */
export const OtherObjects = HttpApi.make("hubspot").add(objects)

/**
 * A dated version, as the client asks it: its line items, and the association helpers that they have. The emulator serves it by
 * `Aliases`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const dated = (version: Exclude<ApiVersion.ApiVersion, "v3">) => apiOf(version).add(helpers(version))

/**
 * The endpoints that the client may ask in a version, by name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const endpoints = (version: ApiVersion.ApiVersion) => ({
  ...lineItems(version).endpoints,
  ...helpers(version).endpoints,
  ...Associations.associations.endpoints,
  ...properties.endpoints,
  ...account.endpoints
})
