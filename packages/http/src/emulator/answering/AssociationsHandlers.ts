/**
 * The association endpoints: they associate line items with other objects, and list the line items of a parent.
 *
 * Associating is idempotent (documentation). The answers are specification. The refusals are assumptions, except for the
 * invalid type.
 *
 * @since 0.1.0
 */
import { Association, LineItem } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Body from "../reading/Body.ts"
import type * as Crm from "../state/Crm.ts"
import type { Answer, Call, Reply } from "../passage/Exchange.ts"
import * as Json from "../reading/Json.ts"
import * as LineItems from "./LineItemsHandlers.ts"
import * as Links from "../state/Links.ts"
import * as Query from "../reading/Query.ts"
import * as RecordView from "./RecordView.ts"
import * as Refusal from "./Refusal.ts"
import * as Rules from "./Rules.ts"

/** The most associations of a batch, and of a page. Documentation. */
const maxInputs = 2000
const maxPage = 500

interface Input {
  readonly from: string
  readonly to: string
  readonly types: ReadonlyArray<Association.AssociationSpec>
}

const readInput = (given: unknown): Json.Reading<Input> => {
  if (!Json.isRecord(given)) return Json.mismatch("PublicAssociation", given)
  return Result.all({
    from: Body.readId(given.from),
    to: Body.readId(given.to),
    types: Json.readList(given.types, Body.readSpec)
  })
}

/** What the path of a batch names. */
interface To {
  readonly params: { readonly toObjectType: string }
}

/**
 * `POST /crm/v4/associations/line_items/:toObjectType/batch/create`. Good inputs are associated. The
 * others are in the errors of a 207.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchAssociate = Effect.fnUntraced(function* (call: Call, to: To): Answer {
  const { inputs, target } = yield* readBatch(call, to)
  if (inputs.some(({ types }) => types.length === 0)) {
    return yield* Effect.fail(Refusal.missingFields("types"))
  }
  return yield* decide(call, target, 201, inputs, ({ from, to }) => [pairOf(target, from, to)])
})

/**
 * `POST /crm/v4/associations/line_items/:toObjectType/batch/associate/default`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchAssociateDefault = Effect.fnUntraced(function* (call: Call, to: To): Answer {
  const { inputs, target } = yield* readBatch(call, to)
  return yield* decideDefault(call, target, inputs)
})

const readBatch = Effect.fnUntraced(function* (call: Call, { params: { toObjectType } }: To) {
  const target = yield* targetOf(toObjectType)
  const { inputs } = yield* Body.readCounted(call, readInput, bound)
  return { target, inputs }
})

const bound = (): Body.Bound => ({
  max: maxInputs,
  refusal: Refusal.invalid(
    `The maximum number of inputs supported in a batch is ${maxInputs}. Please reduce the number of items and try again`
  )
})

const targetOf = (objectType: string): Effect.Effect<Association.Target, Refusal.Refusal> =>
  Effect.fromResult(Query.target(objectType))

const decideDefault = (
  call: Call,
  target: Association.Target,
  inputs: ReadonlyArray<Pick<Input, "from" | "to">>
) => {
  const type = Association.make(target, "").types[0]!
  return decide(
    call,
    target,
    200,
    inputs.map(({ from, to }) => ({ from, to, types: [type] })),
    // Documentation: both directions are answered.
    ({ from, to }) => [
      { from: { id: from }, to: { id: to }, associationSpec: type },
      {
        from: { id: to },
        to: { id: from },
        associationSpec: { ...type, associationTypeId: Links.inverse(type.associationTypeId) }
      }
    ]
  )
}

const decide = Effect.fnUntraced(function* (
  { account: { crm } }: Call,
  target: Association.Target,
  ok: 200 | 201,
  inputs: ReadonlyArray<Input>,
  show: (input: Input) => ReadonlyArray<object>
): Answer {
  const now = yield* LineItems.moment
  const results: Array<object> = []
  const errors: Array<object> = []
  for (const input of inputs) {
    const problem = link(crm, target, input, now)
    if (problem === undefined) results.push(...show(input))
    else {
      errors.push(RecordView.rejected(problem, { fromObjectId: [input.from], toObjectId: [input.to] }))
    }
  }
  return { status: errors.length === 0 ? ok : 207, body: RecordView.completed(now, results, errors) }
})

const link = (
  crm: Crm.Crm,
  target: Association.Target,
  { from, to, types }: Input,
  now: Crm.Moment
): Refusal.Rejection | undefined => {
  const found = crm.find(from, now.millis)
  if (found === undefined || found.archived !== undefined) return missing("line item", from)
  for (const spec of types) if (Association.targetOf(spec) !== target) return Rules.invalidType(spec, target)
  if (!crm.exists(target, to)) return missing(target, to)
  types.reduce((record, spec) => crm.associate(record, to, spec, now), found)
  return undefined
}

const missing = (what: string, id: string): Refusal.Rejection => ({
  category: "OBJECT_NOT_FOUND",
  message: `No ${what} with id ${id} exists in this account.`,
  errors: []
})

// Specification: a pair of objects with their types' labels; those of HubSpot have none.
const pairOf = (target: Association.Target, from: string, to: string): object => ({
  fromObjectTypeId: LineItem.objectTypeId,
  fromObjectId: from,
  toObjectTypeId: Association.objectTypeIds[target],
  toObjectId: to,
  labels: []
})

/**
 * `GET /crm/v4/objects/:fromObjectType/:id/associations/line_items`: ids as numbers, without archived line
 * items. Assumption: a parent that does not exist has none.
 *
 * @category handlers
 * @since 0.1.0
 */
