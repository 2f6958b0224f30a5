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
import { usage } from "./Exit.ts"
import * as Lines from "./Lines.ts"

/** Where they go, if they are wanted. */
export interface Paths {
  readonly rejects: string | undefined
  readonly doubts: string | undefined
  readonly created?: string | undefined
}

/** Refuses names of files that are there already. */
export const mustNotExist = (paths: Paths) => Effect.forEach(all(paths), mustBeNew, { discard: true })

/** The files that are wanted. */
export const all = ({ created, doubts, rejects }: Paths): ReadonlyArray<string> =>
  [rejects, doubts, created].filter((path) => path !== undefined)

const mustBeNew = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  if (yield* Effect.orElseSucceed(fs.exists(path), () => false)) {
    return yield* usage(`${Source.visible(path)} exists; choose another name or remove it`)
  }
})

/** Why the names of the files to write cannot be meant, if they cannot. */
export const misnamed = (paths: Paths, source: Source.Source): string | undefined => {
  const files = all(paths)
  if (new Set(files).size < files.length) {
    return "two of --rejects, --doubts and --created are the same file; give each its own"
  }
  const written = source.format === "csv" ? "csv" : "ndjson"
  for (const file of files) {
    const extension = /\.(csv|ndjson|jsonl|json)$/i.exec(file)?.[1]?.toLowerCase()
    if (extension === undefined || (extension === "csv") === (written === "csv")) continue
    return `${Source.visible(file)}: rows of this input are written as ${written.toUpperCase()}; name it .${written}`
  }
  return undefined
}

/** Writes them. A retry names the lines of the file that was imported first. */
export const write = Effect.fnUntraced(function* (
  paths: Paths,
  source: Rejects.Options["source"],
  { frozen: { account, retryOf }, id }: Job.Job
) {
  const store = yield* JobStore.JobStore
  const asFirst = (row: Source.Row): Source.Row =>
    retryOf === undefined ? row : { ...row, line: Rejects.lineOf(source, row) ?? row.line }
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
