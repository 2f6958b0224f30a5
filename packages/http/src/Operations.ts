/**
 * The operations on line items, and the few around them, as data: what is sent, which limit it counts for, whether doing it twice
 * is harmless, and how the reply is read. For those who make the attempts themselves; everyone else uses
 * `LineItems`.
 *
 * @since 0.1.0
 */
import {
  Account,
  type ApiVersion,
  Association,
  BatchRequest,
  BatchResponse,
  CrmObject,
  ErrorBody,
  ObjectId,
  Page,
  Property,
  Search
} from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { BatchAssociate, otherPaths, paths } from "./HubSpotApi.ts"
import { fill, type Operation } from "./Operation.ts"
import * as HubSpotError from "./HubSpotError.ts"

/**
 * What to read of a line item.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReadOptions {
  /** Properties by name. Default: HubSpot's few. */
  readonly properties?: ReadonlyArray<string>
  readonly propertiesWithHistory?: ReadonlyArray<string>
  /** Object types whose associated ids to read too. */
  readonly associations?: ReadonlyArray<string>
  /** Archived records instead of the others. Default false. */
  readonly archived?: boolean
  /** A property with unique values whose value is given instead of an id. */
  readonly idProperty?: string
}

/**
 * @category models
 * @since 0.1.0
 */
export interface ListOptions extends Omit<ReadOptions, "idProperty"> {
  /** Records per page, 1 to 100. Default 100. */
  readonly limit?: number
}

const readBatchResponse = (answer: unknown) =>
  Option.map(BatchResponse.salvage(answer), ({ response }) => response)
const decodeObject = Schema.decodeUnknownOption(CrmObject.CrmObject)
const readObject = (answer: unknown) => Option.filter(decodeObject(answer), ({ id }) => CrmObject.isId(id))
const readPage = Schema.decodeUnknownOption(Page.Page)
const readNothing = () => Option.some<void>(undefined)

const invalid = (name: string, detail: string) =>
  new HubSpotError.HubSpotError({ reason: new HubSpotError.InvalidRequest({ detail }), operation: name })

/** The request's JSON without what is not HubSpot's, or the error of a request that is none. */
const bodyOf = <S extends Schema.Codec<unknown, unknown>>(name: string, schema: S) => {
  const encode = Schema.encodeUnknownEffect(schema)
  return (request: unknown): Effect.Effect<string, HubSpotError.HubSpotError> =>
    Effect.mapBoth(encode(request), {
      onFailure: (error) => invalid(name, error.message.replace(/\s*\n\s*/g, " ")),
      onSuccess: (encoded) => JSON.stringify(encoded)
    })
}

const queryOf = (options: ReadOptions): ReadonlyArray<readonly [string, string]> =>
  [
    ["properties", options.properties?.join(",")] as const,
    ["propertiesWithHistory", options.propertiesWithHistory?.join(",")] as const,
    ["associations", options.associations?.join(",")] as const,
    ["archived", options.archived === true ? "true" : undefined] as const,
    ["idProperty", options.idProperty] as const
  ].flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value] as const]))

const json = { expects: "json", pool: "burst" } as const
const nothing = { expects: "nothing", pool: "burst" } as const

/**
 * The create of a batch whose inputs are known to be right. Not idempotent.
 *
 * @category operations
 * @since 0.1.0
 */
export const batchCreate = (request: BatchRequest.BatchCreate): Operation<BatchResponse.BatchResponse> => ({
  name: "batchCreate",
  method: "POST",
  path: (version) => paths(version).batchCreate,
  body: JSON.stringify(request),
  idempotent: false,
  ...json,
  read: readBatchResponse
})

const encodeBatchCreate = bodyOf("batchCreate", BatchRequest.BatchCreate)

/**
 * The same for inputs from outside: 1 to 100, of the right shape.
 *
 * @category operations
 * @since 0.1.0
 */
export const checkedBatchCreate = (request: BatchRequest.BatchCreate) =>
  Effect.map(encodeBatchCreate(request), (body) => ({ ...batchCreate({ inputs: [] }), body }))

const batchOperation = <S extends Schema.Codec<unknown, unknown>>(
  name: "batchRead" | "batchUpdate" | "batchUpsert",
  schema: S
) => {
  const encode = bodyOf(name, schema)
  return (
    request: S["Type"],
    query: ReadonlyArray<readonly [string, string]> = []
  ): Effect.Effect<Operation<BatchResponse.BatchResponse>, HubSpotError.HubSpotError> =>
    Effect.map(encode(request), (body) => ({
      name,
      method: "POST",
      path: (version) => paths(version)[name],
      query,
      body,
      idempotent: true,
      ...json,
      read: readBatchResponse
    }))
}

