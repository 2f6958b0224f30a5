/**
 * The shared limits of the token's account, for processes that do not know the account before HubSpot reports it.
 *
 * The few requests until then are limited in this process. As soon as `AccountInfo` reports the account's id, they are
 * counted for that account, and what HubSpot said of the limits meanwhile goes to that account only. If an account is
 * `supposed`, such a request waits at most a window for a slot of that account too, and is then sent without one: an
 * account that may be a different one must not hold it up.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as InRange from "./internal/inRange.ts"
import { monotonicMillis } from "./Monotonic.ts"
import { asFarAsPossible, unlessUnavailable } from "./internal/unavailable.ts"
import * as RateLimits from "./RateLimits.ts"
import * as RateLimitStore from "./RateLimitStore.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends Omit<RateLimits.Options, "account"> {
  /** The id of the likely account, such as that of an earlier run. */
  readonly supposed?: string | undefined
}

/**
 * **Example**
 *
 * ```ts
 * import { AccountLimits, RateLimits, RateLimitStore } from "@effect-hubspot/http"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const limits = yield* RateLimits.RateLimits
 *   const portalId = yield* limits.withSlot("burst")(Effect.succeed(42))
 *   yield* limits.observe({ account: String(portalId) })
 *   return yield* limits.withSlot("burst")(Effect.succeed("counted for 42"))
 * }).pipe(
 *   Effect.provide(Layer.provide(AccountLimits.layer(), RateLimitStore.layerMemory))
 * )
 * await Effect.runPromise(program) // => "counted for 42"
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<RateLimits.RateLimits, never, RateLimitStore.RateLimitStore> =>
  Layer.effect(RateLimits.RateLimits, make(options))

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<RateLimits.RateLimits["Service"], never, RateLimitStore.RateLimitStore> {
  const store = yield* RateLimitStore.RateLimitStore
  const { supposed } = options
  const windowMillis = InRange.duration("window", options.window ?? "10 seconds")
  const leaseMillis = InRange.duration("timeout", options.timeout ?? "110 seconds") + windowMillis
  const before = yield* Effect.provide(RateLimits.make(options), RateLimitStore.layerMemory)
  let known: RateLimits.RateLimits["Service"] | undefined
  /** The requests so far, with their slots of the supposed account. */
  const sent: Array<{ readonly pool: RateLimitStore.Pool; readonly slot: RateLimitStore.Slot | undefined }> =
    []
  let heard: RateLimits.Observation = {}

  const ask = (account: string, pool: RateLimitStore.Pool, limit: number) =>
    store.take({ account, pool, limit, windowMillis, leaseMillis })

  /** A slot of the supposed account, if one comes free within a window. */
  const lent = Effect.fnUntraced(function* (
    account: string,
    pool: RateLimitStore.Pool
  ): Effect.fn.Return<RateLimitStore.Slot | undefined, RateLimitStore.RateLimitStoreError> {
    const until = (yield* monotonicMillis) + windowMillis
    while (true) {
      const answer = yield* ask(account, pool, yield* before.limit)
      if (answer._tag === "Taken") return answer.slot
      if ((yield* monotonicMillis) + answer.waitMillis > until) return undefined
      yield* Effect.sleep(answer.waitMillis)
    }
  })

  const counted = <A, E, R>(pool: RateLimitStore.Pool, request: Effect.Effect<A, E, R>) =>
    Effect.flatMap(
      supposed === undefined ? Effect.undefined : unlessUnavailable(lent(supposed, pool)),
      (slot) => {
        sent.push({ pool, slot })
        return Effect.onExit(request, (exit) =>
          slot !== undefined && Exit.isSuccess(exit) ? asFarAsPossible(store.complete(slot)) : Effect.void
        )
      }
    )

  /** Counts a request that is over, even beyond the limit. */
  const charge = (account: string, pool: RateLimitStore.Pool) =>
    Effect.flatMap(ask(account, pool, Number.MAX_SAFE_INTEGER), (answer) =>
      answer._tag === "Taken" ? store.complete(answer.slot) : Effect.void
    )

  const know = Effect.fnUntraced(function* (account: string) {
    const limits = yield* Effect.provideService(
      RateLimits.make({ ...options, account }),
      RateLimitStore.RateLimitStore,
      store
    )
    for (const { pool, slot } of sent) {
      if (slot?.account !== account) yield* asFarAsPossible(charge(account, pool))
    }
    yield* limits.observe(heard)
    known = limits
  })

  return RateLimits.RateLimits.of({
    withSlot: (pool, how) => (request) =>
      Effect.suspend(() =>
        known === undefined
          ? before.withSlot(pool, how)(counted(pool, request))
          : known.withSlot(pool, how)(request)
      ),
    observe: (seen) =>
      Effect.suspend(() => {
        if (known !== undefined) return known.observe(seen)
        heard = { ...heard, ...seen }
        const { account } = seen
        return Effect.andThen(before.observe(seen), account === undefined ? Effect.void : know(account))
      }),
    limit: Effect.suspend(() => (known ?? before).limit)
  })
})
