/**
 * From the kill -9 of the worker that runs a job to the first create of the job by another one, as HubSpot sees it: two
 * workers, one job, requests of half a second under way, and the limit of the account not reached.
 */
import { Effect, Random } from "effect"
import * as World from "../batch/cluster/world.ts"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const rounds = 5

const takeover = (port: number, signal: "SIGKILL" | "SIGSTOP") =>
  Effect.gen(function* () {
    const world = yield* World.make({ port, latency: { min: 400, max: 600 } })
    const begin = world.process("--concurrency=2")
    const workers = yield* Effect.all([begin, begin], { concurrency: 2 })
    yield* World.shared(world, 2)
    yield* world.submit("a", 20_000)
    yield* World.sent(world, 4)
    const runner = yield* World.runnerOf(world, "a", workers)
    // Not always at the same moment between two looks.
    yield* Effect.sleep((yield* Random.next) * 2000)
    runner.kill(signal)
    const at = performance.timeOrigin + performance.now()
    const { length } = yield* Effect.delay(World.creates(world), "50 millis")
    const after = yield* World.until("taken over", World.creates(world), (all) => all.length > length)
    return after[length]!.at - at
  }).pipe(Effect.scoped)

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const port = yield* Measure.postgres
  const [killed = [], stopped = []] = yield* Measure.inTurn(
    [takeover(port, "SIGKILL"), takeover(port, "SIGSTOP")],
    rounds
  )
  const row = (what: string, millis: ReadonlyArray<number>, most: number) =>
    Row.atMost(`takeover from a worker that is ${what}`, Measure.median(millis) / 1000, "s", most, {
      note: `worst ${Measure.seconds(Math.max(...millis))} of ${rounds}`
    })
  return [row("killed", killed, 5), row("stopped, its connections open", stopped, 15)]
})
