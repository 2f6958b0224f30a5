/**
 * The association endpoints: they associate line items with other objects, say what is associated, and take it apart.
 *
 * A path names both types, in either direction: from line items, or to them. Associating is idempotent (documentation). The
 * answers are specification, and the refusal of an object that does not exist is an observation.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Body from "../reading/Body.ts"
import type * as Crm from "../state/Crm.ts"
import type { Answer, Call, Reply } from "../passage/Exchange.ts"
import * as Json from "../reading/Json.ts"
import * as LineItems from "./LineItemsHandlers.ts"
import * as Pairing from "./Pairing.ts"
import * as Query from "../reading/Query.ts"
import * as RecordView from "./RecordView.ts"
import * as Refusal from "./Refusal.ts"

/** The most associations of a batch, of a read, and of a page. Documentation. */
const maxInputs = 2000
const maxReads = 1000
const maxPage = 500

/** What the path of a batch names. */
interface Types {
  readonly params: { readonly fromObjectType: string; readonly toObjectType: string }
}

/** What the path of one object names. */
interface One {
  readonly params: Types["params"] & { readonly id: string }
}

/** What the path of one association names. */
interface Pair {
  readonly params: One["params"] & { readonly toObjectId: string }
}

/** The version of v3 names a type by a word or by its id. */
interface Named {
  readonly params: Pair["params"] & { readonly associationType: string }
}

const sidesOf = ({ params: { fromObjectType, toObjectType } }: Types) =>
  Effect.fromResult(Pairing.make(fromObjectType, toObjectType))

/** How a version of the endpoints reads the type of an input and shows what was done. */
interface Style {
  readonly read: (sides: Pairing.Sides) => (given: unknown) => Json.Reading<Pairing.Input>
  readonly show: (sides: Pairing.Sides, input: Pairing.Input) => ReadonlyArray<object>
}

const byTypes: Style = {
  read: () => Pairing.readInput(Body.readSpec),
  show: (sides, { from, to }) => [Pairing.named(sides, from, to)]
}

const byDefault: Style = {
  read: (sides) => Pairing.readInput(undefined, [sides.type]),
  // Documentation: both directions are answered.
  show: ({ inverse, type }, { from, to }) => [
    { from: { id: from }, to: { id: to }, associationSpec: type },
    { from: { id: to }, to: { id: from }, associationSpec: inverse }
  ]
}

const byName: Style = {
  read: (sides) => (given) =>
    Result.flatMap(Pairing.readInput(undefined)(given), (input) =>
      Result.map(Pairing.typeNamed(sides, Json.isRecord(given) ? given.type : undefined), (type) => ({
        ...input,
        types: [type]
      }))
    ),
  show: (sides, { from, to }) => [{ from: { id: from }, to: { id: to }, type: Pairing.nameOf(sides) }]
}

const batch = (style: Style, ok: 200 | 201) =>
  Effect.fnUntraced(function* (call: Call, types: Types): Answer {
    const sides = yield* sidesOf(types)
    const { inputs } = yield* Body.readCounted(call, style.read(sides), bound(maxInputs))
    if (inputs.some(({ types }) => types.length === 0)) {
      return yield* Effect.fail(Refusal.missingFields("types"))
    }
    return yield* decide(call, sides, style, ok, inputs)
  })

