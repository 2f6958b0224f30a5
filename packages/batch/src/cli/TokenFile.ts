/**
 * The file that keeps an OAuth refresh token which HubSpot has replaced: JSON, for its owner alone (0600), written as a whole or
 * not at all.
 *
 * It is the only place where the command keeps a secret. It refuses a file that others may read, and one of another kind.
 */
import { Credentials } from "@effect-hubspot/http"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Source from "../files/Source.ts"
import * as WholeFile from "./WholeFile.ts"

/** `rotated_from` is a digest of the token that was given to the command first. */
const Content = Schema.fromJsonString(
  Schema.Struct({ refresh_token: Schema.String, rotated_from: Schema.String })
)

const decode = Schema.decodeUnknownOption(Content)
const encode = Schema.encodeSync(Content)

/** A refresh token, and a digest of the one that HubSpot has replaced by it. */
export interface Kept {
  readonly refreshToken: Redacted.Redacted<string>
  readonly rotatedFrom: string
}

/** What the file keeps. `read` is `undefined` as long as there is no file. */
export interface TokenFile {
  /** As messages name it. */
  readonly name: string
  readonly read: Effect.Effect<Kept | undefined, Credentials.CredentialsError>
  readonly write: (kept: Kept) => Effect.Effect<void, Credentials.CredentialsError>
}

/** Fails unless the file can be written. It makes none. */
export const open = Effect.fnUntraced(function* (
  given: string
): Effect.fn.Return<TokenFile, Credentials.CredentialsError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = (yield* Path.Path).resolve(given)
  const name = Source.visible(given)
  const fail = (problem: string) =>
    new Credentials.CredentialsError({ message: `--token-file ${name}: ${problem}` })

  const read = Effect.gen(function* () {
    const found = yield* fs.stat(path)
    if (found.type !== "File") return yield* fail("is not a file; name another one")
    if (process.platform !== "win32" && (found.mode & 0o077) !== 0) {
      const mode = (found.mode & 0o777).toString(8)
      return yield* fail(`others may read or write it (mode ${mode}); run: chmod 600 ${name}`)
    }
    if (found.size > 64 * 1024) return yield* fail(foreign)
    const content = decode(new TextDecoder().decode(yield* fs.readFile(path)))
    if (Option.isNone(content)) return yield* fail(foreign)
    const { refresh_token, rotated_from } = content.value
    return { refreshToken: Redacted.make(refresh_token), rotatedFrom: rotated_from }
  }).pipe(
    Effect.catchTag("PlatformError", (error) =>
      error.reason._tag === "NotFound"
        ? Effect.succeed(undefined)
        : Effect.fail(fail(`cannot be read (${reasonOf(error)}); check the path`))
    )
  )

  const writing = Effect.mapError((error: PlatformError) =>
    fail(
      `cannot be written (${reasonOf(error)}); name a file in a directory of yours, with space on its disk`
    )
  )

  yield* read
  yield* writing(WholeFile.prove(path))
  return {
    name,
    read,
    write: ({ refreshToken, rotatedFrom }) =>
      writing(
        WholeFile.write(
          path,
          `${encode({ refresh_token: Redacted.value(refreshToken), rotated_from: rotatedFrom })}\n`
        )
      ).pipe(Effect.provideService(FileSystem.FileSystem, fs))
  }
})

const foreign = "is not a token file of this command; name another file, or remove this one"

const reasonOf = ({ reason }: PlatformError): string =>
  reason._tag === "NotFound"
    ? "no such directory"
    : reason._tag === "PermissionDenied"
      ? "permission denied"
      : Source.visible(reason.description ?? reason._tag)
