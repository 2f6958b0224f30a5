/**
 * Keeps the command's secrets out of its output, whatever their way there: an argument in the wrong place, a row of a file,
 * the message of a database. Replies of HubSpot are redacted where they are read.
 */
import * as Redaction from "@effect-hubspot/http/Redaction"
import { environmentVariable } from "@effect-hubspot/http/Settings"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import { format } from "node:util"
import { databaseVariable } from "./Flags.ts"

/** The password in a database's address. One that equals the user's name is no secret. */
const passwordOf = (text: string): ReadonlyArray<string> => {
  if (!URL.canParse(text)) return []
  const { password, searchParams, username } = new URL(text)
  return [decoded(password), searchParams.get("password") ?? ""].filter(
    (found) => found !== decoded(username)
  )
}

const decoded = (text: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(text)),
    () => text
  )

const setting = (name: string) =>
  Effect.map(
    Effect.orElseSucceed(Config.Redacted(name), () => Redacted.make("")),
    Redacted.value
  )

/** Secrets that become known while the command runs. */
export class Secrets extends Context.Service<
  Secrets,
  {
    /** The text without the secrets that are known so far. */
    readonly redact: (text: string) => string
    /** From now on this is not printed either. */
    readonly add: (secret: Redacted.Redacted<string>) => Effect.Effect<void>
  }
>()("@effect-hubspot/batch/cli/Secrets") {}

const given = Effect.gen(function* () {
  const { args } = yield* Stdio.Stdio
  const addresses = (yield* args).map((arg) => arg.replace(/^--database-url=/, ""))
  return [
    yield* setting(environmentVariable),
    yield* setting("HUBSPOT_CLIENT_SECRET"),
    yield* setting("HUBSPOT_REFRESH_TOKEN"),
    ...[yield* setting(databaseVariable), ...addresses].flatMap(passwordOf)
  ]
})

/** The command, which prints no secret. */
export const unprinted = <A, E, R>(
  command: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Secrets> | Stdio.Stdio> =>
  Effect.gen(function* () {
    const secrets = (yield* given).map((secret) => Redacted.make(secret))
    let remove = Redaction.make(secrets)
    const redact = (text: string): string => remove(text)
    const add = (secret: Redacted.Redacted<string>) =>
      Effect.sync(() => {
        secrets.push(secret)
        remove = Redaction.make(secrets)
      })
    const console = yield* Console.Console
    const stdio = yield* Stdio.Stdio
    const line =
      (write: (text: string) => void) =>
      (...parts: ReadonlyArray<unknown>): void =>
        write(redact(format(...parts)))
    const printed = Sink.mapInput((part: string | Uint8Array) =>
      typeof part === "string" ? redact(part) : part
    )
    return yield* command.pipe(
      Effect.provideService(Secrets, Secrets.of({ add, redact })),
      Effect.provideService(
        Console.Console,
        Object.assign(Object.create(console) as Console.Console, {
          log: line((text) => console.log(text)),
          error: line((text) => console.error(text))
        })
      ),
      Effect.provideService(Stdio.Stdio, {
        ...stdio,
        stdout: (options) => printed(stdio.stdout(options)),
        stderr: (options) => printed(stdio.stderr(options))
      })
    )
  })
