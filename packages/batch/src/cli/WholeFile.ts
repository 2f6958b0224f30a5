/**
 * Files that are there as a whole or not at all, for their owner only: a crash leaves the old file or the new one.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Random from "effect/Random"

/** Writes a file, in place of one of this name. */
export const write = (path: string, content: string) =>
  beside(path, content, (fs, temporary) => fs.rename(temporary, path))

/** Writes a new file. It fails if there is one of this name, however that is spelt. */
export const create = (path: string, content: string) =>
  beside(path, content, (fs, temporary) =>
    Effect.andThen(
      taken(fs, path),
      Effect.onError(fs.rename(temporary, path), () => Effect.ignore(fs.remove(path)))
    )
  )

/** Fails unless a file can be written there. It leaves none. */
export const prove = (path: string) => beside(path, "", (fs, temporary) => fs.remove(temporary))

/** Fails unless a new file can be written there. It leaves none. */
export const proveNew = (path: string) =>
  beside(path, "", (fs, temporary) =>
    Effect.andThen(taken(fs, path), Effect.andThen(fs.remove(path), fs.remove(temporary)))
  )

/** Takes a name that is free. */
const taken = (fs: FileSystem.FileSystem, path: string) =>
  Effect.scoped(fs.open(path, { flag: "wx", mode: 0o600 }))

const beside = Effect.fnUntraced(function* (
  path: string,
  content: string,
  take: (fs: FileSystem.FileSystem, temporary: string) => Effect.Effect<void, PlatformError>
): Effect.fn.Return<void, PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const suffix = (yield* Random.nextIntBetween(0, 2 ** 32, { halfOpen: true })).toString(36)
  const temporary = `${path}.${suffix}.new`
  yield* Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(temporary, { flag: "wx", mode: 0o600 })
      yield* file.writeAll(new TextEncoder().encode(content))
      yield* file.sync
    })
  ).pipe(
    Effect.andThen(take(fs, temporary)),
    Effect.onError(() => Effect.ignore(fs.remove(temporary)))
  )
})
