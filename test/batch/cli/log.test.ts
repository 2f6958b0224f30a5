import * as Log from "../../../packages/batch/src/cli/Log.ts"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Console, Effect, Logger, References } from "effect"
import { TestClock } from "effect/testing"

/** What a program logs, line by line. */
const linesOf = Effect.fnUntraced(function* (
  program: Effect.Effect<unknown>,
  least: "Warn" | "Debug" = "Warn"
) {
  const lines: Array<string> = []
  const console = {
    ...globalThis.console,
    error: (...parts: ReadonlyArray<unknown>) => lines.push(parts.join(" "))
  }
  yield* program.pipe(
    Effect.provideService(Logger.CurrentLoggers, new Set([Log.make()])),
    Effect.provideService(Logger.LogToStderr, true),
    Effect.provideService(References.MinimumLogLevel, least),
    Effect.provideService(Console.Console, console)
  )
  return lines
})

const failure = new Error("cannot connect", { cause: new Error("the server\nis starting") })

describe("the log of the command", () => {
  it.effect("is a line each: what happened, and what it comes from", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(
        Effect.all([
          Effect.logWarning("no slot", Cause.fail(failure)),
          Effect.logWarning("no slot", failure),
          Effect.logWarning(failure),
          Effect.logWarning("nobody's", Cause.interrupt(1)),
          Effect.logInfo("not asked for")
        ])
      )
      assert.deepStrictEqual(lines, [
        "line-items: no slot: the server is starting",
        "line-items: the server is starting",
        "line-items: nobody's"
      ])
    })
  )

  it.effect("says the same thing once a minute", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(
        Effect.gen(function* () {
          for (let n = 0; n < 119; n++) {
            yield* Effect.logWarning("no database")
            yield* TestClock.adjust("1 second")
          }
        })
      )
      assert.lengthOf(lines, 2)
    })
  )

  it.effect("is all there for who debugs", () =>
    Effect.gen(function* () {
      const program = Effect.andThen(
        Effect.logWarning("no slot", failure),
        Effect.logWarning("no slot", failure)
      )
      const lines = yield* linesOf(program, "Debug")
      assert.lengthOf(lines, 2)
      assert.match(lines[0] ?? "", /^\[.+\] WARN .*no slot .*cannot connect/)
    })
  )
})
