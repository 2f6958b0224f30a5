/**
 * The contract: HubSpot's line items endpoints, and the few around them, as one `HttpApi`.
 *
 * The client's operations and the OpenAPI page are made from it, and the emulator serves it. It says what may be on
 * the wire, not what that means: `HubSpotError` says so for failures, and the batch package for accepted replies.
 *
 * @since 0.1.0
 */
import {
  Account,
  ApiVersion,
  Association,
  BatchRequest,
  BatchResponse,
  CrmObject,
  ErrorBody,
  LineItem,
  ObjectId,
  Page,
  Search
} from "@effect-hubspot/schema"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { about, error } from "./internal/endpoint.ts"
import { properties } from "./internal/propertiesApi.ts"

/**
 * The paths of the operations in an API version. The caller fills in `:id` and the like.
 *
 * @category paths
 * @since 0.1.0
 */
export const paths = (version: ApiVersion.ApiVersion) => {
  const root = ApiVersion.objectPath(version, LineItem.objectType)
  return {
    root,
    one: `${root}/:id`,
    batchCreate: `${root}/batch/create`,
    batchRead: `${root}/batch/read`,
    batchUpdate: `${root}/batch/update`,
    batchUpsert: `${root}/batch/upsert`,
    batchArchive: `${root}/batch/archive`,
    search: `${root}/search`,
    associate: `${root}/:id/associations/:toObjectType/:toObjectId`,
    associateDefault: `${root}/:id/associations/default/:toObjectType/:toObjectId`
  } as const
}

/**
 * Paths outside of line items, the same in every version.
 *
 * @category paths
 * @since 0.1.0
 */
export const otherPaths = {
  batchAssociate: `/crm/v4/associations/${LineItem.objectType}/:toObjectType/batch/create`,
  batchAssociateDefault: `/crm/v4/associations/${LineItem.objectType}/:toObjectType/batch/associate/default`,
  associationsOf: `/crm/v4/objects/:fromObjectType/:id/associations/${LineItem.objectType}`,
  account: "/account-info/v3/details",
  token: "/oauth/2026-09/token"
} as const

const batch = (status: 200 | 201) => [
  BatchResponse.BatchResponse.pipe(HttpApiSchema.status(status)),
  BatchResponse.BatchResponse.pipe(HttpApiSchema.status(207)),
  BatchResponse.BatchResponse.pipe(HttpApiSchema.status(status === 200 ? 201 : 200))
]

const id = { id: Schema.String }

// HubSpot takes lists in a query separated by commas, or as repeated parameters.
const list = Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)]))
// The last of repeated parameters counts.
const flag = Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)]))

const readQuery = { properties: list, propertiesWithHistory: list, associations: list, archived: flag }

const lineItems = (version: ApiVersion.ApiVersion) => {
  const path = paths(version)
  return HttpApiGroup.make("lineItems").add(
    HttpApiEndpoint.get("list", path.root, {
      query: { limit: flag, after: flag, ...readQuery },
      success: Page.Page,
      error
    }).annotateMerge(about("List line items", "A page at a time, at most 100 each.")),
    HttpApiEndpoint.post("create", path.root, {
      payload: BatchRequest.Create,
      success: CrmObject.CrmObject.pipe(HttpApiSchema.status(201)),
      error
    }).annotateMerge(about("Create a line item", "Not idempotent.")),
    HttpApiEndpoint.get("get", path.one, {
      params: id,
      query: { ...readQuery, idProperty: flag },
      success: CrmObject.CrmObject,
      error
    }).annotateMerge(about("Read a line item", "By id, or by the value of a property with unique values.")),
    HttpApiEndpoint.patch("update", path.one, {
      params: id,
      query: { idProperty: flag },
      payload: BatchRequest.Update,
      success: CrmObject.CrmObject,
      error
    }).annotateMerge(about("Update a line item", "Properties only; associations stay.")),
    HttpApiEndpoint.delete("archive", path.one, {
      params: id,
      success: HttpApiSchema.NoContent,
      error
    }).annotateMerge(about("Archive a line item", "It can be restored for 90 days.")),
    HttpApiEndpoint.post("batchCreate", path.batchCreate, {
      payload: BatchRequest.BatchCreate,
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
      payload: BatchRequest.BatchRead,
      success: batch(200),
      error
    }).annotateMerge(about("Read a batch of line items", "1 to 100 ids, 50 with histories.")),
    HttpApiEndpoint.post("batchUpdate", path.batchUpdate, {
      payload: BatchRequest.BatchUpdate,
      success: batch(200),
      error
    }).annotateMerge(about("Update a batch of line items", "1 to 100 inputs with different ids.")),
    HttpApiEndpoint.post("batchUpsert", path.batchUpsert, {
      payload: BatchRequest.BatchUpsert,
      success: batch(200),
      error
    }).annotateMerge(
      about(
        "Create or update a batch of line items",
        "By the value of a property with unique values; results say which with `new`."
      )
    ),
    HttpApiEndpoint.post("batchArchive", path.batchArchive, {
      payload: BatchRequest.BatchArchive,
      success: HttpApiSchema.NoContent,
      error
    }).annotateMerge(about("Archive a batch of line items", "Ids that do not exist are ignored.")),
    HttpApiEndpoint.post("search", path.search, {
      payload: Search.Search,
      success: Page.Page,
      error
    }).annotateMerge(
      about(
        "Search line items",
        "At most 10,000 results, new records after a while, five requests a second for the account."
      )
    )
  )
}

