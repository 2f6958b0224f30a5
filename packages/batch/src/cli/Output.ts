/**
 * The standard output. A script waits for it, so a loss is reported.
 */
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as Predicate from "effect/Predicate"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Colour from "./Colour.ts"
import * as Report from "./Report.ts"
import { Exit } from "./Exit.ts"
import { load } from "./load.ts"
import type { Imported } from "./Import.ts"

/** Writes a line. A reader that has gone is not an error; a full disk is. */
export const line = (text: string): Effect.Effect<void, Exit, Stdio.Stdio> =>
  Effect.asVoid(offer(`${text}\n`))

/** Writes a text as it is. Succeeds with whether the reader is still there. */
export const offer = (text: string): Effect.Effect<boolean, Exit, Stdio.Stdio> =>
  Effect.flatMap(Stdio.Stdio, (stdio) => Stream.run(Stream.make(text), stdio.stdout())).pipe(
    Effect.as(true),
    Effect.catch((error) =>
      codeOf(error) === "EPIPE"
        ? Effect.succeed(false)
        : Effect.fail(
            new Exit({
              code: Report.exitCodes.store,
              lines: [
                `the standard output cannot be written (${codeOf(error)}); the import took place: ${text.trimEnd()}`
              ]
            })
          )
    )
  )

const codeOf = ({ reason: { cause } }: PlatformError): string =>
  Predicate.hasProperty(cause, "code") ? String(cause.code) : "unknown"

/** The summary as an object. The schemas are loaded only for a script. */
const object = (summary: Report.Summary) =>
  Effect.flatMap(
    load(() => [import("./Json.ts")]),
    ([Json]) => line(Json.text(Json.Summary, summary))
  )

/** What a script gets of an import that does not begin. `suspended` is why the same command is right later. */
export const unbegun = (suspended?: string) => object(Report.unbegun(suspended))

type Ended = Pick<Imported, "name" | "summary" | "promise">

/** The summary of an import, for people or for a script. */
const summary =
  (json: boolean) =>
  ({ name, promise, summary }: Ended) =>
    json
      ? object(summary)
      : Effect.flatMap(Colour.of("stdout"), (paint) => line(Report.toText(name, summary, promise, paint)))

/** Runs an import, which shows its summary. A script gets an object also if the import does not begin. */
export const ofImport = <A, R>(
  json: boolean,
  run: (show: (ended: Ended) => Effect.Effect<void, Exit, Stdio.Stdio>) => Effect.Effect<A, Exit, R>
) =>
  Effect.suspend(() => {
    let isShown = false
    const show = (ended: Ended) =>
      Effect.suspend(() => {
        isShown = true
        return summary(json)(ended)
      })
    const unless = (suspended?: string) =>
      Effect.suspend(() => (json && !isShown ? unbegun(suspended) : Effect.void))
    return run(show).pipe(
      Effect.tapError(({ suspended }) => unless(suspended)),
      Effect.onInterrupt(() => Effect.ignore(unless()))
    )
  })
