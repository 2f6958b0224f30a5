/**
 * Progress for people: one line that redraws itself on a terminal, a plain line now and then elsewhere.
 *
 * It writes to the standard error only. Other lines go through it, so that they do not run into the progress line.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { monotonicMillis } from "@effect-hubspot/http/Monotonic"
import * as Report from "./Report.ts"
import { Verbosity } from "./Verbosity.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Progress {
  /** Writes a line of its own, above the progress line. */
  readonly line: (text: string) => Effect.Effect<void>
  /** Writes a line that `--quiet` leaves out. */
  readonly note: (text: string) => Effect.Effect<void>
  /** Removes the progress line. */
  readonly end: Effect.Effect<void>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly name: string
  /** How many rows there are, if that is known. */
  readonly total: number | undefined
  readonly counts: () => Report.Counts
  /** Requests that are allowed per window. Default: the use of the window is not shown. */
  readonly limit?: Effect.Effect<number> | undefined
}

/** The line for the second interrupt, where rows of the file are left. */
export const counting = "reading the rest of the file, to say what was not sent (Ctrl-C again leaves it)"

/** The line for an interrupt while requests are under way. */
export const stopping = "stopping: waiting for the requests under way (Ctrl-C again leaves them in doubt)"

/**
 * How fast an import is: over the last ten seconds, HubSpot's window, or since it began.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pace {
  /** Rows that got their outcome, per second. */
  readonly rowsPerSecond: number
  /** Requests in the last window. */
  readonly requests: number
}

const windowMillis = 10_000

/**
 * Keeps the pace: a function of the time, the rows that have an outcome and the requests so far.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pacing = () => {
  const seen: Array<{ readonly at: number; readonly done: number; readonly requests: number }> = []
  return (at: number, done: number, requests: number): Pace | undefined => {
    seen.push({ at, done, requests })
    // One from before the window stays, so that all of the window is looked at.
    while (seen.length > 2 && seen[1]!.at <= at - windowMillis) seen.shift()
    const first = seen[0]!
    if (at - first.at < 1000) return undefined
    const share = Math.min(1, windowMillis / (at - first.at))
    return {
      rowsPerSecond: ((done - first.done) * 1000) / (at - first.at),
      requests: Math.round((requests - first.requests) * share)
    }
  }
}

const barWidth = 24

/** `62%`, and 100 only when all is done. */
const percent = (done: number, total: number): string => `${Math.floor((100 * done) / total)}%`

/** An estimate, which has no tenths: `42 s`, `3 min 5 s`, `2 h 10 min`. */
const untilDone = (seconds: number): string =>
  seconds < 60
    ? `${seconds} s`
    : seconds < 3600
      ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
      : `${Report.format(Math.floor(seconds / 3600))} h ${Math.floor((seconds % 3600) / 60)} min`

/** Rows that have their outcome. */
const doneOf = ({ created, inDoubt, invalid, rejected }: Omit<Report.Counts, "requests">): number =>
  created + rejected + invalid + inDoubt

/** What is left out first where the terminal is narrow; rows become a share. What needs attention is left out last. */
const leftOut = [
  "elapsed",
  "requests",
  "bar",
  "pace",
  "notSent",
  "created",
  "rows",
  "window",
  "left"
] as const

/**
 * The progress line: with a bar and at most `columns` wide on a terminal, plain without. Unknown requests and an unknown time
 * are not shown.
 *
 * @category formatting
 * @since 0.1.0
 */
