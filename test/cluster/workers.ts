/**
 * Workers of a database for tests: one that runs a job, another one beside it, and what must be true in the end.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { serverPort } from "../support/postgres.ts"
import * as World from "./world.ts"

export const world = (options: Omit<World.Options, "port"> = {}) =>
  Effect.flatMap(serverPort, (port) => World.make({ ...options, port }))

/** Nothing may be wrong with jobs that are over. */
export const assertTrue = Effect.fnUntraced(function* (
  here: World.World,
  jobs: Readonly<Record<string, number>>
) {
  const found = yield* World.check(here, jobs)
  assert.deepStrictEqual(found.wrong, [])
  return found
})

export const both = <A>(one: Effect.Effect<A>) => Effect.all([one, one], { concurrency: 2 })

/** A job on one of two workers, which has sent so much of it; and the other worker. */
export const running = Effect.fnUntraced(function* (
  here: World.World,
  rows: number,
  batches: number,
  ...args: ReadonlyArray<string>
) {
  const workers = yield* both(here.worker(...args))
  // Until they have found each other, so that the job does not move by itself.
  yield* Effect.sleep("2 seconds")
  yield* here.submit("a", rows)
  yield* World.sent(here, batches)
  const first = yield* World.runnerOf(here, "a", workers)
  yield* World.until("under way", World.underWay(here), (n) => n > 0)
  return { first, other: workers.find((worker) => worker !== first)! }
})

/** What one has to say when asked to end, and how long it takes. */
export const ending = Effect.fnUntraced(function* (worker: World.Worker, signal: "SIGINT" | "SIGTERM") {
  const from = performance.now()
  worker.kill(signal)
  const { code, stderr } = yield* worker.ended
  return { code, stderr, millis: performance.now() - from }
})
