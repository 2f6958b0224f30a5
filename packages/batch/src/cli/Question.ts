/**
 * Questions to a person at a terminal.
 */
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"

/** Whether somebody is there who sees a question and can answer it. */
export const canBeAsked = Effect.gen(function* () {
  const { stderrIsTerminal, stdinIsTerminal } = yield* Stdio.Stdio
  return (yield* stdinIsTerminal) && (yield* stderrIsTerminal)
})

/** A question, asked once. Anything but yes is no. Undefined if there is nobody to ask. */
export const ask = Effect.fnUntraced(function* (question: string) {
  if (!(yield* canBeAsked)) return undefined
  const terminal = yield* Terminal.Terminal
  yield* Effect.ignore(terminal.display(`${question} [y/N] `))
  const answer = yield* Effect.orElseSucceed(terminal.readLine, () => "")
  return /^\s*y(?:es)?\s*$/i.test(answer)
})
