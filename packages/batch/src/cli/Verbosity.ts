/**
 * How much a command says on the standard error: `--quiet` and `--verbose`. Results, and what stops a command, are always said.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import { usage } from "./Exit.ts"

/** `quiet`: no progress, no notices, no lines about rows. `verbose`: a line for every row that needs attention. */
export const Verbosity = Context.Reference<"quiet" | "normal" | "verbose">(
  "@effect-hubspot/batch/cli/Verbosity",
  { defaultValue: () => "normal" }
)

const Quiet = GlobalFlag.Setting("quiet")({
  flag: Flag.Boolean("quiet").pipe(
    Flag.withAlias("q"),
    Flag.withDefault(false),
    Flag.withDescription(
      "Print the result and what stops the command, and nothing else; of jobs the ids alone"
    )
  )
})

const Verbose = GlobalFlag.Setting("verbose")({
  flag: Flag.Boolean("verbose").pipe(
    Flag.withAlias("v"),
    Flag.withDefault(false),
    Flag.withDescription("Print a line for every row that needs attention, instead of the first of a kind")
  )
})

export const flags = [Quiet, Verbose] as const

/** What the flags say. */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const [quiet, verbose] = [yield* Quiet, yield* Verbose]
    if (quiet && verbose) {
      return yield* usage("--quiet and --verbose exclude each other; give one")
    }
    const verbosity = Layer.succeed(Verbosity, quiet ? "quiet" : verbose ? "verbose" : "normal")
    return quiet ? Layer.merge(verbosity, Layer.succeed(References.MinimumLogLevel, "Error")) : verbosity
  })
)
