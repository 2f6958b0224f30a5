/**
 * Look before you leap: whether HubSpot answers an account's writes, and so whether another one may be sent.
 *
 * An ambiguous answer opens the circuit of its account. From then on one write at a time is let through, and before it a
 * read must succeed: HubSpot itself has to answer, not a network in between. An accepted write closes the circuit. Three
 * ambiguous writes without an accepted one between them suspend the job, and so does HubSpot when it answers no read for two
 * minutes. After such a suspension the next write carries one input, and one ambiguous answer suspends again. So an outage,
 * however long, costs the requests that were under way when it began and two more.
 *
 * All jobs of an account in a process share its circuit. It does not decide how many requests are under way otherwise.
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import { HubSpotError, TimedOut } from "@effect-hubspot/http/HubSpotError"
import * as Operations from "@effect-hubspot/http/Operations"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import { monotonicMillis } from "@effect-hubspot/http/Monotonic"
import type { NotSentReason } from "../model/Outcome.ts"
import type * as Event from "./Event.ts"

/** Ambiguous writes in a row that suspend a job. */
export const most = 3

/** Ambiguous writes of any kind in a row that suspend a job. */
export const mostHarmless = 10

/** What the answer to a write says of HubSpot. */
export type Answer =
  | { readonly _tag: "Accepted" }
  /** `isHarmless`: the write may simply be sent again, so there may be {@link mostHarmless} of them. */
  | { readonly _tag: "Ambiguous"; readonly error: HubSpotError; readonly isHarmless: boolean }
  /** The write was not sent, or HubSpot refused it. */
  | { readonly _tag: "Neither" }

export interface Circuit {
  /**
   * Sends a write of some inputs once the circuit lets it through, unless the job is suspended. `isClear` says right before
   * the send whether the circuit still does; a write that is not sent for that reason has to pass again.
   */
  readonly pass: <A>(
    inputs: number,
    send: (isClear: Effect.Effect<boolean>) => Effect.Effect<A>,
    answerOf: (sent: A) => Answer
  ) => Effect.Effect<A | Unsent>
  /** Whether the next write is to carry one input. */
  readonly isSingle: () => boolean
  /** Goes on as after a suspension: HubSpot did not answer an earlier run of the job. */
  readonly suspect: Effect.Effect<void>
}

/** The job is suspended, and the write was not sent. */
export interface Unsent {
  readonly _tag: "Unsent"
  readonly reason: NotSentReason
}

export interface Options extends Pick<Dispatch.Services, "client" | "limits"> {
  readonly halt: Deferred.Deferred<NotSentReason>
  readonly onEvent: Event.Listener
  /** How long after a suspension of the account the job is suspended as well. Default: not at all. */
  readonly pauseMillis?: number | undefined
}

/** The circuit of requests that write nothing. */
export const closed: Circuit = {
  pass: (_, send) => send(Effect.succeed(true)),
  isSingle: () => false,
  suspect: Effect.void
}

/** The circuit of an account. */
interface Account {
  readonly breaker: CircuitBreaker.CircuitBreaker
  /** How often the circuit was opened since it was closed. */
  openings: number
  /** How many of these count against a job, since the last accepted write. */
  ambiguous: number
  /** How often jobs were suspended, when that was last, and by what. */
  suspensions: number
  suspendedAtMillis: number
  error: HubSpotError | undefined
  /** Writes carry one input. */
  isSingle: boolean
}

/** The only circuit of a breaker. */
const key = "writes"

const accounts = new WeakMap<RateLimits["Service"], Account>()

/** An account's limiter is made once in a process, so all its jobs have it in common. */
const accountOf = Effect.fnUntraced(function* (limits: RateLimits["Service"]) {
  const known = accounts.get(limits)
  if (known !== undefined) return known
  const scope = yield* Scope.make()
  const store = yield* Layer.buildWithScope(
    CircuitBreaker.layerStoreMemory({ idleTimeToLive: Duration.infinity }),
    scope
  )
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(1),
    // The read before a write takes the place of a pause.
    openDuration: 0
  }).pipe(Effect.provideContext(store), Scope.provide(scope))
  const account: Account = {
    breaker,
    openings: 0,
    ambiguous: 0,
    suspensions: 0,
    suspendedAtMillis: 0,
    error: undefined,
    isSingle: false
  }
  accounts.set(limits, account)
  return account
})