export const render = (
  counts: Omit<Report.Counts, "requests"> & { readonly requests?: number | undefined },
  total: number | undefined,
  elapsedMillis: number | undefined,
  columns: number | undefined,
  pace?: (Pace & { readonly limit?: number | undefined }) | undefined
): string => {
  const done = doneOf(counts)
  const isShared = total !== undefined && total > 0
  const filled = isShared ? Math.floor(Math.min(1, done / total) * barWidth) : 0
  const rate = pace?.rowsPerSecond ?? 0
  // What is not sent any more takes no time.
  const isOver = total === undefined || done >= total || counts.notSent > 0
  const left = isOver || rate === 0 ? undefined : (total - done) / rate
  const some = (count: number, name: string) => (count > 0 ? `${Report.format(count)} ${name}` : undefined)
  const parts = {
    bar: isShared && columns !== undefined ? "█".repeat(filled) + "░".repeat(barWidth - filled) : undefined,
    rows: `${Report.format(done)}${total === undefined ? "" : ` of ${Report.format(total)}`} rows`,
    created: `${Report.format(counts.created)} created`,
    inDoubt: some(counts.inDoubt, "in doubt"),
    rejected: some(counts.rejected, "rejected"),
    invalid: some(counts.invalid, "invalid"),
    notSent: some(counts.notSent, "not sent"),
    pace: rate === 0 ? undefined : `${Report.format(Math.round(rate))} rows/s`,
    left: left === undefined ? undefined : `${untilDone(Math.ceil(left))} left`,
    window:
      pace?.limit === undefined
        ? undefined
        : // It is never exceeded; between two lines of a log the requests of a window are an estimate.
          `limit ${Report.format(Math.min(pace.requests, pace.limit))}/${Report.format(pace.limit)}`,
    requests: counts.requests === undefined ? undefined : Report.count(counts.requests, "request"),
    elapsed: elapsedMillis === undefined ? undefined : Report.formatMillis(elapsedMillis)
  }
  const textOf = (shown: typeof parts): string => {
    const { bar, ...others } = shown
    const text = Object.values(others)
      .filter((part) => part !== undefined)
      .join(" · ")
    return bar === undefined ? text : `${bar} ${text}`
  }
  let shown = parts
  for (const part of leftOut) {
    if (columns === undefined || textOf(shown).length <= columns) break
    if (part !== "rows") shown = { ...shown, [part]: undefined }
    else if (isShared) shown = { ...shown, rows: percent(done, total) }
  }
  const text = textOf(shown)
  // Columns, of which a character may take two.
  return columns !== undefined && text.length > columns ? `${text.slice(0, Math.max(0, columns - 1))}…` : text
}

/** The width of a terminal that does not report one. */
export const unknownColumns = 80

/** Clears the line of a terminal. */
export const clear = "\r\u001b[2K"

// After one second, one and a half more, … and every thirty seconds in the end.
const rarer = Schedule.min([Schedule.exponential(1000, 1.5), Schedule.spaced(30_000)])

/**
 * Shows progress until the scope ends: on a terminal ten times a second, elsewhere a line now and then,
 * less and less often.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options & { readonly columns: number }
): Effect.fn.Return<Progress, never, Stdio.Stdio | Scope.Scope> {
  const stdio = yield* Stdio.Stdio
  const live = yield* stdio.stderrIsTerminal
  const isQuiet = (yield* Verbosity) === "quiet"
  const startedAt = yield* monotonicMillis
  const paceOf = pacing()
  paceOf(startedAt, doneOf(options.counts()), options.counts().requests)
  let drawn = false
  let ended = false

  // The import goes on also when the reader of the standard error has gone.
  const write = (text: string) => Effect.ignore(Stream.run(Stream.make(text), stdio.stderr()))
  const text = Effect.gen(function* () {
    const now = yield* monotonicMillis
    const limit = yield* options.limit ?? Effect.undefined
    const counts = options.counts()
    const pace = paceOf(now, doneOf(counts), counts.requests)
    const columns = options.columns > 0 ? options.columns : unknownColumns
    return render(
      counts,
      options.total,
      now - startedAt,
      live ? columns - 1 : undefined,
      pace === undefined ? undefined : { ...pace, limit }
    )
  })
  const draw = Effect.suspend(() =>
    ended
      ? Effect.void
      : Effect.flatMap(text, (line) => {
          drawn = true
          return write(live ? `${clear}${line}` : `${options.name}: ${line}\n`)
        })
  )
  const erase = Effect.suspend(() => {
    if (!live || !drawn) return Effect.void
    drawn = false
    return write(clear)
  })

  const drawing = live
    ? Effect.repeat(draw, Schedule.spaced(100))
    : Effect.delay(Effect.repeat(draw, rarer), 1000)
  if (!isQuiet) yield* Effect.forkScoped(drawing)

  const line = (text: string) => write(live && drawn ? `${clear}${text}\n` : `${text}\n`)
  return {
    line,
    note: (text) => (isQuiet ? Effect.void : line(text)),
    end: Effect.suspend(() => {
      ended = true
      return erase
    })
  }
})
