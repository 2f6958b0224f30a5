/**
 * A real PostgreSQL for tests: a database of its own for whoever asks.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"

/** The tests look for it where it must not be. */
export const password = "canary-of-postgres"

const connect = (port: number, database: string, startupParameters: Readonly<Record<string, string>> = {}) =>
  PgClient.layer({
    host: "127.0.0.1",
    port,
    username: "postgres",
    password: Redacted.make(password),
    database,
    startupParameters
  })

/** The port of the server. */
export const serverPort = Effect.suspend(() => HttpClient.get(inject("postgres"))).pipe(
  Effect.flatMap(HttpClientResponse.filterStatusOk),
  Effect.flatMap((response) => response.text),
  Effect.map(Number),
  Effect.provide(FetchHttpClient.layer),
  Effect.orDie
)

/** A new, empty database, as the layers that connect to it with the given settings of the session. */
export const database = Effect.gen(function* () {
  const port = yield* serverPort
  const name = `test_${randomUUID().replaceAll("-", "")}`
  yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE DATABASE ${sql(name)}`).pipe(
    Effect.provide(Layer.fresh(connect(port, "postgres")))
  )
  return (settings?: Readonly<Record<string, string>>) => Layer.fresh(connect(port, name, settings))
}).pipe(Effect.orDie)
