/**
 * The batches of a durable job: the parts in which its rows are written to the store, sent, and given outcomes.
 *
 * Pure: it cuts rows into batches. How a batch is stored is for the databases.
 *
 * @since 0.1.0
 */
import * as Stream from "effect/Stream"
import type { Row } from "../files/Source.ts"
import type * as Outcome from "../model/Outcome.ts"
import * as Plan from "../model/Plan.ts"

/**
 * A part of the inputs, without gaps: those that are sent in one request, and the invalid ones between them. Batches are
 * numbered from 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobBatch {
  readonly number: number
  /** At most the batch size; none if all inputs of the part are invalid. */
  readonly items: ReadonlyArray<Plan.Item<Row>>
  readonly invalid: ReadonlyArray<Outcome.Invalid<Row>>
}

/** Bounds a batch in a file where all rows are invalid. */
const mostInvalid = 1000

interface Planning {
  readonly plan: Plan.Plan<Row>
  invalid: Array<Outcome.Invalid<Row>>
  number: number
}

/**
 * Cuts a job's rows into batches for `JobStore.append`. It holds one batch at a time.
 *
 * @category planning
 * @since 0.1.0
 */
export const fromRows =
  (options: { readonly shape: Plan.Shape<Row, Plan.TracedInput>; readonly batchSize: number }) =>
  <E, R>(rows: Stream.Stream<Row, E, R>): Stream.Stream<JobBatch, E, R> => {
    const cut = (planning: Planning, items: JobBatch["items"]): ReadonlyArray<JobBatch> => {
      const { invalid } = planning
      planning.invalid = []
      return items.length + invalid.length === 0 ? [] : [{ number: planning.number++, items, invalid }]
    }
    const itemsOf = (steps: ReadonlyArray<Plan.Step<Row>>) =>
      steps.flatMap((step) => (step._tag === "Batch" ? step.items : []))
    return Stream.mapAccumArray(
      rows,
      (): Planning => ({ plan: Plan.make(), invalid: [], number: 0 }),
      (planning, rows) => {
        const batches: Array<JobBatch> = []
        for (const row of rows) {
          const step = Plan.add(planning.plan, row, options.shape, options.batchSize)
          if (step === undefined) continue
          if (step._tag === "Batch") batches.push(...cut(planning, step.items))
          else if (step._tag === "Invalid" && planning.invalid.push(step) === mostInvalid) {
            batches.push(...cut(planning, itemsOf(Plan.finish(planning.plan))))
          }
        }
        return [planning, batches]
      },
      { onHalt: (planning: Planning) => cut(planning, itemsOf(Plan.finish(planning.plan))) }
    )
  }
