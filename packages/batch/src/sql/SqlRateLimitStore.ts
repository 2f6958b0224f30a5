/**
 * The limits of an account for all processes that share a database: its slots, its pauses, the use by other apps, and
 * its day, in tables on SQLite or PostgreSQL (see `Migrations`).
 *
 * All processes use one clock. On PostgreSQL it is the server's, so the clocks of the workers do not matter. The server
 * has a wall clock only: if it is set forward by a second, slots become free a second early. On SQLite all processes are
 * on one machine, and use its monotonic clock. It counts from the start of the machine, and cannot be set.
 *
 * On SQLite a slot is given before it is on the disk. It survives the death of every process, but a power failure may
 * lose it, together with what HubSpot said last; HubSpot's next answer says that again.
 *
 * If the database cannot be reached, there is no slot: the store never guesses. A slot that is not given back expires
 * with its lease. The store is not fair between processes, and does not wait.
 *
 * @since 0.1.0
 */
import {
  type Day,
  RateLimitStore,
  RateLimitStoreError,
  type Slot,
  type Take,
  type Taken
} from "@effect-hubspot/http/RateLimitStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { Unsynced } from "./Unsynced.ts"
import * as Database from "./Database.ts"
import * as Migrations from "./Migrations.ts"
import { adviceOn, describeSqlError } from "../model/StoreFailure.ts"