const readBatch = batchOperation("batchRead", BatchRequest.BatchRead)

/**
 * @category operations
 * @since 0.1.0
 */
export const batchRead = (request: BatchRequest.BatchRead, options: { readonly archived?: boolean } = {}) =>
  (request.propertiesWithHistory?.length ?? 0) > 0 &&
  request.inputs.length > BatchRequest.maxInputsWithHistory
    ? Effect.fail(invalid("batchRead", `${BatchRequest.maxInputsWithHistory} inputs at most with histories`))
    : readBatch(request, queryOf(options))

/**
 * Idempotent: the same values twice are the same values.
 *
 * @category operations
 * @since 0.1.0
 */
export const batchUpdate: (
  request: BatchRequest.BatchUpdate
) => Effect.Effect<Operation<BatchResponse.BatchResponse>, HubSpotError.HubSpotError> = batchOperation(
  "batchUpdate",
  BatchRequest.BatchUpdate
)

/**
 * Idempotent as long as the property's values are unique; a change somebody made in between is
 * overwritten.
 *
 * @category operations
 * @since 0.1.0
 */
export const batchUpsert: (
  request: BatchRequest.BatchUpsert
) => Effect.Effect<Operation<BatchResponse.BatchResponse>, HubSpotError.HubSpotError> = batchOperation(
  "batchUpsert",
  BatchRequest.BatchUpsert
)

const encodeArchive = bodyOf("batchArchive", BatchRequest.BatchArchive)

/**
 * @category operations
 * @since 0.1.0
 */
export const batchArchive = (
  ids: ReadonlyArray<string>
): Effect.Effect<Operation<void>, HubSpotError.HubSpotError> =>
  Effect.map(encodeArchive({ inputs: ids.map((id) => ({ id })) }), (body) => ({
    name: "batchArchive",
    method: "POST",
    path: (version) => paths(version).batchArchive,
    body,
    idempotent: true,
    ...nothing,
    read: readNothing
  }))

const encodeCreate = bodyOf("create", BatchRequest.Create)

/**
 * Not idempotent.
 *
 * @category operations
 * @since 0.1.0
 */
export const create = (
  request: BatchRequest.Create
): Effect.Effect<Operation<CrmObject.CrmObject>, HubSpotError.HubSpotError> =>
  Effect.map(encodeCreate(request), (body) => ({
    name: "create",
    method: "POST",
    path: (version) => paths(version).root,
    body,
    idempotent: false,
    ...json,
    read: readObject
  }))

/**
 * @category operations
 * @since 0.1.0
 */
export const get = (id: string, options: ReadOptions): Operation<CrmObject.CrmObject> => ({
  name: "get",
  method: "GET",
  path: (version) => fill(paths(version).one, { id }),
  query: queryOf(options),
  idempotent: true,
  ...json,
  read: readObject
})

const encodeUpdate = bodyOf("update", BatchRequest.Update)

/**
 * @category operations
 * @since 0.1.0
 */
export const update = (
  id: string,
  request: BatchRequest.Update,
  options: Pick<ReadOptions, "idProperty">
): Effect.Effect<Operation<CrmObject.CrmObject>, HubSpotError.HubSpotError> =>
  Effect.map(encodeUpdate(request), (body) => ({
    name: "update",
    method: "PATCH",
    path: (version) => fill(paths(version).one, { id }),
    query: queryOf(options),
    body,
    idempotent: true,
    ...json,
    read: readObject
  }))

/**
 * @category operations
 * @since 0.1.0
 */
export const archive = (id: string): Operation<void> => ({
  name: "archive",
  method: "DELETE",
  path: (version) => fill(paths(version).one, { id }),
  idempotent: true,
  ...nothing,
  read: readNothing
})

/**
 * @category operations
 * @since 0.1.0
 */
export const list = (options: ListOptions & { readonly after?: string }): Operation<Page.Page> => ({
  name: "list",
  method: "GET",
  path: (version) => paths(version).root,
  query: [
    ["limit", String(options.limit ?? Page.maxListLimit)],
    ...(options.after === undefined ? [] : [["after", options.after] as const]),
    ...queryOf(options)
  ],
  idempotent: true,
  ...json,
  read: readPage
})

