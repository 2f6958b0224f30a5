/**
 * From inputs to batches: numbers them, checks them, gives them trace ids, and fills batches.
 *
 * Pure. An invalid input never takes a place in a batch. A {@link Shape} defines what a valid input is. This module has the
 * shape of creates; each other operation has its own.
 *
 * @since 0.1.0
 */
import { InputIssue, type BatchRequest } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import type { Invalid, NotSent, NotSentReason } from "./Outcome.ts"
import * as WriteTrace from "./WriteTrace.ts"

/**
 * An input as it is sent, and sent again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Item<I, In = TracedInput> {
  readonly source: I
  readonly index: number
  readonly input: In
  /** It identifies the input within the job. Requests that read or archive cannot carry it. */
  readonly objectWriteTraceId: string
  /** The value of the key property, where the plan has one. */
  readonly key: string | undefined
}

/**
 * A property that identifies inputs in HubSpot, across jobs and attempts. `of` returns the caller's own key of a value. Without
 * one, the key is the input's value of the property. Without that, it is `<job>:<index>`, which a new job over the same values
 * does not share.
 *
 * @category models
 * @since 0.1.0
 */
export interface Key<I> {
  readonly property: string
  readonly of?: ((source: I) => string | undefined) | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export type TracedInput = BatchRequest.CreateInput & { readonly objectWriteTraceId: string }

/**
 * What the plan makes of the inputs, in their order: batches, invalid inputs, and those that are held back.
 *
 * @category models
 * @since 0.1.0
 */
export type Step<I, In = TracedInput> =
  | { readonly _tag: "Batch"; readonly items: ReadonlyArray<Item<I, In>> }
  | Invalid<I>
  | NotSent<I>

type Issues = ReadonlyArray<InputIssue.InputIssue>

/**
 * What a valid input is. All functions are pure. `toInput` may be the caller's own and may throw.
 *
 * @category models
 * @since 0.1.0
 */
export interface Shape<I, In> {
  readonly jobId: string
  /** The input in a caller's value, or what is wrong with the value. */
  readonly toInput: (source: I) => Result.Result<unknown, Issues>
  /** A checked copy of a caller's input, which may not have the declared type, in the form that is sent. */
  readonly read: (given: unknown) => Result.Result<In & { readonly objectWriteTraceId?: string }, Issues>
  /** The input as it is sent, with this trace id, and its key. Or what is wrong with it. */
  readonly prepare: (
    given: In,
    item: { readonly source: I; readonly index: number; readonly objectWriteTraceId: string }
  ) => Result.Result<{ readonly input: In; readonly key: string | undefined }, Issues>
  /** A value of the caller's that must be unique among all inputs, beside the trace id. */
  readonly unique: (item: Item<I, In>) => Unique | undefined
  /** How a message names an input. Default: `input 1`. */
  readonly where?: Where<I> | undefined
  /** Why an input is not sent, if something that it needs could not be learnt. Default: none is held back. */
  readonly heldBack?: ((source: I) => NotSentReason | undefined) | undefined
}

/**
 * The places of inputs in messages, such as the lines of a file.
 *
 * @category models
 * @since 0.1.0
 */
export interface Where<I> {
  readonly unit: string
  readonly of: (source: I, index: number) => number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Unique {
  readonly path: string
  /** The name of the value in a message: `key`, `id`. */
  readonly what: string
  readonly value: string
  readonly advice: string
}

/**
 * The plan so far.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan<I, In = TracedInput> {
  readonly next: number
  readonly open: Array<Item<I, In>>
  /** Values that must be unique, with the place of their input. Generated values cannot collide and are not here. */
  readonly taken: Map<string, number>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = <I, In = TracedInput>(): Plan<I, In> => ({ next: 0, open: [], taken: new Map() })

/**
 * Adds one input. Returns the plan, and the batch if it is full now, or the input if it is invalid or held back.
 *
 * @category planning
 * @since 0.1.0
 */
export const add = <I, In>(
  plan: Plan<I, In>,
  source: I,
  shape: Shape<I, In>,
  batchSize: number
): readonly [plan: Plan<I, In>, steps: ReadonlyArray<Step<I, In>>] => {
  const index = plan.next
  const reason = shape.heldBack?.(source)
  if (reason !== undefined)
    return [{ ...plan, next: index + 1 }, [{ _tag: "NotSent", source, index, reason }]]
  const checked = Result.flatMap(check(shape, source, index), (item) => unique(plan, item, shape))
  if (Result.isFailure(checked)) return [{ ...plan, next: index + 1 }, [checked.failure]]
  plan.open.push(checked.success)
  return plan.open.length < batchSize
    ? [{ ...plan, next: index + 1 }, []]
    : [{ ...plan, next: index + 1, open: [] }, [{ _tag: "Batch", items: plan.open }]]
}

/**
 * The last batch, if one is open.
 *
 * @category planning
 * @since 0.1.0
 */
export const finish = <I, In>(plan: Plan<I, In>): ReadonlyArray<Step<I, In>> =>
  plan.open.length === 0 ? [] : [{ _tag: "Batch", items: plan.open }]

/**
 * Checks one input by itself: the input as it is sent, or all that is wrong with it.
 *
 * @category planning
 * @since 0.1.0
 */
export const check = <I, In>(
  shape: Shape<I, In>,
  source: I,
  index: number
): Result.Result<Item<I, In>, Invalid<I>> => {
  // This is a copy: the caller's value is read once, and may change afterwards.
  const given = Result.flatMap(
    guarded(() => shape.toInput(source)),
    Result.flatMap(shape.read)
  )
  const item = Result.flatMap(given, (given) =>
    Result.flatMap(traceIdOf(shape.jobId, given.objectWriteTraceId, index), (objectWriteTraceId) =>
      Result.map(
        shape.prepare(given, { source, index, objectWriteTraceId }),
        ({ input, key }): Item<I, In> => ({ source, index, input, objectWriteTraceId, key })
      )
    )
  )
  return Result.mapError(item, (issues) => ({ _tag: "Invalid", source, index, issues }))
}

/**
 * Calls a function of the caller's. An exception is an issue of this input and does not fail the job.
 *
 * @category planning
 * @since 0.1.0
 */
export const guarded = <A>(call: () => A): Result.Result<A, Issues> =>
  Result.try({
    try: call,
    catch: (thrown) => [
      {
        path: "",
        message: `cannot be read (${thrown instanceof Error ? thrown.name : typeof thrown})`,
        advice: "fix the function that makes the input"
      }
    ]
  })

const traceIdOf = (jobId: string, own: string | undefined, index: number): Result.Result<string, Issues> => {
  if (own === undefined) return Result.succeed(WriteTrace.make(jobId, index))
  // The job gives ids of this form to other inputs, so a caller's own id must not have it.
  return own.startsWith(`${jobId}-`) && /^[0-9a-z]+$/.test(own.slice(jobId.length + 1))
    ? Result.fail([
        {
          path: "objectWriteTraceId",
          message: `trace id ${InputIssue.quote(own)} looks like one made for this job`,
          advice: "choose another form, or leave it out to have one made"
        }
      ])
    : Result.succeed(own)
}

/** Checks that the caller's own trace id and other unique values are unique in the plan. */
const unique = <I, In>(
  plan: Plan<I, In>,
  item: Item<I, In>,
  shape: Shape<I, In>
): Result.Result<Item<I, In>, Invalid<I>> => {
  const { index, objectWriteTraceId, source } = item
  const own = shape.unique(item)
  const given: ReadonlyArray<Unique> = [
    ...(objectWriteTraceId === WriteTrace.make(shape.jobId, index)
      ? []
      : [
          {
            path: "objectWriteTraceId",
            what: "trace id",
            value: objectWriteTraceId,
            advice: "make it unique, or leave it out to have one made"
          }
        ]),
    ...(own === undefined ? [] : [own])
  ]
  if (given.length === 0) return Result.succeed(item)
  const { of, unit } = shape.where ?? { unit: "input", of: (_: I, index: number) => index + 1 }
  for (const { advice, path, value, what } of given) {
    const first = plan.taken.get(`${what}\u0000${value}`)
    if (first === undefined) continue
    const message = `${what} ${InputIssue.quote(value)} is used twice, first in ${unit} ${first}`
    return Result.fail({ _tag: "Invalid", source, index, issues: [{ path, message, advice }] })
  }
  const place = of(source, index)
  for (const { value, what } of given) plan.taken.set(`${what}\u0000${value}`, place)
  return Result.succeed(item)
}

// -----------------------------------------------------------------------------
// Creates
// -----------------------------------------------------------------------------

/**
 * The shape of creates. It writes the key, if there is one, into the key property.
 *
 * @category shapes
 * @since 0.1.0
 */
export const creates = <I>(options: {
  readonly jobId: string
  readonly toInput: (source: I) => Result.Result<BatchRequest.Given<BatchRequest.CreateInput>, Issues>
  readonly key?: Key<I> | undefined
  /** Further issues of an input. Default: none. */
  readonly issuesOf?: ((input: BatchRequest.CreateInput) => Issues) | undefined
  readonly where?: Where<I> | undefined
  readonly heldBack?: Shape<I, TracedInput>["heldBack"]
}): Shape<I, TracedInput> => {
  const { jobId, key: keys } = options
  return {
    jobId,
    where: options.where,
    heldBack: options.heldBack,
    toInput: options.toInput,
    read: (given) => InputIssue.read(given) as Result.Result<TracedInput, Issues>,
    prepare: (given, { index, objectWriteTraceId, source }) =>
      Result.flatMap(
        guarded(() => keys?.of?.(source)),
        (own) => {
          const key =
            keys === undefined ? undefined : (own ?? given.properties[keys.property] ?? madeKey(jobId, index))
          const keyed = withKey(given, keys?.property, key)
          const issues = [
            ...InputIssue.of(keyed),
            ...issuesOfKey(jobId, keys?.property, key, index),
            ...(options.issuesOf?.(keyed) ?? [])
          ]
          return issues.length > 0
            ? Result.fail(issues)
            : Result.succeed({ input: { ...keyed, objectWriteTraceId }, key })
        }
      ),
    unique: ({ index, key }) =>
      key === undefined || key === madeKey(jobId, index)
        ? undefined
        : {
            path: `properties.${keys?.property ?? ""}`,
            what: "key",
            value: key,
            advice: "give every input a key of its own"
          }
  }
}

/**
 * The key of an input that has no key of its own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const madeKey = (jobId: string, index: number): string => `${jobId}:${index}`

/**
 * Whether the key of an input may be a generated one, which is unique within one job only. The inputs of a retry have the
 * generated keys of the job `first`.
 *
 * @category predicates
 * @since 0.1.0
 */
export const mayBeMade =
  (first: string | undefined) =>
  ({ index, key }: Item<unknown, unknown>): boolean =>
    key !== undefined && (key.endsWith(`:${index}`) || (first !== undefined && key.startsWith(`${first}:`)))

const withKey = (
  input: BatchRequest.CreateInput,
  property: string | undefined,
  key: string | undefined
): BatchRequest.CreateInput =>
  property === undefined || key === undefined
    ? input
    : { ...input, properties: { ...input.properties, [property]: key } }

const issuesOfKey = (
  jobId: string,
  property: string | undefined,
  key: string | undefined,
  index: number
): Issues => {
  if (property === undefined || key === undefined || key === madeKey(jobId, index)) return []
  const wrong = (message: string, advice: string) => [{ path: `properties.${property}`, message, advice }]
  if (key === "") return wrong("the key is empty", "give every input a key of its own")
  if (key.trim() !== key) return wrong(`key ${InputIssue.quote(key)} has outer blanks`, "remove them")
  return key.startsWith(`${jobId}:`)
    ? wrong(`key ${InputIssue.quote(key)} looks like one made for this job`, "choose another form")
    : []
}
