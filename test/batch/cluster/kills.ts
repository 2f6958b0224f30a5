/**
 * Two workers of a database, one or the other of which is killed at random and replaced, now and then both. Those that are
 * killed no more are in this process.
 */
import { Cause, Effect, Random } from "effect"
import type { Result } from "../../crash/cycle.ts"
import * as World from "./world.ts"

/** Whom a kill meets, how long after the account has got so many creates, and how long until there is another worker. */
interface Kill {
  readonly victims: ReadonlyArray<0 | 1>
  readonly creates: number
  readonly afterMillis: number
  readonly awayMillis: number
}

export interface Options {
  readonly port: number
  readonly jobs: Readonly<Record<string, number>>
  readonly batchSize: number
  readonly concurrency: number
  readonly latency: { readonly min: number; readonly max: number }
  readonly kills: ReadonlyArray<Kill>
}

export const random = Effect.fnUntraced(function* (port: number): Effect.fn.Return<Options> {
  const count = yield* Random.nextIntBetween(1, 5)
  const kills: Array<Kill> = []
  for (let n = 0; n < count; n++) {
    const one = (yield* Random.next) < 0.5 ? 0 : 1
    kills.push({
      victims: (yield* Random.next) < 0.2 ? [0, 1] : [one],
      creates: 1,
      afterMillis: Math.floor((yield* Random.next) ** 2 * 6000),
      awayMillis: Math.floor((yield* Random.next) ** 2 * 4000)
    })
  }
  const jobs: Record<string, number> = {}
  for (const id of ["a", "b", "c"].slice(0, yield* Random.nextIntBetween(1, 4))) {
    jobs[id] = yield* Random.nextIntBetween(200, 1000)
  }
  return {
    port,
    jobs,
    kills,
    batchSize: yield* Random.nextIntBetween(5, 30),
    concurrency: yield* Random.nextIntBetween(1, 9),
    latency: { min: 20, max: yield* Random.nextIntBetween(100, 1500) }
  }
})

export const run = ({ jobs, kills, port, ...options }: Options): Effect.Effect<Result> =>
  Effect.gen(function* () {
    const world = yield* World.make({ port, latency: options.latency })
    const ids = Object.keys(jobs)
    yield* Effect.forEach(ids, (id) => world.submit(id, jobs[id]!, `--batch-size=${options.batchSize}`), {
      concurrency: 2,
      discard: true
    })
    const concurrency = `--concurrency=${options.concurrency}`
    const isDoomed = (who: 0 | 1, from: number) =>
      kills.slice(from).some(({ victims }) => victims.includes(who))
    const begin = (who: 0 | 1, from: number) =>
      isDoomed(who, from) ? world.process(concurrency) : world.worker(concurrency)
    const workers = yield* Effect.all([begin(0, 0), begin(1, 0)], { concurrency: 2 })
    let killed = 0
    const ends: Array<string> = []
    for (const [n, { afterMillis, awayMillis, creates, victims }] of kills.entries()) {
      yield* World.sent(world, creates)
      yield* Effect.sleep(afterMillis)
      for (const victim of victims) workers[victim]!.kill("SIGKILL")
      for (const victim of victims) {
        const { code, signal } = yield* workers[victim]!.ended
        if (signal === "SIGKILL") killed++
        else ends.push(`a worker ended with ${String(code)}: ${workers[victim]!.said()}`)
      }
      yield* Effect.sleep(awayMillis)
      for (const victim of victims) workers[victim] = yield* begin(victim, n + 1)
    }
    const wrong = [...ends]
    const states = yield* World.finished(world, ids)
    if (states.some((state) => state !== "done")) wrong.push(`jobs are ${states.join(", ")}`)
    const found = yield* World.check(world, jobs)
    return {
      killed,
      ends: [`${killed} killed, ${found.inDoubt} of ${found.created + found.inDoubt} in doubt`],
      inDoubt: found.inDoubt,
      wrong: [...wrong, ...found.wrong]
    }
  }).pipe(
    Effect.scoped,
    // A cycle that hangs is a failure, too, and many cycles have no test runner that says so.
    Effect.timeout("10 minutes"),
    Effect.catchCause((cause) =>
      Effect.succeed({ killed: 0, ends: [], inDoubt: 0, wrong: [Cause.pretty(cause)] })
    )
  )
