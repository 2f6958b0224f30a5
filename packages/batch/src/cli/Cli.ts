/**
 * The command `line-items`: its subcommands, and the exit code of each end.
 *
 * Every wrong use is one line on the standard error and exit code 2; help is printed when asked for.
 */
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import packageJson from "../../package.json" with { type: "json" }
import * as Report from "./Report.ts"
import { exitWith, refused, usage } from "./Exit.ts"
import * as Flags from "./Flags.ts"
import * as ImportCommands from "./ImportCommands.ts"
import * as JobCommands from "./JobCommands.ts"
import { load } from "./load.ts"
import * as Log from "./Log.ts"
import * as Output from "./Output.ts"
import * as Secrets from "./Secrets.ts"
import * as UndoCommand from "./UndoCommand.ts"

const serveCommand = Command.make(
  "serve",
  {
    port: Flags.port,
    limit: Flags.serverLimit,
    latency: Flags.latency,
    keep: Flags.keep,
    searchLag: Flags.searchLag,
    uniqueProperties: Flags.uniqueProperties,
    emulatorProperties: Flags.emulatorProperties,
    required: Flags.required,
    behaviour: Flags.behaviour,
    faults: Flags.faults,
    token: Flag.Redacted("token").pipe(
      Flag.optional,
      Flag.withDescription("The only access token that is accepted (default: any well-formed one)")
    ),
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const [Credentials, EmulatorProperties, Serve] = yield* load(() => [
      import("@effect-hubspot/http/Credentials"),
      import("./EmulatorProperties.ts"),
      import("./Serve.ts")
    ])
    const token = Option.getOrUndefined(flags.token)
    if (token !== undefined) {
      yield* Effect.mapError(Credentials.check(token, "--token"), ({ message }) => usage(message))
    }
    const { propertyDefinitions } = yield* EmulatorProperties.read(flags.emulatorProperties)
    const faults = yield* Serve.faultsOf(flags.faults)
    return yield* Serve.run({
      propertyDefinitions,
      faults,
      port: flags.port,
      limit: flags.limit,
      latency: Option.getOrUndefined(flags.latency),
      keep: Option.getOrUndefined(flags.keep),
      searchLag: flags.searchLag,
      uniqueProperties: flags.uniqueProperties,
      behaviour: Object.assign({ requiredProperties: flags.required }, ...flags.behaviour),
      token,
      json: flags.json
    })
  })
).pipe(
  Command.withDescription("Run a local HubSpot (emulator) on this machine"),
  Command.withExamples([
    { command: "line-items serve --port 4010", description: "On a fixed port" },
    {
      command: "line-items serve --keep 100000",
      description: "For long runs: keep only the last 100,000 line items and requests"
    },
    {
      command: "line-items serve --required hs_sku --behaviour duplicateValue=invalidValue",
      description: "As an account that requires an SKU, and reports duplicates in the other way"
    }
  ])
)

const setupKeyCommand = Command.make(
  "setup-key",
  {
    keyProperty: Flags.keyProperty,
    baseUrl: Flags.baseUrl,
    timeout: Flags.timeout,
    tokenFile: Flags.tokenFile
  },
  Effect.fnUntraced(function* (flags) {
    const [KeyProperty, Connection] = yield* load(() => [
      import("../doubt/KeyProperty.ts"),
      import("./Connection.ts")
    ])
    yield* Effect.gen(function* () {
      // A property that exists already has to prove itself like a new one.
      yield* Effect.catchReason(
        KeyProperty.define(flags.keyProperty),
        "HubSpotError",
        "Conflict",
        () => Effect.void
      )
      yield* KeyProperty.prove(flags.keyProperty, "unique")
      yield* Console.log(
        `property "${flags.keyProperty}" can hold keys; use it with: line-items import … --strategy guard --key-property ${flags.keyProperty}`
      )
    }).pipe(Effect.provide(Connection.hubspot(flags)), Effect.mapError(refused))
  })
).pipe(
  Command.withDescription(
    "Define a property with unique values, which the strategies guard and upsert need, and prove it"
  ),
  Command.withExamples([
    { command: "line-items setup-key --key-property import_key", description: "Once for each account" }
  ])
)

const doctorCommand = Command.make(
  "doctor",
  {
    baseUrl: Flags.baseUrl,
    timeout: Flags.timeout,
    tokenFile: Flags.tokenFile,
    keyProperty: Flags.keyProperty.pipe(Flag.optional),
    ...Flags.kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const [Doctor] = yield* load(() => [import("./Doctor.ts")])
    const { code, report } = yield* Doctor.run(flags)
    yield* Output.line(flags.json ? Doctor.toJson(report) : Doctor.toText(report))
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Check the token, its scopes, the account, its limits, the clock, the jobs' database and Node; it creates no line item"
  ),
  Command.withExamples([
    { command: "line-items doctor", description: "Before the first import" },
    {
      command: "line-items doctor --key-property import_key",
      description: "Also whether this property can hold keys"
    }
  ])
)

