import { JobStore, type Source } from "@effect-hubspot/batch"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Result, Stream } from "effect"
import * as FileDigest from "../../../packages/batch/src/files/FileDigest.ts"
import * as Planning from "../../../packages/batch/src/jobs/Planning.ts"
import { frozen, holder, rowsOf } from "../sql/jobStore/rows.ts"

const rows = rowsOf(7)

/** Plans a job whose file has these digests, one after the other, and gives the one that is kept. */
const kept = (...digests: ReadonlyArray<string | undefined>) =>
  Effect.gen(function* () {
    let nth = 0
    const job = yield* Stream.fromIterable(rows).pipe(
      Planning.plan({ id: "a", frozen, holder, digest: Effect.sync(() => digests[nth++]) })
    )
    assert.strictEqual(nth, 2)
    return job
  })

/** Whether the job goes on with these rows, and how many of them are read for that. */
const check = (digest: string | undefined, brought: ReadonlyArray<Source.Row>) =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const job = yield* store.get("a")
    let read = 0
    const counted = Stream.tap(Stream.fromIterable(brought), () => Effect.sync(() => read++))
    const checked = yield* Effect.result(Planning.checkRows(job, digest, counted))
    return [Result.isSuccess(checked) ? "goes on" : checked.failure._tag, read]
  })

const inWorld = <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof world>>) =>
  Effect.provide(effect, Layer.fresh(world))
const world = Layer.merge(Stores.layerMemory, Emulator.layerLineItems())

describe("the file of a job", () => {
  it.effect("has the digest that it had before and after its rows were read, or none", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* inWorld(kept("x", "x"))).digest, "x")
      assert.isUndefined((yield* inWorld(kept("x", "y"))).digest)
      assert.isUndefined((yield* inWorld(kept(undefined, undefined))).digest)
    })
  )

  it.effect("is not read for its rows where it has the same bytes, and by its rows where it has not", () =>
    inWorld(
      Effect.gen(function* () {
        yield* kept("x", "x")
        const other = rows.map((row) => (row.index === 3 ? { ...row, line: 99 } : row))
        assert.deepStrictEqual(yield* check("x", rows), ["goes on", 0])
        assert.deepStrictEqual(yield* check("y", rows), ["goes on", 7])
        assert.deepStrictEqual(yield* check(undefined, rows), ["goes on", 7])
        assert.strictEqual((yield* check("y", other))[0], "InputChanged")
        assert.strictEqual((yield* check("y", rows.slice(0, 6)))[0], "InputChanged")
        assert.strictEqual((yield* check("y", [...rows, ...rows]))[0], "InputChanged")
      })
    )
  )

  it.effect("that had no digest is compared by its rows, whatever digest it has now", () =>
    inWorld(
      Effect.gen(function* () {
        yield* kept("x", "y")
        assert.deepStrictEqual(yield* check("y", rows), ["goes on", 7])
        assert.deepStrictEqual(yield* check(undefined, rows), ["goes on", 7])
      })
    )
  )
})

describe("the digest of a file", () => {
  const of = (bytes: Uint8Array) =>
    Effect.gen(function* () {
      const fs = FileSystem.makeNoop({
        stream: (_, options) =>
          Stream.fromIterable(
            Array.from({ length: Math.ceil(bytes.length / Number(options!.chunkSize)) }, (_, n) =>
              bytes.subarray(n * Number(options!.chunkSize), (n + 1) * Number(options!.chunkSize))
            )
          )
      })
      return yield* FileDigest.of("rows.csv", fs)
    })

  it.effect("is of every byte, in its place, of all blocks", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array(2_500_000).map((_, n) => n % 251)
      const whole = yield* of(bytes)
      assert.match(whole ?? "", /^[0-9a-f]{64}$/)
      assert.strictEqual(yield* of(bytes.slice()), whole)
      for (const at of [0, 1_048_575, 1_048_576, 2_499_999]) {
        const changed = bytes.slice()
        changed[at]!++
        assert.notStrictEqual(yield* of(changed), whole, String(at))
      }
      assert.notStrictEqual(yield* of(bytes.subarray(0, -1)), whole)
      assert.notStrictEqual(
        yield* of(new Uint8Array([...bytes.subarray(1_048_576), ...bytes.subarray(0, 1_048_576)])),
        whole
      )
    })
  )

  it.effect("is none of a file that cannot be read", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* FileDigest.of("rows.csv", FileSystem.makeNoop({})))
    })
  )
})
