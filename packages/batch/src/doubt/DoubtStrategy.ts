/**
 * What to do about inputs in doubt, which were sent and may or may not be in HubSpot.
 *
 * | strategy | promise | needs | in doubt |
 * |---|---|---|---|
 * | `failVisible` (default) | at most once, every doubt visible | nothing | is reported, for a person to resolve |
 * | `atLeastOnce` | at least once, possible duplicates marked | nothing | is sent again |
 * | `reconcile` | probably once | a property holding the key | is looked for after a quiet period; what is absent is sent again |
 * | `reconcileByParent` | probably once | a parent for each input | is looked for among the parent's line items; what is absent is sent again |
 * | `guard` | once, rejections verified | a property with unique values | is sent again; HubSpot refuses what exists already, and its id is read |
 * | `upsert` | once, the last write wins | a property with unique values | is written again by its key |
 *
 * `reconcile` and `reconcileByParent` depend on a quiet period that is long enough: HubSpot may apply or index a request later.
 * `guard` and `upsert` depend on the uniqueness of the property. `upsert` overwrites changes that were made between two
 * attempts. No strategy turns a doubt into a rejection: an input that is refused after a doubt is looked for first, or stays
 * in doubt.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { inRange } from "../model/InRange.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type DoubtStrategy = Keyless | Keyed

/**
 * The strategies that need no key property.
 *
 * @category models
 * @since 0.1.0
 */
export type Keyless = FailVisible | AtLeastOnce | ReconcileByParent

/**
 * The strategies that need a key property.
 *
 * @category models
 * @since 0.1.0
 */
export type Keyed = FailVisibleVerified | Reconcile | Guard | Upsert

/**
 * A strategy, by default `failVisible`, and the property that holds the keys of inputs, which some strategies need. An input
 * without a value of the property gets `<job>:<index>`, unless the caller gives it a key.
 *
 * @category options
 * @since 0.1.0
 */
export type Choice =
  | { readonly strategy?: Keyless | undefined; readonly keyProperty?: string | undefined }
  | { readonly strategy: Keyed; readonly keyProperty: string }

/**
 * @category models
 * @since 0.1.0
 */
export interface FailVisible {
  readonly _tag: "failVisible"
  readonly verifyRejections: false
}

/**
 * A rejected input is looked for by its key, after the `quiet` period, before the rejection is believed.
 *
 * @category models
 * @since 0.1.0
 */
export interface FailVisibleVerified {
  readonly _tag: "failVisible"
  readonly verifyRejections: { readonly quiet: Duration.Duration }
}

/**
 * @category models
 * @since 0.1.0
 */
export interface AtLeastOnce {
  readonly _tag: "atLeastOnce"
  /** How often inputs in doubt are sent again. */
  readonly resends: number
}

/**
 * How to look for inputs in doubt before they are sent again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Looking {
  /** How long absence proves nothing: HubSpot's longest request and the lag of its index. */
  readonly quiet: Duration.Duration
  /** How many reads in a row must find nothing. `spacing` is the time between them. */
  readonly reads: number
  readonly spacing: Duration.Duration
  readonly resends: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Reconcile extends Looking {
  readonly _tag: "reconcile"
}

/**
 * @category models
 * @since 0.1.0
 */
