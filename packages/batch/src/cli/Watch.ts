/**
 * `line-items status --watch`: follows a durable import that another process runs. It reads the store once a
 * second, and neither runs nor wakes the job.
 *
 * On a terminal it is one line that redraws itself; elsewhere a line when something has changed, or a JSON object.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import { isFinal } from "../jobs/Job.ts"
import type * as JobStore from "../jobs/JobStore.ts"
import * as Json from "./Json.ts"
import * as Progress from "./Progress.ts"
import * as Report from "./Report.ts"
import type { Exit } from "./Exit.ts"
import * as Jobs from "./Jobs.ts"
import * as Output from "./Output.ts"
import type { Process } from "./Process.ts"

/** Between its planning and its run a job has no holder for a moment; longer where workers run it. */
const patienceMillis = 5000
const patienceWithWorkersMillis = 60_000

/** The width of a terminal that does not report one. */
const unknownColumns = 80

/** Succeeds with the exit code once the job is over, or no process runs it. */
export const run = Effect.fnUntraced(function* (
  jobId: string,
  json: boolean,
  runBy: Jobs.RunBy
): Effect.fn.Return<number, Exit, JobStore.JobStore | Process | Stdio.Stdio | Terminal.Terminal> {
  const live = !json && (yield* Effect.flatMap(Stdio.Stdio, ({ stdoutIsTerminal }) => stdoutIsTerminal))
  const columns = yield* Effect.flatMap(Terminal.Terminal, ({ columns }) => columns)
  const patience = runBy === "workers" ? patienceWithWorkersMillis : patienceMillis
  let printed = ""
  let aloneSince: number | undefined

  const following: Effect.Effect<number, Exit, JobStore.JobStore | Process | Stdio.Stdio> = Effect.gen(
    function* () {
      for (;;) {
        const { counts, job } = yield* Jobs.look(jobId)
        const now = yield* Clock.currentTimeMillis
        aloneSince = (yield* Jobs.isRun(job)) ? undefined : (aloneSince ?? now)
        const isOver = isFinal(job.state)
        const isLeft = aloneSince !== undefined && (job.state === "suspended" || now - aloneSince >= patience)

        const isLast = isOver || isLeft
        const head = `${jobId}: ${Jobs.stateOf(job)} · `
        if (live && !isLast) {
          const elapsed = now - (job.startedAtMillis ?? now)
          const width = Math.max(0, (columns > 0 ? columns : unknownColumns) - 1 - head.length)
          yield* Output.offer(
            `${Progress.clear}${head}${Progress.render(counts, counts.inputs, elapsed, width)}`
          )
        } else if (!live) {
          // Without the time, which goes by when nothing else changes.
          const seen = json
            ? Json.text(Json.Status, Jobs.view(job, counts))
            : `${head}${Progress.render(counts, counts.inputs, undefined, undefined)}`
          // The reader has gone: nothing is left to do.
          if (seen !== printed && !(yield* Output.offer(`${seen}\n`))) return Report.exitCodes.done
          printed = seen
        }
        if (isLast) {
          if (!json)
            yield* Output.offer(`${live ? Progress.clear : ""}${yield* Jobs.textOf(job, counts, runBy)}\n`)
          return isLeft && !isOver
            ? Report.exitCodes.suspended
            : job.state === "done"
              ? Report.exitCodes.done
              : Report.exitCodes.rejected
        }
        yield* Effect.sleep("1 second")
      }
    }
  )
  return yield* Effect.onInterrupt(following, () => (live ? Effect.ignore(Output.offer("\n")) : Effect.void))
})
