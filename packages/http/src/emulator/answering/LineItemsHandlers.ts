/**
 * The endpoints of single line items: list, create, read, update and archive.
 *
 * A decision is made at one instant, so nothing here waits. `BatchHandlers` has the batches.
 *
 * @since 0.1.0
 */
import * as Page from "@effect-hubspot/schema/Page"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Result from "effect/Result"
import * as Body from "../reading/Body.ts"
import type * as Crm from "../state/Crm.ts"
import type { Account } from "../state/Account.ts"
import type { Answer, Call } from "../passage/Exchange.ts"
import * as Json from "../reading/Json.ts"
import * as Query from "../reading/Query.ts"
import * as RecordView from "./RecordView.ts"
import * as Refusal from "./Refusal.ts"
import * as Rules from "./Rules.ts"

interface Named {
  readonly params: { readonly id: string }
}

/**
 * The moment at which a request is decided.
 *
 * @category constructors
 * @since 0.1.0
 */
export const moment: Effect.Effect<Crm.Moment> = Effect.map(DateTime.now, (now) => ({
  millis: DateTime.toEpochMillis(now),
  iso: DateTime.formatIso(now)
}))

/**
 * `GET …/line_items`. The default of 10 is specification, the maximum of 100 documentation.
 *
 * @category handlers
 * @since 0.1.0
 */
export const list = Effect.fnUntraced(function* ({ account, request }: Call): Answer {
  const query = Query.fromUrl(request.url)
  const { after, limit } = yield* Effect.fromResult(
    Query.page(query, { limit: 10, maximum: Page.maxListLimit })
  )
  const wanted = yield* Effect.fromResult(Query.wanted(query))
  const { millis } = yield* moment
  const page = account.crm.page(after, limit, query.archived, millis)
  return {
    status: 200,
    body: {
      results: page.records.map((record) => RecordView.read(account.crm, record, wanted)),
      ...(page.after !== undefined && { paging: { next: nextPage(request, page.after) } })
    }
  }
})

/**
 * `{ after, link }` of a page that is not the last. The link has the origin of the request, so a client that follows it
 * stays with the emulator.
 *
 * @category formatting
 * @since 0.1.0
 */
export const nextPage = (request: HttpServerRequest, after: string): object => {
  const [path, search] = request.originalUrl.replace(/^https?:\/\/[^/]*/, "").split("?", 2)
  const params = new URLSearchParams(search ?? "")
  params.set("after", after)
  const { host } = request.headers
  const origin = host === undefined ? "https://api.hubapi.com" : `http://${host}`
  return { after, link: `${origin}${path}?${params.toString()}` }
}

/**
 * `POST …/line_items`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const create = Effect.fnUntraced(function* ({ account, entry, text }: Call): Answer {
  const input = yield* Effect.fromResult(
    Result.flatMap(Json.readObject(text, "SimplePublicObjectInputForCreate"), Body.readInput)
  )
  entry.inputs = 1
  const rejection = Rules.check(account.crm, input) ?? Rules.conflict(account.crm, input.properties)
  // Specification: a single input has no trace id.
  const single = { ...input, objectWriteTraceId: undefined }
  const now = yield* moment
  if (rejection !== undefined) {
    if (leavesOrphan(account.crm, rejection)) createNow(account, { ...single, associations: [] }, now)
    return yield* Effect.fail(Refusal.invalidInput(rejection))
  }
  return { status: 201, body: RecordView.created(account.crm, createNow(account, single, now), undefined) }
})

/**
 * Whether a rejected line item exists all the same, without its associations. Not known of HubSpot, so the account is told.
 *
 * @category predicates
 * @since 0.1.0
 */
export const leavesOrphan = ({ behaviour }: Crm.Crm, { about }: Refusal.Rejection): boolean =>
  about === "association" && behaviour.badAssociation === "orphan"

/**
 * Creates a line item, and enters it in the ledger as it was sent. It must stay synchronous: the account and the ledger
 * change together.
 *
 * @category changing
 * @since 0.1.0
 */
