/**
 * What was about to be sent, written down before it is sent, and what became of it.
 *
 * A create is not idempotent, so after a crash one question decides all others: had this batch left? An
 * attempt without an end says "perhaps", and no attempt says "no". That holds only if nothing leaves
 * unlogged, and {@link fence} is how: it sends intents, and an intent can be had from the log only.
 *
 * A port: the memory log serves one process and is gone with it; the SQL log survives a crash on SQLite
 * and PostgreSQL. A durable job has no other than that of its `JobStore`. It says neither what to do about a doubt nor
 * who may run a job.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { Operation } from "@effect-hubspot/http/Operation"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import { ErrorBody } from "@effect-hubspot/schema"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Digests from "./internal/digests.ts"
import * as Ranges from "./internal/ranges.ts"
import * as Outcome from "./Outcome.ts"
import * as Store from "./Store.ts"

/**
 * What is about to be sent: inputs of a job, by their indices and in the order of the request. `epoch` is
 * the number of the run that sends it, if several can run the job one after the other.
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
 * An attempt to write down. `sinceMillis` is when it may have been sent at the earliest, in milliseconds since 1970, if it is
 * not about to be sent but was, before anybody knew.
 *
 * @category models
 * @since 0.1.0
 */
export interface Beginning extends Attempt {
  readonly sinceMillis?: number
}

const Fault = Schema.Struct({
  message: Schema.String,
  code: Schema.optionalKey(Schema.String),
  property: Schema.optionalKey(Schema.String)
})

/**
 * What became of one input, as it is written down: an outcome without the caller's own value and without
 * HubSpot's record. The evidence of a doubt is kept in words.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Entry = Schema.Union([
  Schema.TaggedStruct("Created", {
    index: Schema.Int,
    id: Schema.String,
    via: Schema.Literals(["response", "conflict", "reconciled", "updated"]),
    possibleDuplicate: Schema.Boolean
  }),
  // What is done to line items that exist: the success of every other operation.
  Schema.TaggedStruct("Done", { index: Schema.Int, id: Schema.String }),
  Schema.TaggedStruct("Rejected", {
    index: Schema.Int,
    category: Schema.String,
    faults: Schema.Array(Fault),
    verifiedAbsent: Schema.Boolean
  }),
  Schema.TaggedStruct("InDoubt", {
    index: Schema.Int,
    evidence: Schema.Struct({
      _tag: Schema.Literals([
        "NoAnswer",
        "Unaccounted",
        "Abandoned",
        "Unverified",
        "Unassociated",
        "Recovered"
      ]),
      text: Schema.String
    })
  })
])

/**
 * @category models
 * @since 0.1.0
 */
export type Entry = typeof Entry.Type

/**
 * An outcome as it is written down.
 *
 * **Example**
 *
 * ```ts
 * import { AttemptLog } from "@effect-hubspot/batch"
 *
 * const entry = AttemptLog.entry({
 *   _tag: "InDoubt",
 *   source: { name: "Seat" },
 *   index: 7,
 *   objectWriteTraceId: "job-7",
 *   evidence: { _tag: "Unaccounted", why: "missing" }
 * })
 * entry // => { _tag: "InDoubt", index: 7, evidence: { _tag: "Unaccounted", text: "HubSpot's answer does not mention it" } }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const entry = (
  outcome: Exclude<Outcome.Outcome<unknown, Outcome.Success>, { readonly _tag: "Invalid" | "NotSent" }>
): Entry => {
  const { index } = outcome
  switch (outcome._tag) {
    case "Created": {
      const { id, possibleDuplicate, via } = outcome
      return { _tag: "Created", index, id, via, possibleDuplicate }
    }
    case "Rejected": {
      const { category, faults, verifiedAbsent } = outcome
      return { _tag: "Rejected", index, category, faults, verifiedAbsent }
    }
    case "InDoubt": {
      const { _tag } = outcome.evidence
      return {
        _tag: "InDoubt",
        index,
        evidence: { _tag, text: Outcome.describeEvidence(outcome.evidence) }
      }
    }
    default:
      return { _tag: "Done", index, id: outcome.id }
  }
}

/**
 * How an attempt ended: whether HubSpot accepted it, the tag of the error's reason if there was one, and
 * what became of the inputs as far as that is settled. An attempt that will be made again has no outcomes.
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
 * A batch that HubSpot took and has not finished: its status, and where it can be looked at if the reply said so.
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
 * An attempt as the log has it. Without an end, it may have been sent or not; one that is `unfinished` was.
 *
 * @category models
 * @since 0.1.0
 */
