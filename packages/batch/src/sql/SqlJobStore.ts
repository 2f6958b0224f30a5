/**
 * Jobs in a `Database`, on SQLite or PostgreSQL. What is promised of them is said in `JobStore`; here its parts are put
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
import * as Moves from "./jobStore/Moves.ts"
import * as Outcomes from "./jobStore/Outcomes.ts"
import * as Overview from "./jobStore/Overview.ts"
import * as Pages from "./jobStore/Pages.ts"
import * as Planning from "./jobStore/Planning.ts"
import * as Tables from "./jobStore/Tables.ts"
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
  const tables = yield* Tables.make
  return {
    log: yield* SqlAttemptLog.make,
    create: Planning.create(tables),
    append: Planning.append(tables),
    planned: Planning.planned(tables),
    get: tables.get,
    counts: Overview.counts(tables),
    family: Overview.family(tables),
    list: Overview.list(tables),
    claim: Claims.claim(tables),
    renew: Claims.renew(tables),
    release: Claims.release(tables),
    suspend: Moves.suspend(tables),
    resume: Moves.resume(tables),
    complete: Moves.complete(tables),
    requestCancel: Moves.requestCancel(tables),
    requestResume: Moves.requestResume(tables),
    due: Overview.due(tables),
    current: Overview.current(tables),
    unsettled: Pages.unsettled(tables),
    settle: Outcomes.settle(tables),
    outcomes: Pages.outcomes(tables),
    rows: Pages.rows(tables),
    difference: Pages.difference(tables),
    revise: Outcomes.revise(tables),
    revisions: Outcomes.revisions(tables),
    forget: Overview.forget(tables)
  }
})

/**
 * The job store in the tables of a database, which are made if they are not there.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<JobStore.JobStore, Database.DatabaseError, SqlClient.SqlClient> =
  Layer.effect(JobStore.JobStore, make).pipe(Layer.provide(Digest.layerWebCrypto))