const encodeSearch = bodyOf("search", Search.Search)

/**
 * It counts for a limit of its own.
 *
 * @category operations
 * @since 0.1.0
 */
export const search = (
  request: Search.Search
): Effect.Effect<Operation<Page.Page>, HubSpotError.HubSpotError> =>
  Effect.flatMap(encodeSearch(request), (body) => {
    const filters = (request.filterGroups ?? []).reduce((sum, group) => sum + group.filters.length, 0)
    if (filters > Search.maxFilters) {
      return Effect.fail(invalid("search", `${filters} filters, ${Search.maxFilters} are allowed`))
    }
    if (body.length > Search.maxBodyLength) {
      return Effect.fail(invalid("search", `${body.length} characters, ${Search.maxBodyLength} are allowed`))
    }
    return Effect.succeed({
      name: "search",
      method: "POST",
      path: (version) => paths(version).search,
      body,
      idempotent: true,
      expects: "json",
      pool: "search",
      read: readPage
    } as const)
  })

// -----------------------------------------------------------------------------
// Associations
// -----------------------------------------------------------------------------

/**
 * A line item and the object it is associated with, by object type (`deals`) and id.
 *
 * @category models
 * @since 0.1.0
 */
export interface AssociationTarget {
  readonly id: string
  readonly toObjectType: string
  readonly toObjectId: string
}

const encodeTypes = bodyOf("associate", Schema.Array(Association.AssociationSpec))

/**
 * Associates a line item by one or more types, or by the default one if none is given. Idempotent. Only
 * the dated versions have it; for `v3` see {@link batchAssociate}.
 *
 * @category operations
 * @since 0.1.0
 */
export const associate = (
  target: AssociationTarget,
  types: ReadonlyArray<Association.AssociationSpec> = []
): Effect.Effect<Operation<void>, HubSpotError.HubSpotError> =>
  Effect.map(encodeTypes(types), (body) => ({
    name: "associate",
    method: "PUT",
    path: (version) =>
      fill(types.length === 0 ? paths(version).associateDefault : paths(version).associate, { ...target }),
    body: types.length === 0 ? undefined : body,
    idempotent: true,
    ...json,
    read: readNothing
  }))

/**
 * Takes all associations of a line item with one object away. Idempotent. Only the dated versions have it.
 *
 * @category operations
 * @since 0.1.0
 */
export const dissociate = (target: AssociationTarget): Operation<void> => ({
  name: "dissociate",
  method: "DELETE",
  path: (version) => fill(paths(version).associate, { ...target }),
  idempotent: true,
  ...nothing,
  read: readNothing
})

/** Whether a version has the association helpers on the line item itself. */
export const hasAssociationHelpers = (version: ApiVersion.ApiVersion): boolean => version !== "v3"

/** The most associations in one batch. */
export const maxAssociations = 2000

const encodeAssociations = bodyOf("batchAssociate", BatchAssociate)

/**
 * What came of associating: the line items that HubSpot confirms, and the errors.
 *
 * @category models
 * @since 0.1.0
 */
export interface Associated {
  readonly confirmed: ReadonlySet<string>
  readonly errors: ReadonlyArray<ErrorBody.StandardError>
}

const AssociationReply = Schema.Struct({
  // With types a pair is told by its ids, by default both directions are.
  results: Schema.Array(
    Schema.Struct({
      fromObjectId: Schema.optional(ObjectId.FromWire),
      from: Schema.optional(Schema.Struct({ id: ObjectId.FromWire }))
    })
  ),
  errors: Schema.optional(Schema.NullOr(Schema.Array(ErrorBody.StandardError)))
})

const readAssociated = (answer: unknown): Option.Option<Associated> =>
  Option.map(Schema.decodeUnknownOption(AssociationReply)(answer), ({ errors, results }) => ({
    confirmed: new Set(results.flatMap(({ from, fromObjectId }) => fromObjectId ?? from?.id ?? [])),
    errors: errors ?? []
  }))

/**
 * Associates up to 2,000 line items with objects of one type, by the given types or by the default one.
 * Idempotent, and the same in every version. The context of an error has `fromObjectId`.
 *
 * @category operations
 * @since 0.1.0
 */