export interface Logged extends Attempt {
  /** Its number in the log. Who begins later has a greater one. */
  readonly id: number
  /** In milliseconds since 1970, as the end's. */
  readonly begunAtMillis: number
  readonly unfinished?: Unfinished
  readonly end?: End & { readonly endedAtMillis: number }
}

const advice = {
  Unwritable: "nothing is sent that is not written down; mend the database and resume",
  Unreadable: "restore the database, or check in HubSpot what was created",
  Fenced: "somebody else runs the job now; let them, or stop them and resume"
}

/**
 * The log cannot be written to or read, or the attempt is of a run that was taken over (`Fenced`). A begin
 * that fails was not written down, or nobody can tell; either way nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class AttemptLogError extends Schema.TaggedError<AttemptLogError>()("AttemptLogError", {
  reason: Schema.Literals(["Unwritable", "Unreadable", "Fenced"]),
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `attempt log: ${this.detail}; ${Store.adviceOn(this.cause, advice[this.reason])}`
  }
}

/**
 * The operations of a log.
 *
 * @category services
 * @since 0.1.0
 */
export interface Service {
  /**
   * Writes down what is about to be sent, and gives its number. When it succeeds it is durable. It fails
   * with `Fenced` if an attempt of the job was begun with a greater epoch. Inside of a transaction of the
   * caller's nothing would be durable yet, so that is a defect.
   */
  readonly begin: (attempt: Beginning) => Effect.Effect<number, AttemptLogError>
  /**
   * Writes down the end and the outcomes, both or neither. An attempt ends once. The same end again changes nothing, since
   * the first may have been committed and not confirmed; another one, or that of an attempt that was never begun, is a defect.
   */
  readonly end: (id: number, end: End) => Effect.Effect<void, AttemptLogError>
  /**
   * Writes down that HubSpot has the batch and is not done with it, so that who comes after a crash goes on waiting. Of
   * an attempt that has ended, or was never begun, it is a defect.
   */
  readonly unfinished: (id: number, seen: Unfinished) => Effect.Effect<void, AttemptLogError>
  /** The attempts of a job, or those that may be about these inputs, in the order in which they were begun. */
  readonly attempts: (
    jobId: string,
    inputs?: { readonly first: number; readonly last: number }
  ) => Effect.Effect<ReadonlyArray<Logged>, AttemptLogError>
  /**
   * Makes sure that no attempt of a job is missing or was changed: an attempt that is forgotten would be made again. It
   * fails with `Unreadable`. SQLite is asked as well whether its file is in order. An old copy of a database is in order
   * and has forgotten what came after it; that cannot be noticed.
   */
  readonly verify: (jobId: string) => Effect.Effect<void, AttemptLogError>
}

/**
 * Where attempts are written down. Bulk operations, which are over with their process, have one in memory if there is
 * none; a durable job does not ask for it, but has the log of its `JobStore`.
 *
 * **Example**
 *
 * ```ts
 * import { AttemptLog } from "@effect-hubspot/batch"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const log = yield* AttemptLog.AttemptLog
 *   const id = yield* log.begin({ jobId: "import", operation: "batchCreate", inputs: [0, 1, 2] })
 *   const before = yield* log.attempts("import")
 *   yield* log.end(id, { acceptance: "NotAccepted", reason: "RateLimited", outcomes: [] })
 *   const after = yield* log.attempts("import")
 *   return [before[0]?.end, after[0]?.end?.acceptance]
 * }).pipe(Effect.provide(AttemptLog.AttemptLog.layerMemory({ keep: true })))
 * Effect.runSync(program) // => [undefined, "NotAccepted"]
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class AttemptLog extends Context.Service<AttemptLog, Service>()("@effect-hubspot/batch/AttemptLog") {
  /** A log in this process, gone with it. */
  static readonly layerMemory = (options: MemoryOptions = {}): Layer.Layer<AttemptLog> =>
    Layer.effect(AttemptLog, makeMemory(options))

  /** A log in the tables of `Store`, which are made if they are not there, on SQLite or PostgreSQL. */
  static readonly layerSql: Layer.Layer<AttemptLog, Store.StoreError, SqlClient.SqlClient> = Layer.effect(
    AttemptLog,
    Effect.suspend(() => makeSql)
  )
}

