import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as Database from "@effect-hubspot/batch/sql/Database"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import * as SqlRateLimitStore from "@effect-hubspot/batch/sql/SqlRateLimitStore"
import { RateLimitStore } from "@effect-hubspot/http"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient, Statement } from "effect/sql"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const newFile = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "line-items-"))),
    (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
  ),
  (path) => join(path, "jobs.db")
)

it.effect("a slot is not waited for until it is on the disk, an intent is, whatever came before it", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const store = yield* RateLimitStore.RateLimitStore
    const log = yield* AttemptLog.AttemptLog
    const seen: Array<readonly [string, number | undefined]> = []
    // How durable a statement is, is asked where it is made, in its transaction if it has one.
    const watching = Effect.provideService(Statement.CurrentTransformer, (statement) =>
      sql<{ synchronous: number }>`PRAGMA synchronous`.pipe(
        Effect.provideService(Statement.CurrentTransformer, undefined),
        Effect.orDie,
        Effect.map(([row]) => {
          seen.push([statement.compile()[0], row?.synchronous])
          return statement
        })
      )
    )
    const slot = { account: "42", pool: "burst", limit: 3, windowMillis: 1000, leaseMillis: 5000 } as const
    const intent = log.begin({ jobId: "job", operation: "batchCreate", inputs: [0] })
    const taken = yield* watching(store.take(slot))
    yield* watching(intent)
    yield* watching(store.pause({ account: "42", millis: 1 }))
    yield* watching(Effect.flip(Effect.andThen(store.pause({ account: "42", millis: 1 }), Effect.fail("x"))))
    yield* watching(intent)
    assert.strictEqual(taken._tag, "Taken")
    const [normal, full] = [1, 2]
    const kinds = seen.map(([text, synchronous]) => [
      /slots|limits/.test(text) ? "limits" : "log",
      synchronous
    ])
    assert.isAtLeast(kinds.length, 6)
    for (const [kind, synchronous] of kinds)
      assert.strictEqual(synchronous, kind === "limits" ? normal : full)
  }).pipe(
    Effect.provide(
      Layer.unwrap(
        Effect.map(newFile, (file) =>
          Layer.merge(SqlRateLimitStore.layer, SqlAttemptLog.layer).pipe(
            Layer.provideMerge(Database.layerSqlite({ file }))
          )
        )
      )
    )
  )
)
