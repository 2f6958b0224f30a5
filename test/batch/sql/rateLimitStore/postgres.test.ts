import * as SqlRateLimitStore from "@effect-hubspot/batch/sql/SqlRateLimitStore"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { database } from "../../../support/postgres.ts"
import { opened, suite } from "./suite.ts"

/**
 * A clock of the database's own, found before PostgreSQL's: what the store decides, it decides by this one, and
 * not by that of the tests, which stands still.
 */
const clock = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE SCHEMA fake`
  yield* sql`CREATE TABLE fake.clock (millis BIGINT)`
  yield* sql`INSERT INTO fake.clock VALUES (0)`
  yield* sql`CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT to_timestamp(millis / 1000.0) FROM fake.clock'`
})

suite(
  "the limiter's slots on PostgreSQL",
  Effect.gen(function* () {
    const connect = yield* database
    yield* Effect.orDie(Effect.provide(clock, connect()))
    const layer = Layer.provide(
      SqlRateLimitStore.layer,
      connect({ search_path: "fake,pg_catalog,public", client_min_messages: "warning" })
    )
    const admin = yield* Layer.build(Layer.orDie(connect()))
    return {
      // Tables go where the path leads first.
      open: opened(layer),
      pass: (millis: number) =>
        Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql`UPDATE fake.clock SET millis = millis + ${millis}`
        ).pipe(Effect.orDie, Effect.provide(admin))
    }
  })
)
