/**
 * `line-items report`: the page on a durable import as it is now.
 */
import * as Effect from "effect/Effect"
import * as Source from "../files/Source.ts"
import * as JobStore from "../jobs/JobStore.ts"
import { refused } from "./Exit.ts"
import * as JobFiles from "./JobFiles.ts"
import * as Output from "./Output.ts"
import * as OfJob from "./report/OfJob.ts"

/** Writes the page, and says where it is. */
export const write = Effect.fnUntraced(function* (
  jobId: string,
  { limit, path }: { readonly path: string; readonly limit: number | undefined }
) {
  const store = yield* JobStore.JobStore
  const job = yield* store.get(jobId)
  const files = { rejects: undefined, doubts: undefined, report: path }
  yield* JobFiles.mustBePossible(files)
  yield* OfJob.write(job, { path, files, limit })
  yield* Output.line(`${jobId}: the report is in ${Source.visible(path)}`)
}, Effect.mapError(refused))