/**
 * `POST /crm/v4/associations/:fromObjectType/:toObjectType/batch/create`. Good inputs are associated. The others are in
 * the errors of a 207.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchAssociate = batch(byTypes, 201)

/**
 * `POST /crm/v4/associations/:fromObjectType/:toObjectType/batch/associate/default`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchAssociateDefault = batch(byDefault, 200)

/**
 * `POST /crm/v3/associations/:fromObjectType/:toObjectType/batch/create`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchAssociateByName = batch(byName, 201)

const bound = (max: number) => (): Body.Bound => ({
  max,
  refusal: Refusal.invalid(
    `The maximum number of inputs supported in a batch is ${max}. Please reduce the number of items and try again`
  )
})

const decide = Effect.fnUntraced(function* (
  call: Call,
  sides: Pairing.Sides,
  { show }: Style,
  ok: 200 | 201,
  inputs: ReadonlyArray<Pairing.Input>
): Answer {
  const now = yield* LineItems.moment
  const results: Array<object> = []
  const errors: Array<object> = []
  for (const input of inputs) {
    const problem = Pairing.link(call.account.crm, sides, input, now)
    if (problem === undefined) results.push(...show(sides, input))
    else {
      errors.push(RecordView.rejected(problem, { fromObjectId: [input.from], toObjectId: [input.to] }))
    }
  }
  return { status: RecordView.statusOf(call, ok, errors), body: RecordView.completed(now, results, errors) }
})

// One association has no partial success: its problem refuses the request.
const single = Effect.fnUntraced(function* (
  { account: { crm } }: Call,
  sides: Pairing.Sides,
  input: Pairing.Input
): Effect.fn.Return<Crm.Moment, Refusal.Refusal> {
  const now = yield* LineItems.moment
  const problem = Pairing.link(crm, sides, input, now)
  return problem === undefined ? now : yield* Effect.fail(Refusal.invalidInput(problem))
})

/**
 * `PUT /crm/v4/objects/…/associations/default/:toObjectType/:toObjectId`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const associateDefault = Effect.fnUntraced(function* (call: Call, pair: Pair): Answer {
  const sides = yield* sidesOf(pair)
  const input = { from: pair.params.id, to: pair.params.toObjectId, types: [sides.type] }
  const now = yield* single(call, sides, input)
  return { status: 200, body: RecordView.completed(now, byDefault.show(sides, input), []) }
})

/**
 * `PUT /crm/v4/objects/…/associations/:toObjectType/:toObjectId`, the types in the body.
 *
 * @category handlers
 * @since 0.1.0
 */
export const associate = Effect.fnUntraced(function* (call: Call, pair: Pair): Answer {
  const sides = yield* sidesOf(pair)
  const types = yield* Effect.fromResult(
    Result.flatMap(Json.readAny(call.text), (json) => Json.readList(json, Body.readSpec))
  )
  if (types.length === 0)
    return yield* Effect.fail(Refusal.invalid("At least one association type is required."))
  const { id, toObjectId } = pair.params
  yield* single(call, sides, { from: id, to: toObjectId, types })
  return { status: 201, body: Pairing.named(sides, id, toObjectId) }
})

/**
 * `PUT /crm/v3/objects/…/associations/:toObjectType/:toObjectId/:associationType`. Documentation of the old version: the
 * object is answered, with its associations.
 *
 * @category handlers
 * @since 0.1.0
 */
export const associateByName = Effect.fnUntraced(function* (call: Call, pair: Named): Answer {
  const sides = yield* sidesOf(pair)
  const { associationType, id, toObjectId } = pair.params
  const type = yield* Effect.fromResult(Pairing.typeNamed(sides, associationType))
  const now = yield* single(call, sides, { from: id, to: toObjectId, types: [type] })
  const { crm } = call.account
  const record = sides.forward ? crm.find(id, now.millis) : undefined
  const wanted = { properties: [], propertiesWithHistory: [], associations: [sides.target] }
  return {
    status: 200,
    // Assumption: of another object than a line item, only the id is known here.
    body:
      record === undefined ? { id, properties: {}, archived: false } : RecordView.read(crm, record, wanted)
  }
})

/**
 * `DELETE …/associations/:toObjectType/:toObjectId`. Assumption: 204 also if there was none.
 *
 * @category handlers
 * @since 0.1.0
 */
export const dissociate = Effect.fnUntraced(function* ({ account: { crm } }: Call, pair: Pair): Answer {
  const sides = yield* sidesOf(pair)
  const now = yield* LineItems.moment
  Pairing.unlink(crm, sides, { from: pair.params.id, to: pair.params.toObjectId }, undefined, now)
  return { status: 204 }
})

/**
 * `DELETE /crm/v3/objects/…/associations/:toObjectType/:toObjectId/:associationType`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const dissociateByName = Effect.fnUntraced(function* (
  { account: { crm } }: Call,
  pair: Named
): Answer {
  const sides = yield* sidesOf(pair)
  const { associationType, id, toObjectId } = pair.params
  const type = yield* Effect.fromResult(Pairing.typeNamed(sides, associationType))
  Pairing.unlink(crm, sides, { from: id, to: toObjectId }, [type], yield* LineItems.moment)
  return { status: 204 }
})

const remove = (read: (sides: Pairing.Sides) => (given: unknown) => Json.Reading<Pairing.Removal>) =>
  Effect.fnUntraced(function* (call: Call, types: Types): Answer {
    const sides = yield* sidesOf(types)
    const { inputs } = yield* Body.readCounted(call, read(sides), bound(maxInputs))
    const now = yield* LineItems.moment
    for (const { from, to, types } of inputs) {
      for (const one of to) Pairing.unlink(call.account.crm, sides, { from, to: one }, types, now)
    }
    // Specification: an empty batch reply in the dated versions.
    return call.entry.path.startsWith("/crm/associations/")
      ? { status: 200, body: RecordView.completed(now, [], []) }
      : { status: 204 }
  })

/**
 * `POST /crm/v4/associations/…/batch/archive`: all types of each pair.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchDissociate = remove(() => Pairing.readRemoval)

const removalOf = ({ from, to, types }: Pairing.Input): Pairing.Removal => ({ from, to: [to], types })

/**
 * `POST /crm/v4/associations/…/batch/labels/archive`: the types that are named.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchDissociateTypes = remove(
  (sides) => (given) => Result.map(byTypes.read(sides)(given), removalOf)
)

/**
 * `POST /crm/v3/associations/…/batch/archive`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchDissociateByName = remove(
  (sides) => (given) => Result.map(byName.read(sides)(given), removalOf)
)

/** How a version shows an associated object. */
type View = (sides: Pairing.Sides, found: Pairing.Associated) => object

