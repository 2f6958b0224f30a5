/**
 * The properties API of line items, of products and of parents: it lists, adds, changes and archives definitions, one or many.
 *
 * HubSpot's own definitions are never changed. Statuses are specification; most words of refusals are assumptions.
 *
 * @since 0.1.0
 */
import * as Properties from "@effect-hubspot/schema/Properties"
import * as Property from "@effect-hubspot/schema/Property"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Answer, Call } from "../passage/Exchange.ts"
import * as Body from "../reading/Body.ts"
import * as Definition from "../reading/Definition.ts"
import * as Json from "../reading/Json.ts"
import * as Query from "../reading/Query.ts"
import type { Account } from "../state/Account.ts"
import type * as Crm from "../state/Crm.ts"
import * as Objects from "../state/Objects.ts"
import * as Definitions from "../state/Definitions.ts"
import { moment } from "./LineItemsHandlers.ts"
import * as RecordView from "./RecordView.ts"
import * as Refusal from "./Refusal.ts"

interface OfType {
  readonly params: { readonly objectType: string }
}

interface Named {
  readonly params: { readonly objectType: string; readonly name: string }
}

/** The definitions of a type, and how one is added or replaced, and archived. */
interface Target extends Definitions.Definitions {
  readonly put: (definition: Definitions.Definition) => void
  readonly archive: (definition: Definitions.Definition, at: string) => void
}

/**
 * What the name of an object type stands for. Observation: the singular and the id are names too, and another one is refused
 * without a category.
 *
 * @category reading
 * @since 0.1.0
 */
const targetOf = (
  { crm, objects }: Pick<Account, "crm" | "objects">,
  objectType: string
): Json.Reading<Target> => {
  const kind = Objects.kindOf(objectType)
  const own = /^(line_items?|0-8)$/i.test(objectType)
    ? crm
    : kind === undefined
      ? undefined
      : objects.of(kind).crm
  return own === undefined
    ? Result.fail(Refusal.unknownObjectType(objectType))
    : Result.succeed({ ...own.definitions, put: own.define, archive: own.undefine })
}

const notFound = (name: string): Refusal.Refusal =>
  Refusal.notFound(`Property ${JSON.stringify(name)} does not exist`, "Properties.PROPERTY_NOT_FOUND")

const find = (target: Target, name: string, archived = false): Json.Reading<Definitions.Definition> => {
  const definition = (archived ? target.archived : target.all).get(name)
  return definition === undefined ? Result.fail(notFound(name)) : Result.succeed(definition)
}

/**
 * `GET /crm/v3/properties/:objectType`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const list = Effect.fnUntraced(function* (
  { account, request }: Call,
  { params: { objectType } }: OfType
): Answer {
  const { all, archived } = yield* Effect.fromResult(targetOf(account, objectType))
  const shown = Query.fromUrl(request.url).archived ? archived : all
  return { status: 200, body: { results: Array.from(shown.values(), Definitions.toJson) } }
})

/**
 * `GET /crm/v3/properties/:objectType/:name`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const get = Effect.fnUntraced(function* (
  { account, request }: Call,
  { params: { name, objectType } }: Named
): Answer {
  const { archived } = Query.fromUrl(request.url)
  const found = Result.flatMap(targetOf(account, objectType), (target) => find(target, name, archived))
  return { status: 200, body: Definitions.toJson(yield* Effect.fromResult(found)) }
})

/**
 * `POST /crm/v3/properties/:objectType`. Documentation: values can be made unique only here, for at most ten properties.
 *
 * @category handlers
 * @since 0.1.0
 */
export const create = Effect.fnUntraced(function* (
  { account, text }: Call,
  { params: { objectType } }: OfType
): Answer {
  const target = yield* Effect.fromResult(targetOf(account, objectType))
  const given = Result.flatMap(Json.readObject(text, "PropertyCreate"), Definition.readNew)
  const { iso } = yield* moment
  const defined = define(target, yield* Effect.fromResult(given), iso)
  return { status: 201, body: yield* Effect.fromResult(defined) }
})

