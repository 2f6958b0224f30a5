/**
 * Jobs in a `Database`, on SQLite or PostgreSQL. What is promised of them is said in `JobStore`.
 *
 * @since 0.1.0
 */
import { ErrorBody } from "@effect-hubspot/schema"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Digest from "effect/crypto/Digest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import * as Job from "../jobs/Job.ts"
import * as JobStore from "../jobs/JobStore.ts"
import type { Row } from "../files/Source.ts"
import * as SqlAttemptLog from "./SqlAttemptLog.ts"
import * as Database from "./Database.ts"
import * as Migrations from "./Migrations.ts"
import * as WriteTrace from "../model/WriteTrace.ts"
import * as Digests from "./Digests.ts"
import { inRange } from "../model/InRange.ts"
import * as BatchText from "./jobStore/BatchText.ts"
import * as Ranges from "../model/Ranges.ts"
import {
  type CountsRow,
  type JobRow,
  byIndex,
  columns,
  countsOf,
  decodeEntries,
  decodeEntry,
  decodeRetryOf,
  defaultLease,
  encodeEntries,
  encodeEntry,
  encodeFrozen,
  encodeSuspension,
  encoder,
  jobOf,
  leastPatienceMillis,
  longestLeaseMillis,
  pageSize,
  portion,
  reading,
  tally,
  unreadable,
  writing
} from "./JobRows.ts"

