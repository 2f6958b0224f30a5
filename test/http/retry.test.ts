import { HubSpotError, Retry } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Random, Schedule } from "effect"
import { inVirtualTime } from "../support/virtualTime.ts"

const error = (reason: HubSpotError.Reason) => new HubSpotError.HubSpotError({ reason, operation: "POST /x" })

const refused = error(new HubSpotError.TransportNotSent({ failure: "refused" }))
const failed = error(new HubSpotError.ServerFailed({ kind: "gateway", status: 502 }))
const paced = error(new HubSpotError.RateLimited({ policy: "burst", policyName: "TEN_SECONDLY_ROLLING" }))
const expired = error(
  new HubSpotError.Unauthorized({ category: "EXPIRED_AUTHENTICATION", detail: "", renewable: true })
)

/** The waits of a schedule, in milliseconds, until it ends. */
const waits = (
  schedule: Schedule.Schedule<number, HubSpotError.HubSpotError>,
  errors: ReadonlyArray<HubSpotError.HubSpotError>
) =>
  Effect.gen(function* () {
    const step = yield* Schedule.toStep(schedule)
    const all: Array<number> = []
    for (const error of errors) {
      const next = yield* Effect.option(step(0, error))
      if (Option.isNone(next)) break
      all.push(Duration.toMillis(next.value[1]))
    }
    return all
  }).pipe(Random.withSeed("waits"))

const times = <A>(count: number, one: A) => Array.from({ length: count }, () => one)

describe("Retry.wait", () => {
  const soFar = { sends: 1, rateLimited: 0, chance: 0 }
  const after = (reason: HubSpotError.Reason) => Retry.wait(reason, soFar)

  it("a lock is waited for as long as HubSpot says, and two seconds at least", () => {
    const locked = (retryAfterMillis?: number) =>
      after(new HubSpotError.Locked(retryAfterMillis === undefined ? {} : { retryAfterMillis }))
    assert.deepStrictEqual(
      [undefined, 0, 500, 2000, 7000, 120_000].map(locked),
      [2000, 2000, 2000, 2000, 7000, 120_000]
    )
    // Longer than the policy's patience.
    assert.isUndefined(locked(120_001))
  })

  it("a wait that HubSpot names comes before the backoff, not instead of it", () => {
    const locked = new HubSpotError.Locked({ retryAfterMillis: 7000 })
    assert.strictEqual(Retry.wait(locked, { sends: 3, rateLimited: 0, chance: 0.5 }), 7000 + 1000)
  })
})

describe("Retry.wait, by the policy", () => {
  const soFar = { sends: 1, rateLimited: 0, chance: 1 }

  it("a backoff doubles up to the cap", () => {
    const policy = { ...Retry.defaults, attempts: 9, baseMillis: 500, capMillis: 3000 }
    const reason = new HubSpotError.TransportNotSent({ failure: "refused" })
    assert.deepStrictEqual(
      [1, 2, 3, 4, 5, 8].map((sends) => Retry.wait(reason, { ...soFar, sends }, policy)),
      [500, 1000, 2000, 3000, 3000, 3000]
    )
  })

  it("a rate limit that asks for more than the patience ends it", () => {
    const limited = (retryAfterMillis: number) =>
      Retry.wait(
        new HubSpotError.RateLimited({
          policy: "burst",
          policyName: "TEN_SECONDLY_ROLLING",
          retryAfterMillis
        }),
        soFar
      )
    assert.deepStrictEqual([20_000, 120_000, 120_001].map(limited), [0, 0, undefined])
  })
})

describe("Retry.schedule", () => {
  const once = Retry.schedule({ idempotent: false })

  it.effect("ends after as many sends as the policy allows, with jitter below a growing cap", () =>
    Effect.gen(function* () {
      const seen = yield* waits(once, times(20, refused))
      assert.lengthOf(seen, Retry.defaults.attempts - 1)
      for (const [n, millis] of seen.entries()) assert.isAtMost(millis, 500 * 2 ** n)
    })
  )

  it.effect("never repeats a doubt, unless doing it twice is the same as doing it once", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* waits(once, [failed]), [])
      assert.lengthOf(yield* waits(Retry.schedule({ idempotent: true }), times(20, failed)), 5)
    })
  )

  it.effect("does not count what the shared limiter holds up, and gives up on it on its own", () =>
    Effect.gen(function* () {
      const policy = { ...Retry.defaults, attempts: 2, rateLimited: 3 }
      const seen = yield* waits(Retry.schedule({ idempotent: false, policy }), [
        ...times(3, paced),
        refused,
        refused
      ])
      assert.lengthOf(seen, 4)
      assert.deepStrictEqual(seen.slice(0, 3), [0, 0, 0])
      assert.lengthOf(yield* waits(Retry.schedule({ idempotent: false, policy }), times(9, paced)), 3)
    })
  )

  it.effect("sends once more with another token, and not twice", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* waits(once, [expired, expired]), [0])
      // Nor after another failure in between.
      assert.lengthOf(yield* waits(once, [expired, refused, expired, refused]), 2)
    })
  )

  it.effect("is a schedule as any other: bounded, tapped, used again", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const schedule = once.pipe(
        Schedule.upTo({ times: 2 }),
        Schedule.tap(({ output }) => Effect.sync(() => void seen.push(output)))
      )
      let sends = 0
      const send = Effect.suspend(() => {
        sends++
        return Effect.fail(refused)
      })
      for (const total of [3, 6]) {
        const end = yield* inVirtualTime(Effect.flip(Effect.retry(send, schedule)))
        assert.strictEqual(end, refused)
        assert.strictEqual(sends, total)
        assert.lengthOf(seen, (total / 3) * 2)
      }
    })
  )
})
