/**
 * From inputs to batches: numbers them, checks them, gives them trace ids, and fills batches.
 *
 * Pure. An input that is wrong in itself never takes a place in a batch.
 *
 * @since 0.1.0
 */
import { InputIssue, type BatchRequest } from "@effect-hubspot/schema"
import * as Result from "effect/Result"
import type { Invalid } from "./Outcome.ts"
import * as WriteTrace from "./WriteTrace.ts"

/**
 * An input as it is sent, and sent again: `input` always has a trace id.
 *
 * @category models
 * @since 0.1.0
 */
export interface Item<I> {
  readonly source: I
  readonly index: number
  readonly input: TracedInput
  /** Whether the trace id was made here; otherwise it is the caller's own. */
  readonly made: boolean
  /** The value of the key property, where the plan has one. */
  readonly key: string | undefined
}

/**
 * A property that tells inputs apart in HubSpot, across jobs and attempts. `of` is the caller's own key for
 * a value. Where it gives none, what the input has in the property is its key, or else `<job>:<index>`,
 * which a new job over the same values does not share.
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
 * What the plan makes of the inputs, in their order: batches, and inputs that are wrong.
 *
 * @category models
 * @since 0.1.0
 */
export type Step<I> = { readonly _tag: "Batch"; readonly items: ReadonlyArray<Item<I>> } | Invalid<I>

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<I> {
  readonly jobId: string
  /** Inputs per batch, 1 to 100. */
  readonly batchSize: number
  /** The line item in a caller's value, or what is wrong with the value. */
  readonly toInput: (
    source: I
  ) => Result.Result<BatchRequest.CreateInput, ReadonlyArray<InputIssue.InputIssue>>
  readonly key?: Key<I> | undefined
}

/**
 * The plan so far.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan<I> {
  readonly next: number
  readonly open: Array<Item<I>>
  /** Only ids that callers gave themselves; those made here cannot collide. */
  readonly callersTraceIds: Set<string>
  /** Only keys that callers gave, as well. */
  readonly callersKeys: Set<string>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = <I>(): Plan<I> => ({
  next: 0,
  open: [],
  callersTraceIds: new Set(),
  callersKeys: new Set()
})

/**
 * Takes one more input. Returns the plan, and the batch that is full now or the input if it is wrong.
 *
 * @category planning
 * @since 0.1.0
 */
export const add = <I>(
  plan: Plan<I>,
  source: I,
  options: Options<I>
): readonly [plan: Plan<I>, steps: ReadonlyArray<Step<I>>] => {
  const index = plan.next
  const checked = Result.flatMap(check(options, source, index), (item) => unique(plan, item, options))
  if (Result.isFailure(checked)) return [{ ...plan, next: index + 1 }, [checked.failure]]
  plan.open.push(checked.success)
  return plan.open.length < options.batchSize
    ? [{ ...plan, next: index + 1 }, []]
    : [{ ...plan, next: index + 1, open: [] }, [{ _tag: "Batch", items: plan.open }]]
}

/**
 * The last batch, if one is open.
 *
 * @category planning
 * @since 0.1.0
 */
export const finish = <I>(plan: Plan<I>): ReadonlyArray<Step<I>> =>
  plan.open.length === 0 ? [] : [{ _tag: "Batch", items: plan.open }]

/**
 * One input by itself: as it is sent, or all that is wrong with it.
 *
 * @category planning
 * @since 0.1.0
 */
export const check = <I>(
  options: Pick<Options<I>, "jobId" | "toInput" | "key">,
  source: I,
  index: number
): Result.Result<Item<I>, Invalid<I>> => {
  const wrong = (issues: ReadonlyArray<InputIssue.InputIssue>) =>
    Result.fail<Invalid<I>>({ _tag: "Invalid", source, index, issues })
  // From here on a copy: the caller's value is read once, and may change afterwards.
  const given = Result.flatMap(toInput(options, source), InputIssue.read)
  if (Result.isFailure(given)) return wrong(given.failure)
  const own = ownKey(options, source)
  if (Result.isFailure(own)) return wrong(own.failure)
  const key =
    options.key === undefined
      ? undefined
      : (own.success ?? given.success.properties[options.key.property] ?? madeKey(options.jobId, index))
  const keyed = withKey(given.success, options.key?.property, key)
  const issues = [...InputIssue.of(keyed), ...issuesOfKey(options, key, index)]
  if (issues.length > 0) return wrong(issues)
  const made = given.success.objectWriteTraceId === undefined
  const traceId = given.success.objectWriteTraceId ?? WriteTrace.make(options.jobId, index)
  if (!made && isMade(options.jobId, traceId)) {
    return wrong([
      {
        path: "objectWriteTraceId",
        message: `trace id ${InputIssue.quote(traceId)} looks like one made for this job`,
        advice: "choose another form, or leave it out to have one made"
      }
    ])
  }
  return Result.succeed({ source, index, input: { ...keyed, objectWriteTraceId: traceId }, made, key })
}

