/**
 * The log of attempts: each is written down before it is sent, and again when it ends.
 *
 * A create is not idempotent, so after a crash one question decides all others: was this batch sent? An attempt without an
 * end says "perhaps", and no attempt says "no". That holds only if nothing is sent unlogged, which `Fence` guarantees.
 *
 * This module has the service and the log in memory, which lasts as long as its process; `SqlAttemptLog` survives a crash. A
 * durable job has only the log of its `JobStore`. The log decides neither what to do about a doubt nor which run may send.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Entry } from "../model/Entry.ts"
import * as Ranges from "../model/Ranges.ts"
import { AttemptLogError } from "../model/StoreFailure.ts"

export { Entry, entry } from "../model/Entry.ts"
export { AttemptLogError } from "../model/StoreFailure.ts"

/**
 * What is about to be sent: inputs of a job, by their indices and in the order of the request. `epoch` is the number of the
 * run that sends it, where a job can have several runs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempt {
  readonly jobId: string
  /** The name of the operation, such as `batchCreate`. */
  readonly operation: string
  readonly inputs: ReadonlyArray<number>
  readonly epoch?: number
}

/**
 * An attempt to write down. For an attempt that is written down after it was sent, `sinceMillis` is the earliest time at
 * which it may have been sent, in milliseconds since 1970.
 *
 * @category models
 * @since 0.1.0
 */
export interface Beginning extends Attempt {
  readonly sinceMillis?: number
}

/**
 * How an attempt ended: whether HubSpot accepted it, the tag of the error's reason if there was an error, and the outcomes of
 * its inputs as far as they are known. An attempt that will be repeated has no outcomes.
 *
 * @category models
 * @since 0.1.0
 */
export interface End {
  readonly acceptance: "Accepted" | "NotAccepted" | "InDoubt"
  readonly reason?: string
  readonly outcomes: ReadonlyArray<Entry>
}

/**
 * A batch that HubSpot accepted and has not finished: its status, and the link to it if the reply has one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unfinished extends Schema.Schema.Type<typeof Unfinished> {}
const Unfinished = Schema.Struct({
  status: Schema.Literals(["PENDING", "PROCESSING"]),
  link: Schema.optionalKey(Schema.String)
})

/**
 * An attempt in the log. Without an end, it may have been sent or not; an `unfinished` one was sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Logged extends Attempt {
  /** Its number in the log. A later attempt has a greater one. */
  readonly id: number
  /** In milliseconds since 1970, as `endedAtMillis`. */
  readonly begunAtMillis: number
  readonly unfinished?: Unfinished
  readonly end?: End & { readonly endedAtMillis: number }
}

/**
 * @category services
 * @since 0.1.0
 */
export interface Service {
  /**
   * Writes down what is about to be sent, and returns its number. Once this succeeds, the attempt is durable. It fails with
   * `Fenced` if the job has an attempt with a greater epoch. A call within a transaction of the caller is a defect, since
   * nothing would be durable yet.
   */
  readonly begin: (attempt: Beginning) => Effect.Effect<number, AttemptLogError>
  /**
   * Writes down the end and the outcomes, both or neither. An attempt ends once. The same end again changes nothing, since
   * the first may have been committed and not confirmed. Another end, or the end of an attempt that was never begun, is a
   * defect.
   */
  readonly end: (id: number, end: End) => Effect.Effect<void, AttemptLogError>
  /**
   * Writes down that HubSpot has accepted the batch and not finished it, so that a run after a crash can go on waiting. For
   * an attempt that has ended or was never begun, this is a defect.
   */
  readonly unfinished: (id: number, seen: Unfinished) => Effect.Effect<void, AttemptLogError>
  /** The attempts of a job, or those that may contain these inputs, in the order in which they were begun. */
  readonly attempts: (
    jobId: string,
    inputs?: { readonly first: number; readonly last: number }
  ) => Effect.Effect<ReadonlyArray<Logged>, AttemptLogError>
  /**
   * Checks that no attempt of a job is missing or was changed, since a forgotten attempt would be sent again. It fails with
   * `Unreadable`. On SQLite it also checks the file. It cannot notice an old copy of a database, which is intact and lacks
   * what came after it.
   */
  readonly verify: (jobId: string) => Effect.Effect<void, AttemptLogError>
}

/**
 * Where attempts are written down. Bulk operations, which end with their process, use a log in memory if there is no such
 * service. A durable job does not use this service, but the log of its `JobStore`.
 *
 * **Example**
 *
 * ```ts
 * import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const log = yield* AttemptLog.AttemptLog
 *   const id = yield* log.begin({ jobId: "import", operation: "batchCreate", inputs: [0, 1, 2] })
 *   const before = yield* log.attempts("import")
 *   yield* log.end(id, { acceptance: "NotAccepted", reason: "RateLimited", outcomes: [] })
 *   const after = yield* log.attempts("import")
 *   return [before[0]?.end, after[0]?.end?.acceptance]
 * }).pipe(Effect.provide(AttemptLog.layerMemory({ keep: true })))
 * Effect.runSync(program) // => [undefined, "NotAccepted"]
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class AttemptLog extends Context.Service<AttemptLog, Service>()(
  "@effect-hubspot/batch/engine/AttemptLog"
) {}

/**
 * A log in memory, which ends with its process.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: MemoryOptions): Layer.Layer<AttemptLog> =>
  Layer.effect(AttemptLog, makeMemory(options))

/**
 * @category models
 * @since 0.1.0
 */
