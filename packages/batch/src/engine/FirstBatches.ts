/**
 * Stops a job whose first batches are all rejected for one cause, such as a column that is no property.
 *
 * The first batches are the first two, and as many more as it takes for twenty inputs. Until one of them shows that the job
 * is right to go on, the other batches wait: so nothing of the rest is sent, and no input can have been created. Anything but a
 * rejection for the same cause lets the job go on for good. It decides no outcome.
 */
import type { ErrorBody } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { NotSentReason } from "../model/Outcome.ts"

/** What is looked at of an outcome. */
export type Seen =
  | { readonly _tag: "Rejected"; readonly problems: ReadonlyArray<ErrorBody.Problem> }
  | { readonly _tag: "Created" | "Updated" | "Upserted" | "Archived" | "Found" | "NotSent" | "InDoubt" }

export interface FirstBatches {
  /** Runs a batch of some inputs, once it is one of the first or the job may go on. */
  readonly around: <A extends { readonly outcome: Seen }>(
    inputs: number,
    run: Effect.Effect<ReadonlyArray<A>>
  ) => Effect.Effect<ReadonlyArray<A>>
  /** Takes what is known of inputs before their batch ends. */
  readonly see: (outcomes: ReadonlyArray<{ readonly outcome: Seen }>) => void
  /** Lets the job go on for good. */
  readonly pass: () => void
}

/** Lets every job go on. */
export const none: FirstBatches = { around: (_, run) => run, see: () => {}, pass: () => {} }

const fewestBatches = 2

const fewestInputs = 20

export const make = (halt: Deferred.Deferred<NotSentReason>): FirstBatches => {
  const passed = Deferred.makeUnsafe<void>()
  const begun = { batches: 0, inputs: 0 }
  const ended = { batches: 0, inputs: 0 }
  /** The causes that every rejection so far has, each with its first problem. */
  let causes: ReadonlyMap<string, ErrorBody.Problem> | undefined

  const isEnough = ({ batches, inputs }: typeof begun) => batches >= fewestBatches && inputs >= fewestInputs

  const pass = () => {
    Deferred.doneUnsafe(passed, Exit.void)
  }

  const see: FirstBatches["see"] = (outcomes) => {
    for (const { outcome } of outcomes) {
      if (Deferred.isDoneUnsafe(passed)) return
      if (outcome._tag !== "Rejected") return pass()
      const own = causesOf(outcome.problems)
      causes = causes === undefined ? own : new Map([...causes].filter(([cause]) => own.has(cause)))
      if (causes.size === 0) return pass()
    }
  }

  const learn = (outcomes: ReadonlyArray<{ readonly outcome: Seen }>) => {
    see(outcomes)
    ended.batches++
    ended.inputs += outcomes.length
    if (Deferred.isDoneUnsafe(passed) || !isEnough(ended)) return Effect.void
    const [problem] = [...(causes ?? new Map<string, ErrorBody.Problem>()).values()]
    if (problem === undefined) return Effect.void
    return Deferred.succeed(halt, { _tag: "AllRejected", rejected: ended.inputs, problem })
  }

  return {
    see,
    pass,
    around: (inputs, run) =>
      Effect.suspend(() => {
        if (Deferred.isDoneUnsafe(passed)) return run
        if (isEnough(begun)) {
          return Effect.andThen(Effect.raceFirst(Deferred.await(passed), Deferred.await(halt)), run)
        }
        begun.batches++
        begun.inputs += inputs
        return run.pipe(
          Effect.tap(learn),
          Effect.onExit((exit) => (Exit.isSuccess(exit) ? Effect.void : Effect.sync(pass)))
        )
      })
  }
}

/** The same code and property are the same cause. Words stand in for a code. */
const causesOf = (problems: ReadonlyArray<ErrorBody.Problem>): ReadonlyMap<string, ErrorBody.Problem> =>
  new Map(
    problems.map((problem) => [JSON.stringify([problem.code ?? problem.message, problem.property]), problem])
  )