export const batchAssociate = (
  toObjectType: string,
  associations: ReadonlyArray<{
    readonly id: string
    readonly toObjectId: string
    readonly types?: ReadonlyArray<Association.AssociationSpec>
  }>
): Effect.Effect<Operation<Associated>, HubSpotError.HubSpotError> => {
  if (associations.length === 0 || associations.length > maxAssociations) {
    return Effect.fail(
      invalid("batchAssociate", `${associations.length} associations, 1 to ${maxAssociations} are allowed`)
    )
  }
  const typed = associations.filter(({ types }) => types !== undefined).length
  if (typed > 0 && typed < associations.length) {
    return Effect.fail(invalid("batchAssociate", "some associations have types and some have none"))
  }
  const inputs = associations.map(({ id, toObjectId, types }) => ({
    from: { id },
    to: { id: toObjectId },
    ...(types !== undefined && { types })
  }))
  return Effect.map(encodeAssociations({ inputs }), (body) => ({
    name: "batchAssociate",
    method: "POST",
    path: () =>
      fill(typed > 0 ? otherPaths.batchAssociate : otherPaths.batchAssociateDefault, { toObjectType }),
    body,
    idempotent: true,
    ...json,
    read: readAssociated
  }))
}

/**
 * The ids of a parent's line items, and where the next page begins. A direct read, not the search index.
 *
 * @category operations
 * @since 0.1.0
 */
export const lineItemsOf = (
  parent: Association.Target,
  id: string,
  after?: string | undefined
): Operation<{ readonly ids: ReadonlyArray<string>; readonly after: string | undefined }> => ({
  name: "lineItemsOf",
  method: "GET",
  path: () => fill(otherPaths.associationsOf, { fromObjectType: Association.objectTypeIds[parent], id }),
  query: [["limit", "500"], ...(after === undefined ? [] : [["after", after] as const])],
  idempotent: true,
  ...json,
  read: (answer) =>
    Option.map(Schema.decodeUnknownOption(LineItemIds)(answer), ({ paging, results }) => ({
      ids: results.map(({ toObjectId }) => toObjectId),
      after: paging?.next?.after
    }))
})

const LineItemIds = Schema.Struct({
  results: Schema.Array(Schema.Struct({ toObjectId: ObjectId.FromWire })),
  paging: Schema.optional(
    Schema.NullOr(
      Schema.Struct({ next: Schema.optional(Schema.NullOr(Schema.Struct({ after: ObjectId.FromWire }))) })
    )
  )
})

/**
 * Looks at a batch that HubSpot had not finished, where its reply's `links.status` says. The path comes
 * from HubSpot; that it is on the origin asked is for the caller to see to.
 *
 * @category operations
 * @since 0.1.0
 */
export const batchStatus = (link: URL): Operation<BatchResponse.BatchResponse> => ({
  name: "batchStatus",
  method: "GET",
  path: () => link.pathname,
  query: [...link.searchParams],
  idempotent: true,
  ...json,
  read: readBatchResponse
})

// -----------------------------------------------------------------------------
// Properties, account
// -----------------------------------------------------------------------------

/**
 * The properties of line items in this account.
 *
 * @category operations
 * @since 0.1.0
 */
export const listProperties: Operation<ReadonlyArray<Property.Property>> = {
  name: "listProperties",
  method: "GET",
  path: () => otherPaths.properties,
  idempotent: true,
  ...json,
  read: (answer) =>
    Option.map(Schema.decodeUnknownOption(Property.Properties)(answer), ({ results }) => results)
}

const encodeProperty = bodyOf("createProperty", Property.PropertyCreate)

/**
 * Defines a property. Doing it twice is a refusal, not a second property.
 *
 * @category operations
 * @since 0.1.0
 */
export const createProperty = (
  property: Property.PropertyCreate
): Effect.Effect<Operation<Property.Property>, HubSpotError.HubSpotError> =>
  Effect.map(encodeProperty(property), (body) => ({
    name: "createProperty",
    method: "POST",
    path: () => otherPaths.properties,
    body,
    idempotent: false,
    ...json,
    read: Schema.decodeUnknownOption(Property.Property)
  }))

/**
 * The account of the token: its id, time zone and currencies.
 *
 * @category operations
 * @since 0.1.0
 */
export const accountDetails: Operation<Account.AccountDetails> = {
  name: "accountDetails",
  method: "GET",
  path: () => otherPaths.account,
  idempotent: true,
  ...json,
  read: Schema.decodeUnknownOption(Account.AccountDetails)
}