export interface MemoryOptions {
  /** Whether attempts stay in the log when they end. Default false. */
  readonly keep?: boolean
  /** How many milliseconds a write takes until it is committed, for tests of crashes. Default 0. */
  readonly commitMillis?: number
}

/**
 * A log in memory that can crash, for tests: what was committed stays, and a write that was not committed never returns.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (options: MemoryOptions = {}): Effect.Effect<MemoryLog> =>
  Effect.sync(() => makeMemoryUnsafe(options))

/**
 * A log that can crash.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemoryLog extends Service {
  readonly crash: Effect.Effect<void>
}

const makeMemoryUnsafe = ({ commitMillis = 0, keep = false }: MemoryOptions): MemoryLog => {
  const logged = new Map<number, Logged>()
  const epochs = new Map<string, number>()
  let lastId = 0
  let lives = 0

  const commit = <A>(write: (now: number) => Effect.Effect<A, AttemptLogError>) =>
    Effect.suspend(() => {
      const life = lives
      const written = Effect.flatMap(Clock.currentTimeMillis, (now) =>
        life === lives ? write(now) : Effect.never
      )
      return commitMillis === 0 ? written : Effect.delay(written, commitMillis)
    })

  return {
    begin: (attempt) =>
      Effect.andThen(
        check(attempt),
        commit((now) => {
          const { sinceMillis: begunAtMillis = now, ...begun } = attempt
          const { epoch, inputs, jobId } = begun
          if (epoch !== undefined) {
            if ((epochs.get(jobId) ?? epoch) > epoch) return fenced(attempt)
            epochs.set(jobId, epoch)
          }
          const id = ++lastId
          logged.set(id, { ...begun, inputs: [...inputs], id, begunAtMillis })
          return Effect.succeed(id)
        })
      ),
    end: (id, end) =>
      commit((endedAtMillis) => {
        const attempt = logged.get(id)
        if (attempt === undefined) return notOpen(id)
        if (attempt.end !== undefined) {
          const { endedAtMillis: _, ...known } = attempt.end
          return JSON.stringify(known) === JSON.stringify(endOf(end)) ? Effect.void : notOpen(id)
        }
        const { unfinished: _, ...begun } = attempt
        if (keep) logged.set(id, { ...begun, end: { ...endOf(end), endedAtMillis } })
        else logged.delete(id)
        return Effect.void
      }),
    unfinished: (id, seen) =>
      commit(() => {
        const attempt = logged.get(id)
        if (attempt === undefined || attempt.end !== undefined) return notOpen(id)
        logged.set(id, { ...attempt, unfinished: decodeUnfinishedUnsafe(encodeUnfinished(seen)) })
        return Effect.void
      }),
    attempts: (jobId, about) =>
      Effect.sync(() =>
        [...logged.values()].filter(
          ({ inputs, jobId: job }) =>
            job === jobId &&
            (about === undefined || inputs.some((index) => index >= about.first && index <= about.last))
        )
      ),
    verify: () => Effect.void,
    crash: Effect.sync(() => {
      lives++
    })
  }
}

/**
 * Outcomes as text, with the fields of an entry and no others.
 *
 * @internal
 */
export const OutcomesText = Schema.fromJsonString(Schema.Array(Entry))
/** @internal */
export const encodeOutcomes = Schema.encodeSync(OutcomesText)
const decodeOutcomesUnsafe = Schema.decodeSync(OutcomesText)
/** @internal */
export const UnfinishedText = Schema.fromJsonString(Unfinished)
/** @internal */
export const encodeUnfinished = Schema.encodeSync(UnfinishedText)
const decodeUnfinishedUnsafe = Schema.decodeSync(UnfinishedText)

/** An end as a database would return it. */
const endOf = ({ acceptance, outcomes, reason }: End): End => ({
  acceptance,
  ...(reason !== undefined && { reason }),
  outcomes: decodeOutcomesUnsafe(encodeOutcomes(outcomes))
})

/** @internal */
export const check = ({ epoch = 0, inputs }: Attempt): Effect.Effect<void> =>
  isIndex(epoch) && inputs.every(isIndex) && inputs.length <= Ranges.most
    ? Effect.void
    : Effect.die(new Error(`an attempt must have at most ${Ranges.most} inputs, and whole numbers from 0`))

const isIndex = (number: number): boolean => Number.isSafeInteger(number) && number >= 0

/** @internal */
export const fenced = ({ epoch, jobId }: Attempt) =>
  Effect.fail(
    new AttemptLogError({
      reason: "Fenced",
      detail: `run ${String(epoch)} of job ${JSON.stringify(jobId)} was taken over by a later run`
    })
  )

/** @internal */
export const notOpen = (id: number) =>
  Effect.die(new Error(`attempt ${id} is not under way: it was never begun, or has ended before`))