export const associationsOf = Effect.fnUntraced(function* (
  { account: { crm }, request }: Call,
  {
    params: { fromObjectType, id }
  }: { readonly params: { readonly fromObjectType: string; readonly id: string } }
): Answer {
  const target = yield* targetOf(fromObjectType)
  const bounds = { limit: maxPage, maximum: maxPage }
  const page = yield* Effect.fromResult(Query.page(Query.fromUrl(request.url), bounds))
  const after = Number(page.after ?? 0)
  const results: Array<object> = []
  let last = ""
  let more = false
  for (const lineItem of crm.links.lineItemsOf(target, id)) {
    if (Number(lineItem) <= after || crm.lineItems.get(lineItem)?.archived !== undefined) continue
    if (results.length === page.limit) {
      more = true
      break
    }
    last = lineItem
    results.push({
      toObjectId: Number(lineItem),
      associationTypes: crm.links.typesOf(target, id, lineItem).map((typeId) => ({
        category: "HUBSPOT_DEFINED",
        typeId: Links.inverse(typeId),
        label: null
      }))
    })
  }
  return {
    status: 200,
    body: { results, ...(more && { paging: { next: LineItems.nextPage(request, last) } }) }
  }
})

/** What the path of one association names. */
interface Pair {
  readonly params: { readonly id: string; readonly toObjectType: string; readonly toObjectId: string }
}

/**
 * `PUT …/associations/default/:toObjectType/:toObjectId`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const associateDefault = Effect.fnUntraced(function* (call: Call, { params: pair }: Pair): Answer {
  const target = yield* targetOf(pair.toObjectType)
  return yield* single(yield* decideDefault(call, target, [{ from: pair.id, to: pair.toObjectId }]))
})

/**
 * `PUT …/associations/:toObjectType/:toObjectId`, the types in the body.
 *
 * @category handlers
 * @since 0.1.0
 */
export const associate = Effect.fnUntraced(function* (call: Call, { params: pair }: Pair): Answer {
  const target = yield* targetOf(pair.toObjectType)
  const types = yield* Effect.fromResult(
    Result.flatMap(Json.readAny(call.text), (json) => Json.readList(json, Body.readSpec))
  )
  if (types.length === 0)
    return yield* Effect.fail(Refusal.invalid("At least one association type is required."))
  const input = { from: pair.id, to: pair.toObjectId, types }
  yield* single(yield* decide(call, target, 201, [input], () => []))
  return { status: 201, body: pairOf(target, pair.id, pair.toObjectId) }
})

// One association has no partial success: its problem refuses the request.
const single = (reply: Reply): Effect.Effect<Reply, Refusal.Refusal> => {
  if (reply.status !== 207) return Effect.succeed(reply)
  const { errors } = reply.body as { readonly errors: readonly [Refusal.Refusal["body"]] }
  const status = errors[0].category === "OBJECT_NOT_FOUND" ? 404 : 400
  return Effect.fail({ status, body: errors[0] })
}

/**
 * `DELETE …/associations/:toObjectType/:toObjectId`. Assumption: 204 also if there was none.
 *
 * @category handlers
 * @since 0.1.0
 */
export const dissociate = Effect.fnUntraced(function* (
  { account: { crm } }: Call,
  { params: pair }: Pair
): Answer {
  const target = yield* targetOf(pair.toObjectType)
  const now = yield* LineItems.moment
  const record = crm.find(pair.id, now.millis)
  if (record !== undefined) crm.dissociate(record, target, pair.toObjectId, now)
  return { status: 204 }
})