export const createNow = (account: Account, input: Body.Input, now: Crm.Moment): Crm.LineItemRecord => {
  const record = account.crm.create(input.properties, input.associations, now)
  // The ledger is of line items: other records are made to be found.
  if (account.crm.kind === "lineItem") {
    account.ledger.created({
      id: record.id,
      objectWriteTraceId: input.objectWriteTraceId ?? null,
      properties: input.properties,
      associations: input.associations,
      createdAt: now.iso
    })
  }
  return record
}

/**
 * `GET …/line_items/:id`. Observation: an archived record is found only with `archived`. Documentation: with
 * `archived`, only archived records are found.
 *
 * @category handlers
 * @since 0.1.0
 */
export const get = Effect.fnUntraced(function* (
  { account: { crm }, request }: Call,
  { params: { id } }: Named
): Answer {
  const query = Query.fromUrl(request.url)
  const wanted = yield* Effect.fromResult(Query.wanted(query))
  const { millis } = yield* moment
  const found = yield* Effect.fromResult(
    find(crm, id, query.get("idProperty"), query.archived, millis, "read")
  )
  if (found === undefined) return yield* Effect.fail(Refusal.objectNotFound(id, crm.behaviour))
  return { status: 200, body: RecordView.read(crm, found, wanted) }
})

/**
 * The record that an id, or the value of a unique property, names.
 *
 * @category reading
 * @since 0.1.0
 */
export const find = (
  crm: Crm.Crm,
  id: string,
  idProperty: string | undefined,
  archived: boolean,
  at: number,
  what: "read" | "update/upsert"
): Json.Reading<Crm.LineItemRecord | undefined> => {
  if (idProperty !== undefined && !crm.isUnique(idProperty)) {
    return Result.fail(Refusal.notUnique(what, idProperty, crm.portalId))
  }
  const held = idProperty === undefined ? id : crm.holderOf(idProperty, id)
  const record = held === undefined ? undefined : crm.find(held, at)
  return Result.succeed(
    record !== undefined && (record.archived !== undefined) === archived ? record : undefined
  )
}

/**
 * `PATCH …/line_items/:id`. Documentation: associations stay as they are.
 *
 * @category handlers
 * @since 0.1.0
 */
export const update = Effect.fnUntraced(function* (
  { account: { crm }, entry, request, text }: Call,
  { params: { id } }: Named
): Answer {
  const properties = yield* Effect.fromResult(
    Result.flatMap(Json.readObject(text, "SimplePublicObjectInput"), Body.readProperties)
  )
  entry.inputs = 1
  const now = yield* moment
  const idProperty = Query.fromUrl(request.url).get("idProperty")
  const record = yield* Effect.fromResult(find(crm, id, idProperty, false, now.millis, "update/upsert"))
  if (record === undefined) return yield* Effect.fail(Refusal.objectNotFound(id, crm.behaviour))
  const rejection = checkChange(crm, properties, record) ?? Rules.conflictOfUpdate(crm, record.id, properties)
  if (rejection !== undefined) return yield* Effect.fail(Refusal.invalidInput(rejection))
  return { status: 200, body: RecordView.updated(crm, crm.update(record, properties, now), properties) }
})

/**
 * The refusal of a change of a record.
 *
 * @category checking
 * @since 0.1.0
 */
export const checkChange = (
  crm: Crm.Crm,
  sent: Readonly<Record<string, string>>,
  { properties }: Crm.LineItemRecord
): Refusal.Rejection | undefined =>
  Object.keys(sent).length === 0 ? Refusal.nothingToUpdate : Rules.checkProperties(crm, sent, properties)

/**
 * `DELETE …/line_items/:id`. Assumption: 204 also if the record is archived already or unknown.
 *
 * @category handlers
 * @since 0.1.0
 */
export const archive = Effect.fnUntraced(function* ({ account }: Call, { params: { id } }: Named): Answer {
  archiveNow(account.crm, id, yield* moment)
  return { status: 204 }
})

/**
 * Archives a line item, if there is one that is not archived.
 *
 * @category changing
 * @since 0.1.0
 */
export const archiveNow = (crm: Crm.Crm, id: string, now: Crm.Moment): void => {
  const record = crm.find(id, now.millis)
  if (record !== undefined && record.archived === undefined) crm.archive(record, now)
}
