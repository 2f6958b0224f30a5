/**
 * The job store in a `Database`, on SQLite or PostgreSQL. `JobStore` says what it promises; this module puts its parts
 * together.
 *
 * @since 0.1.0
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import * as JobStore from "../jobs/JobStore.ts"
import type * as Database from "./Database.ts"
import * as Claims from "./jobStore/Claims.ts"
import * as History from "./jobStore/History.ts"
import * as Moves from "./jobStore/Moves.ts"
import * as Outcomes from "./jobStore/Outcomes.ts"
import * as Overview from "./jobStore/Overview.ts"
import * as Pages from "./jobStore/Pages.ts"
import * as Planning from "./jobStore/Planning.ts"
import * as JobAccess from "./jobStore/JobAccess.ts"
import * as Migrations from "./Migrations.ts"
import * as SqlAttemptLog from "./SqlAttemptLog.ts"

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
  const access = yield* JobAccess.make
  return {
    log: yield* SqlAttemptLog.make,
    create: Planning.create(access),
    append: Planning.append(access),
    planned: Planning.planned(access),
    get: access.get,
    counts: Overview.counts(access),
    family: Overview.family(access),
    list: Overview.list(access),
    claim: Claims.claim(access),
    renew: Claims.renew(access),
    release: Claims.release(access),
    suspend: Moves.suspend(access),
    resume: Moves.resume(access),
    complete: Moves.complete(access),
    requestCancel: Moves.requestCancel(access),
    requestResume: Moves.requestResume(access),
    due: Overview.due(access),
    current: Overview.current(access),
    unsettled: Pages.unsettled(access),
    settle: Outcomes.settle(access),
    outcomes: Pages.outcomes(access),
    rows: Pages.rows(access),
    history: History.history(access),
    difference: Pages.difference(access),
    revise: Outcomes.revise(access),
    revisions: Outcomes.revisions(access),
    forget: Overview.forget(access)
  }
})

/**
 * The job store in the tables of a database. Missing tables are made.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<JobStore.JobStore, Database.DatabaseError, SqlClient.SqlClient> =
  Layer.effect(JobStore.JobStore, make).pipe(Layer.provide(Digest.layerWebCrypto))
