import * as Import from "../../../packages/batch/src/cli/Import.ts"
import * as Process from "../../../packages/batch/src/cli/Process.ts"
import * as Progress from "../../../packages/batch/src/cli/Progress.ts"
import * as Secrets from "../../../packages/batch/src/cli/Secrets.ts"
import * as Report from "../../../packages/batch/src/cli/Report.ts"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, FileSystem, Layer, Sink, Stdio, Stream } from "effect"
import { TestClock } from "effect/testing"
import { terminal } from "../../support/command.ts"
import * as HubSpot from "../../support/hubspot.ts"

/** The test's clock with a wall clock beside it that can be set. */
const clockOf = (clock: Clock.Clock) => {
  let offsetMillis = 0
  const wall = () => clock.currentTimeMillisUnsafe() + offsetMillis
  const wallNanos = () => clock.currentTimeNanosUnsafe() + BigInt(offsetMillis) * 1_000_000n
  const settable: Clock.Clock = {
    ...clock,
    currentTimeMillisUnsafe: wall,
    currentTimeMillis: Effect.sync(wall),
    currentTimeNanosUnsafe: wallNanos,
    currentTimeNanos: Effect.sync(wallNanos)
  }
  return {
    layer: Layer.succeed(Clock.Clock, settable),
    setBack: (millis: number) => {
      offsetMillis -= millis
    }
  }
}

const stdioOf = (lines: Array<string>, stdin: string) =>
  Stdio.layerTest({
    stdin: Stream.make(new TextEncoder().encode(stdin)),
    stderr: () =>
      Sink.forEach((text: string | Uint8Array) => Effect.sync(() => void lines.push(String(text))))
  })

describe("the time that an import took", () => {
  it.effect("is not that of a wall clock that was set back meanwhile", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.map(Clock.clockWith(Effect.succeed), clockOf)
      const job = yield* Import.run(
        { input: "stdin", format: "csv", rejects: undefined, doubts: undefined },
        () => Effect.void
      ).pipe(
        Effect.scoped,
        Secrets.unprinted,
        Effect.provide([
          HubSpot.layer({ emulator: { latency: { min: 10_000, max: 10_000 } } }),
          stdioOf([], "name\nChair\n"),
          terminal(80),
          Process.layer,
          FileSystem.layerNoop({})
        ]),
        Effect.provide(clock.layer),
        Effect.forkChild
      )
      yield* TestClock.adjust("4 seconds")
      clock.setBack(3_600_000)
      yield* TestClock.adjust("1 minute")
      const { summary } = yield* Fiber.join(job)
      assert.strictEqual(summary.created, 1)
      // The answer alone takes ten seconds; how far the clock was when the request went out is left open.
      assert.isAtLeast(summary.elapsedMs, 10_000)
      assert.isAtMost(summary.elapsedMs, 64_000)
    })
  )

  it.effect("nor is that of the progress line", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.map(Clock.clockWith(Effect.succeed), clockOf)
      const lines: Array<string> = []
      yield* Progress.make({ name: "x", total: 1, counts: () => Report.zero, columns: 80 }).pipe(
        Effect.andThen(Effect.never),
        Effect.scoped,
        Effect.provide([stdioOf(lines, ""), clock.layer]),
        Effect.forkChild
      )
      yield* TestClock.adjust("1500 millis")
      clock.setBack(3_600_000)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        lines.map((line) => line.split(" · ").at(-1)),
        [`${Report.formatMillis(1000)}\n`, `${Report.formatMillis(2000)}\n`]
      )
    })
  )
})
