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

/**
 * A new, empty schema of a database that tests share, as the layers that connect to it with the given settings of the
 * session. A database of its own costs twenty times as much.
 */
export const schema = Effect.gen(function* () {
  const port = yield* serverPort
  const name = `test_${randomUUID().replaceAll("-", "")}`
  yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE SCHEMA ${sql(name)}`).pipe(
    Effect.provide(Layer.fresh(connect(port, "postgres")))
  )
  return (settings?: Readonly<Record<string, string>>) =>
    // By its name a session finds others of its test.
    Layer.fresh(connect(port, "postgres", { ...settings, search_path: name, application_name: name }))
}).pipe(Effect.orDie)

/** A new, empty database, for what is not kept apart by schemas, such as the locks of a cluster. */
export const emptyDatabase = Effect.gen(function* () {
  const port = yield* serverPort
  const name = `test_${randomUUID().replaceAll("-", "")}`
  yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE DATABASE ${sql(name)}`).pipe(
    Effect.provide(Layer.fresh(connect(port, "postgres")))
  )
  return { port, name }
}).pipe(Effect.orDie)

/** The same, as the layers that connect to it with the given settings of the session. */
export const database = Effect.map(
  emptyDatabase,
  ({ name, port }) =>
    (settings?: Readonly<Record<string, string>>) =>
      Layer.fresh(connect(port, name, settings))
)
