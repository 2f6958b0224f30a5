/**
 * A plan in operation: it counts the requests and says which rule strikes.
 *
 * It changes only its own counters. `Commit` and `Delivery` do what a fault says.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Faults from "../Faults.ts"
import * as Inputs from "../reading/Inputs.ts"

/**
 * What rules use of a request. `at` is its arrival in epoch milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
interface Arrival {
  readonly at: number
  readonly method: string
  readonly path: string
  readonly text: string
}

/**
 * The rule that struck, its number in the plan from 0, and the keys of the inputs that it rejected before.
 *
 * @category models
 * @since 0.1.0
 */
export interface Strike {
  readonly index: number
  readonly rule: Faults.Rule
  readonly refusedBefore: Set<string>
}

/**
 * How many requests a rule was about, and how many of them it struck.
 *
 * @category models
 * @since 0.1.0
 */
interface Count {
  readonly met: number
  readonly struck: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface FaultPlan {
  readonly plan: Faults.Plan
  /** What became of each rule so far. */
  readonly counts: () => ReadonlyArray<Count>
  /** Counts a request, and says which rule strikes it. */
  readonly strike: (arrival: Arrival) => Effect.Effect<Strike | undefined>
}

/**
 * A plan that has met no request yet. `from` and `to` count from `since`. A plan that is wrong is a defect.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (given: Faults.Plan, since: number): FaultPlan => {
  const plan = Faults.decodeUnsafe(given)
  const states = plan.rules.map((rule, index) => ({
    strike: { index, rule, refusedBefore: new Set<string>() },
    path: pathPattern(rule.match?.path),
    met: 0,
    struck: 0
  }))
  return {
    plan,
    counts: () => states.map(({ met, struck }) => ({ met, struck })),
    strike: Effect.fnUntraced(function* (arrival) {
      let found: Strike | undefined
      for (const state of states) {
        const match = state.strike.rule.match ?? {}
        if (!fits(match, state.path, arrival, since)) continue
        state.met++
        if (found !== undefined || !isTurn(match, state.met) || state.struck >= (match.times ?? Infinity))
          continue
        if (match.chance !== undefined && (yield* Random.next) >= match.chance) continue
        state.struck++
        found = state.strike
      }
      return found
    })
  }
}

const fits = (match: Faults.Match, path: RegExp | undefined, arrival: Arrival, since: number): boolean => {
  const millis = arrival.at - since
  return (
    (match.method === undefined || match.method === arrival.method) &&
    (path === undefined || path.test(arrival.path)) &&
    millis >= (match.from ?? 0) &&
    millis < (match.to ?? Infinity) &&
    (match.inputsOver === undefined || Inputs.read(arrival.text).length > match.inputsOver) &&
    (match.onlyWithTraceId === undefined ||
      Inputs.read(arrival.text).some((input) => Inputs.traceId(input) === match.onlyWithTraceId))
  )
}

const isTurn = ({ every, nth }: Faults.Match, met: number): boolean =>
  (nth === undefined || (typeof nth === "number" ? nth === met : nth.includes(met))) &&
  (every === undefined || met % every === 0)

const pathPattern = (path: string | undefined): RegExp | undefined =>
  path === undefined
    ? undefined
    : new RegExp(
        `^${path
          .split("*")
          .map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
          .join(".*")}$`,
        "s"
      )