/** The caller's own function may throw; that is about this value, not about the job. */
const guarded = <A>(call: () => A): Result.Result<A, ReadonlyArray<InputIssue.InputIssue>> =>
  Result.try({
    try: call,
    catch: (thrown) => [
      {
        path: "",
        message: `cannot be read (${thrown instanceof Error ? thrown.name : typeof thrown})`,
        advice: "look at what makes the input"
      }
    ]
  })

const toInput = <I>(options: Pick<Options<I>, "toInput">, source: I): ReturnType<Options<I>["toInput"]> =>
  Result.flatMap(
    guarded(() => options.toInput(source)),
    (input) => input
  )

const ownKey = <I>({ key }: Pick<Options<I>, "key">, source: I) => guarded(() => key?.of?.(source))

// Ids made for other inputs of the job have this form, so a caller's own must not.
const isMade = (jobId: string, traceId: string): boolean =>
  traceId.startsWith(`${jobId}-`) && /^[0-9a-z]+$/.test(traceId.slice(jobId.length + 1))

const madeKey = (jobId: string, index: number): string => `${jobId}:${index}`

const withKey = (
  input: BatchRequest.CreateInput,
  property: string | undefined,
  key: string | undefined
): BatchRequest.CreateInput =>
  property === undefined || key === undefined
    ? input
    : { ...input, properties: { ...input.properties, [property]: key } }

const issuesOfKey = <I>(
  { jobId, key: keys }: Pick<Options<I>, "jobId" | "key">,
  key: string | undefined,
  index: number
): ReadonlyArray<InputIssue.InputIssue> => {
  if (keys === undefined || key === undefined || key === madeKey(jobId, index)) return []
  const wrong = (message: string, advice: string) => [
    { path: `properties.${keys.property}`, message, advice }
  ]
  if (key === "") return wrong("the key is empty", "give every input a key of its own")
  if (key.trim() !== key) return wrong(`key ${InputIssue.quote(key)} has outer blanks`, "remove them")
  return key.startsWith(`${jobId}:`)
    ? wrong(`key ${InputIssue.quote(key)} looks like one made for this job`, "choose another form")
    : []
}

/** A trace id and a key that a caller gave must each be the only one of their kind in the plan. */
const unique = <I>(
  plan: Plan<I>,
  item: Item<I>,
  { jobId, key }: Pick<Options<I>, "jobId" | "key">
): Result.Result<Item<I>, Invalid<I>> => {
  const { index, input, made, source } = item
  const twice = (path: string, message: string, advice: string) =>
    Result.fail<Invalid<I>>({ _tag: "Invalid", source, index, issues: [{ path, message, advice }] })
  const { objectWriteTraceId } = input
  if (plan.callersTraceIds.has(objectWriteTraceId)) {
    return twice(
      "objectWriteTraceId",
      `trace id ${InputIssue.quote(objectWriteTraceId)} is used twice`,
      "make it unique, or leave it out to have one made"
    )
  }
  if (item.key !== undefined && plan.callersKeys.has(item.key)) {
    return twice(
      `properties.${key?.property ?? ""}`,
      `key ${InputIssue.quote(item.key)} is used twice`,
      "give every input a key of its own"
    )
  }
  if (!made) plan.callersTraceIds.add(objectWriteTraceId)
  if (item.key !== undefined && item.key !== madeKey(jobId, index)) plan.callersKeys.add(item.key)
  return Result.succeed(item)
}
