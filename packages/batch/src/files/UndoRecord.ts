/**
 * What is written down of an undo, beside the file of created rows: its plan, a line for each row in their order; that a person
 * agreed to it; and the rows whose line items are archived. An undo that was broken off goes on from it.
 *
 * A line is `row,id,planned|left|archived`, or `agreed,account,rows`. A line that was cut off counts as not written.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A row of the plan. The id is empty if the row has none. */
export interface Planned {
  readonly index: number
  readonly id: string
  readonly isPlanned: boolean
}

/** How far an undo has come. `rows` is how many its plan has. */
export interface Known {
  readonly account: string
  readonly rows: number
  readonly archived: ReadonlySet<number>
}

const pattern = /^(\d{1,15}),(\d{0,19}),(planned|left|archived)$/

/** The whole lines of the record. */
const linesOf = (path: string): Stream.Stream<string, PlatformError, FileSystem.FileSystem> =>
  Stream.unwrap(
    Effect.map(FileSystem.FileSystem, (fs) =>
      // The last part has no line break after it.
      Stream.concat(Stream.decodeText(fs.stream(path)), Stream.make("\ncut")).pipe(Stream.splitLines)
    )
  )

/** What is known of an undo. Undefined if there is no record, or nobody agreed to its plan. */
export const read = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<Known | undefined, PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(path))) return undefined
  let agreed: { readonly account: string; readonly rows: number } | undefined
  const archived = new Set<number>()
  yield* Stream.runForEach(linesOf(path), (line) =>
    Effect.sync(() => {
      const agreement = /^agreed,(\d{1,19}),(\d{1,15})$/.exec(line)
      if (agreement !== null) agreed = { account: agreement[1] ?? "", rows: Number(agreement[2]) }
      const [, index, , what] = pattern.exec(line) ?? []
      if (what === "archived") archived.add(Number(index))
    })
  )
  return agreed === undefined ? undefined : { ...agreed, archived }
})

/** The rows of the plan, in their order. */
export const plan = (path: string): Stream.Stream<Planned, PlatformError, FileSystem.FileSystem> =>
  linesOf(path).pipe(
    Stream.map((line) => pattern.exec(line)),
    Stream.filter((found) => found !== null && found[3] !== "archived"),
    Stream.map((found) => ({
      index: Number(found?.[1]),
      id: found?.[2] ?? "",
      isPlanned: found?.[3] === "planned"
    }))
  )

/** A record that is written to. */
export interface Writer {
  readonly plan: (rows: ReadonlyArray<Planned>) => Effect.Effect<void, PlatformError>
  readonly agree: (account: string, rows: number) => Effect.Effect<void, PlatformError>
  readonly archived: (
    rows: ReadonlyArray<{ readonly index: number; readonly id: string }>
  ) => Effect.Effect<void, PlatformError>
}

/** Opens a record to go on with it, or makes it anew. The scope closes it. */
export const open = Effect.fnUntraced(function* (
  path: string,
  how: "goOn" | "anew"
): Effect.fn.Return<Writer, PlatformError, FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fs.open(path, { flag: how === "anew" ? "w" : "a", mode: 0o600 })
  const encoder = new TextEncoder()
  const append = (lines: ReadonlyArray<string>) =>
    lines.length === 0
      ? Effect.void
      : Effect.uninterruptible(file.writeAll(encoder.encode(`${lines.join("\n")}\n`)))
  // Ends a line that was cut off.
  yield* append([""])
  return {
    plan: (rows) =>
      append(rows.map(({ id, index, isPlanned }) => `${index},${id},${isPlanned ? "planned" : "left"}`)),
    agree: (account, rows) => append([`agreed,${account},${rows}`]),
    archived: (rows) => append(rows.map(({ id, index }) => `${index},${id},archived`))
  }
})
