/**
 * How close a job of 2,000 requests comes to what the account's limit allows, 190 in any ten seconds, and how many refusals
 * it takes. Engine, limiter and emulator in one process and in virtual time, so that nothing is scaled and hundreds of seconds
 * pass at once; one input per request. The limit is not told: it is learnt from the headers.
 */
import { BulkCreate } from "@effect-hubspot/batch"
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { Clock, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import "../support/atOnce.ts"
import { join } from "../support/virtualTime.ts"
import type * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const requests = 2000
const limit = 190
const windowMillis = 10_000
const url = "https://api.hubapi.com"
const token = "pat-eu1-bench"
const inputs = Array.from({ length: requests }, (_, n) => ({ properties: { name: `Seat ${n}` } }))

/** The least that so many requests can take: full windows, each with one latency. */
const boundMillis = (perWindow: number, latency: number): number =>
  (Math.ceil(requests / perWindow) - 1) * (windowMillis + latency) + latency

/** The engine, with all that its users get by default. */
const engine = Stream.fromIterable(inputs).pipe(
  BulkCreate.outcomes({ batchSize: 1 }),
  Stream.runFold(
    () => 0,
    (sum, { _tag }) => (_tag === "Created" ? sum + 1 : sum)
  ),
  Effect.provide(LineItems.layer().pipe(Layer.provide(Credentials.layer(Redacted.make(token))), Layer.orDie))
)

const create = (n: number) =>
  HttpClientRequest.post(`${url}/crm/v3/objects/line_items/batch/create`).pipe(
    HttpClientRequest.bearerToken(token),
    HttpClientRequest.bodyJsonUnsafe({ inputs: [inputs[n]] })
  )

/** What a client does with Effect's own limiter, told the limit: one request after the other is let through. */
const limited = (algorithm: "fixed-window" | "token-bucket") =>
  Effect.gen(function* () {
    const client = (yield* HttpClient.HttpClient).pipe(
      HttpClient.withRateLimiter({
        limiter: yield* RateLimiter.RateLimiter,
        key: "bench",
        limit,
        window: windowMillis,
        algorithm
      })
    )
    const statuses = yield* Effect.forEach(inputs, (_, n) => client.execute(create(n)), { concurrency: 10 })
    return statuses.filter(({ status }) => status === 201).length
  }).pipe(Effect.provide(RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))), Effect.orDie)

/** Another app of the account, which makes so many requests in ten seconds, spread evenly. */
const otherApp = (perWindow: number) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const request = HttpClientRequest.bearerToken(
      HttpClientRequest.get(`${url}/account-info/v3/details`),
      token
    )
    while (true) {
      yield* Effect.sleep(windowMillis / perWindow)
      yield* Effect.forkChild(client.execute(request))
    }
  })

interface World {
  readonly latency: number
  /** Requests of another app in ten seconds. */
  readonly other?: number
}

const world = ({ latency, other = 0 }: World, client: typeof engine) =>
  Effect.gen(function* () {
    const beside = yield* Effect.forkChild(other > 0 ? otherApp(other) : Effect.void)
    if (other > 0) yield* TestClock.adjust("20 seconds")
    const from = yield* Clock.currentTimeMillis
    const timed = Effect.gen(function* () {
      const created = yield* client
      return { created, millis: (yield* Clock.currentTimeMillis) - from }
    })
    const { created, millis } = yield* join(yield* Effect.forkChild(timed), "100 millis")
    yield* Fiber.interrupt(beside)
    const ledger = yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
    const ours = ledger.requests.filter(({ path }) => path.endsWith("/batch/create"))
    return { created, millis, from, ours, refused: ours.filter(({ status }) => status === 429).length }
  }).pipe(
    Effect.provide(
      Emulator.layer({ limit, latency: { min: latency, max: latency } }).pipe(
        Layer.provideMerge(TestClock.layer())
      )
    ),
    Effect.scoped
  )

type Found = Effect.Success<ReturnType<typeof world>>

/** How many requests were taken in the ten seconds before, twice a second. */
const inWindow = (series: string, { from, millis, ours }: Found): ReadonlyArray<Row.Point> =>
  Array.from({ length: Math.ceil(millis / 500) }, (_, n) => {
    const at = from + n * 500
    const y = ours.filter((one) => one.status !== 429 && one.at > at - windowMillis && one.at <= at).length
    return { series, x: n / 2, y }
  })

const axes = { x: "seconds", y: "requests in the last ten seconds" }

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const rows: Array<Row.Row> = []
  const report = (what: string, found: Found, bound: number, most: number, mostRefused: number) => {
    const { created, millis, ours, refused } = found
    const note = `${(bound / 1000).toFixed(1)} s at best; at most ${Ledger.worstWindow(ours)} of ${limit} in ten seconds`
    const plot = { ...axes, points: inWindow(`this client, ${what}`, found) }
    rows.push(
      Row.atMost(`limited job, ${what}: time`, millis / bound, "× the bound", most, { note, plot }),
      Row.atMost(`limited job, ${what}: 429s`, (100 * refused) / ours.length, "% of requests", mostRefused),
      Row.atMost(`limited job, ${what}: inputs lost`, requests - created, "inputs", 0)
    )
  }
  report("0 ms", yield* world({ latency: 0 }, engine), boundMillis(limit, 0), 1.02, 0)
  report("200 ms", yield* world({ latency: 200 }, engine), boundMillis(limit, 200), 1.05, 0)
  const other = Math.round(limit / 3)
  // Chance has a part in it: how the two apps meet.
  const runs = yield* Effect.replicateEffect(world({ latency: 200, other }, engine), 3)
  const [, beside] = runs.sort((a, b) => a.millis - b.millis)
  report("another app takes a third", beside!, boundMillis(limit - other, 200), 1.1, 1)
  for (const algorithm of ["fixed-window", "token-bucket"] as const) {
    const found = yield* world({ latency: 200 }, limited(algorithm))
    const what = `Effect's ${algorithm} limiter`
    rows.push(
      Row.shown(`limited job, ${what}: 429s`, found.refused, "refusals", {
        note: `${(found.millis / boundMillis(limit, 200)).toFixed(2)} × the bound`,
        plot: { ...axes, points: inWindow(what, found) }
      })
    )
  }
  return rows
})