const define = (target: Target, given: Definition.New, at: string): Json.Reading<object> => {
  const { groupName, name, options, type, unique } = given
  const invalid = (message: string) => Result.fail(Refusal.invalid(message))
  if (!Properties.isPropertyName(name)) return invalid(`${JSON.stringify(name)} is not a valid property name`)
  if (target.all.has(name)) {
    return Result.fail(
      Refusal.conflict(`A property named '${name}' already exists.`, "OBJECT_ALREADY_EXISTS")
    )
  }
  if (!target.groups.has(groupName)) return invalid(`Property group "${groupName}" does not exist`)
  if (type === "enumeration" && options === undefined) {
    return invalid("A property of type enumeration must have options")
  }
  const others = [...target.all.values()].filter((one) => one.unique && !one.hubspotDefined).length
  if (unique && others >= Property.maxUnique) {
    return invalid(`No more than ${Property.maxUnique} properties of an object can have unique values`)
  }
  const definition = Definitions.make({ ...given, createdAt: at, updatedAt: at })
  target.put(definition)
  return Result.succeed(Definitions.toJson(definition))
}

/**
 * `PATCH /crm/v3/properties/:objectType/:name`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const update = Effect.fnUntraced(function* (
  { account, text }: Call,
  { params: { name, objectType } }: Named
): Answer {
  const target = yield* Effect.fromResult(targetOf(account, objectType))
  const definition = yield* Effect.fromResult(find(target, name))
  const change = yield* Effect.fromResult(
    Result.flatMap(Json.readObject(text, "PropertyUpdate"), Definition.readChange)
  )
  if (definition.hubspotDefined) return yield* Effect.fail(readOnlyDefinition(name))
  if (change.groupName !== undefined && !target.groups.has(change.groupName)) {
    return yield* Effect.fail(Refusal.invalid(`Property group "${change.groupName}" does not exist`))
  }
  const { iso } = yield* moment
  const changed = { ...definition, ...change, updatedAt: iso }
  target.put(changed)
  return { status: 200, body: Definitions.toJson(changed) }
})

const readOnlyDefinition = (name: string): Refusal.Refusal =>
  Refusal.invalid(`The definition of property ${JSON.stringify(name)} is read only.`)

/**
 * `DELETE /crm/v3/properties/:objectType/:name`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const archive = Effect.fnUntraced(function* (
  { account }: Call,
  { params: { name, objectType } }: Named
): Answer {
  const target = yield* Effect.fromResult(targetOf(account, objectType))
  const definition = yield* Effect.fromResult(find(target, name))
  if (definition.hubspotDefined) return yield* Effect.fail(readOnlyDefinition(name))
  target.archive(definition, (yield* moment).iso)
  return { status: 204 }
})

/**
 * `POST /crm/v3/properties/:objectType/batch/create`. Assumption: a 207 if some are refused.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchCreate = Effect.fnUntraced(function* (
  call: Call,
  { params: { objectType } }: OfType
): Answer {
  const target = yield* Effect.fromResult(targetOf(call.account, objectType))
  const { inputs } = yield* Body.readCounted(call, Definition.readNew)
  const now = yield* moment
  return inBatch(call, now, 201, inputs, (input) => [input.name, define(target, input, now.iso)])
})

/**
 * `POST /crm/v3/properties/:objectType/batch/read`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchRead = Effect.fnUntraced(function* (
  call: Call,
  { params: { objectType } }: OfType
): Answer {
  const target = yield* Effect.fromResult(targetOf(call.account, objectType))
  const { fields, inputs } = yield* Body.readCounted(call, Definition.readName)
  const archived = Json.asText(fields.archived) === "true"
  return inBatch(call, yield* moment, 200, inputs, (name) => [
    name,
    Result.map(find(target, name, archived), Definitions.toJson)
  ])
})

const inBatch = <A>(
  call: Call,
  now: Crm.Moment,
  ok: 200 | 201,
  inputs: ReadonlyArray<A>,
  one: (input: A) => readonly [name: string, result: Json.Reading<object>]
) => {
  const results: Array<object> = []
  const errors: Array<object> = []
  for (const [name, result] of inputs.map(one)) {
    if (Result.isSuccess(result)) results.push(result.success)
    else errors.push({ ...result.failure.body, context: { name: [name] } })
  }
  return { status: RecordView.statusOf(call, ok, errors), body: RecordView.completed(now, results, errors) }
}

/**
 * `POST /crm/v3/properties/:objectType/batch/archive`. Assumption: names that do not exist, and those of HubSpot, are ignored.
 *
 * @category handlers
 * @since 0.1.0
 */