/**
 * The job store in the tables of a database, which are made if they are not there.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<JobStore.JobStore, Database.DatabaseError, SqlClient.SqlClient> =
  Layer.effect(
    JobStore.JobStore,
    Effect.suspend(() => make)
  ).pipe(Layer.provide(Digest.layerWebCrypto))

/**
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<
  JobStore.Service,
  Database.DatabaseError,
  SqlClient.SqlClient | Digest.Digest
> = Effect.gen(function* () {
  yield* Migrations.migrate
  const sql = yield* SqlClient.SqlClient
  const { digestHex } = yield* Digest.Digest
  const digestOf = (text: string) => digestHex(Digest.sha256, encoder.encode(text))

  const onPostgres = (text: string): Fragment =>
    sql.onDialectOrElse({ pg: () => sql.literal(text), orElse: () => sql.literal("") })
  // SQLite's transactions have the database to themselves.
  const forShare = onPostgres("FOR SHARE")
  const forUpdate = onPostgres("FOR UPDATE")

  /**
   * The server ends the session of who is silent for so long in this transaction: a process that was stopped in it
   * would keep the job from everybody, whatever its lease says. SQLite has no server, and no such thing.
   */
  const patience = (millis: number): Fragment =>
    sql.onDialectOrElse({
      pg: () =>
        sql`, set_config('idle_in_transaction_session_timeout', ${String(Math.max(millis, leastPatienceMillis))}, true)`,
      orElse: () => sql.literal("")
    })

  const find = (jobId: string, lock: Fragment = sql.literal(""), more: Fragment = sql.literal("")) =>
    Effect.map(sql<JobRow>`SELECT * ${more} FROM line_items_jobs WHERE id = ${jobId} ${lock}`, ([row]) => row)

  const get = Effect.fnUntraced(function* (jobId: string) {
    const row = yield* find(jobId)
    return row === undefined ? yield* new JobStore.JobNotFound({ jobId }) : yield* jobOf(row)
  }, reading)

  /** The job of a claim in one of these states; nobody takes it before the transaction ends. */
  const held = Effect.fnUntraced(function* (
    { epoch, jobId, leaseMillis }: JobStore.Claim,
    from: ReadonlyArray<Job.State>,
    to: Job.State,
    lock = forShare
  ) {
    const row = yield* find(jobId, lock, patience(leaseMillis))
    if (row === undefined) return yield* new JobStore.JobNotFound({ jobId })
    const by = Number(row.epoch)
    if (by !== epoch) return yield* new JobStore.JobFenced({ jobId, epoch, by })
    const job = yield* jobOf(row)
    return from.includes(job.state) ? job : yield* new Job.IllegalTransition({ jobId, from: job.state, to })
  })

  const transaction = <A, E, R>(effect: Effect.Effect<A, E | SqlError, R>) =>
    writing(
      // Where the connection is lost, the rollback fails as well, and that comes as a defect.
      Effect.catchDefect(sql.withTransaction(effect), (defect) =>
        isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)
      )
    )

  const letGo = sql.literal("held_pid = NULL, held_host = NULL, held_since = NULL, held_until = NULL")

  const leaseOf = ({ lease = defaultLease }: JobStore.Taking): number =>
    inRange("lease", Duration.toMillis(lease), 1, longestLeaseMillis)

  /** Nobody holds the job, or nobody who has to be waited for. */
  const isFree = (now: number, insteadOf: number | undefined) => {
    const until = sql("line_items_jobs.held_until")
    return sql`(${until} IS NULL OR ${until} <= ${now} OR ${until} > ${now + longestLeaseMillis}
        OR ${sql("line_items_jobs.epoch")} = ${insteadOf ?? -1})`
  }

  const busy = ({ epoch, holder, id }: Job.Job) =>
    new JobStore.JobBusy({
      jobId: id,
      pid: holder?.pid ?? 0,
      host: holder?.host ?? "",
      sinceMillis: holder?.sinceMillis ?? 0,
      untilMillis: holder?.untilMillis ?? 0,
      epoch
    })

  const countRows = (jobIds: ReadonlyArray<string>) =>
    sql<CountsRow>`SELECT job_id, COUNT(*) AS batches, COUNT(settled_at) AS settled,
        SUM(last_index - first_index + 1) AS inputs, SUM(created) AS created, SUM(rejected) AS rejected,
        SUM(invalid) AS invalid, SUM(not_sent) AS not_sent, SUM(in_doubt) AS in_doubt,
        SUM(possible_duplicates) AS possible_duplicates,
        SUM(CASE WHEN seal = ${Digests.seal(sql)} THEN 0 ELSE 1 END) AS garbled
        FROM line_items_batches WHERE ${sql.in("job_id", jobIds)} GROUP BY job_id`

  // ---------------------------------------------------------------------------
  // Planning
  // ---------------------------------------------------------------------------

  const create: JobStore.Service["create"] = Effect.fnUntraced(function* (options) {
    const { frozen, holder, id } = options
    if (!WriteTrace.isJobId(id)) {
      return yield* Effect.die(new RangeError("a job id is 1 to 48 of A-Z a-z 0-9 _ -"))
    }
    const leaseMillis = leaseOf(options)
    const now = yield* Clock.currentTimeMillis
    const text = encodeFrozen(frozen)
    return yield* Effect.gen(function* () {
      const [row] = yield* sql<JobRow>`INSERT INTO line_items_jobs
          (id, state, frozen, frozen_digest, created_at, epoch, held_pid, held_host, held_since, held_until)
          VALUES (${id}, 'planning', ${text}, ${Digests.ofFrozen(id, text)}, ${now}, 1, ${holder.pid},
            ${ErrorBody.showable(holder.host, 255)}, ${now}, ${now + leaseMillis})
          ON CONFLICT (id) DO UPDATE SET
            frozen = excluded.frozen, frozen_digest = excluded.frozen_digest, created_at = excluded.created_at, cancel_requested = 0,
            epoch = line_items_jobs.epoch + 1, held_pid = excluded.held_pid, held_host = excluded.held_host,
            held_since = excluded.held_since, held_until = excluded.held_until
          WHERE line_items_jobs.state = 'planning' AND ${isFree(now, options.insteadOf)}
          RETURNING * ${patience(leaseMillis)}`
      if (row === undefined) {
        const known = yield* Effect.flatMap(find(id), (row) => jobOf(row!))
        if (known.state === "planning") return yield* busy(known)
        const { inputs, open } = countsOf((yield* countRows([id]))[0])
        return yield* new JobStore.JobExists({
          jobId: id,
          done: inputs - open,
          total: inputs,
          attemptsOnly: false
        })
      }
      const attempts = yield* sql`SELECT 1 FROM line_items_attempts WHERE job_id = ${id} LIMIT 1`
      if (attempts.length > 0) {
        return yield* new JobStore.JobExists({ jobId: id, done: 0, total: 0, attemptsOnly: true })
      }
      for (const table of ["batches", "inputs", "outcomes"]) {
        yield* sql`DELETE FROM ${sql(`line_items_${table}`)} WHERE job_id = ${id}`
      }
      const job = yield* jobOf(row)
      return { jobId: id, epoch: job.epoch, leaseMillis, job }
    }).pipe(transaction)
  })

  const append: JobStore.Service["append"] = Effect.fnUntraced(function* (claim, batches) {
    const { jobId } = claim
    const { keyProperty } = claim.job.frozen
    const rows = yield* Effect.forEach(batches, (batch) => {
      const indices = [...batch.items, ...batch.invalid].map(({ index }) => index).sort((a, b) => a - b)
      const [first] = indices
      if (first === undefined || indices.some((index, n) => index !== first + n)) {
        return Effect.die(new RangeError(`batch ${batch.number} has gaps, or nothing in it`))
      }
      const items = BatchText.encode(batch, { keyProperty })
      return Effect.map(digestOf(items), (digest) => ({
        batch,
        first,
        last: indices.at(-1)!,
        items,
        digest
      }))
    })
    const now = yield* Clock.currentTimeMillis
    yield* Effect.gen(function* () {
      yield* held(claim, ["planning"], "planning", forUpdate)
      yield* sql`UPDATE line_items_jobs SET held_until = ${now + claim.leaseMillis} WHERE id = ${jobId}`
      const [before] = yield* sql<{ number: number; last_index: number }>`
          SELECT number, last_index FROM line_items_batches WHERE job_id = ${jobId} ORDER BY number DESC LIMIT 1`
      let number = before === undefined ? 0 : Number(before.number) + 1
      let next = before === undefined ? 0 : Number(before.last_index) + 1
      for (const { batch, first, last } of rows) {
        if (batch.number !== number || first !== next) {
          const found = `batch ${batch.number} from input ${first}`
          return yield* Effect.die(new RangeError(`${found}, where ${number} from ${next} is the next`))
        }
        number++
        next = last + 1
      }
      for (const some of Arr.chunksOf(rows, portion)) {
        yield* sql`INSERT INTO line_items_batches ${sql.insert(
          Arr.map(some, ({ batch: { invalid, items, number }, digest, first, last }) => ({
            job_id: jobId,
            number,
            first_index: first,
            last_index: last,
            sendable: Ranges.format(items.map(({ index }) => index)),
            digest,
            // Nothing in it can be sent, so nothing is left to become of it.
            settled_at: items.length === 0 ? now : null,
            invalid: invalid.length
          }))
        )}`
        yield* sql`INSERT INTO line_items_inputs ${sql.insert(
          Arr.map(some, ({ batch: { number }, items }) => ({ job_id: jobId, number, items }))
        )}`
        const wrong = some.filter(({ batch }) => batch.invalid.length > 0)
        if (!Arr.isArrayNonEmpty(wrong)) continue
        yield* sql`INSERT INTO line_items_outcomes ${sql.insert(
          Arr.map(wrong, ({ batch: { invalid, number } }) =>
            outcomesRow(jobId, number, [...invalid].sort(byIndex).map(Job.entry))
          )
        )}`
      }
      if (rows.length > 0) yield* sealed(jobId, rows[0]!.batch.number)
    }).pipe(transaction)
  })

  // ---------------------------------------------------------------------------
  // States
  // ---------------------------------------------------------------------------

  /** A move of the table in `Job`, compared and set in one statement. */
  const move = Effect.fnUntraced(function* (
    { epoch, jobId }: JobStore.Claim,
    to: Job.State,
    set: Fragment,
    unless: Fragment = sql.literal(""),
    from: ReadonlyArray<Job.State> = Job.before(to)
  ) {
    const [row] = yield* sql<JobRow>`UPDATE line_items_jobs SET state = ${to}, ${set}
        WHERE id = ${jobId} AND epoch = ${epoch} AND ${sql.in("state", from)} ${unless}
        RETURNING *`
    return row === undefined ? undefined : yield* jobOf(row)
  }, writing)

  const moveOrRefuse = Effect.fnUntraced(function* (
    claim: JobStore.Claim,
    from: Job.State,
    to: Job.State,
    set: Fragment
  ) {
    const job = yield* move(claim, to, set, undefined, [from])
    if (job !== undefined) return job
    const { state } = yield* whyNot(claim)
    return yield* new Job.IllegalTransition({ jobId: claim.jobId, from: state, to })
  })

  /** The job, if a claim is not the reason why something could not be done. */
  const whyNot = ({ epoch, jobId }: JobStore.Claim) =>
    Effect.flatMap(get(jobId), (job) =>
      job.epoch === epoch
        ? Effect.succeed(job)
        : Effect.fail(new JobStore.JobFenced({ jobId, epoch, by: job.epoch }))
    )

  const planned: JobStore.Service["planned"] = Effect.fnUntraced(function* (claim, { digest, inputs }) {
    const { jobId } = claim
    const appended = sql`(SELECT COALESCE(SUM(last_index - first_index + 1), 0)
        FROM line_items_batches WHERE job_id = ${jobId})`
    const job = yield* move(
      claim,
      "pending",
      sql`digest = ${digest}, inputs = ${inputs}, ${letGo}`,
      sql`AND ${appended} = ${inputs}`
    )
    if (job !== undefined) return job
    const { state } = yield* whyNot(claim)
    return state === "planning"
      ? yield* Effect.die(new RangeError(`${inputs} inputs were not appended to job ${jobId}`))
      : yield* new Job.IllegalTransition({ jobId, from: state, to: "pending" })
  })

  const complete: JobStore.Service["complete"] = Effect.fnUntraced(function* (claim, as) {
    const { jobId } = claim
    const now = yield* Clock.currentTimeMillis
    const open = sql`FROM line_items_batches WHERE job_id = ${jobId} AND settled_at IS NULL`
    const job = yield* move(
      claim,
      as,
      sql`completed_at = ${now}, ${letGo}`,
      sql`AND NOT EXISTS (SELECT 1 ${open})`
    )
    if (job !== undefined) return job
    const { state } = yield* whyNot(claim)
    if (Result.isFailure(Job.move(jobId, state, as))) {
      return yield* new Job.IllegalTransition({ jobId, from: state, to: as })
    }
    const [row] = yield* reading(sql<{ n: number }>`SELECT COUNT(*) AS n ${open}`)
    const why = `${Number(row?.n)} of its batches have no outcomes; settle them first`
    return yield* new Job.IllegalTransition({ jobId, from: state, to: as, why })
  })

  const requestCancel: JobStore.Service["requestCancel"] = Effect.fnUntraced(function* (jobId) {
    const [row] = yield* writing(
      sql<JobRow>`UPDATE line_items_jobs SET cancel_requested = 1
          WHERE id = ${jobId} AND state NOT IN ('done', 'canceled') RETURNING *`
    )
    if (row !== undefined) return yield* jobOf(row)
    const { state } = yield* get(jobId)
    return yield* new Job.IllegalTransition({ jobId, from: state, to: "canceled" })
  })

  const requestResume: JobStore.Service["requestResume"] = Effect.fnUntraced(function* (jobId) {
    const now = yield* Clock.currentTimeMillis
    return yield* Effect.gen(function* () {
      const row = yield* find(jobId, forUpdate)
      if (row === undefined) return yield* new JobStore.JobNotFound({ jobId })
      const job = yield* jobOf(row)
      if (Job.isFinal(job.state) || job.state === "planning") {
        return yield* new Job.IllegalTransition({ jobId, from: job.state, to: "running" })
      }
      if (job.suspension === undefined) return job
      const suspension = { ...job.suspension, resumeAtMillis: now }
      yield* sql`UPDATE line_items_jobs SET suspension = ${encodeSuspension(suspension)} WHERE id = ${jobId}`
      return { ...job, suspension }
    }).pipe(transaction)
  })

  const due: JobStore.Service["due"] = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const rows = yield* sql<JobRow>`SELECT * FROM line_items_jobs
        WHERE state IN ('pending', 'running', 'suspended') AND ${isFree(now, undefined)} ORDER BY created_at, id`
    // One that cannot be understood is told of to who asks for it, and keeps nobody from the others.
    const jobs = yield* Effect.forEach(rows, (row) =>
      Effect.option(Effect.tapError(jobOf(row), ({ message }) => Effect.logWarning(message)))
    )
    return Arr.getSomes(jobs).filter((job) => Job.isDue(job, now))
  }).pipe(reading)

  const current: JobStore.Service["current"] = Effect.fnUntraced(function* ({ overFor }) {
    const since = (yield* Clock.currentTimeMillis) - Duration.toMillis(overFor)
    const rows = yield* sql<Pick<JobRow, "id" | "created_at">>`SELECT id, created_at FROM line_items_jobs
        WHERE completed_at IS NULL OR completed_at > ${since} ORDER BY created_at, id`
    return rows.map(({ created_at, id }) => ({ id, createdAtMillis: Number(created_at) }))
  }, reading)

  // ---------------------------------------------------------------------------
  // Holding
  // ---------------------------------------------------------------------------

  const claim: JobStore.Service["claim"] = Effect.fnUntraced(function* (jobId, taking) {
    const { holder, to = "run" } = taking
    const leaseMillis = leaseOf(taking)
    const from: ReadonlyArray<Job.State> =
      to === "run" ? ["pending", "running", "suspended"] : ["suspended", "done", "canceled"]
    const now = yield* Clock.currentTimeMillis
    const [row] = yield* writing(
      sql<JobRow>`UPDATE line_items_jobs SET
          epoch = epoch + 1,
          state = CASE state WHEN 'pending' THEN 'running' ELSE state END,
          started_at = COALESCE(started_at, ${now}),
          held_pid = ${holder.pid}, held_host = ${ErrorBody.showable(holder.host, 255)},
          held_since = ${now}, held_until = ${now + leaseMillis}
          WHERE id = ${jobId} AND ${sql.in("state", from)} AND ${isFree(now, taking.insteadOf)}
          RETURNING *`
    )
    if (row === undefined) {
      const job = yield* get(jobId)
      return from.includes(job.state)
        ? yield* busy(job)
        : yield* new Job.IllegalTransition({ jobId, from: job.state, to: "running" })
    }
    const job = yield* jobOf(row)
    return { jobId, epoch: job.epoch, leaseMillis, job }
  })

  const renew: JobStore.Service["renew"] = Effect.fnUntraced(function* (claim) {
    const { epoch, jobId, leaseMillis } = claim
    const now = yield* Clock.currentTimeMillis
    const [row] = yield* writing(
      sql<JobRow>`UPDATE line_items_jobs SET held_until = ${now + leaseMillis}
          WHERE id = ${jobId} AND epoch = ${epoch} AND held_until IS NOT NULL RETURNING *`
    )
    if (row !== undefined) return yield* jobOf(row)
    const job = yield* whyNot(claim)
    return yield* new JobStore.JobFenced({ jobId, epoch, by: job.epoch })
  })

  const release: JobStore.Service["release"] = ({ epoch, jobId }) =>
    Effect.asVoid(writing(sql`UPDATE line_items_jobs SET ${letGo} WHERE id = ${jobId} AND epoch = ${epoch}`))

  // ---------------------------------------------------------------------------
  // Batches
  // ---------------------------------------------------------------------------

  interface OutcomesRow {
    readonly number: number
    readonly outcomes: string | null
    readonly outcomes_digest: string | null
  }

  interface PageRow extends OutcomesRow {
    readonly digest: string
    readonly items: string
  }

  /** Batches of a job with what is in them, a page after the other. */
  const pages = <A>(
    jobId: string,
    which: Fragment,
    use: (job: Job.Job, row: PageRow) => Effect.Effect<ReadonlyArray<A>, JobStore.JobStoreError>
  ): Stream.Stream<A, JobStore.JobNotFound | JobStore.JobStoreError> =>
    Stream.unwrap(
      Effect.map(get(jobId), (job) =>
        Stream.paginate(
          -1,
          Effect.fnUntraced(function* (after: number) {
            const rows = yield* sql<PageRow>`
                SELECT b.number AS number, b.digest AS digest, i.items AS items, o.outcomes AS outcomes,
                  o.digest AS outcomes_digest
                FROM line_items_batches b
                JOIN line_items_inputs i ON i.job_id = b.job_id AND i.number = b.number
                LEFT JOIN line_items_outcomes o ON o.job_id = b.job_id AND o.number = b.number
                WHERE b.job_id = ${jobId} AND b.number > ${after} ${which}
                ORDER BY b.number LIMIT ${pageSize}`
            const last = rows.at(-1)
            const used = yield* Effect.forEach(rows, (row) => use(job, row))
            return [
              used.flat(),
              last === undefined || rows.length < pageSize ? Option.none() : Option.some(Number(last.number))
            ] as const
          }, reading)
        )
      )
    )

  /** A batch as it was planned, to the byte. */
  const batchOf = Effect.fnUntraced(function* (
    { frozen: { keyProperty }, id }: Job.Job,
    { digest, items, number }: PageRow
  ) {
    const batch =
      (yield* digestOf(items)) === digest
        ? BatchText.decode(Number(number), items, { keyProperty })
        : undefined
    return batch ?? (yield* unreadable(`batch ${String(number)} of job "${id}" is garbled`))
  })

  /** What became of a batch, as it was written down; nothing if nothing was. */
  const entriesOf = Effect.fnUntraced(function* (
    jobId: string,
    { number, outcomes, outcomes_digest }: OutcomesRow
  ) {
    if (outcomes === null && outcomes_digest === null) return []
    const garbled = (cause?: unknown) =>
      unreadable(`the outcomes of batch ${Number(number)} of job "${jobId}" are garbled`, cause)
    return outcomes === null || Digests.ofOutcomes(jobId, number, outcomes) !== outcomes_digest
      ? yield* garbled()
      : yield* Effect.mapError(decodeEntries(outcomes), garbled)
  })

  const unsettled: JobStore.Service["unsettled"] = (jobId) =>
    pages(jobId, sql`AND b.settled_at IS NULL`, (job, row) =>
      Effect.map(batchOf(job, row), (batch) => [batch])
    )

  const rows: JobStore.Service["rows"] = (jobId, kinds) => {
    const wanted = kinds === undefined ? undefined : new Set(kinds)
    const some =
      kinds === undefined
        ? sql.literal("")
        : sql`AND ${sql.or(kinds.map((kind) => sql`${sql.literal(`b.${columns[kind]}`)} > 0`))}`
    return pages(
      jobId,
      some,
      Effect.fnUntraced(function* (job, row) {
        const { invalid, items } = yield* batchOf(job, row)
        const entries = yield* entriesOf(jobId, row)
        const outcomes = new Map(entries.map((entry) => [entry.index, entry]))
        return [...items, ...invalid].sort(byIndex).flatMap((one): ReadonlyArray<JobStore.Settled> => {
          const outcome = outcomes.get(one.index)
          if (wanted !== undefined && (outcome === undefined || !wanted.has(outcome._tag))) return []
          return [
            {
              row: one.source,
              ...("input" in one && { item: one }),
              ...(outcome !== undefined && { outcome })
            }
          ]
        })
      })
    )
  }

  const outcomes: JobStore.Service["outcomes"] = (jobId) =>
    Stream.unwrap(
      Effect.as(
        get(jobId),
        Stream.paginate(
          -1,
          Effect.fnUntraced(function* (after: number) {
            const rows = yield* sql<OutcomesRow>`
                SELECT number, outcomes, digest AS outcomes_digest FROM line_items_outcomes
                WHERE job_id = ${jobId} AND number > ${after} ORDER BY number LIMIT ${pageSize}`
            const last = rows.at(-1)
            const read = yield* Effect.forEach(rows, (row) => entriesOf(jobId, row))
            return [
              read.flat(),
              last === undefined || rows.length < pageSize ? Option.none() : Option.some(Number(last.number))
            ] as const
          }, reading)
        )
      )
    )

  const difference: JobStore.Service["difference"] = (jobId, given) => {
    const ended = Stream.succeed(Option.none<Row>())
    return Stream.zip(
      Stream.concat(Stream.map(given, Option.some), ended),
      Stream.concat(
        Stream.map(rows(jobId), ({ row }) => Option.some(row)),
        ended
      )
    ).pipe(
      Stream.filterMap(([is, was]) => {
        if (Option.isSome(is) && Option.isSome(was) && isSame(is.value, was.value)) {
          return Result.fail(undefined)
        }
        const differs = Option.orElse(is, () => was)
        return Option.isSome(differs) ? Result.succeed(differs.value.line) : Result.fail(undefined)
      }),
      Stream.runHead,
      Effect.map(Option.getOrUndefined)
    )
  }

  // ---------------------------------------------------------------------------
  // Outcomes
  // ---------------------------------------------------------------------------

  const settleOne = Effect.fnUntraced(function* (
    jobId: string,
    { number, outcomes }: JobStore.Settlement,
    now: number
  ) {
    const sums = tally(outcomes)
    const [row] = yield* sql<{ sendable: string; invalid: number }>`UPDATE line_items_batches SET
        settled_at = ${now}, created = ${sums.created}, rejected = ${sums.rejected},
        not_sent = ${sums.not_sent}, in_doubt = ${sums.in_doubt},
        possible_duplicates = ${sums.possible_duplicates}
        WHERE job_id = ${jobId} AND number = ${number} AND settled_at IS NULL
        RETURNING sendable, invalid`
    if (row === undefined) {
      const known =
        yield* sql`SELECT 1 FROM line_items_batches WHERE job_id = ${jobId} AND number = ${number}`
      return known.length > 0
        ? yield* new JobStore.AlreadySettled({ jobId, number })
        : yield* Effect.die(new RangeError(`job ${jobId} has no batch ${number}`))
    }
    const sorted = [...outcomes].sort(byIndex)
    if (sums.invalid > 0 || Ranges.format(sorted.map(({ index }) => index)) !== row.sendable) {
      return yield* Effect.die(
        new RangeError(`the outcomes of batch ${number} of job ${jobId} are not those of its items`)
      )
    }
    yield* sealed(jobId, number, number)
    if (Number(row.invalid) === 0) {
      yield* sql`INSERT INTO line_items_outcomes ${sql.insert(outcomesRow(jobId, number, sorted))}`
      return
    }
    const [known] = yield* sql<OutcomesRow>`
        SELECT number, outcomes, digest AS outcomes_digest FROM line_items_outcomes
        WHERE job_id = ${jobId} AND number = ${number}`
    const invalid = known === undefined ? [] : yield* entriesOf(jobId, known)
    yield* rewritten(jobId, number, [...invalid, ...sorted].sort(byIndex))
  })

  const outcomesRow = (jobId: string, number: number, entries: ReadonlyArray<Job.Entry>) => {
    const outcomes = encodeEntries(entries)
    return { job_id: jobId, number, outcomes, digest: Digests.ofOutcomes(jobId, number, outcomes) }
  }

  const rewritten = (jobId: string, number: number, entries: ReadonlyArray<Job.Entry>) => {
    const { digest, outcomes } = outcomesRow(jobId, number, entries)
    return sql`UPDATE line_items_outcomes SET outcomes = ${outcomes}, digest = ${digest}
        WHERE job_id = ${jobId} AND number = ${number}`
  }

  /** Batches that were changed carry what they are now. */
  const sealed = (jobId: string, first: number, last = Number.MAX_SAFE_INTEGER) =>
    sql`UPDATE line_items_batches SET seal = ${Digests.seal(sql)}
        WHERE job_id = ${jobId} AND number >= ${first} AND number <= ${last}`

  const settle: JobStore.Service["settle"] = Effect.fnUntraced(function* (claim, settlements) {
    const now = yield* Clock.currentTimeMillis
    yield* Effect.gen(function* () {
      yield* held(claim, ["running", "suspended"], "done")
      for (const settlement of settlements) yield* settleOne(claim.jobId, settlement, now)
    }).pipe(transaction)
  })

  const reviseOne = Effect.fnUntraced(function* (
    jobId: string,
    to: Job.Entry,
    trail: { readonly who: string; readonly why: string; readonly revised_at: number }
  ) {
    const [row] = yield* sql<OutcomesRow>`
        SELECT b.number AS number, o.outcomes AS outcomes, o.digest AS outcomes_digest
        FROM line_items_batches b
        LEFT JOIN line_items_outcomes o ON o.job_id = b.job_id AND o.number = b.number
        WHERE b.job_id = ${jobId} AND b.first_index <= ${to.index} ORDER BY b.first_index DESC LIMIT 1`
    const number = Number(row?.number)
    const known = row === undefined ? [] : yield* entriesOf(jobId, row)
    const from = known.find(({ index }) => index === to.index)
    if (from === undefined) {
      return yield* new Job.IllegalRevision({ index: to.index, from: "not settled", to: to._tag })
    }
    const became = yield* Effect.fromResult(Job.revise(from, to))
    const next = known.map((entry) => (entry === from ? became : entry))
    yield* rewritten(jobId, number, next)
    yield* sql`UPDATE line_items_batches SET ${sql.update(tally(next))}
        WHERE job_id = ${jobId} AND number = ${number}`
    yield* sealed(jobId, number, number)
    yield* sql`INSERT INTO line_items_revisions ${sql.insert({
      job_id: jobId,
      input: to.index,
      was: encodeEntry(from),
      became: encodeEntry(became),
      ...trail
    })}`
  })

  const revise: JobStore.Service["revise"] = Effect.fnUntraced(function* (claim, { outcomes, who, why }) {
    const revised_at = yield* Clock.currentTimeMillis
    const trail = { who: ErrorBody.showable(who), why: ErrorBody.showable(why), revised_at }
    yield* Effect.gen(function* () {
      yield* held(claim, ["running", "suspended", "done", "canceled"], "done", forUpdate)
      for (const outcome of outcomes) yield* reviseOne(claim.jobId, outcome, trail)
    }).pipe(transaction)
  })

  const revisions: JobStore.Service["revisions"] = Effect.fnUntraced(function* (jobId) {
    const rows = yield* sql<{
      was: string
      became: string
      who: string
      why: string
      revised_at: number
    }>`SELECT was, became, who, why, revised_at FROM line_items_revisions WHERE job_id = ${jobId} ORDER BY id`
    return yield* Effect.forEach(rows, ({ became, revised_at, was, who, why }) =>
      Effect.mapError(
        Effect.map(
          Effect.all([decodeEntry(was), decodeEntry(became)]),
          ([was, became]): JobStore.Revision => ({
            was,
            became,
            who,
            why,
            atMillis: Number(revised_at)
          })
        ),
        (cause) => unreadable(`the trail of job "${jobId}" is garbled`, cause)
      )
    )
  }, reading)

  // ---------------------------------------------------------------------------
  // All jobs
  // ---------------------------------------------------------------------------

  const list: JobStore.Service["list"] = Effect.fnUntraced(function* ({ limit = 100 } = {}) {
    const found =
      yield* sql<JobRow>`SELECT * FROM line_items_jobs ORDER BY created_at DESC, id DESC LIMIT ${limit}`
    if (found.length === 0) return []
    const sums = new Map((yield* countRows(found.map(({ id }) => id))).map((row) => [row.job_id, row]))
    return yield* Effect.forEach(found, (row) =>
      Effect.map(jobOf(row), (job) => ({ job, counts: countsOf(sums.get(job.id)) }))
    )
  }, reading)

  const family: JobStore.Service["family"] = Effect.fnUntraced(function* (jobId) {
    const first = Job.firstOf(yield* get(jobId))
    const rows = yield* sql<JobRow>`SELECT * FROM line_items_jobs
        WHERE id = ${first} OR frozen LIKE ${'%"retryOf":%'} ORDER BY created_at, id`
    const jobs = (yield* Effect.forEach(rows, jobOf)).filter((job) => Job.firstOf(job) === first)
    return jobs.some(({ id }) => id === jobId) ? jobs : yield* new JobStore.JobNotFound({ jobId })
  }, reading)

  const counts: JobStore.Service["counts"] = Effect.fnUntraced(function* (jobId) {
    yield* get(jobId)
    const [row] = yield* countRows([jobId])
    const garbled = Number(row?.garbled ?? 0)
    return garbled === 0
      ? countsOf(row)
      : yield* unreadable(`${garbled} of the batches of job "${jobId}" are garbled`)
  }, reading)

  /** Jobs that may be forgotten, each with all its retries. */
  const oldFamilies = Effect.fnUntraced(function* (old: Fragment) {
    const jobs = yield* sql<{ id: string; frozen: string; old: number }>`
        SELECT id, frozen, CASE WHEN ${old} THEN 1 ELSE 0 END AS old FROM line_items_jobs ORDER BY created_at, id`
    const families = new Map<string, Array<(typeof jobs)[number]>>()
    for (const job of jobs) {
      const first = Option.match(decodeRetryOf(job.frozen), {
        onNone: () => job.id,
        onSome: ({ retryOf }) => retryOf?.first ?? job.id
      })
      families.set(first, [...(families.get(first) ?? []), job])
    }
    return new Map(
      [...families]
        .filter(([, jobs]) => jobs.every(({ old }) => Number(old) === 1))
        .map(([first, jobs]) => [first, jobs.map(({ id }) => id)] as const)
    )
  })

  const forget: JobStore.Service["forget"] = Effect.fnUntraced(function* ({ dryRun = false, olderThan }) {
    const now = yield* Clock.currentTimeMillis
    const old = sql`(state IN ('done', 'canceled') AND completed_at <= ${now - Duration.toMillis(olderThan)}
        AND ${isFree(now, undefined)})`
    const found = yield* reading(oldFamilies(old))
    if (dryRun) return [...found.values()].flat()
    const forgotten = yield* Effect.forEach(found.keys(), (first) =>
      Effect.gen(function* () {
        // Somebody may have taken or retried one of them meanwhile.
        const ids = (yield* oldFamilies(old)).get(first) ?? []
        if (ids.length === 0) return []
        const still = yield* sql`SELECT id ${patience(Duration.toMillis(defaultLease))} FROM line_items_jobs
                WHERE ${sql.in("id", ids)} AND ${old} ${forUpdate}`
        if (still.length < ids.length) return []
        // Batches and what belongs to them go with the job.
        yield* sql`DELETE FROM line_items_jobs WHERE ${sql.in("id", ids)}`
        yield* sql`DELETE FROM line_items_attempts WHERE ${sql.in("job_id", ids)}`
        yield* sql`DELETE FROM line_items_attempt_counts WHERE ${sql.in("job_id", ids)}`
        return ids
      }).pipe(transaction)
    )
    return forgotten.flat()
  })

  return JobStore.JobStore.of({
    log: yield* SqlAttemptLog.make,
    create,
    append,
    planned,
    get,
    counts,
    family,
    list,
    claim,
    renew,
    release,
    suspend: (claim, suspension) =>
      moveOrRefuse(claim, "running", "suspended", sql`suspension = ${encodeSuspension(suspension)}`),
    resume: (claim) => moveOrRefuse(claim, "suspended", "running", sql`suspension = NULL`),
    complete,
    requestCancel,
    requestResume,
    due,
    current,
    unsettled,
    settle,
    outcomes,
    rows,
    difference,
    revise,
    revisions,
    forget
  })
})

const isSame = (a: Row, b: Row): boolean =>
  a.line === b.line && JSON.stringify(a.original) === JSON.stringify(b.original)
