/**
 * Colours of outcomes, for a terminal: never for a pipe or with `NO_COLOR`, always with `FORCE_COLOR`.
 */
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import { styleText } from "node:util"

const colours = { good: "green", bad: "red", unsure: "yellow" } as const

/** Gives a text the colour of what it says. */
export type Paint = (is: keyof typeof colours, text: string) => string

/** No colour. */
export const plain: Paint = (_, text) => text

const coloured: Paint = (is, text) => styleText(colours[is], text, { validateStream: false })

/** The colours of an output. */
export const of = Effect.fnUntraced(function* (stream: "stdout" | "stderr") {
  const stdio = yield* Stdio.Stdio
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities.pipe(
    Effect.provide(TerminalCapabilities.layer, { local: true }),
    Effect.provideService(Stdio.Stdio, {
      ...stdio,
      stdoutIsTerminal: stream === "stdout" ? stdio.stdoutIsTerminal : stdio.stderrIsTerminal
    })
  )
  return canColor ? coloured : plain
})
