/**
 * Pipes and devices as streams of bytes. Effect's file system reads at positions, which a pipe does not have.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export const stream = (path: string): Stream.Stream<Uint8Array, unknown> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const fs = yield* Effect.promise(() => import("node:fs"))
      const fd = yield* open(fs, path)
      return Stream.fromAsyncIterable<Uint8Array, unknown>(
        fs.createReadStream(path, { fd }),
        (cause) => cause
      )
    })
  )

/**
 * Opens for reading, which waits until another process opens the pipe for writing. The system call cannot be interrupted,
 * and this process cannot end before the call returns. So an interruption opens the other end.
 */
const open = (fs: typeof import("node:fs"), path: string): Effect.Effect<number, unknown> =>
  Effect.callback((resume) => {
    let waiting = true
    fs.open(path, "r", (error, fd) => {
      waiting = false
      resume(error === null ? Effect.succeed(fd) : Effect.fail(error))
    })
    return Effect.sync(() => {
      if (!waiting) return
      fs.open(path, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK, (error, fd) => {
        if (error === null) fs.close(fd)
      })
    })
  })
