/**
 * The operations on line items, and the few around them, as data. Name, method, path, payload and kind of answer are
 * those of the endpoint in `HubSpotApi`: another one does not compile. Each operation adds the limit it counts for, whether it is idempotent, and how its
 * reply is read. They are for code that makes its own attempts; other code uses `LineItems`. The file is long because
 * it is a list: an operation is a few lines.
 *
 * @since 0.1.0
 */
import * as Account from "@effect-hubspot/schema/Account"
import type * as ApiVersion from "@effect-hubspot/schema/ApiVersion"
import * as Association from "@effect-hubspot/schema/Association"
import * as BatchRequest from "@effect-hubspot/schema/BatchRequest"
import * as BatchResponse from "@effect-hubspot/schema/BatchResponse"
import * as CrmObject from "@effect-hubspot/schema/CrmObject"
import type * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as InputIssue from "@effect-hubspot/schema/InputIssue"
import * as Page from "@effect-hubspot/schema/Page"
import * as Property from "@effect-hubspot/schema/Property"
import * as Search from "@effect-hubspot/schema/Search"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as AssociationBatch from "./contract/AssociationBatch.ts"
import { objectType as lineItems, paths } from "./contract/Paths.ts"
import { type Endpoints, type Name, routes } from "./contract/Routes.ts"
import * as HubSpotError from "./HubSpotError.ts"
import { fill, type Operation } from "./Operation.ts"
import type { Pool } from "./RateLimitStore.ts"

/**
 * What to read of a line item.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReadOptions {
  /** Properties by name. Default: the few that HubSpot chooses. */
  readonly properties?: ReadonlyArray<string>
  readonly propertiesWithHistory?: ReadonlyArray<string>
  /** Object types whose associated ids are read too. */
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

/**
 * Which records an operation is about.
 *
 * @category models
 * @since 0.1.0
 */
export interface OfType {
  /** An object type by its name or id, such as `0-3` for deals. Default: line items. */
  readonly objectType?: string | undefined
}

/** An operation, or the error of its payload. */
type Checked<A> = Effect.Effect<Operation<A>, HubSpotError.HubSpotError>

type Success<N extends Name> = HttpApiEndpoint.Success<Endpoints[N]>["Type"]

/** The variable parts of a request: the parameters of its path, its query, and its payload as JSON text. */
interface Request<N extends Name> {
  readonly params?: HttpApiEndpoint.Params<Endpoints[N]>["Type"] | undefined
  readonly query?: ReadonlyArray<readonly [string, string]> | undefined
  readonly body?: string | undefined
  /** How many inputs the payload has. Default 1. */
  readonly inputs?: number | undefined
  /** Another object type than line items, for an operation that other types have too. */
  readonly objectType?: string | undefined
}

/** The template of an operation's path. */
const templateOf = (name: Name, objectType: string | undefined) => (version: ApiVersion.ApiVersion) =>
  objectType === undefined
    ? routes[name].path(version)
    : paths(version, ":objectType")[name as "batchRead" | "search"]

const make =
  <N extends Name, A>(
    name: N,
    how: {
      readonly idempotent: boolean
      readonly read: (json: unknown) => Option.Option<A>
      readonly pool?: Pool
    }
  ) =>
  ({ body, inputs = 1, objectType, params, query }: Request<N> = {}): Operation<A> => {
    const { expects, method } = routes[name]
    const template = templateOf(name, objectType)
    return {
      name,
      method,
      template,
      path: (version) =>
        fill(template(version), { ...params, ...(objectType !== undefined && { objectType }) }),
      query,
      body,
      pool: how.pool ?? "burst",
      idempotent: how.idempotent,
      expects,
      inputs,
      ofRecord: template("v3").includes("/:id"),
      read: how.read
    }
  }

/** An operation of the contract, by the name of its endpoint. A reader of another endpoint's success does not compile. */
const operation: <N extends Name>(
  name: N,
  how: {
    readonly idempotent: boolean
    readonly read: (json: unknown) => Option.Option<NoInfer<Success<N>>>
    readonly pool?: Pool
  }
) => (request?: Request<N>) => Operation<Success<N>> = make

