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
 * Inputs that are sent in one request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch<I, In = TracedInput> {
  readonly _tag: "Batch"
  readonly items: ReadonlyArray<Item<I, In>>
}

/**
 * What the plan makes of the inputs, in their order: batches, invalid inputs, and those that are held back.
 *
 * @category models
 * @since 0.1.0
 */
export type Step<I, In = TracedInput> = Batch<I, In> | Invalid<I> | NotSent<I>

type Issues = ReadonlyArray<InputIssue.InputIssue>

const none: Issues = []

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
 * The plan so far. Adding an input changes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan<I, In = TracedInput> {
  next: number
  open: Array<Item<I, In>>
  /** Values that must be unique, with the place of their input. Generated values cannot collide and are not here. */
  readonly taken: Map<string, number>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = <I, In = TracedInput>(): Plan<I, In> => ({ next: 0, open: [], taken: new Map() })

/**
 * Adds one input. Returns the batch if it is full now, or the input if it is invalid or held back.
 *
 * @category planning
 * @since 0.1.0
 */
export const add = <I, In>(
  plan: Plan<I, In>,
  source: I,
  shape: Shape<I, In>,
  batchSize: number
): Step<I, In> | undefined => {
  const index = plan.next++
  const reason = shape.heldBack?.(source)
  if (reason !== undefined) return { _tag: "NotSent", source, index, reason }
  const checked = check(shape, source, index)
  if (Result.isFailure(checked)) return checked.failure
  const item = checked.success
  const repeated = repetition(plan, item, shape)
  if (repeated !== undefined) return repeated
  plan.open.push(item)
  return plan.open.length < batchSize ? undefined : finish(plan)[0]
}

/**
 * The last batch, if one is open.
 *
 * @category planning
 * @since 0.1.0
 */
export const finish = <I, In>(plan: Plan<I, In>): ReadonlyArray<Batch<I, In>> => {
  const items = plan.open
  plan.open = []
  return items.length === 0 ? [] : [{ _tag: "Batch", items }]
}

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
  const invalid = (issues: Issues): Result.Result<never, Invalid<I>> =>
    Result.fail({ _tag: "Invalid", source, index, issues })
  const own = guarded(() => shape.toInput(source))
  const given = Result.isFailure(own) ? own : own.success
  if (Result.isFailure(given)) return invalid(given.failure)
  // This is a copy: the caller's value is read once, and may change afterwards.
  const read = shape.read(given.success)
  if (Result.isFailure(read)) return invalid(read.failure)
  const traceId = traceIdOf(shape.jobId, read.success.objectWriteTraceId, index)
  if (Result.isFailure(traceId)) return invalid(traceId.failure)
  const objectWriteTraceId = traceId.success
  const prepared = shape.prepare(read.success, { source, index, objectWriteTraceId })
  if (Result.isFailure(prepared)) return invalid(prepared.failure)
  const { input, key } = prepared.success
  return Result.succeed({ source, index, input, objectWriteTraceId, key })
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

/** The input as invalid, if its own trace id or another value that must be unique was used before. */
const repetition = <I, In>(
  plan: Plan<I, In>,
  item: Item<I, In>,
  shape: Shape<I, In>
): Invalid<I> | undefined => {
  const { index, objectWriteTraceId, source } = item
  const own = shape.unique(item)
  const isMade = objectWriteTraceId === WriteTrace.make(shape.jobId, index)
  if (isMade && own === undefined) return undefined
  const given: ReadonlyArray<Unique> = [
    ...(isMade
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
  const { of, unit } = shape.where ?? { unit: "input", of: (_: I, index: number) => index + 1 }
  for (const { advice, path, value, what } of given) {
    const first = plan.taken.get(`${what}\u0000${value}`)
    if (first === undefined) continue
    const message = `${what} ${InputIssue.quote(value)} is used twice, first in ${unit} ${first}`
    return { _tag: "Invalid", source, index, issues: [{ path, message, advice }] }
  }
  const place = of(source, index)
  for (const { value, what } of given) plan.taken.set(`${what}\u0000${value}`, place)
  return undefined
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
    prepare: (given, { index, objectWriteTraceId, source }) => {
      const own = keys?.of === undefined ? undefined : guarded(() => keys.of?.(source))
      if (own !== undefined && Result.isFailure(own)) return Result.fail(own.failure)
      const key =
        keys === undefined
          ? undefined
          : (own?.success ?? given.properties[keys.property] ?? madeKey(jobId, index))
      const keyed = withKey(given, keys?.property, key)
      const issues = [
        InputIssue.of(keyed),
        issuesOfKey(jobId, keys?.property, key, index),
        options.issuesOf?.(keyed) ?? none
      ].filter(({ length }) => length > 0)
      return issues.length > 0
        ? Result.fail(issues.flat())
        : Result.succeed({ input: { ...keyed, objectWriteTraceId }, key })
    },
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
  if (property === undefined || key === undefined || key === madeKey(jobId, index)) return none
  const wrong = (message: string, advice: string) => [{ path: `properties.${property}`, message, advice }]
  if (key === "") return wrong("the key is empty", "give every input a key of its own")
  if (key.trim() !== key) return wrong(`key ${InputIssue.quote(key)} has outer blanks`, "remove them")
  return key.startsWith(`${jobId}:`)
    ? wrong(`key ${InputIssue.quote(key)} looks like one made for this job`, "choose another form")
    : []
}
