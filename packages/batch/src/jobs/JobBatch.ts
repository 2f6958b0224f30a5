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
  readonly invalid: ReadonlyArray<Outcome.Invalid<Row>>
  readonly number: number
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
    const cut = ({ invalid, number, plan }: Planning, items: JobBatch["items"]) =>
      [
        { plan, invalid: [], number: number + 1 },
        items.length + invalid.length === 0 ? [] : [{ number, items, invalid }]
      ] as const
    return Stream.mapAccum(
      rows,
      (): Planning => ({ plan: Plan.make(), invalid: [], number: 0 }),
      (planning, row) => {
        const [plan, steps] = Plan.add(planning.plan, row, options.shape, options.batchSize)
        const full = steps.find((step) => step._tag === "Batch")
        const invalid = [...planning.invalid, ...steps.filter((step) => step._tag === "Invalid")]
        if (full !== undefined) return cut({ ...planning, plan, invalid }, full.items)
        if (invalid.length < mostInvalid) return [{ ...planning, plan, invalid }, []] as const
        return cut({ ...planning, plan: { ...plan, open: [] }, invalid }, plan.open)
      },
      { onHalt: (planning: Planning) => cut(planning, planning.plan.open)[1] }
    )
  }