/** An operation whose success has no value. */
const command = <N extends Name>(name: N) =>
  make<N, void>(name, { idempotent: true, read: () => Option.some(undefined) })

const readBatchResponse = (answer: unknown) =>
  Option.map(BatchResponse.salvage(answer), ({ response }) => response)
const decodeObject = Schema.decodeUnknownOption(CrmObject.CrmObject)
const readObject = (answer: unknown) => Option.filter(decodeObject(answer), ({ id }) => CrmObject.isId(id))
const readPage = Schema.decodeUnknownOption(Page.Page)

const invalid = (name: string, detail: string) =>
  new HubSpotError.HubSpotError({ reason: new HubSpotError.InvalidRequest({ detail }), operation: name })

/** Encodes an endpoint's payload as JSON without unknown fields. It fails with `InvalidRequest`. */
const bodyOf = <N extends Name>(name: N, payload: Schema.Codec<Payload<N>, unknown>) => {
  const encode = Schema.encodeUnknownEffect(payload)
  return (request: Payload<N>): Effect.Effect<string, HubSpotError.HubSpotError> =>
    Effect.mapBoth(encode(request), {
      onFailure: (error) => invalid(name, error.message.replace(/\s*\n\s*/g, " ")),
      onSuccess: (encoded) => JSON.stringify(encoded)
    })
}

type Payload<N extends Name> = HttpApiEndpoint.Payload<Endpoints[N]>["Type"]
type Inputs<N extends Name> = Payload<N> extends { readonly inputs: ReadonlyArray<infer In> } ? In : never
type Fields<In> = ReadonlyArray<keyof In & keyof InputIssue.Fields>

/** The JSON of an input, with these fields and no others, as `InputIssue.read` makes it. It fails with `InvalidRequest`. */
const bodyOfInput =
  <N extends Name>(name: N, fields: Fields<Payload<N>>) =>
  (given: BatchRequest.Given<Payload<N>>): Effect.Effect<string, HubSpotError.HubSpotError> => {
    const read = InputIssue.readFields(given, fields)
    return Result.isSuccess(read)
      ? Effect.succeed(JSON.stringify(read.success))
      : Effect.fail(invalid(name, `${read.failure[0]?.path}: ${read.failure[0]?.message}`))
  }

/** The same for the inputs of a batch. */
const bodyOfInputs =
  <N extends Name>(name: N, fields: Fields<Inputs<N>>) =>
  ({
    inputs
  }: {
    readonly inputs: ReadonlyArray<BatchRequest.Given<Inputs<N>>>
  }): Effect.Effect<string, HubSpotError.HubSpotError> => {
    const most = BatchRequest.maxInputs
    if (!Array.isArray(inputs)) return Effect.fail(invalid(name, `inputs: expected a list of 1 to ${most}`))
    if (inputs.length < 1 || inputs.length > most) {
      const many = `expected 1 to ${most}, got ${inputs.length}; send them as several batches`
      return Effect.fail(invalid(name, `inputs: ${many}`))
    }
    const all: Array<unknown> = []
    for (const [index, given] of inputs.entries()) {
      const read = InputIssue.readFields(given, fields)
      if (Result.isFailure(read)) {
        const [issue] = read.failure
        return Effect.fail(invalid(name, `inputs[${index}].${issue?.path}: ${issue?.message}`))
      }
      all.push(read.success)
    }
    return Effect.succeed(JSON.stringify({ inputs: all }))
  }

const queryOf = (options: ReadOptions): ReadonlyArray<readonly [string, string]> =>
  [
    ["properties", options.properties?.join(",")] as const,
    ["propertiesWithHistory", options.propertiesWithHistory?.join(",")] as const,
    ["associations", options.associations?.join(",")] as const,
    ["archived", options.archived === true ? "true" : undefined] as const,
    ["idProperty", options.idProperty] as const
  ].flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value] as const]))

const sendBatchCreate = operation("batchCreate", { idempotent: false, read: readBatchResponse })

/**
 * The create of a batch whose inputs were checked before. Not idempotent.
 *
 * @category operations
 * @since 0.1.0
 */
export const batchCreate = (request: BatchRequest.BatchCreate): Operation<BatchResponse.BatchResponse> =>
  sendBatchCreate({ body: JSON.stringify(request), inputs: request.inputs.length })

