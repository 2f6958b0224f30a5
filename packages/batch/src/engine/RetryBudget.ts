/**
 * How much a whole job may send again: ten requests, and one more for every ten that were accepted.
 *
 * A limit for each batch alone lets a thousand batches knock six times each at a door that stays shut.
 * Charged are locks (423), and what is idempotent and done again after a doubt. Not charged is what is bounded without
 * it: pauses of the limiter, which all wait for together, a renewed token, what ends the job for all as soon as
 * one batch has had its chances, and what a strategy sends again. Taking a refused batch apart is not a repetition.
 *
 * @since 0.1.0
 */

/**
 * @category models
 * @since 0.1.0
 */
export interface RetryBudget {
  /** A request was accepted. */
  readonly accepted: () => void
  /** Takes one repetition, if there is one left. */
  readonly spend: () => boolean
}

/**
 * **Example**
 *
 * ```ts
 * import * as RetryBudget from "@effect-hubspot/batch/engine/RetryBudget"
 *
 * const budget = RetryBudget.makeUnsafe({ atOnce: 1, share: 0.5 })
 * const first = [budget.spend(), budget.spend()]
 * budget.accepted()
 * budget.accepted()
 * const then = [...first, budget.spend(), budget.spend()]
 * then // => [true, false, true, false]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (
  options: {
    /** Repetitions without anything accepted. Default 10. */
    readonly atOnce?: number
    /** Repetitions for each accepted request. Default 0.1. */
    readonly share?: number
  } = {}
): RetryBudget => {
  const { atOnce = 10, share = 0.1 } = options
  let accepted = 0
  let spent = 0
  return {
    accepted: () => {
      accepted++
    },
    spend: () => {
      if (spent >= atOnce + accepted * share) return false
      spent++
      return true
    }
  }
}
