/**
 * When a request may be sent again, and after how long.
 *
 * Of what is not idempotent only a `NotAccepted` is ever repeated: the acceptance class decides that, and
 * this module only says whether a repetition makes sense and how long to wait. Waits are capped exponential with full jitter
 * (a random part of the whole wait), so that callers who failed together do not come back together.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { HubSpotError, Reason } from "./HubSpotError.ts"
import * as Metrics from "./Metrics.ts"

/**
 * Times in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Policy {
  /** Sends of one request, the first included, not counting those a rate limit refused. Default 6. */
  readonly attempts: number
  /** Refusals by the rate limit in a row before giving up. Default 30. */
  readonly rateLimited: number
  /** The first wait before jitter. Default 500. */
  readonly baseMillis: number
  /** No wait is longer, unless HubSpot names one. Default 30,000. */
  readonly capMillis: number
  /** A wait that HubSpot names is honoured up to this, and given up on above. Default 120,000. */
  readonly patienceMillis: number
}

/**
 * @category constants
 * @since 0.1.0
 */
export const defaults: Policy = {
  attempts: 6,
  rateLimited: 30,
  baseMillis: 500,
  capMillis: 30_000,
  patienceMillis: 120_000
}

/** HubSpot's locks last two seconds. */
const lockMillis = 2000

type Kind =
  /** It passes with the next attempt if it passes at all. */
  | "once"
  /** The same request would be refused again. */
  | "never"
  /** It may pass after a wait of at least this many milliseconds. */
  | { readonly atLeastMillis: number }
  /** The shared limiter holds everyone up already, as long as HubSpot asks; no wait of its own. */
  | { readonly pacedMillis: number }

const kindOf = (reason: Reason): Kind => {
  switch (reason._tag) {
    case "TransportNotSent":
    case "EdgeUnreachable":
    case "TokenUnavailable":
    case "LimitsUnavailable":
      return { atLeastMillis: 0 }
    case "Unauthorized":
      return reason.renewable ? "once" : "never"
    case "Locked":
      return { atLeastMillis: Math.max(lockMillis, reason.retryAfterMillis ?? 0) }
    case "Migrating":
      return reason.retryAfterMillis === undefined ? "never" : { atLeastMillis: reason.retryAfterMillis }
    case "RateLimited":
      return reason.policy === "daily" ? "never" : { pacedMillis: reason.retryAfterMillis ?? 0 }
    case "InvalidRequest":
    case "TlsUntrusted":
    case "ValidationFailed":
    case "ProtocolBug":
    case "TokenRefused":
    case "Forbidden":
    case "EndpointNotFound":
    case "ObjectNotFound":
    case "EndpointRefused":
    case "RequestTooLarge":
    case "SearchCapReached":
    case "ResponseTooLarge":
    case "UnexpectedRedirect":
    case "Conflict":
      return "never"
    // In doubt: these pass, but only what may be done twice is done again.
    case "TransportAmbiguous":
    case "TimedOut":
    case "ResponseTruncated":
    case "ServerFailed":
      return { atLeastMillis: 0 }
    // A success that cannot be read may be somebody on the way; a strange refusal stays one.
    case "ProtocolViolation":
      return reason.status < 400 ? { atLeastMillis: 0 } : "never"
  }
}

/**
 * The wait before the next send in milliseconds, or `undefined` for none. `sends` and `rateLimited` count
 * what was tried so far, `chance` is from 0 to 1. What is in doubt is only sent again if it is
 * `idempotent`: doing it twice is the same as doing it once.
 *
 * **Example**
 *
 * ```ts
 * import { HubSpotError, Retry } from "@effect-hubspot/http"
 *
 * const refused = new HubSpotError.TransportNotSent({ failure: "refused" })
 * const failed = new HubSpotError.ServerFailed({ kind: "gateway", status: 502 })
 * const waits = [refused, failed].map((reason) => Retry.wait(reason, { sends: 2, rateLimited: 0, chance: 0.5 }))
 * waits // => [500, undefined]
 * ```
 *
 * @category deciding
 * @since 0.1.0
 */
export const wait = (
  reason: Reason,
  soFar: {
    readonly sends: number
    readonly rateLimited: number
    readonly chance: number
    readonly idempotent?: boolean
    /** The token was renewed for this request already. */
    readonly renewed?: boolean
  },
  policy: Policy = defaults
): number | undefined => {
  if (reason.acceptance !== "NotAccepted" && soFar.idempotent !== true) return undefined
  const kind = kindOf(reason)
  if (kind === "once") return soFar.renewed === true ? undefined : 0
  if (kind === "never") return undefined
  if ("pacedMillis" in kind) {
    return soFar.rateLimited < policy.rateLimited && kind.pacedMillis <= policy.patienceMillis ? 0 : undefined
  }
  if (soFar.sends >= policy.attempts || kind.atLeastMillis > policy.patienceMillis) return undefined
  const backoff = Math.min(policy.capMillis, policy.baseMillis * 2 ** (soFar.sends - 1))
  return kind.atLeastMillis + Math.round(backoff * soFar.chance)
}

/**
 * Sends until an answer, a refusal that stays, or a doubt. `send` is one attempt; it is given the number
 * of the attempt, from 1.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <A, R>(
  send: (attempt: number) => Effect.Effect<A, HubSpotError, R>,
  options: {
    /** What is counted as repeated, in metrics. */
    readonly operation: string
    /** Whether doing it twice is the same as doing it once. */
    readonly idempotent: boolean
    readonly policy?: Policy | undefined
  }
): Effect.Effect<A, HubSpotError, R> => {
  const { idempotent, operation, policy } = options
  const go = (attempt: number, rateLimited: number, renewed: boolean): Effect.Effect<A, HubSpotError, R> =>
    Effect.catch(send(attempt), (error) =>
      Effect.flatMap(Random.next, (chance) => {
        const limited = error.reason._tag === "RateLimited" ? rateLimited + 1 : rateLimited
        const millis = wait(
          error.reason,
          { sends: attempt - rateLimited, rateLimited, chance, idempotent, renewed },
          policy
        )
        if (millis === undefined) return Effect.fail(error)
        return Metrics.repeated(operation).pipe(
          Effect.andThen(millis > 0 ? Effect.sleep(millis) : Effect.void),
          Effect.andThen(go(attempt + 1, limited, renewed || error.reason._tag === "Unauthorized"))
        )
      })
    )
  return go(1, 0, false)
}
