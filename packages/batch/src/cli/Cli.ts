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
import type * as CliError from "effect/cli/CliError"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import * as Argument from "effect/cli/Argument"
import packageJson from "../../package.json" with { type: "json" }
import * as Report from "./Report.ts"
import * as Colour from "./Colour.ts"
import { type Exit, exitWith, refused, usage } from "./Exit.ts"
import * as Flags from "./Flags.ts"
import * as Help from "./Help.ts"
import * as ImportCommands from "./ImportCommands.ts"
import * as JobCommands from "./JobCommands.ts"
import { load } from "./load.ts"
import * as Log from "./Log.ts"
import * as Manual from "./Manual.ts"
import * as Output from "./Output.ts"
import type { Process } from "./Process.ts"
import * as Secrets from "./Secrets.ts"
import * as UndoCommand from "./UndoCommand.ts"
import * as Usage from "./Usage.ts"
import * as Verbosity from "./Verbosity.ts"
import * as Version from "./Version.ts"

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
  ]),
  Manual.ofMachine
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
    const [KeyProperty, Connection, Next] = yield* load(() => [
      import("../doubt/KeyProperty.ts"),
      import("./Connection.ts"),
      import("./Next.ts")
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
        `property "${flags.keyProperty}" can hold keys; use it with: ${yield* Next.command("import", { words: ["items.csv", "--strategy", "guard"] })}`
      )
    }).pipe(Effect.provide(Connection.hubspot(flags)), Effect.mapError(refused))
  })
).pipe(
  Command.withDescription(
    "Define a property with unique values, which the strategies guard and upsert need, and prove it"
  ),
  Command.withExamples([
    { command: "line-items setup-key --key-property import_key", description: "Once for each account" }
  ]),
  Command.withShortDescription("Define a property that can hold keys, and prove it"),
  Manual.ofAccount
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
    yield* Output.line(flags.json ? Doctor.toJson(report) : Doctor.toText(report, yield* Colour.of("stdout")))
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
  ]),
  Command.withShortDescription("Check the token, the account, the clock, the database and Node"),
  Manual.ofBoth
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
  Command.withDescription("Import a sample of 10,000 rows into the embedded HubSpot and check the result"),
  Command.withShortDescription("Import a sample into the embedded HubSpot, and check the result"),
  Command.withExamples([{ command: "line-items demo", description: "No token and no file is needed" }]),
  Manual.ofMachine
)

/** The help of one command. */
const helpOf = (...path: ReadonlyArray<string>): Effect.Effect<void, CliError.CliError | Exit, Services> =>
  Effect.suspend(() => runWith([...path, "--help"]))

const helpCommand = Command.make(
  "help",
  {
    command: Argument.String("command").pipe(Argument.optional, Argument.withDescription("Of which command"))
  },
  ({ command }) =>
    Option.match(command, {
      onNone: () => helpOf(),
      onSome: (name) =>
        names().includes(name)
          ? helpOf(name)
          : Effect.fail(usage(`unknown command ${ErrorBody.showable(name, 60)}; line-items help lists them`))
    })
).pipe(
  Command.withDescription("Show what a command does, its flags, examples, exit codes and variables"),
  Command.withShortDescription("Show what a command does"),
  Command.withExamples([{ command: "line-items help import", description: "The same as import --help" }]),
  Manual.ofMachine
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
    demoCommand,
    helpCommand
  ]),
  Command.withExamples([
    { command: "line-items demo", description: "See an import into a HubSpot inside this process" },
    { command: "line-items check items.csv", description: "What a file is, and the command that imports it" },
    { command: "line-items import items.csv --emulator", description: "Try a file without HubSpot" },
    { command: "line-items help import", description: "All about a command" }
  ]),
  Manual.ofAll,
  Command.provide(Verbosity.layer),
  Command.withGlobalFlags(Verbosity.flags)
)

// -----------------------------------------------------------------------------
// Running
// -----------------------------------------------------------------------------

/** The names of the subcommands. */
const names = (): ReadonlyArray<string> =>
  command.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name))

/** Commands whose object a script gets however they end. */
const summarized: ReadonlySet<string> = new Set(["import", "resume", "retry"])

/** One line: later mistakes are often only consequences of the first one (`--timeout -5s`). */
const presenter = Effect.gen(function* () {
  const { columns } = yield* Terminal.Terminal
  const { args: given, stdoutIsTerminal } = yield* Stdio.Stdio
  const args = yield* given
  const width = (yield* stdoutIsTerminal) ? yield* columns : undefined
  const stdio = yield* Effect.context<Stdio.Stdio>()
  const print = (text: string) => Effect.provide(Effect.ignore(Output.offer(`${text}\n`)), stdio)
  return CliOutput.Presenter.of({
    present: (event) => {
      switch (event._tag) {
        case "Help":
          return print(Help.format(event.helpDoc, width))
        case "Version":
          return print(Version.line)
        case "InvalidInvocation": {
          const [first] = event.errors
          if (first === undefined) return Effect.void
          const told = Console.error(`line-items: ${Usage.describe(first)}`)
          const [, name = ""] = event.commandPath
          return args.includes("--json") && summarized.has(name)
            ? Effect.andThen(told, Effect.provide(Effect.ignore(Output.unbegun()), stdio))
            : told
        }
      }
    }
  })
})

/** `-v` is for `--verbose`. */
const version = GlobalFlag.Action({
  flag: Flag.Boolean("version").pipe(
    Flag.withAlias("V"),
    Flag.withDefault(false),
    Flag.withDescription("Show the versions of this program, of Node and of Effect")
  ),
  run: GlobalFlag.Version.run
})

const completions = GlobalFlag.Action({
  flag: GlobalFlag.Completions.flag.pipe(
    Flag.withMetavar("bash|zsh|fish"),
    Flag.withDescription("Print a script that completes commands, flags, files and job ids in this shell")
  ),
  run: (shell, { command }) =>
    Option.match(shell, {
      onNone: () => Effect.void,
      onSome: (shell) =>
        Effect.flatMap(
          load(() => [import("./Completion.ts")]),
          ([Completion]) => Console.log(Completion.script(command, shell))
        )
    })
})

/** Effect's wizard asks for every flag one after the other, so it is not offered. */
export const config = CliConfig.make({
  builtIns: [GlobalFlag.Help, version, completions, GlobalFlag.LogLevel]
})

type Services = Command.Environment | Process | Secrets.Secrets

const runWith = (args: ReadonlyArray<string>) =>
  Command.runWith(command, { version: packageJson.version })(args)

/** Runs the command with the arguments of the process. Succeeds with the exit code. */
export const run = Effect.flatMap(Stdio.Stdio, ({ args }) => Effect.flatMap(args, runWith)).pipe(
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
  Effect.provideServiceEffect(CliOutput.Presenter, presenter),
  Effect.provideService(CliConfig.CliConfig, config),
  // The standard output is for results.
  Effect.provideService(Logger.LogToStderr, true),
  Effect.provideService(Logger.CurrentLoggers, new Set([Log.make()])),
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  Secrets.unprinted
)