/**
 * @category models
 * @since 0.1.0
 */
export interface MemoryOptions {
  /** Whether attempts stay in the log when they end. Default false. */
  readonly keep?: boolean
  /** How long a write takes until it is committed, for tests of what a crash leaves. Default 0. */
  readonly commitMillis?: number
}

/**
 * A log in memory with an explicit crash, for tests: what was not committed is dropped, and those who wait
 * for it are told nothing, as befits the dead. What was committed stays.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (
  options: MemoryOptions = {}
): Effect.Effect<Service & { readonly crash: Effect.Effect<void> }> =>
  Effect.sync(() => makeMemoryUnsafe(options))

const makeMemoryUnsafe = ({
  commitMillis = 0,
  keep = false
}: MemoryOptions): Service & { readonly crash: Effect.Effect<void> } => {
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
          const { epoch, inputs, jobId, operation, sinceMillis: begunAtMillis = now } = attempt
          if (epoch !== undefined) {
            if ((epochs.get(jobId) ?? epoch) > epoch) return fenced(attempt)
            epochs.set(jobId, epoch)
          }
          const id = ++lastId
          logged.set(id, {
            jobId,
            operation,
            inputs: [...inputs],
            ...(epoch !== undefined && { epoch }),
            id,
            begunAtMillis
          })
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
        if (!keep) {
          logged.delete(id)
          return Effect.void
        }
        logged.set(id, {
          ...Struct.omit(attempt, ["unfinished"]),
          end: { ...endOf(end), endedAtMillis }
        })
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

const Outcomes = Schema.fromJsonString(Schema.Array(Entry))
/** Takes along what an entry has, and nothing else that the value may hold. */
const encodeOutcomes = Schema.encodeSync(Outcomes)
const UnfinishedText = Schema.fromJsonString(Unfinished)
const encodeUnfinished = Schema.encodeSync(UnfinishedText)
const decodeUnfinishedUnsafe = Schema.decodeSync(UnfinishedText)
const decodeOutcomesUnsafe = Schema.decodeSync(Outcomes)

/** An end as it comes back. */
const endOf = ({ acceptance, outcomes, reason }: End): End => ({
  acceptance,
  ...(reason !== undefined && { reason }),
  outcomes: decodeOutcomesUnsafe(encodeOutcomes(outcomes))
})

const check = ({ epoch = 0, inputs }: Attempt): Effect.Effect<void> =>
  isIndex(epoch) && inputs.every(isIndex) && inputs.length <= Ranges.most
    ? Effect.void
    : Effect.die(
        new Error(`an attempt with more than ${Ranges.most} inputs, or a number that is no whole one from 0`)
      )

const isIndex = (number: number): boolean => Number.isSafeInteger(number) && number >= 0

const fenced = ({ epoch, jobId }: Attempt) =>
  Effect.fail(
    new AttemptLogError({
      reason: "Fenced",
      detail: `run ${String(epoch)} of job ${JSON.stringify(jobId)} was taken over by a later one`
    })
  )

const notOpen = (id: number) =>
  Effect.die(new Error(`attempt ${id} is not under way: it was never begun, or has ended before`))

// A batch without inputs is about none.
const least = (inputs: ReadonlyArray<number>): number =>
  inputs.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER)
const greatest = (inputs: ReadonlyArray<number>): number => inputs.reduce((a, b) => Math.max(a, b), -1)

interface Row extends Digests.Attempt {
  readonly first_input: number
  readonly last_input: number
  readonly digest: string | null
  readonly end_digest: string | null
}