/**
 * The store for `RateLimits.layerStore`. Accounts do not affect each other.
 *
 * **Example**
 *
 * ```ts
 * import * as Database from "@effect-hubspot/batch/sql/Database"
 * import * as SqlRateLimitStore from "@effect-hubspot/batch/sql/SqlRateLimitStore"
 * import { RateLimits } from "@effect-hubspot/http"
 * import { Effect, Layer } from "effect"
 *
 * const database = Database.layerSqlite({ file: ":memory:" })
 * const limits = RateLimits.layerStore({ limit: 190, account: "42" }).pipe(
 *   Layer.provide(Layer.provide(SqlRateLimitStore.layer, database))
 * )
 * const program = Effect.gen(function* () {
 *   const { withSlot } = yield* RateLimits.RateLimits
 *   return yield* withSlot("burst")(Effect.succeed("sent"))
 * })
 * await Effect.runPromise(Effect.provide(program, limits)) // => "sent"
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<RateLimitStore, Database.DatabaseError, SqlClient.SqlClient> = Layer.effect(
  RateLimitStore,
  Effect.suspend(() => make)
)

// A slot that a power failure loses has expired when the machine runs again.
const failing = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, RateLimitStoreError> =>
  Effect.mapError(
    Effect.provideService(effect, Unsynced, true),
    (cause) =>
      new RateLimitStoreError({
        detail: describeSqlError(cause),
        advice: adviceOn(cause, "repair their database"),
        cause
      })
  )

const make: Effect.Effect<RateLimitStore["Service"], Database.DatabaseError, SqlClient.SqlClient> =
  Effect.gen(function* () {
    yield* Migrations.migrate
    const sql = yield* SqlClient.SqlClient
    const greatest = sql.literal(sql.onDialectOrElse({ pg: () => "GREATEST", orElse: () => "MAX" }))
    const wall = sql.literal("CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)")

    const by =
      (clock: Effect.Effect<number>) =>
      <A, E>(use: (now: Fragment) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
        sql.onDialectOrElse({
          pg: () => use(wall),
          orElse: () => Effect.flatMap(clock, (now) => use(sql`${now}`))
        })
    /** Runs a statement with the time on the clock that all processes share. */
    const at = by(Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n)))
    /** Runs a statement with the time on the wall clock, by which a day ends. */
    const atWall = by(Clock.currentTimeMillis)

    /**
     * Takes a slot in one transaction. On PostgreSQL it is one statement: between two statements a worker could be
     * suspended, and would block all the others.
     */
    const take = (asked: Take): Effect.Effect<Taken, SqlError> => {
      const wanted = {
        ...asked,
        windowMillis: Math.ceil(asked.windowMillis),
        leaseMillis: Math.ceil(asked.leaseMillis)
      }
      return sql.onDialectOrElse({
        pg: () => takeOnPostgres(wanted),
        orElse: () =>
          Effect.tap(sql.withTransaction(at((now) => takeOnSqlite(wanted, now))), () =>
            Effect.sync(() => checked.add(keyOf(wanted)))
          )
      })
    }

    const taken = ({ account, pool, windowMillis }: Take, id: unknown): Taken => ({
      _tag: "Taken",
      slot: { account, pool, id: Number(id), windowMillis }
    })

    const full = (waitMillis: unknown): Taken => ({
      _tag: "Full",
      waitMillis: Math.max(1, Number(waitMillis))
    })

    const takeOnPostgres = Effect.fnUntraced(function* (wanted: Take) {
      const { account, leaseMillis, limit, pool, windowMillis } = wanted
      const [row] = yield* sql<{ id: number | null; wait: number | null }>`
        SELECT id, wait FROM line_items_take_slot(CAST(${account} AS TEXT), CAST(${pool} AS TEXT),
          CAST(${limit} AS BIGINT), CAST(${windowMillis} AS BIGINT), CAST(${leaseMillis} AS BIGINT))`
      return row?.id === null || row === undefined ? full(row?.wait) : taken(wanted, row.id)
    })

    /** The pools of which this process knows that their rows are newer than the start of the machine. */
    const checked = new Set<string>()
    const keyOf = ({ account, pool }: Take) => `${pool} ${account}`

    const sinceRestart = Effect.fnUntraced(function* ({ account, leaseMillis, pool }: Take, now: Fragment) {
      // A slot from the future was taken before the machine and its clock restarted. It is held from now on.
      yield* sql`UPDATE line_items_slots SET taken_at = ${now}, free_at = ${now} + ${leaseMillis}
        WHERE account = ${account} AND pool = ${pool} AND taken_at > ${now}`
      yield* sql`UPDATE line_items_limits SET
        paused_until = MIN(paused_until, ${now} + ${longestPauseMillis}),
        others_until = MIN(others_until, ${now} + ${longestPauseMillis}) WHERE account = ${account}`
    })

    const takeOnSqlite = Effect.fnUntraced(function* (wanted: Take, now: Fragment) {
      const { account, leaseMillis, limit, pool, windowMillis } = wanted
      if (!checked.has(keyOf(wanted))) yield* sinceRestart(wanted, now)
      yield* sql`DELETE FROM line_items_slots
        WHERE account = ${account} AND pool = ${pool} AND free_at <= ${now} - ${windowMillis}`
      const [held] = yield* sql<{ count: number; wait: number | null }>`
        SELECT COUNT(*) AS count, MIN(free_at) - ${now} AS wait FROM line_items_slots
        WHERE account = ${account} AND pool = ${pool} AND free_at > ${now}`
      const [row] = yield* sql<{ paused: number; others: number; until: number }>`
        SELECT paused_until - ${now} AS paused, others, others_until - ${now} AS until
        FROM line_items_limits WHERE account = ${account}`
      if (row !== undefined && row.paused > 0) return full(row.paused)
      const others =
        pool === "burst" && row !== undefined && row.until > 0 ? Math.min(row.others, limit - 1) : 0
      if ((held?.count ?? 0) + others >= limit) {
        const waits = [...(held?.wait == null ? [] : [held.wait]), ...(others > 0 ? [row!.until] : [])]
        return full(Math.min(...waits))
      }
      const [slot] = yield* sql<{ id: number }>`
        INSERT INTO line_items_slots (account, pool, taken_at, free_at, under_way)
        VALUES (${account}, ${pool}, ${now}, ${now} + ${leaseMillis}, 1) RETURNING id`
      return taken(wanted, slot?.id)
    })

    const complete = ({ id, windowMillis }: Slot) =>
      at(
        // A slot whose lease has expired may be deleted already, and is not counted again.
        (now) => sql`UPDATE line_items_slots
          SET free_at = ${now} + ${sql.literal(String(windowMillis))}, under_way = 0
          WHERE id = ${id} AND under_way = 1`
      )

    const pause = ({ account, millis }: { readonly account: string; readonly millis: number }) => {
      const length = sql.literal(String(Math.ceil(Math.min(millis, longestPauseMillis))))
      return at(
        (now) => sql`INSERT INTO line_items_limits (account, paused_until)
          VALUES (${account}, ${now} + ${length}) ON CONFLICT (account) DO UPDATE
          SET paused_until = ${greatest}(line_items_limits.paused_until, excluded.paused_until)`
      )
    }

    const observe = ({
      account,
      ageMillis,
      used,
      windowMillis
    }: Parameters<RateLimitStore["Service"]["observe"]>[0]): Effect.Effect<unknown, SqlError> => {
      // Slots older than two windows are deleted, so an old answer cannot be split into our requests and those of others.
      if (ageMillis > windowMillis) return Effect.void
      const back = sql.literal(String(Math.floor(ageMillis + windowMillis)))
      const window = sql.literal(String(Math.ceil(windowMillis)))
      const count = sql.literal(String(Math.floor(used)))
      return at((now) => {
        const ours = sql`(SELECT COUNT(*) FROM line_items_slots
          WHERE account = ${account} AND pool = 'burst' AND taken_at > ${now} - ${back})`
        // A smaller number may only mean that some of our requests had not arrived yet, so the largest number counts.
        const counts = sql`(excluded.others >= line_items_limits.others OR line_items_limits.others_until <= ${now})`
        return sql`INSERT INTO line_items_limits (account, others, others_until)
          VALUES (${account}, ${greatest}(0, ${count} - ${ours}), ${now} + ${window})
          ON CONFLICT (account) DO UPDATE SET
          others = CASE WHEN ${counts} THEN excluded.others ELSE line_items_limits.others END,
          others_until = CASE WHEN ${counts} THEN excluded.others_until ELSE line_items_limits.others_until END`
      })
    }

    const day = Effect.fnUntraced(function* (account: string): Effect.fn.Return<Day | undefined, SqlError> {
      const [row] = yield* at((now) =>
        atWall(
          (today) => sql<Record<keyof Day, unknown>>`SELECT
            day_limit AS "limit", day_remaining AS remaining, day_ends_at AS "endsAtMillis",
            (SELECT COUNT(*) FROM line_items_slots
              WHERE account = ${account} AND under_way = 1 AND free_at > ${now}) AS "underWay"
            FROM line_items_limits WHERE account = ${account} AND day_ends_at > ${today}`
        )
      )
      return row && Record.map(row, Number)
    })

    const setDay = (account: string, { endsAtMillis, limit, remaining }: Day) =>
      sql`INSERT INTO line_items_limits (account, day_limit, day_remaining, day_ends_at)
        VALUES (${account}, ${Math.floor(limit)}, ${Math.floor(remaining)}, ${Math.floor(endsAtMillis)})
        ON CONFLICT (account) DO UPDATE SET day_limit = excluded.day_limit,
        day_remaining = excluded.day_remaining, day_ends_at = excluded.day_ends_at`

    return RateLimitStore.of({
      take: (wanted) => failing(take(wanted)),
      complete: (slot) => failing(Effect.asVoid(complete(slot))),
      giveBack: ({ id }) => failing(Effect.asVoid(sql`DELETE FROM line_items_slots WHERE id = ${id}`)),
      pause: (pause_) => failing(Effect.asVoid(pause(pause_))),
      observe: (observed) => failing(Effect.asVoid(observe(observed))),
      day: (account) => failing(day(account)),
      setDay: (account, day) => failing(Effect.asVoid(setDay(account, day)))
    })
  })

/** The longest pause. HubSpot asks for a day and an hour at most. */
const longestPauseMillis = 90_000_000