/** The circuit of an account, for one job. */
export const make = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Circuit> {
  const account = yield* accountOf(options.limits)
  const { breaker } = account
  const suspensionsBefore = account.suspensions
  const state = Effect.orDie(breaker.state(key))
  const isClosed = Effect.map(state, ({ _tag }) => _tag === "Closed")
  // A write that a stopped job does not want sees so itself.
  const look = Effect.raceFirst(lookWith(options), Effect.as(Deferred.await(options.halt), undefined))

  const suspended = (error: HubSpotError) => {
    const reason = { _tag: "Suspended", cause: "outage", error } as const
    return Effect.as(Deferred.succeed(options.halt, reason), { _tag: "Unsent", reason } as const)
  }

  const suspend = Effect.fnUntraced(function* (error: HubSpotError) {
    account.suspensions++
    account.suspendedAtMillis = yield* monotonicMillis
    account.error = error
    account.isSingle = true
    return yield* suspended(error)
  })

  /** Why the job is suspended with the account, if it is. */
  const suspension = Effect.map(monotonicMillis, (now) =>
    account.isSingle &&
    (account.suspensions !== suspensionsBefore ||
      now - account.suspendedAtMillis < (options.pauseMillis ?? 0))
      ? account.error
      : undefined
  )

  const pause = (millis: number) => Effect.timeoutOption(Deferred.await(options.halt), millis)

  const wait = (inputs: number) =>
    options.onEvent({ _tag: "Waiting", inputs, millis: waitMillis, why: "unanswered" })

  /** Counts an ambiguous write. Those that were under way when the circuit opened are one with the write that opened it. */
  const count = Effect.fnUntraced(function* ({ error, isHarmless }: Answer & { readonly _tag: "Ambiguous" }) {
    const now = yield* state
    if (now._tag !== "Open" || now.consecutiveOpenings <= account.openings) return
    account.openings = now.consecutiveOpenings
    if (!isHarmless) {
      account.ambiguous++
      yield* options.onEvent({ _tag: "Unanswered", count: account.ambiguous, most, error })
    }
    const isOver = account.ambiguous >= most || account.openings >= mostHarmless
    if (isOver || (account.isSingle && !isHarmless)) yield* suspend(error)
  })

  const pass: Circuit["pass"] = (inputs, send, answerOf) => {
    let answer: Answer = { _tag: "Neither" }
    const once = Effect.gen(function* () {
      const error = yield* suspension
      if (error !== undefined) return yield* suspended(error)
      const isProbe = (yield* state)._tag === "HalfOpen"
      if (isProbe) {
        yield* wait(inputs)
        if (account.ambiguous === most - 1) yield* pause(lastPauseMillis)
        const unanswered = yield* look
        if (unanswered !== undefined) return yield* suspend(unanswered)
      }
      const sent = yield* send(isProbe ? Effect.succeed(true) : isClosed)
      answer = answerOf(sent)
      if (answer._tag === "Accepted") {
        if (isProbe) account.openings = 0
        account.ambiguous = 0
        account.isSingle = false
      }
      return sent
    })
    return once.pipe(
      breaker.execute({ key, classify: () => outcomes[answer._tag] }),
      Effect.tap(() => (answer._tag === "Ambiguous" ? count(answer) : Effect.void)),
      // Another write is being let through.
      Effect.catchTag("CircuitBreakerError", () =>
        wait(inputs).pipe(
          Effect.andThen(pause(waitMillis)),
          Effect.flatMap(
            Option.match({
              onNone: () => pass(inputs, send, answerOf),
              onSome: (reason) => Effect.succeed({ _tag: "Unsent", reason } as const)
            })
          )
        )
      )
    )
  }

  return {
    pass,
    isSingle: () => account.isSingle,
    suspect: Effect.gen(function* () {
      account.isSingle = true
      yield* Effect.ignore(breaker.execute(Effect.void, { key, classify: () => outcomes.Ambiguous }))
      const now = yield* state
      if (now._tag === "Open") account.openings = now.consecutiveOpenings
    })
  }
})

const outcomes = {
  Accepted: CircuitBreaker.success,
  Ambiguous: CircuitBreaker.failure(),
  Neither: CircuitBreaker.ignored
}

/** How often a write that waits for another one looks whether the circuit is closed. */
const waitMillis = 1000

/** The pause before the write whose failure suspends the job. */
const lastPauseMillis = 10_000

/** Reads until HubSpot answers. Succeeds with the last error if it does not answer for two minutes. */
const lookWith = ({ client, limits }: Options): Effect.Effect<HubSpotError | undefined> =>
  Effect.andThen(
    client.ready,
    limits.withSlot(Operations.accountDetails.pool)(client.execute(Operations.accountDetails))
  ).pipe(
    Effect.timeoutOrElse({
      duration: lookMillis,
      orElse: () =>
        Effect.fail(
          new HubSpotError({
            reason: new TimedOut({ phase: "headers", millis: lookMillis }),
            operation: Operations.accountDetails.name
          })
        )
    }),
    Effect.as(undefined),
    Effect.catchIf(isAnswer, () => Effect.undefined),
    Effect.retry(Schedule.exponential("1 second").pipe(Schedule.upTo({ duration: "2 minutes" }))),
    Effect.catch(Effect.succeed)
  )

const lookMillis = 30_000

/** Whether HubSpot itself has answered. A write that cannot be sent for another reason finds that out by itself. */
const isAnswer = ({ acceptance, ends }: HubSpotError): boolean =>
  acceptance === "NotAccepted" && ends !== "network"