/** The columns that are written when an attempt begins, and not changed any more. */
const begunColumns = "id, job_id, epoch, operation, inputs, first_input, last_input, begun_at, digest"

const makeSql: Effect.Effect<Service, Store.StoreError, SqlClient.SqlClient> = Effect.gen(function* () {
  yield* Store.migrate
  const sql = yield* SqlClient.SqlClient

  const failed = (reason: "Unwritable" | "Unreadable") => (error: SqlError) =>
    new AttemptLogError({ reason, detail: Store.describeSqlError(error), cause: error })

  const begin = Effect.fnUntraced(function* (attempt: Beginning) {
    yield* check(attempt)
    if (Option.isSome(yield* Effect.serviceOption(sql.transactionService))) {
      return yield* Effect.die(
        new Error("an attempt cannot begin inside of a transaction: it could be rolled back")
      )
    }
    const { jobId, operation } = attempt
    const epoch = attempt.epoch ?? null
    const inputs = Ranges.format(attempt.inputs)
    const begunAt = attempt.sinceMillis ?? (yield* Clock.currentTimeMillis)
    const digest = Digests.ofBegin({ job_id: jobId, epoch, operation, inputs, begun_at: begunAt })
    // One statement, so one commit: a greater epoch is looked for where the attempt is written. The row of
    // a job is locked, so who takes the job over either stops this attempt or finds it in the log.
    const lock = sql.onDialectOrElse({ pg: () => sql.literal("FOR SHARE"), orElse: () => sql.literal("") })
    const rows = yield* sql<{ id: number }>`
      WITH job AS (SELECT epoch FROM line_items_jobs WHERE id = ${jobId} ${lock})
      INSERT INTO line_items_attempts
        (job_id, epoch, operation, inputs, first_input, last_input, begun_at, digest)
      SELECT ${jobId}, CAST(${epoch} AS BIGINT), ${operation}, ${inputs},
        CAST(${least(attempt.inputs)} AS BIGINT), CAST(${greatest(attempt.inputs)} AS BIGINT),
        CAST(${begunAt} AS BIGINT), ${digest}
      WHERE NOT EXISTS (SELECT 1 FROM job WHERE epoch > CAST(${epoch} AS BIGINT))
        AND NOT EXISTS (
          SELECT 1 FROM line_items_attempts WHERE job_id = ${jobId} AND epoch > CAST(${epoch} AS BIGINT)
        )
      RETURNING id`.pipe(Effect.mapError(failed("Unwritable")))
    return rows[0] === undefined ? yield* fenced(attempt) : Number(rows[0].id)
  })

  const end = Effect.fnUntraced(function* (id: number, { acceptance, outcomes, reason }: End) {
    const json = encodeOutcomes(outcomes)
    const now = yield* Clock.currentTimeMillis
    const ended = { ended_at: now, acceptance, reason: reason ?? null, outcomes: json }
    const rows = yield* sql`
      UPDATE line_items_attempts
      SET ${sql.update({ ...ended, end_digest: Digests.ofEnd({ id, ...ended }) })}
      WHERE id = ${id} AND ended_at IS NULL
      RETURNING id`.pipe(Effect.mapError(failed("Unwritable")))
    if (rows.length > 0) return
    const [known] = yield* sql<Row>`
      SELECT * FROM line_items_attempts WHERE id = ${id} AND ended_at IS NOT NULL`.pipe(
      Effect.mapError(failed("Unwritable"))
    )
    const isSame =
      known?.acceptance === acceptance && known.reason === ended.reason && known.outcomes === json
    if (!isSame) return yield* notOpen(id)
  })

  const unfinished = Effect.fnUntraced(function* (id: number, seen: Unfinished) {
    // Where the outcomes will be.
    const open = { ended_at: null, acceptance: null, reason: null, outcomes: encodeUnfinished(seen) }
    const rows = yield* sql`
      UPDATE line_items_attempts
      SET outcomes = ${open.outcomes}, end_digest = ${Digests.ofEnd({ id, ...open })}
      WHERE id = ${id} AND ended_at IS NULL
      RETURNING id`.pipe(Effect.mapError(failed("Unwritable")))
    if (rows.length === 0) return yield* notOpen(id)
  })

  const attempts: Service["attempts"] = Effect.fnUntraced(function* (jobId, inputs) {
    const about =
      inputs === undefined ? sql`1 = 1` : sql`first_input <= ${inputs.last} AND last_input >= ${inputs.first}`
    const rows = yield* sql<Row>`
      SELECT * FROM line_items_attempts WHERE job_id = ${jobId} AND ${about} ORDER BY id`.pipe(
      Effect.mapError(failed("Unreadable"))
    )
    return yield* Effect.forEach(rows, fromRow)
  })

  const verify: Service["verify"] = Effect.fnUntraced(function* (jobId) {
    const unreadable = (detail: string) => new AttemptLogError({ reason: "Unreadable", detail })
    const read = Effect.mapError(failed("Unreadable"))
    const rows = yield* read(sql<Begun>`
      SELECT ${sql.literal(begunColumns)} FROM line_items_attempts WHERE job_id = ${jobId}`)
    const [counted] = yield* read(sql<{ begun: number }>`
      SELECT begun FROM line_items_attempt_counts WHERE job_id = ${jobId}`)
    const begun = Number(counted?.begun ?? 0)
    if (begun === 0 && rows.length === 0) return
    const damage = yield* read(
      sql.onDialectOrElse({
        // With the indexes: a row that is not found by one is missing.
        sqlite: () => sql<{ integrity_check: string }>`PRAGMA integrity_check(1)`,
        orElse: () => Effect.succeed([{ integrity_check: "ok" }])
      })
    )
    const [{ integrity_check: found } = { integrity_check: "nothing" }] = damage
    if (found !== "ok") return yield* unreadable(`the database is damaged: ${ErrorBody.showable(found, 100)}`)
    for (const row of rows) yield* begunOf(row)
    if (new Set(rows.map(({ id }) => Number(id))).size !== begun) {
      return yield* unreadable(
        `it has ${rows.length} of the ${begun} attempts of job ${JSON.stringify(jobId)}`
      )
    }
  })

  return { begin, end, unfinished, attempts, verify }
})