const demoCommand = Command.make(
  "demo",
  {},
  Effect.fnUntraced(function* () {
    const [Connection, Demo] = yield* load(() => [import("./Connection.ts"), import("./Demo.ts")])
    const code = yield* Demo.run.pipe(
      Effect.scoped,
      Effect.provide(Connection.emulator({ limit: "auto" }, Demo.latency)),
      Effect.catchTag("InvalidBaseUrl", Effect.die)
    )
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription("Import a sample of 10,000 rows into the embedded HubSpot and check the result")
)

/** The command with all its subcommands. */
export const command = Command.make("line-items").pipe(
  Command.withDescription("Create HubSpot CRM line items in bulk, with one true outcome per row"),
  Command.withSubcommands([
    ImportCommands.importCommand,
    ImportCommands.checkCommand,
    JobCommands.resumeCommand,
    JobCommands.retryCommand,
    JobCommands.jobsCommand,
    JobCommands.statusCommand,
    JobCommands.reportCommand,
    JobCommands.cancelCommand,
    JobCommands.forgetCommand,
    JobCommands.resolveCommand,
    UndoCommand.undoCommand,
    ImportCommands.submitCommand,
    JobCommands.workerCommand,
    serveCommand,
    setupKeyCommand,
    doctorCommand,
    demoCommand
  ])
)

// -----------------------------------------------------------------------------
// Running
// -----------------------------------------------------------------------------

/** One line for a wrong invocation. */
const describe = (error: CliError.CliError): string => {
  switch (error._tag) {
    case "UnrecognizedOption": {
      if (/^--?token\b/.test(error.option)) {
        return "--token is not offered: it would show in process lists and shell history; set HUBSPOT_ACCESS_TOKEN"
      }
      const [suggestion] = error.suggestions
      return `unknown flag ${ErrorBody.showable(error.option, 60)}; ${suggestion === undefined ? "see --help" : `did you mean ${suggestion}?`}`
    }
    case "UnknownSubcommand": {
      const [suggestion] = error.suggestions
      return `unknown command ${ErrorBody.showable(error.subcommand, 60)}; ${suggestion === undefined ? "see --help" : `did you mean ${suggestion}?`}`
    }
    case "MissingOption":
      return `--${error.option} is missing; give ${Flags.expectations.get(error.option) ?? "one"}`
    case "MissingArgument":
      return `missing <${error.argument}>: give ${Flags.expectations.get(`<${error.argument}>`) ?? "one"}`
    case "UnexpectedArgument": {
      const [first = ""] = error.arguments
      return `${ErrorBody.showable(JSON.stringify(first), 60)} is one argument too many; see --help`
    }
    case "InvalidValue": {
      const name = error.kind === "argument" ? `<${error.option}>` : `--${error.option}`
      if (error.value === "") {
        const key = error.kind === "argument" ? name : error.option
        return `${name}: a value is missing; give ${Flags.expectations.get(key) ?? "one"}`
      }
      if (/^\d+ occurrences$/.test(error.value)) return `${name} is given more than once; give it once`
      if (error.option === "base-url") return `--base-url: ${error.expected}`
      // The value may hold a password, so it is not shown.
      if (error.value === Flags.hidden) return `${error.option}: what was given is not ${error.expected}`
      return `${name}: ${JSON.stringify(error.value)} is not ${error.expected.replaceAll('" | "', '" or "')}`
    }
    default:
      return error.message.replace(/\s*\n\s*/g, " ")
  }
}

/** One line: later mistakes are often only consequences of the first one (`--timeout -5s`). */
const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const [first] = event.errors
    return first === undefined ? Effect.void : Console.error(`line-items: ${describe(first)}`)
  }
}

/** Runs the command with the arguments of the process. Succeeds with the exit code. */
export const run = Command.run(command, { version: packageJson.version }).pipe(
  Effect.as<number>(Report.exitCodes.done),
  Effect.catch((error) =>
    error._tag === "Exit"
      ? Effect.as(
          Effect.forEach(error.lines, (line) => Console.error(`line-items: ${line}`), { discard: true }),
          error.code
        )
      : Effect.succeed<number>(
          error._tag === "ShowHelp" && error.errors.length === 0
            ? Report.exitCodes.done
            : Report.exitCodes.usage
        )
  ),
  Effect.catchCauseIf(
    (cause) => !Cause.hasInterrupts(cause),
    (cause) =>
      Effect.as(
        Console.error(`line-items: this is a bug, please report it: ${Cause.pretty(cause)}`),
        Report.exitCodes.bug as number
      )
  ),
  Effect.provideService(CliOutput.Presenter, presenter),
  // The standard output is for results.
  Effect.provideService(Logger.LogToStderr, true),
  Effect.provideService(Logger.CurrentLoggers, new Set([Log.make()])),
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  Secrets.unprinted
)