// Documentation: ids as numbers; the specification of the dated versions says text.
const typedView: View = (_, { id, types }) => ({
  toObjectId: Number(id),
  associationTypes: types.map(({ associationCategory: category, associationTypeId: typeId }) => ({
    category,
    typeId,
    label: null
  }))
})

const namedView: View = (sides, { id }) => ({ id, type: Pairing.nameOf(sides) })

const listOf = (view: View) =>
  Effect.fnUntraced(function* ({ account: { crm }, request }: Call, one: One): Answer {
    const sides = yield* sidesOf(one)
    const bounds = { limit: maxPage, maximum: maxPage }
    const page = yield* Effect.fromResult(Query.page(Query.fromUrl(request.url), bounds))
    const { millis } = yield* LineItems.moment
    const after = Number(page.after ?? 0)
    const rest = Pairing.associatedWith(crm, sides, one.params.id, millis).filter(
      ({ id }) => Number(id) > after
    )
    const found = rest.slice(0, page.limit)
    return {
      status: 200,
      body: {
        results: found.map((each) => view(sides, each)),
        ...(rest.length > found.length && {
          paging: { next: LineItems.nextPage(request, found.at(-1)!.id) }
        })
      }
    }
  })

/**
 * `GET /crm/v4/objects/:fromObjectType/:id/associations/:toObjectType`, without archived line items. Assumption: an object
 * that does not exist has none.
 *
 * @category handlers
 * @since 0.1.0
 */
export const associationsOf = listOf(typedView)

/**
 * `GET /crm/v3/objects/:fromObjectType/:id/associations/:toObjectType`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const associatedIds = listOf(namedView)

const readBatch = (view: View) =>
  Effect.fnUntraced(function* (call: Call, types: Types): Answer {
    const sides = yield* sidesOf(types)
    const { inputs } = yield* Body.readCounted(call, Body.readId, bound(maxReads))
    const now = yield* LineItems.moment
    const results: Array<object> = []
    const errors: Array<object> = []
    for (const id of new Set(inputs)) {
      const to = Pairing.associatedWith(call.account.crm, sides, id, now.millis)
      if (to.length > 0) results.push({ from: { id }, to: to.map((each) => view(sides, each)) })
      else errors.push(RecordView.rejected(Pairing.noneFound(sides, id), { fromObjectId: [id] }))
    }
    return {
      status: RecordView.statusOf(call, 200, errors),
      body: RecordView.completed(now, results, errors)
    }
  })

/**
 * `POST /crm/v4/associations/…/batch/read`. Observation, of other objects: one without associations is in the errors of a
 * 207.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchRead = readBatch(typedView)

/**
 * `POST /crm/v3/associations/…/batch/read`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchReadByName = readBatch(namedView)

/**
 * `GET /crm/v4/associations/…/labels`: the account has no labels of its own.
 *
 * @category handlers
 * @since 0.1.0
 */
export const labels = (_: Call, types: Types): Effect.Effect<Reply, Refusal.Refusal> =>
  Effect.map(sidesOf(types), ({ type: { associationCategory: category, associationTypeId: typeId } }) => ({
    status: 200,
    body: { results: [{ category, typeId, label: null }] }
  }))

/**
 * `GET /crm/v3/associations/…/types`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const typesByName = (_: Call, types: Types): Effect.Effect<Reply, Refusal.Refusal> =>
  Effect.map(sidesOf(types), (sides) => ({
    status: 200,
    body: {
      results: [{ id: String(sides.type.associationTypeId), name: Pairing.nameOf(sides) }]
    }
  }))