const decodeOutcomes = Schema.decodeEffect(Outcomes)
const decodeUnfinished = Schema.decodeEffect(UnfinishedText)
const isAcceptance = Schema.is(Schema.Literals(["Accepted", "NotAccepted", "InDoubt"]))

type Begun = Pick<
  Row,
  "id" | "job_id" | "epoch" | "operation" | "inputs" | "first_input" | "last_input" | "begun_at" | "digest"
>

const garbled = ({ id }: Pick<Row, "id">, cause?: unknown) =>
  new AttemptLogError({
    reason: "Unreadable",
    detail: `attempt ${String(id)} is garbled`,
    ...(cause !== undefined && { cause })
  })

/** An attempt as it was begun, if it still is. */
const begunOf = Effect.fnUntraced(function* (row: Begun): Effect.fn.Return<Logged, AttemptLogError> {
  const inputs = Ranges.parse(row.inputs)
  const isAsWritten =
    inputs !== undefined &&
    row.digest === Digests.ofBegin(row) &&
    Number(row.first_input) === least(inputs) &&
    Number(row.last_input) === greatest(inputs)
  if (!isAsWritten) return yield* garbled(row)
  return {
    jobId: row.job_id,
    operation: row.operation,
    inputs,
    ...(row.epoch !== null && { epoch: Number(row.epoch) }),
    id: Number(row.id),
    begunAtMillis: Number(row.begun_at)
  }
})

const fromRow = Effect.fnUntraced(function* (row: Row): Effect.fn.Return<Logged, AttemptLogError> {
  const { acceptance, reason } = row
  const attempt = yield* begunOf(row)
  if (row.end_digest !== Digests.ofEnd(row)) return yield* garbled(row)
  if (row.ended_at === null) {
    if (row.outcomes === null) return attempt
    const unfinished = yield* Effect.mapError(decodeUnfinished(row.outcomes), (cause) => garbled(row, cause))
    return { ...attempt, unfinished }
  }
  if (!isAcceptance(acceptance) || row.outcomes === null) return yield* garbled(row)
  const outcomes = yield* Effect.mapError(decodeOutcomes(row.outcomes), (cause) => garbled(row, cause))
  const endedAtMillis = Number(row.ended_at)
  return { ...attempt, end: { acceptance, ...(reason !== null && { reason }), outcomes, endedAtMillis } }
})

