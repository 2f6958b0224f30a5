/**
 * The database of a job that is killed.
 */
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

export type Place =
  | { readonly _tag: "sqlite"; readonly stateDir: string }
  | { readonly _tag: "postgres"; readonly port: number; readonly name: string }

export const runtimeOf = (database: Place) =>
  database._tag === "sqlite"
    ? Stores.layerLocal(database)
    : Stores.layerSql.pipe(Layer.provide(postgres(database)))

export const password = "canary-of-postgres"

/** Loaded by those that need it: many processes are started, and they do not. */
export const postgres = ({
  name,
  port
}: {
  readonly name: string
  readonly port: number
}): Layer.Layer<SqlClient, SqlError> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("@effect/sql-pg/PgClient")),
      (PgClient) =>
        PgClient.layer({
          host: "127.0.0.1",
          port,
          username: "postgres",
          password: Redacted.make(password),
          database: name
        })
    )
  )
