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
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = <I>(): Plan<I> => ({ next: 0, open: [], callersTraceIds: new Set() })

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
  const checked = check(plan, source, index, options)
  if (Result.isFailure(checked)) {
    return [{ ...plan, next: index + 1 }, [{ _tag: "Invalid", source, index, issues: checked.failure }]]
  }
  plan.open.push({ source, index, input: checked.success })
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

const check = <I>(
  plan: Plan<I>,
  source: I,
  index: number,
  options: Options<I>
): Result.Result<TracedInput, ReadonlyArray<InputIssue.InputIssue>> => {
  const given = options.toInput(source)
  if (Result.isFailure(given)) return Result.fail(given.failure)
  const input = given.success
  const issues = InputIssue.of(input)
  if (issues.length > 0) return Result.fail(issues)
  const own = input.objectWriteTraceId
  if (own === undefined) return Result.succeed(withTrace(input, WriteTrace.make(options.jobId, index)))
  if (plan.callersTraceIds.has(own)) {
    return Result.fail([
      {
        path: "objectWriteTraceId",
        message: `trace id ${InputIssue.quote(own)} is used twice`,
        advice: "make it unique, or leave it out to have one made"
      }
    ])
  }
  plan.callersTraceIds.add(own)
  return Result.succeed(withTrace(input, own))
}

// A copy with known fields only: a caller may change its value later, and HubSpot refuses unknown ones.
const withTrace = (input: BatchRequest.CreateInput, objectWriteTraceId: string): TracedInput => ({
  ...(input.associations !== undefined && { associations: input.associations }),
  properties: { ...input.properties },
  objectWriteTraceId
})