export interface ReconcileByParent extends Looking {
  readonly _tag: "reconcileByParent"
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Guard {
  readonly _tag: "guard"
  readonly quiet: Duration.Duration
  readonly resends: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Upsert {
  readonly _tag: "upsert"
  readonly quiet: Duration.Duration
}

/**
 * The default: doubts are reported, and rejections are believed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const failVisible: FailVisible = { _tag: "failVisible", verifyRejections: false }

// HubSpot's edge waits for 100 seconds, and a search finds new records within half a minute. The rest is a margin.
const quietOf = ({ quiet = Duration.seconds(150) }: { readonly quiet?: Duration.Input }) =>
  Duration.fromInputUnsafe(quiet)

/**
 * The default with verified rejections. It needs a key property with unique values. A rejection is believed only after the
 * input was looked for, after `quiet` (150 seconds by default), so a false rejection is noticed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const failVisibleVerified = (
  options: { readonly quiet?: Duration.Input } = {}
): FailVisibleVerified => ({
  _tag: "failVisible",
  verifyRejections: { quiet: quietOf(options) }
})

/**
 * @category constructors
 * @since 0.1.0
 */
export const atLeastOnce = (options: { readonly resends?: number } = {}): AtLeastOnce => ({
  _tag: "atLeastOnce",
  resends: inRange("resends", options.resends ?? 5, 0, 100)
})

const looking = (options: {
  readonly quiet?: Duration.Input
  readonly reads?: number
  readonly spacing?: Duration.Input
  readonly resends?: number
}): Looking => ({
  quiet: quietOf(options),
  reads: inRange("reads", options.reads ?? 3, 1, 100),
  spacing: Duration.fromInputUnsafe(options.spacing ?? "10 seconds"),
  resends: inRange("resends", options.resends ?? 3, 0, 100)
})

/**
 * Defaults: `quiet` is 150 seconds, three `reads` with a `spacing` of ten seconds, three `resends`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reconcile = (options: Parameters<typeof looking>[0] = {}): Reconcile => ({
  _tag: "reconcile",
  ...looking(options)
})

/**
 * The same by the line items of an input's parent, with the same defaults. It needs no key property, and recognises an input by
 * its content, so it mistakes an equal line that somebody else adds to the parent meanwhile for the input.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reconcileByParent = (options: Parameters<typeof looking>[0] = {}): ReconcileByParent => ({
  _tag: "reconcileByParent",
  ...looking(options)
})

/**
 * `quiet` (150 seconds by default) passes before a rejection is believed, and before a remaining doubt is looked for. By
 * default there are at most five resends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const guard = (
  options: { readonly quiet?: Duration.Input; readonly resends?: number } = {}
): Guard => ({
  _tag: "guard",
  quiet: quietOf(options),
  resends: inRange("resends", options.resends ?? 5, 0, 100)
})

/**
 * Writes by key from the first attempt on, so that requests may be repeated as the retry policy says. Associations follow in a
 * request of their own, which may be repeated too. `quiet` is as for `guard`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const upsert = (options: { readonly quiet?: Duration.Input } = {}): Upsert => ({
  _tag: "upsert",
  quiet: quietOf(options)
})

/**
 * The key property that a strategy needs: one with `unique` values, a `plain` one, or none.
 *
 * @category predicates
 * @since 0.1.0
 */
export const keyNeeded = (strategy: DoubtStrategy): "unique" | "plain" | undefined => {
  switch (strategy._tag) {
    case "guard":
    case "upsert":
      return "unique"
    case "reconcile":
      return "plain"
    case "failVisible":
      return strategy.verifyRejections === false ? undefined : "unique"
    case "atLeastOnce":
    case "reconcileByParent":
      return undefined
  }
}

const isKeyed = (strategy: DoubtStrategy): strategy is Keyed => keyNeeded(strategy) !== undefined

/**
 * A strategy and a property from outside as a choice. None if the strategy needs a property and there is none.
 *
 * **Example**
 *
 * ```ts
 * import { DoubtStrategy } from "@effect-hubspot/batch"
 * import { Option } from "effect"
 *
 * const choices = [undefined, "import_key"].map((property) => DoubtStrategy.choose(DoubtStrategy.guard(), property))
 * choices.map(Option.isSome) // => [false, true]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const choose = (strategy: DoubtStrategy, keyProperty: string | undefined): Option.Option<Choice> => {
  if (!isKeyed(strategy)) return Option.some({ strategy, keyProperty })
  return keyProperty === undefined ? Option.none() : Option.some({ strategy, keyProperty })
}

const tags: Readonly<Record<DoubtStrategy["_tag"], true>> = {
  failVisible: true,
  atLeastOnce: true,
  reconcile: true,
  reconcileByParent: true,
  guard: true,
  upsert: true
}

/**
 * A choice with its default. A strategy without the property that it needs is a defect, and so is what is no strategy, such as
 * its name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const chosen = ({
  keyProperty,
  strategy = failVisible
}: Choice): Effect.Effect<{
  readonly strategy: DoubtStrategy
  readonly keyProperty: string | undefined
}> =>
  !Predicate.hasProperty(strategy, "_tag") || !Object.hasOwn(tags, strategy._tag)
    ? Effect.die(
        new TypeError("strategy must be one that DoubtStrategy makes, such as DoubtStrategy.guard()")
      )
    : Option.isSome(choose(strategy, keyProperty))
      ? Effect.succeed({ strategy, keyProperty })
      : Effect.die(new RangeError(`the strategy ${strategy._tag} needs a keyProperty`))

/**
 * The promise of a strategy, in one line for a report.
 *
 * **Example**
 *
 * ```ts
 * import { DoubtStrategy } from "@effect-hubspot/batch"
 *
 * const promise = DoubtStrategy.promise(DoubtStrategy.atLeastOnce())
 * promise // => "at least once; possible duplicates are marked"
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const promise = (strategy: DoubtStrategy): string => {
  switch (strategy._tag) {
    case "failVisible":
      return strategy.verifyRejections === false
        ? "at most once, every doubt is reported; a refusal is believed"
        : "at most once, every doubt is reported; rejections are looked up"
    case "atLeastOnce":
      return "at least once; possible duplicates are marked"
    case "reconcile":
    case "reconcileByParent":
      return "probably once, unless HubSpot applies or shows a request later than the quiet period"
    case "guard":
      return "once, rejections are looked up, as long as the key property stays unique"
    case "upsert":
      return "once, the last write wins, as long as the key property stays unique"
  }
}
