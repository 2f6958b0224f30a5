import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { inject } from "vitest"
import * as Cycle from "./cycle.ts"
import { type Named, named, type Point } from "./points.ts"

afterAll(Cycle.endAll)

/**
 * The points, one after the other in few jobs: a process that dies leaves its job to the one that dies at the next
 * point. So the processes that come to an end are few.
 */
const chains = (): ReadonlyArray<Named> => {
  const chains: Array<Named & { points: Array<Point> }> = []
  const begin = /^(C0 before the job|C3 after the first|C5 before the first|C6 while|C4 under|C11 before)/
  for (const { name, points, ...how } of named) {
    if (begin.test(name)) chains.push({ name, points: [], ...how })
    chains.at(-1)!.points.push(...points)
  }
  return chains
}

const cycle = (database: Cycle.Options["database"], { leaseMillis, points, strategy }: Named) =>
  Effect.gen(function* () {
    const result = yield* Cycle.run({
      database,
      strategy,
      leaseMillis,
      // Enough for the last point: batches of four rows, four at once, whatever was under way at the others.
      rows: 60 + points.reduce((rows, { nth }) => rows + 4 * nth + 16, 0),
      // A lease is renewed while requests take their time.
      ...(leaseMillis !== undefined && { latency: { min: 100, max: 200 } }),
      kills: points
    })
    assert.deepStrictEqual(result.wrong, [], result.ends.join(", "))
    assert.strictEqual(result.killed, points.length, `not killed at every point: ${result.ends.join(", ")}`)
    return result
  })

/** As many at once as two cores bear. */
const together = <A, B>(all: ReadonlyArray<A>, each: (one: A) => Effect.Effect<B>) =>
  Effect.forEach(all, each, { concurrency: 3 })

describe("an import that is killed", () => {
  it.live("F60 at every named point on SQLite leaves nothing twice, nothing lost and nothing untrue", () =>
    together(chains(), (one) => cycle("sqlite", one))
  )

  it.live("F60 at points on PostgreSQL as well", () =>
    Effect.gen(function* () {
      const port = yield* HttpClient.get(inject("postgres")).pipe(
        Effect.flatMap((response) => response.text),
        Effect.map(Number),
        Effect.provide(FetchHttpClient.layer),
        Effect.orDie
      )
      const some = named.filter(({ name }) =>
        /^(C0 while rows|C2 while|C3 after a|C4 while|C6 before outcomes are c|C7 after out|C9 after)/.test(
          name
        )
      )
      assert.strictEqual(some.length, 7)
      yield* together(
        [
          { name: "failVisible", points: some.flatMap(({ points }) => points) },
          named.find(({ name }) => name.startsWith("C10 during"))!
        ],
        (one) => cycle({ port }, one)
      )
    })
  )

  it.live("F60 at random, the command itself, is taken up by the next", () =>
    together([1, 4], (seed) =>
      Effect.gen(function* () {
        const kills = [10 * seed, 70 * seed].map((millis) => ({ millis, cold: false }))
        const result = yield* Cycle.run({ database: "sqlite", real: true, rows: 400, concurrency: 2, kills })
        assert.deepStrictEqual(result.wrong, [], result.ends.join(", "))
      })
    )
  )
})
