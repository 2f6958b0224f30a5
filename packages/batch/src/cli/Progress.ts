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
import { monotonicMillis } from "../model/Monotonic.ts"
import * as Report from "./Report.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Progress {
  /** Writes a line of its own, above the progress line. */
  readonly line: (text: string) => Effect.Effect<void>
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
}

/** The line for an interrupt while requests are under way. */
export const stopping = "stopping: waiting for the requests under way (Ctrl-C again leaves them in doubt)"

const barWidth = 24

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
  columns: number | undefined
): string => {
  const done = counts.created + counts.rejected + counts.invalid + counts.inDoubt
  const share = total === undefined || total === 0 ? undefined : Math.min(1, done / total)
  const filled = share === undefined ? 0 : Math.floor(share * barWidth)
  const bar =
    share === undefined || columns === undefined
      ? ""
      : `${"█".repeat(filled)}${"░".repeat(barWidth - filled)} `
  const of = total === undefined ? "" : ` of ${Report.format(total)}`
  const parts = [
    `${bar}${Report.format(done)}${of} rows`,
    `${Report.format(counts.created)} created`,
    ...(counts.rejected > 0 ? [`${Report.format(counts.rejected)} rejected`] : []),
    ...(counts.invalid > 0 ? [`${Report.format(counts.invalid)} invalid`] : []),
    ...(counts.inDoubt > 0 ? [`${Report.format(counts.inDoubt)} in doubt`] : []),
    ...(counts.notSent > 0 ? [`${Report.format(counts.notSent)} not sent`] : []),
    ...(counts.requests === undefined ? [] : [`${Report.format(counts.requests)} requests`]),
    ...(elapsedMillis === undefined ? [] : [Report.formatMillis(elapsedMillis)])
  ]
  const text = parts.join(" · ")
  return columns !== undefined && text.length > columns ? `${text.slice(0, Math.max(0, columns - 1))}…` : text
}

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
  const startedAt = yield* monotonicMillis
  let drawn = false
  let ended = false

  // The import goes on also when the reader of the standard error has gone.
  const write = (text: string) => Effect.ignore(Stream.run(Stream.make(text), stdio.stderr()))
  const text = Effect.map(monotonicMillis, (now) =>
    render(options.counts(), options.total, now - startedAt, live ? options.columns - 1 : undefined)
  )
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
  yield* Effect.forkScoped(drawing)

  return {
    line: (line) => (live && drawn ? write(`${clear}${line}\n`) : write(`${line}\n`)),
    end: Effect.suspend(() => {
      ended = true
      return erase
    })
  }
})
