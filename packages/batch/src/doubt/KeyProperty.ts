/**
 * The property that holds the keys of inputs in HubSpot: how to define one with unique values, and how to prove that a property
 * keeps its values before a strategy relies on it.
 *
 * Accounts differ, and some properties accept a value, show it, and lose it later. So the proof creates a line item with a
 * random key and reads it back. Where keys must be unique, it also tries to create a second line item with the same key. It
 * archives what it created.
 *
 * @since 0.1.0
 */
import * as Dispatch from "@effect-hubspot/http/Dispatch"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { Operation } from "@effect-hubspot/http/Operation"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Operations from "@effect-hubspot/http/Operations"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Spans from "@effect-hubspot/http/Spans"
import { Property } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as WriteTrace from "../model/WriteTrace.ts"

/**
 * The property cannot hold keys. `message` is one line.
 *
 * @category errors
 * @since 0.1.0
 */
export class KeyUnusable extends Schema.TaggedError<KeyUnusable>()("KeyUnusable", {
  property: Schema.String,
  problem: Schema.String,
  advice: Schema.String
}) {
  override get message(): string {
    return `property "${this.property}" ${this.problem}; ${this.advice}`
  }
}

const ask = <A>(operation: Operation<A>) =>
  Effect.flatMap(Effect.all({ client: HubSpotClient, limits: RateLimits }), (services) =>
    Dispatch.make(services)(operation)
  )

/**
 * Defines a text property with unique values on line items. HubSpot allows ten of them. A property can be made unique only
 * when it is defined.
 *
 * @category defining
 * @since 0.1.0
 */
export const define = Effect.fn("KeyProperty.define")(function* (name: string) {
  const operation = yield* Operations.createProperty({
    name,
    label: "Import key",
    type: "string",
    fieldType: "text",
    groupName: Property.defaultGroup,
    description: "The key of the row a line item was imported from",
    hasUniqueValue: true
  })
  return yield* ask(operation)
}, Spans.byReason)

/** The command that makes a property for keys, by the name that the guides have. */
const setUp = "line-items setup-key --key-property import_key"

/**
 * Whether the account's definition of a property lets it hold keys. It creates nothing, and proves nothing.
 *
 * @category proving
 * @since 0.1.0
 */
export const inspect = Effect.fn("KeyProperty.inspect")(function* (
  property: string,
  kind: "unique" | "plain"
): Effect.fn.Return<void, KeyUnusable | HubSpotError, HubSpotClient | RateLimits> {
  const unusable = (problem: string) =>
    new KeyUnusable({ property, problem, advice: `make one with \`${setUp}\`` })
  const definitions = yield* ask(Operations.listProperties)
  const definition = definitions.find(({ name }) => name === property)
  if (definition === undefined) return yield* unusable("does not exist in this account")
  if (definition.type !== "string") return yield* unusable("is not a text property")
  if (definition.modificationMetadata?.readOnlyValue === true || definition.calculated === true) {
    return yield* unusable("cannot be written")
  }
  if (kind === "unique" && definition.hasUniqueValue !== true) {
    return yield* unusable("does not have unique values")
  }
}, Spans.byReason)

/**
 * Proves that a property holds keys: `unique` ones for the strategies `guard` and `upsert`, `plain` ones for `reconcile`. It
 * costs a few requests and leaves one or two archived line items.
 *
 * **Example**
 *
 * ```ts
 * import { KeyProperty } from "@effect-hubspot/batch"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   yield* KeyProperty.define("import_key")
 *   yield* KeyProperty.prove("import_key", "unique")
 *   const error = yield* Effect.flip(KeyProperty.prove("hs_sku", "unique"))
 *   return error.message
 * }).pipe(Effect.provide(Emulator.layerLineItems()))
 * const message = await Effect.runPromise(program)
 * message // => "property \"hs_sku\" does not have unique values; make one with `line-items setup-key --key-property import_key`"
 * ```
 *
 * @category proving
 * @since 0.1.0
 */
export const prove = Effect.fn("KeyProperty.prove")(function* (
  property: string,
  kind: "unique" | "plain"
): Effect.fn.Return<void, KeyUnusable | HubSpotError, HubSpotClient | RateLimits> {
  const unusable = (problem: string, advice: string) => new KeyUnusable({ property, problem, advice })
  yield* inspect(property, kind)
  const key = `canary-${yield* WriteTrace.randomJobId}`
  const canary = yield* Operations.create({ properties: { name: "effect-hubspot canary", [property]: key } })
  const archive = ({ id }: { readonly id: string }) => Effect.ignore(ask(Operations.archive(id)))
  yield* Effect.acquireUseRelease(
    ask(canary),
    Effect.fnUntraced(function* ({ id }) {
      const kept = yield* ask(Operations.get(id, { properties: [property] }))
      if (kept.properties?.[property] !== key) {
        return yield* unusable("did not keep its value", "it is not usable as key; choose another")
      }
      if (kind === "plain") return
      const second = yield* Effect.result(ask(canary))
      if (second._tag === "Success") {
        yield* archive(second.success)
        return yield* unusable("took the same value twice", "it is not unique; choose another")
      }
      const { reason } = second.failure
      if (reason._tag !== "Conflict" && reason._tag !== "ValidationFailed") return yield* second.failure
    }),
    archive
  )
}, Spans.byReason)