export const batchArchive = Effect.fnUntraced(function* (
  call: Call,
  { params: { objectType } }: OfType
): Answer {
  const target = yield* Effect.fromResult(targetOf(call.account, objectType))
  const { inputs } = yield* Body.readCounted(call, Definition.readName)
  const { iso } = yield* moment
  for (const name of inputs) {
    const definition = target.all.get(name)
    if (definition?.hubspotDefined === false) target.archive(definition, iso)
  }
  return { status: 204 }
})

/**
 * `GET /crm/v3/properties/:objectType/groups`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const listGroups = Effect.fnUntraced(function* (
  { account }: Call,
  { params: { objectType } }: OfType
): Answer {
  const { groups } = yield* Effect.fromResult(targetOf(account, objectType))
  return { status: 200, body: { results: Array.from(groups.values(), Definitions.groupToJson) } }
})

const findGroup = (target: Target, name: string): Json.Reading<Definitions.Group> => {
  const group = target.groups.get(name)
  return group === undefined
    ? Result.fail(
        Refusal.notFound(
          `Property group ${JSON.stringify(name)} does not exist`,
          "Properties.GROUP_NOT_FOUND"
        )
      )
    : Result.succeed(group)
}

/**
 * `GET /crm/v3/properties/:objectType/groups/:name`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const getGroup = Effect.fnUntraced(function* (
  { account }: Call,
  { params: { name, objectType } }: Named
): Answer {
  const found = Result.flatMap(targetOf(account, objectType), (target) => findGroup(target, name))
  return { status: 200, body: Definitions.groupToJson(yield* Effect.fromResult(found)) }
})

/**
 * `POST /crm/v3/properties/:objectType/groups`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const createGroup = Effect.fnUntraced(function* (
  { account, text }: Call,
  { params: { objectType } }: OfType
): Answer {
  const { groups } = yield* Effect.fromResult(targetOf(account, objectType))
  const group = yield* Effect.fromResult(
    Result.flatMap(Json.readObject(text, "PropertyGroupCreate"), Definition.readGroup)
  )
  if (groups.has(group.name)) {
    return yield* Effect.fail(
      Refusal.conflict(`A property group named '${group.name}' already exists.`, "OBJECT_ALREADY_EXISTS")
    )
  }
  groups.set(group.name, group)
  return { status: 201, body: Definitions.groupToJson(group) }
})

/**
 * `PATCH /crm/v3/properties/:objectType/groups/:name`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const updateGroup = Effect.fnUntraced(function* (
  { account, text }: Call,
  { params: { name, objectType } }: Named
): Answer {
  const target = yield* Effect.fromResult(targetOf(account, objectType))
  const group = yield* Effect.fromResult(findGroup(target, name))
  const change = yield* Effect.fromResult(
    Result.flatMap(Json.readObject(text, "PropertyGroupUpdate"), Definition.readGroupChange)
  )
  const changed = { ...group, ...change }
  target.groups.set(name, changed)
  return { status: 200, body: Definitions.groupToJson(changed) }
})

/**
 * `DELETE /crm/v3/properties/:objectType/groups/:name`. Assumption: a group that has properties is refused.
 *
 * @category handlers
 * @since 0.1.0
 */
export const archiveGroup = Effect.fnUntraced(function* (
  { account }: Call,
  { params: { name, objectType } }: Named
): Answer {
  const target = yield* Effect.fromResult(targetOf(account, objectType))
  yield* Effect.fromResult(findGroup(target, name))
  if ([...target.all.values()].some(({ groupName }) => groupName === name)) {
    return yield* Effect.fail(Refusal.invalid(`Property group "${name}" has properties`))
  }
  target.groups.delete(name)
  return { status: 204 }
})