/**
 * The right to send a request once. It comes from {@link Fence.intend} only, which has written it down.
 *
 * @category models
 * @since 0.1.0
 */
export type Intent<A> = Written<A>

let write: <A>(log: Service, id: number, operation: Operation<A>) => Written<A>
let use: <A>(intent: Written<A>) => Operation<A> | undefined
let close: (intent: Written<unknown>) => { readonly log: Service; readonly id: number }

// Not exported as a value, and with a private constructor: what is not made here is no intent.
class Written<out A> {
  /** The number of the attempt in the log. */
  readonly id: number
  readonly #log: Service
  #operation: Operation<A> | undefined

  private constructor(log: Service, id: number, operation: Operation<A>) {
    this.#log = log
    this.id = id
    this.#operation = operation
  }

  static {
    write = (log, id, operation) => new Written(log, id, operation)
    use = (intent) => {
      const operation = intent.#operation
      intent.#operation = undefined
      return operation
    }
    close = (intent) => {
      intent.#operation = undefined
      return { log: intent.#log, id: intent.id }
    }
  }
}

/**
 * The only way from an operation to HubSpot: it goes through the log, and what was not written down cannot be sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fence {
  /**
   * Writes down that the operation is about to be sent, and gives the right to send it. If it is
   * interrupted or fails, the attempt may be in the log all the same; it was not sent.
   */
  readonly intend: <A>(operation: Operation<A>, attempt: Attempt) => Effect.Effect<Intent<A>, AttemptLogError>
  /** Sends what was written down, once: a second send of an intent, or one after its end, is a defect. */
  readonly send: <A>(intent: Intent<A>) => Effect.Effect<A, HubSpotError>
  /** Writes down how it ended. An intent that was not sent ends too, as `NotAccepted`. */
  readonly end: (intent: Intent<unknown>, end: End) => Effect.Effect<void, AttemptLogError>
  /** Writes down that HubSpot has not finished what was sent. */
  readonly unfinished: (intent: Intent<unknown>, seen: Unfinished) => Effect.Effect<void, AttemptLogError>
}

/**
 * The fence around a client, with the log of the context.
 *
 * **Example**
 *
 * ```ts
 * import { AttemptLog } from "@effect-hubspot/batch"
 * import { HubSpotClient, LineItems, Operations } from "@effect-hubspot/http"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const fence = yield* AttemptLog.fence(yield* HubSpotClient.HubSpotClient)
 *   const operation = Operations.batchCreate({ inputs: [{ properties: { name: "Chair" } }] })
 *   const intent = yield* fence.intend(operation, { jobId: "import", operation: operation.name, inputs: [0] })
 *   const { results } = yield* fence.send(intent)
 *   yield* fence.end(intent, { acceptance: "Accepted", outcomes: [] })
 *   return results.length
 * })
 * const layer = Layer.merge(AttemptLog.AttemptLog.layerMemory(), LineItems.LineItems.layerEmulator())
 * await Effect.runPromise(Effect.provide(program, layer)) // => 1
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fence = (client: HubSpotClient["Service"]): Effect.Effect<Fence, never, AttemptLog> =>
  Effect.map(AttemptLog, (log) => ({
    intend: (operation, attempt) => Effect.map(log.begin(attempt), (id) => write(log, id, operation)),
    send: (intent) =>
      Effect.suspend(() => {
        const operation = use(intent)
        return operation === undefined
          ? Effect.die(new Error(`attempt ${intent.id} was sent or ended before, and is not sent again`))
          : client.execute(operation)
      }),
    end: (intent, end) =>
      Effect.suspend(() => {
        const { id, log } = close(intent)
        return log.end(id, end)
      }),
    unfinished: (intent, seen) =>
      Effect.suspend(() => {
        const { id, log } = close(intent)
        return log.unfinished(id, seen)
      })
  }))