const unknownFields = [Schema.Record(Schema.String, Schema.Unknown)] as const

/** One association of a batch: `{ from, to, types }`. */
const AssociationInput = Schema.Struct({
  from: Schema.Struct(id),
  to: Schema.Struct(id),
  types: Schema.optionalKey(Schema.Array(Association.AssociationSpec))
})

/**
 * `POST /crm/v4/associations/…/batch/create`: up to 2,000 associations, idempotent.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchAssociate = Schema.Struct({ inputs: Schema.Array(AssociationInput) })

/**
 * The reply to a batch of associations. With types, a result names its pair by ids; by default, a result is one of the
 * two directions.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssociationBatchResponse = Schema.StructWithRest(
  Schema.Struct({
    status: Schema.optional(Schema.String),
    results: Schema.Array(
      Schema.StructWithRest(
        Schema.Struct({
          fromObjectId: Schema.optional(ObjectId.FromWire),
          from: Schema.optional(Schema.Struct({ id: ObjectId.FromWire }))
        }),
        unknownFields
      )
    ),
    errors: Schema.optional(Schema.NullOr(Schema.Array(ErrorBody.StandardError)))
  }),
  unknownFields
)

const associated = (status: 200 | 201) => [
  AssociationBatchResponse.pipe(HttpApiSchema.status(status)),
  AssociationBatchResponse.pipe(HttpApiSchema.status(207))
]

/**
 * A page of the ids that an object is associated with.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AssociationPage = Schema.StructWithRest(
  Schema.Struct({
    results: Schema.Array(
      Schema.StructWithRest(Schema.Struct({ toObjectId: ObjectId.FromWire }), unknownFields)
    ),
    paging: Schema.optional(
      Schema.NullOr(
        Schema.Struct({ next: Schema.optional(Schema.NullOr(Schema.Struct({ after: ObjectId.FromWire }))) })
      )
    )
  }),
  unknownFields
)

const associations = HttpApiGroup.make("associations").add(
  HttpApiEndpoint.post("batchAssociate", otherPaths.batchAssociate, {
    params: { toObjectType: Schema.String },
    payload: BatchAssociate,
    success: associated(201),
    error
  }).annotateMerge(about("Associate line items", "Up to 2,000 at once; idempotent.")),
  HttpApiEndpoint.post("batchAssociateDefault", otherPaths.batchAssociateDefault, {
    params: { toObjectType: Schema.String },
    payload: BatchAssociate,
    success: associated(200),
    error
  }).annotateMerge(about("Associate line items by the default type", "Up to 2,000 at once; idempotent.")),
  HttpApiEndpoint.get("lineItemsOf", otherPaths.associationsOf, {
    params: { fromObjectType: Schema.String, ...id },
    query: { limit: flag, after: flag },
    success: AssociationPage,
    error
  }).annotateMerge(about("The line items of a parent", "A direct read, not an index."))
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
    success: Account.AccountDetails,
    error
  }).annotateMerge(about("The account of the token", "Its id, time zone and currencies."))
)

const oauth = HttpApiGroup.make("oauth").add(
  HttpApiEndpoint.post("token", otherPaths.token, {
    payload: Schema.Record(Schema.String, Schema.String).pipe(HttpApiSchema.asFormUrlEncoded()),
    success: Account.TokenResponse,
    error: Account.TokenError.pipe(HttpApiSchema.status(400))
  }).annotateMerge(about("An access token", "For a refresh token; all parameters in the form body."))
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

const groupsOf = (version: ApiVersion.ApiVersion) => ({
  lineItems: lineItems(version),
  helpers: helpers(version)
})

const groups = { v3: groupsOf("v3"), "2026-03": groupsOf("2026-03"), "2026-09": groupsOf("2026-09") }

const apiOf = (version: ApiVersion.ApiVersion) =>
  HttpApi.make("hubspot")
    .add(groups[version].lineItems)
    .annotateMerge(OpenApi.annotations({ title: "HubSpot CRM line items", version, transform: withBearer }))

/**
 * The line items of each API version, by themselves.
 *
 * @category models
 * @since 0.1.0
 */
export const versions = { v3: apiOf("v3"), "2026-03": apiOf("2026-03"), "2026-09": apiOf("2026-09") }

/**
 * The association helpers of each dated version.
 *
 * @category models
 * @since 0.1.0
 */
export const datedAssociations = {
  "2026-03": HttpApi.make("hubspot").add(groups["2026-03"].helpers),
  "2026-09": HttpApi.make("hubspot").add(groups["2026-09"].helpers)
}

/**
 * The endpoints around line items: associations, properties, account, OAuth.
 *
 * @category models
 * @since 0.1.0
 */
export const Surroundings = HttpApi.make("hubspot").add(associations, properties, account, oauth)

/**
 * The whole contract in version `v3`.
 *
 * @category models
 * @since 0.1.0
 */
export const HubSpotApi = versions.v3.add(associations, properties, account, oauth)

const endpointsOf = (version: ApiVersion.ApiVersion) => ({
  ...groups[version].lineItems.endpoints,
  ...groups[version].helpers.endpoints,
  ...associations.endpoints,
  ...properties.endpoints,
  ...account.endpoints
})

/**
 * The endpoints by name, in each version. The client's operations are made from them.
 *
 * @category models
 * @since 0.1.0
 */
export const endpoints = {
  v3: endpointsOf("v3"),
  "2026-03": endpointsOf("2026-03"),
  "2026-09": endpointsOf("2026-09")
}
