/**
 * How much a whole job may send again: ten requests, and one more for every ten that were accepted.
 *
 * A limit for each batch alone would let a thousand batches fail six times each against the same closed door. The budget pays
 * for locks (423), and for what is idempotent and sent again after a doubt. It does not pay for repetitions that have other
 * bounds: pauses of the limiter, which all batches share; a renewed token; what ends the whole job as soon as one batch has
 * had its chances; and what a strategy sends again. Taking a refused batch apart is not a repetition.
 *
 * @since 0.1.0
 */

/**
 * @category models
 * @since 0.1.0
 */
export interface RetryBudget {
  /** Records that a request was accepted. */
  readonly accepted: () => void
  /** Takes one repetition if there is one left, and says whether there was. */
  readonly spend: () => boolean
}

/** Repetitions before any request is accepted. */
const atOnce = 10

/** Further repetitions for each accepted request. */
const share = 0.1

/**
 * **Example**
 *
 * ```ts
 * import * as RetryBudget from "@effect-hubspot/batch/engine/RetryBudget"
 *
 * const budget = RetryBudget.makeUnsafe()
 * const first = Array.from({ length: 11 }, budget.spend)
 * for (let n = 0; n < 10; n++) budget.accepted()
 * const then = [first.indexOf(false), budget.spend(), budget.spend()]
 * then // => [10, true, false]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (): RetryBudget => {
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
