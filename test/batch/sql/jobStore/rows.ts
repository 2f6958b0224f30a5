/**
 * Jobs and rows for tests, also of processes of their own.
 */
import { DoubtStrategy, type Source } from "@effect-hubspot/batch"
import type * as Frozen from "@effect-hubspot/batch/jobs/Frozen"
import * as JobBatch from "@effect-hubspot/batch/jobs/JobBatch"
import * as Plan from "@effect-hubspot/batch/model/Plan"
import { Result, Stream } from "effect"

export const holder = { pid: 4711, host: "a" }
export const other = { pid: 4712, host: "b" }

export const frozen: Frozen.Frozen = {
  source: { name: "items.csv", path: "/data/items.csv" },
  format: "csv",
  header: ["name", "price", ""],
  batchSize: 2,
  strategy: DoubtStrategy.failVisible,
  account: "42",
  origin: "https://api.hubapi.com"
}

/** Rows of a file; those at `wrong` cannot be sent. */
export const rowsOf = (count: number, wrong: ReadonlyArray<number> = []): ReadonlyArray<Source.Row> =>
  Array.from({ length: count }, (_, index) => ({
    index,
    line: index + 2,
    original: { _tag: "Csv", cells: [`Seat ${index}`, "19.90", ""] },
    input: wrong.includes(index)
      ? Result.fail([
          { line: index + 2, column: 2, path: "price", message: "no number", advice: "write one" }
        ] as const)
      : Result.succeed({ properties: { name: `Seat ${index}`, price: "19.90" } })
  }))

export const batchesOf = (
  rows: ReadonlyArray<Source.Row>,
  options: { jobId?: string; batchSize?: number; key?: Plan.Key<Source.Row> } = {}
) =>
  Stream.fromIterable(rows).pipe(
    JobBatch.fromRows({
      shape: Plan.creates({ jobId: options.jobId ?? "a", toInput: (row) => row.input, key: options.key }),
      batchSize: options.batchSize ?? 2
    }),
    Stream.runCollect
  )