const bodyOfBatchCreate = bodyOfInputs("batchCreate", ["properties", "associations", "objectWriteTraceId"])

/**
 * The same for unchecked inputs: it fails unless there are 1 to 100 of the right shape.
 *
 * @category operations
 * @since 0.1.0
 */
export const checkedBatchCreate = (
  request: BatchRequest.Given<BatchRequest.BatchCreate>
): Checked<BatchResponse.BatchResponse> =>
  Effect.map(bodyOfBatchCreate(request), (body) => sendBatchCreate({ body, inputs: request.inputs.length }))

const sendBatchRead = operation("batchRead", { idempotent: true, read: readBatchResponse })
const encodeBatchRead = bodyOf("batchRead", BatchRequest.BatchRead)

/**
 * @category operations
 * @since 0.1.0
 */
export const batchRead = (
  request: BatchRequest.BatchRead,
  options: OfType & { readonly archived?: boolean } = {}
): Checked<BatchResponse.BatchResponse> =>
  (request.propertiesWithHistory?.length ?? 0) > 0 &&
  request.inputs.length > BatchRequest.maxInputsWithHistory
    ? Effect.fail(invalid("batchRead", `${BatchRequest.maxInputsWithHistory} inputs at most with histories`))
    : Effect.map(encodeBatchRead(request), (body) =>
        sendBatchRead({
          body,
          inputs: request.inputs.length,
          query: queryOf(options),
          objectType: options.objectType
        })
      )

const sendBatchUpdate = operation("batchUpdate", { idempotent: true, read: readBatchResponse })
const bodyOfBatchUpdate = bodyOfInputs("batchUpdate", [
  "id",
  "idProperty",
  "properties",
  "objectWriteTraceId"
])

/**
 * Idempotent: the same values twice are the same values.
 *
 * @category operations
 * @since 0.1.0
 */
export const batchUpdate = (
  request: BatchRequest.Given<BatchRequest.BatchUpdate>
): Checked<BatchResponse.BatchResponse> =>
  Effect.map(bodyOfBatchUpdate(request), (body) => sendBatchUpdate({ body, inputs: request.inputs.length }))

const sendBatchUpsert = operation("batchUpsert", { idempotent: true, read: readBatchResponse })
const bodyOfBatchUpsert = bodyOfInputs("batchUpsert", [
  "id",
  "idProperty",
  "properties",
  "objectWriteTraceId"
])

/**
 * Idempotent as long as the property's values are unique. It overwrites a change that was made in between.
 *
 * @category operations
 * @since 0.1.0
 */
export const batchUpsert = (
  request: BatchRequest.Given<BatchRequest.BatchUpsert>
): Checked<BatchResponse.BatchResponse> =>
  Effect.map(bodyOfBatchUpsert(request), (body) => sendBatchUpsert({ body, inputs: request.inputs.length }))

const sendBatchArchive = command("batchArchive")
const encodeBatchArchive = bodyOf("batchArchive", BatchRequest.BatchArchive)

/**
 * @category operations
 * @since 0.1.0
 */
export const batchArchive = (ids: ReadonlyArray<string>): Checked<void> =>
  Effect.map(encodeBatchArchive({ inputs: ids.map((id) => ({ id })) }), (body) =>
    sendBatchArchive({ body, inputs: ids.length })
  )

const sendCreate = operation("create", { idempotent: false, read: readObject })
const bodyOfCreate = bodyOfInput("create", ["properties", "associations"])

/**
 * Not idempotent.
 *
 * @category operations
 * @since 0.1.0
 */
export const create = (request: BatchRequest.Given<BatchRequest.Create>): Checked<CrmObject.CrmObject> =>
  Effect.map(bodyOfCreate(request), (body) => sendCreate({ body }))

const sendGet = operation("get", { idempotent: true, read: readObject })

/**
 * @category operations
 * @since 0.1.0
 */
export const get = (id: string, options: ReadOptions): Operation<CrmObject.CrmObject> =>
  sendGet({ params: { id }, query: queryOf(options) })

const sendUpdate = operation("update", { idempotent: true, read: readObject })
const bodyOfUpdate = bodyOfInput("update", ["properties"])

