/**
 * `line-items serve`: a local HubSpot on a port of this machine, until it is interrupted.
 */
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import * as Faults from "@effect-hubspot/http/emulator/Faults"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Json from "./Json.ts"
import * as Report from "./Report.ts"
import { visible } from "../files/Source.ts"
import { Exit, usage } from "./Exit.ts"

/** The fault plan of a file. */
export const faultsOf = (
  file: Option.Option<string>
): Effect.Effect<Faults.Plan, Exit, FileSystem.FileSystem> =>
  Option.match(file, {
    onNone: () => Effect.succeed(Faults.none),
    onSome: Effect.fnUntraced(function* (path) {
      const fs = yield* FileSystem.FileSystem
      const refuse = (what: string) => usage(`--faults ${visible(path)}: ${what}`)
      const text = yield* Effect.mapError(fs.readFileString(path), () =>
        refuse("it cannot be read; check the path")
      )
      const json = yield* Effect.mapError(
        Effect.try((): unknown => JSON.parse(text)),
        () => refuse('it is no JSON; write {"rules": [{"fault": {"place": "replyLost"}}]}')
      )
      return yield* Effect.mapError(Faults.decode(json), ({ message }) => refuse(message))
    })
  })

/** Serves until interrupted. Prints the admin key, which the user needs. */
export const run = (
  options: EmulatorServer.Options & { readonly json: boolean }
): Effect.Effect<never, Exit> =>
  Effect.gen(function* () {
    const { adminKey, url } = yield* EmulatorServer.EmulatorServer
    yield* Console.log(
      options.json
        ? Json.text(Json.Served, { url, adminKey: Redacted.value(adminKey) })
        : forPeople(url, Redacted.value(adminKey), options)
    )
    return yield* Effect.never
  }).pipe(
    Effect.provide(EmulatorServer.layer(options)),
    Effect.mapError((error) => new Exit({ code: Report.exitCodes.usage, lines: [error.message] }))
  )

const forPeople = (url: string, adminKey: string, { keep, limit = 190 }: EmulatorServer.Options): string =>
  [
    `HubSpot emulator: ${url}   (${limit} requests per 10 s, ${keep === undefined ? "state" : `the last ${keep} line items and requests`} in memory, Ctrl-C to stop)`,
    "",
    `  import into it   HUBSPOT_ACCESS_TOKEN=any-token line-items import items.csv --base-url ${url}`,
    `  watch it         ${url}/   (it asks for the admin key: ${adminKey})`,
    `  its ledger       curl -H "Authorization: Bearer ${adminKey}" ${url}/_emulator/ledger`,
    `  the contract     ${url}/docs`
  ].join("\n")
