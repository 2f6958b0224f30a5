/**
 * Questions to a person at a terminal.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"

/** Whether somebody is there who sees a question and can answer it. */
export const canBeAsked = Effect.gen(function* () {
  const { stderrIsTerminal, stdinIsTerminal } = yield* Stdio.Stdio
  return (yield* stdinIsTerminal) && (yield* stderrIsTerminal)
})

/** A question, asked once, on the standard error. Anything but yes is no. Undefined if there is nobody to ask. */
export const ask = Effect.fnUntraced(function* (question: string) {
  if (!(yield* canBeAsked)) return undefined
  const { stderr } = yield* Stdio.Stdio
  const { readLine } = yield* Terminal.Terminal
  yield* Effect.ignore(Stream.run(Stream.make(`${question} [y/N] `), stderr()))
  // An end of the input leaves the cursor behind the question.
  const answer = yield* Effect.catch(readLine, () => Effect.as(Console.error(""), ""))
  return /^\s*y(?:es)?\s*$/i.test(answer)
})