/**
 * @category operations
 * @since 0.1.0
 */
export const update = (
  id: string,
  request: BatchRequest.Given<BatchRequest.Update>,
  options: Pick<ReadOptions, "idProperty">
): Checked<CrmObject.CrmObject> =>
  Effect.map(bodyOfUpdate(request), (body) => sendUpdate({ params: { id }, query: queryOf(options), body }))

const sendArchive = command("archive")

/**
 * @category operations
 * @since 0.1.0
 */
export const archive = (id: string): Operation<void> => sendArchive({ params: { id } })

const sendList = operation("list", { idempotent: true, read: readPage })

/**
 * @category operations
 * @since 0.1.0
 */
export const list = (options: ListOptions & { readonly after?: string }): Operation<Page.Page> =>
  sendList({
    query: [
      ["limit", String(options.limit ?? Page.maxListLimit)],
      ...(options.after === undefined ? [] : [["after", options.after] as const]),
      ...queryOf(options)
    ]
  })

const sendSearch = operation("search", { idempotent: true, pool: "search", read: readPage })
const encodeSearch = bodyOf("search", Search.Search)

/**
 * It counts for the limit of searches.
 *
 * @category operations
 * @since 0.1.0
 */
export const search = (request: Search.Search, { objectType }: OfType = {}): Checked<Page.Page> =>
  Effect.flatMap(encodeSearch(request), (body) => {
    const filters = (request.filterGroups ?? []).reduce((sum, group) => sum + group.filters.length, 0)
    if (filters > Search.maxFilters) {
      return Effect.fail(invalid("search", `${filters} filters, ${Search.maxFilters} are allowed`))
    }
    if (body.length > Search.maxBodyLength) {
      return Effect.fail(invalid("search", `${body.length} characters, ${Search.maxBodyLength} are allowed`))
    }
    return Effect.succeed(sendSearch({ body, objectType }))
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

const sendAssociate = command("associate")
const sendAssociateDefault = command("associateDefault")
const encodeTypes = bodyOf("associate", Schema.Array(Association.AssociationSpec))

/**
 * Associates a line item by one or more types, or by the default one if there is none. Idempotent. Only
 * the dated versions have it; for `v3` see {@link batchAssociate}.
 *
 * @category operations
 * @since 0.1.0
 */
export const associate = (
  target: AssociationTarget,
  types: ReadonlyArray<Association.AssociationSpec> = []
): Checked<void> =>
  types.length === 0
    ? Effect.succeed(sendAssociateDefault({ params: target }))
    : Effect.map(encodeTypes(types), (body) => sendAssociate({ params: target, body }))

const sendDissociate = command("dissociate")

/**
 * Removes all associations of a line item with one object. Idempotent. Only the dated versions have it.
 *
 * @category operations
 * @since 0.1.0
 */
export const dissociate = (target: AssociationTarget): Operation<void> => sendDissociate({ params: target })

/** Whether a version can associate on the line item itself. */
export const hasAssociationHelpers = (version: ApiVersion.ApiVersion): boolean => version !== "v3"

/** The most associations in one batch. */
export const maxAssociations = 2000

/**
 * The result of {@link batchAssociate}: the line items that HubSpot confirms, and the errors.
 *
 * @category models
 * @since 0.1.0
 */
export interface Associated {
  readonly confirmed: ReadonlySet<string>
  readonly errors: ReadonlyArray<ErrorBody.StandardError>
}

const readAssociated = (answer: unknown): Option.Option<Associated> =>
  Option.map(decodeAssociated(answer), ({ errors, results }) => ({
    confirmed: new Set(results.flatMap(({ from, fromObjectId }) => fromObjectId ?? from?.id ?? [])),
    errors: errors ?? []
  }))
const decodeAssociated = Schema.decodeUnknownOption(AssociationBatch.AssociationBatchResponse)

const sendBatchAssociate = make("batchAssociate", { idempotent: true, read: readAssociated })
const sendBatchAssociateDefault = make("batchAssociateDefault", { idempotent: true, read: readAssociated })
const encodeAssociations = bodyOf("batchAssociate", AssociationBatch.BatchAssociate)

/**
 * Associates up to 2,000 line items with objects of one type, by the given types or by the default one.
 * Idempotent, and the same in every version. The context of an error names the `fromObjectId`.
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
): Checked<Associated> => {
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
  const send = typed > 0 ? sendBatchAssociate : sendBatchAssociateDefault
  return Effect.map(encodeAssociations({ inputs }), (body) =>
    send({ params: { fromObjectType: lineItems, toObjectType }, body, inputs: inputs.length })
  )
}

const decodeAssociationPage = /* @__PURE__ */ Schema.decodeUnknownOption(AssociationBatch.AssociationPage)

const sendLineItemsOf = /* @__PURE__ */ make("associationsOf", {
  idempotent: true,
  read: (answer) =>
    Option.map(decodeAssociationPage(answer), ({ paging, results }) => ({
      ids: results.map(({ toObjectId }) => toObjectId),
      after: paging?.next?.after
    }))
})

/**
 * The ids of a parent's line items, and the cursor of the next page. It reads the associations, not the search index.
 *
 * @category operations
 * @since 0.1.0
 */
export const lineItemsOf = (
  parent: Association.Target,
  id: string,
  after?: string | undefined
): Operation<{ readonly ids: ReadonlyArray<string>; readonly after: string | undefined }> =>
  sendLineItemsOf({
    params: { fromObjectType: Association.objectTypeIds[parent], id, toObjectType: lineItems },
    query: [["limit", "500"], ...(after === undefined ? [] : [["after", after] as const])]
  })

/**
 * Reads the status of a batch that HubSpot had not finished, at the `links.status` of its reply. HubSpot chose the
 * address, so the caller must check that it has the client's origin.
 *
 * @category operations
 * @since 0.1.0
 */
export const batchStatus = (link: URL): Operation<BatchResponse.BatchResponse> => ({
  name: "batchStatus",
  method: "GET",
  template: () => link.pathname.replace(/\/\d+(?=\/|$)/g, "/:id"),
  path: () => link.pathname,
  query: [...link.searchParams],
  pool: "burst",
  idempotent: true,
  expects: "json",
  inputs: 1,
  ofRecord: false,
  read: readBatchResponse
})

// -----------------------------------------------------------------------------
// Properties, account
// -----------------------------------------------------------------------------

const ofLineItems = { objectType: lineItems }

const decodeProperties = /* @__PURE__ */ Schema.decodeUnknownOption(Property.Properties)

const sendListProperties = /* @__PURE__ */ make("listProperties", {
  idempotent: true,
  read: (answer) => Option.map(decodeProperties(answer), ({ results }) => results)
})

/**
 * The properties of an object type in this account.
 *
 * @category operations
 * @since 0.1.0
 */
export const listPropertiesOf = (objectType: string): Operation<ReadonlyArray<Property.Property>> =>
  sendListProperties({ params: { objectType } })

/**
 * The properties of line items in this account.
 *
 * @category operations
 * @since 0.1.0
 */
export const listProperties: Operation<ReadonlyArray<Property.Property>> =
  /* @__PURE__ */ listPropertiesOf(lineItems)

const decodeProperty = /* @__PURE__ */ Schema.decodeUnknownOption(Property.Property)
const sendCreateProperty = /* @__PURE__ */ operation("createProperty", {
  idempotent: false,
  read: decodeProperty
})
const encodeProperty = /* @__PURE__ */ bodyOf("createProperty", Property.PropertyCreate)

/**
 * Defines a property. HubSpot refuses to define it a second time.
 *
 * @category operations
 * @since 0.1.0
 */
export const createProperty = (property: Property.PropertyCreate): Checked<Property.Property> =>
  Effect.map(encodeProperty(property), (body) => sendCreateProperty({ params: ofLineItems, body }))

const decodeAccount = /* @__PURE__ */ Schema.decodeUnknownOption(Account.AccountDetails)
const sendAccountDetails = /* @__PURE__ */ operation("accountDetails", {
  idempotent: true,
  read: decodeAccount
})

/**
 * The account of the token: its id, time zone and currencies.
 *
 * @category operations
 * @since 0.1.0
 */
export const accountDetails: Operation<Account.AccountDetails> = /* @__PURE__ */ sendAccountDetails()
