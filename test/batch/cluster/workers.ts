/**
 * Workers of a database for tests: one that runs a job, another one beside it, and what must be true in the end.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { serverPort } from "../../support/postgres.ts"
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

/** So many rows of a job are sent at once. */
export const batchSize = 5

/** So many requests of a job are under way at once. */
export const concurrency = 2

/** Writes a job down, of so many batches. */
export const submit = (here: World.World, id: string, batches: number) =>
  here.submit(id, batches * batchSize, `--batch-size=${batchSize}`)

/** A job of 50 rows on one of two workers, whose requests are held; and the other worker. */
export const running = Effect.fnUntraced(function* (here: World.World) {
  const workers = yield* both(here.worker(`--concurrency=${concurrency}`))
  yield* World.shared(here, 2)
  yield* here.hold
  yield* submit(here, "a", 10)
  const first = yield* World.runnerOf(here, "a", workers)
  const underWay = yield* World.held(here, "a", concurrency)
  return { first, other: workers.find((worker) => worker !== first)!, underWay }
})

/** Asks a worker to end, until it waits for its requests. */
export const stop = (worker: World.Worker, signal: "SIGINT" | "SIGTERM") =>
  Effect.andThen(
    Effect.sync(() => worker.kill(signal)),
    World.says(worker, "stopping: waiting for the requests under way", "stderr")
  )
