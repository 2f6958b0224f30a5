/**
 * The files of a durable import, written from its store: the rows of all its runs that were not created, and those in doubt.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Stream from "effect/Stream"
import * as Rejects from "../files/Rejects.ts"
import * as Source from "../files/Source.ts"
import type * as Job from "../jobs/Job.ts"
import * as JobStore from "../jobs/JobStore.ts"
import { refused, usage } from "./Exit.ts"
import * as Lines from "./Lines.ts"
import * as WholeFile from "./WholeFile.ts"

/** Where they go, if they are wanted. */
export interface Paths {
  readonly rejects: string | undefined
  readonly doubts: string | undefined
  readonly created?: string | undefined
  readonly report?: string | undefined
}

/** Refuses names of files that are there already, and a report that cannot be written. */
export const mustBePossible = Effect.fnUntraced(function* (paths: Paths) {
  yield* Effect.forEach(all(paths), mustBeNew, { discard: true })
  const { report } = paths
  if (report === undefined) return
  yield* Effect.mapError(WholeFile.proveNew(report), (error) => refused(Rejects.failedOn(report)(error)))
})

/** The files that are wanted. */
export const all = ({ created, doubts, rejects, report }: Paths): ReadonlyArray<string> =>
  [rejects, doubts, created, report].filter((path) => path !== undefined)

const mustBeNew = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  if (yield* Effect.orElseSucceed(fs.exists(path), () => false)) {
    return yield* usage(`${Source.visible(path)} exists; choose another name or remove it`)
  }
})

/** A row with the line that it has in the file that was imported first. */
export const asFirstOf =
  (source: Rejects.Options["source"], { frozen: { retryOf } }: Job.Job) =>
  (row: Source.Row): Source.Row =>
    retryOf === undefined ? row : { ...row, line: Rejects.lineOf(source, row) ?? row.line }

/** Writes them. A retry names the lines of the file that was imported first. */
export const write = Effect.fnUntraced(function* (
  paths: Paths,
  source: Rejects.Options["source"],
  job: Job.Job
) {
  const {
    frozen: { account },
    id
  } = job
  const store = yield* JobStore.JobStore
  const asFirst = asFirstOf(source, job)
  if (paths.rejects !== undefined) {
    const rejects = yield* Rejects.make({ path: paths.rejects, source })
    yield* store
      .rows(id, ["Rejected", "Invalid", "NotSent"])
      .pipe(
        Stream.runForEachArray((some) =>
          rejects.writeAll(
            some.map(({ outcome, row }) => ({ row: asFirst(row), reason: Lines.reasonOfEntry(row, outcome) }))
          )
        )
      )
  }
  if (paths.created !== undefined) {
    const created = yield* Rejects.makeCreated({ path: paths.created, source, account })
    yield* store
      .rows(id, ["Created"])
      .pipe(
        Stream.runForEachArray((some) =>
          created.writeAll(
            some.flatMap(({ outcome, row }) =>
              outcome?._tag === "Created" ? [{ row, id: outcome.id, via: outcome.via }] : []
            )
          )
        )
      )
  }
  if (paths.doubts !== undefined) {
    const doubts = yield* Rejects.makeDoubts({ path: paths.doubts, source })
    yield* store.rows(id, ["InDoubt"]).pipe(
      Stream.runForEachArray((some) =>
        doubts.writeAll(
          some.flatMap(({ item, outcome, row }) =>
            outcome?._tag === "InDoubt"
              ? [
                  {
                    row: asFirst(row),
                    reason: "in doubt",
                    traceId: item?.objectWriteTraceId ?? "",
                    evidence: outcome.evidence.text
                  }
                ]
              : []
          )
        )
      )
    )
  }
})
