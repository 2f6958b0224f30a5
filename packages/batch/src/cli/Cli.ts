/**
 * The command `line-items`: its subcommands, and what their ends mean to a shell.
 *
 * Every wrong use is one line on the standard error and exit code 2; help is printed when asked for.
 */
import { type BaseUrl, Credentials, LineItems } from "@effect-hubspot/http"
import { ErrorBody } from "@effect-hubspot/schema"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Argument from "effect/cli/Argument"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as DoubtStrategy from "../DoubtStrategy.ts"
import * as KeyProperty from "../KeyProperty.ts"
import * as Report from "../Report.ts"
import * as Store from "../Store.ts"
import { homedir } from "node:os"
import * as Stores from "../Stores.ts"
import packageJson from "../../package.json" with { type: "json" }
import * as Demo from "./Demo.ts"
import * as DurableImport from "./DurableImport.ts"
import { Exit } from "./Exit.ts"
import * as Flags from "./Flags.ts"
import * as Import from "./Import.ts"
import * as Jobs from "./Jobs.ts"
import * as Log from "./Log.ts"
import * as Output from "./Output.ts"
import * as Resolve from "./Resolve.ts"
import * as Retry from "./Retry.ts"
import * as Serve from "./Serve.ts"
import * as Watch from "./Watch.ts"
import * as Worker from "./Worker.ts"

/** Ends a command with this code; the lines it had to say are said. */
const exitWith = (code: number) => (code === 0 ? Effect.void : Effect.fail(new Exit({ code, lines: [] })))

const usage = (line: string) => new Exit({ code: Report.exitCodes.usage, lines: [line] })

/** HubSpot with the token of the environment. */
interface Connection {
  readonly baseUrl: Option.Option<string>
  readonly timeout: Duration.Duration
  readonly limit?: number | "auto"
}

const connectionOf = (flags: Connection) => ({
  baseUrl: Option.getOrUndefined(flags.baseUrl),
  limit: flags.limit,
  timeout: flags.timeout
})

const transport = Layer.merge(NodeHttpClient.layerUndici, Credentials.Credentials.layerConfig)

const hubspot = (flags: Connection) =>
  Layer.provide(LineItems.LineItems.layer(connectionOf(flags)), transport)

/** The same for a durable job: within the limits that all who use its database share. */
const hubspotOfJob = (flags: Connection, jobId: string) =>
  Layer.unwrap(
    Effect.map(DurableImport.supposedAccount(jobId), (supposed) =>
      LineItems.LineItems.layerAccount({ ...connectionOf(flags), supposed })
    )
  ).pipe(Layer.provide(transport))

/** What keeps the layers below a command from being built. */
type Unbuilt = Credentials.CredentialsError | BaseUrl.InvalidBaseUrl | Store.StoreError

const explained = (error: Unbuilt): Exit => {
  switch (error._tag) {
    case "CredentialsError":
      return new Exit({ code: Report.exitCodes.credentials, lines: [error.message] })
    case "InvalidBaseUrl":
      return usage(`--base-url: ${error.message}`)
    case "StoreError":
      return new Exit({ code: Report.exitCodes.store, lines: [error.message] })
  }
}

// -----------------------------------------------------------------------------
// import
// -----------------------------------------------------------------------------

const file = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.optional, Flag.withMetavar("file"), Flag.withDescription(description))

const input = Argument.String("input").pipe(
  Argument.withDescription('A CSV, NDJSON or JSON file, or "-" for the standard input')
)

/** How rows are read and created. */
const what = {
  format: Flags.format,
  batchSize: Flags.batchSize,
  strategy: Flags.strategy,
  verifyRejections: Flags.verifyRejections,
  keyProperty: Flags.keyProperty.pipe(Flag.optional),
  keyColumn: Flags.keyColumn.pipe(Flag.optional)
}

const whatOf = (flags: {
  readonly input: string
  readonly format: Option.Option<"csv" | "ndjson" | "json">
  readonly batchSize: number
  readonly strategy: keyof typeof Flags.strategies
  readonly verifyRejections: boolean
  readonly keyProperty: Option.Option<string>
  readonly keyColumn: Option.Option<string>
}): Effect.Effect<Omit<Import.Options, "rejects" | "doubts">, Exit> =>
  flags.verifyRejections && flags.strategy !== "fail-visible"
    ? Effect.fail(usage(`--verify-rejections is for fail-visible; ${flags.strategy} goes its own way`))
    : Effect.succeed({
        input: flags.input === "-" ? "stdin" : { path: flags.input },
        format: Option.getOrUndefined(flags.format),
        batchSize: flags.batchSize,
        strategy: flags.verifyRejections
          ? DoubtStrategy.failVisibleVerified()
          : Flags.strategies[flags.strategy],
        keyProperty: Option.getOrUndefined(flags.keyProperty),
        keyColumn: Option.getOrUndefined(flags.keyColumn)
      })

const importCommand = Command.make(
  "import",
  {
    input,
    emulator: Flag.Boolean("emulator").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Import into a HubSpot inside this process; nothing leaves the machine")
    ),
    baseUrl: Flags.baseUrl,
    limit: Flags.limit,
    concurrency: Flags.concurrency,
    timeout: Flags.timeout,
    latency: Flags.latency,
    rejects: file("rejects", "Write rows that were not created here, with the reason, ready to be corrected"),
    doubts: file("doubts", "Write rows that HubSpot may or may not have here"),
    ...what,
    job: Flags.jobId,
    stateDir: Flags.stateDir,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    if (flags.emulator && Option.isSome(flags.baseUrl)) {
      return yield* usage("--emulator and --base-url exclude each other; give one")
    }
    if (!flags.emulator && Option.isSome(flags.latency)) {
      return yield* usage("--latency is the emulator's; give --emulator, or leave it out")
    }
    const what: Import.Options = {
      ...(yield* whatOf(flags)),
      rejects: Option.getOrUndefined(flags.rejects),
      doubts: Option.getOrUndefined(flags.doubts),
      concurrency: flags.concurrency
    }
    const { keyProperty } = what
    const jobId = Option.getOrUndefined(flags.job)
    if (jobId === undefined && Option.isSome(flags.stateDir)) {
      return yield* usage("--state-dir is for durable imports; give --job <id> as well")
    }
    if (jobId !== undefined && flags.emulator) {
      return yield* usage(
        "--emulator forgets everything when it ends, so a job on it cannot be resumed; run line-items serve and give --base-url"
      )
    }
    const show = shown(flags.json)
    const importing =
      jobId === undefined
        ? Import.run(what, show)
        : Effect.andThen(
            DurableImport.plan({ ...what, jobId }),
            DurableImport.carryOn({ ...what, jobId, check: false }, show)
          ).pipe(Effect.provide(Layer.provideMerge(hubspotOfJob(flags, jobId), jobsIn(flags))))
    const { code } = yield* importing.pipe(
      Effect.scoped,
      Effect.provide(
        flags.emulator
          ? LineItems.LineItems.layer({ limit: flags.limit, timeout: flags.timeout }).pipe(
              Layer.provide(embedded(Option.getOrUndefined(flags.latency), keyProperty))
            )
          : hubspot(flags)
      ),
      Effect.mapError((error) => (error._tag === "Exit" ? error : explained(error)))
    )
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Create a line item for every row of a file. The token comes from HUBSPOT_ACCESS_TOKEN. A column is a property by its internal name; deal_id, quote_id, … name the parent."
  ),
  Command.withExamples([
    {
      command: "line-items import items.csv --rejects rejects.csv",
      description: "Import, and keep what failed"
    },
    { command: "line-items import items.csv --emulator", description: "Try a file without HubSpot" },
    { command: "cat items.ndjson | line-items import - --json", description: "From a pipe, for a script" }
  ])
)

/** The embedded HubSpot, with a token that is good nowhere else. */
const embedded = (
  latency: { readonly min: number; readonly max: number } | undefined,
  keyProperty?: string | undefined
) =>
  Layer.merge(
    Emulator.layer({ latency, uniqueProperties: keyProperty === undefined ? [] : [keyProperty] }),
    Layer.orDie(Credentials.Credentials.layer(Redacted.make("embedded-emulator")))
  )

// -----------------------------------------------------------------------------
// jobs
// -----------------------------------------------------------------------------

const shown =
  (json: boolean) =>
  ({ name, promise, summary }: Pick<Import.Imported, "name" | "summary" | "promise">) =>
    Output.line(json ? JSON.stringify(summary) : Report.toText(name, summary, promise))

/** Where jobs are kept. */
interface Kept {
  readonly stateDir: Option.Option<string>
  readonly databaseUrl?: Option.Option<Flags.Database>
}

/** The database of many, if it is one: that of the environment only where nothing else was given. */
const databaseOf = ({ databaseUrl = Option.none(), stateDir }: Kept): Option.Option<Flags.Database> =>
  Option.filter(databaseUrl, ({ isAmbient }) => !isAmbient || Option.isNone(stateDir))

/** In a database of many, or in one of this user. */
const jobsIn = (flags: Kept) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { stateDir } = flags
      const database = databaseOf(flags)
      if (Option.isSome(database)) {
        if (Option.isSome(stateDir)) {
          return yield* usage("--state-dir and --database-url exclude each other; give one")
        }
        return Layer.provide(Stores.layerSql, Store.layerPostgres({ url: database.value.url }))
      }
      if (Option.isSome(stateDir)) return Stores.layerLocal({ stateDir: stateDir.value })
      const state = yield* Config.String("XDG_STATE_HOME").pipe(
        Effect.orElseSucceed(() => ""),
        Effect.map((dir) => (dir.startsWith("/") ? dir : `${homedir()}/.local/state`))
      )
      return Stores.layerLocal({ stateDir: `${state}/line-items` })
    })
  )

/** Jobs in a database of many are run by its workers. */
const runBy = (flags: Kept): Jobs.RunBy => (Option.isSome(databaseOf(flags)) ? "workers" : "processes")

/** Where jobs are looked for. */
const kept = { stateDir: Flags.stateDir, databaseUrl: Flag.optional(Flags.databaseUrl) }

const resumeCommand = Command.make(
  "resume",
  {
    job: Flags.job,
    baseUrl: Flags.baseUrl,
    limit: Flags.limit,
    concurrency: Flags.concurrency,
    timeout: Flags.timeout,
    rejects: file("rejects", "Write rows that were not created here, of all runs of the job"),
    doubts: file("doubts", "Write rows that HubSpot may or may not have here"),
    ...kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    if (runBy(flags) === "workers") {
      const writes = Option.isSome(flags.rejects) || Option.isSome(flags.doubts)
      const isOver = yield* onStore(flags, Jobs.requestResume(flags.job, { json: flags.json, writes }))
      // Workers run it. What it came to is told here, once it is over.
      if (!isOver) return
    }
    const { code } = yield* DurableImport.carryOn(
      {
        jobId: flags.job,
        check: true,
        concurrency: flags.concurrency,
        rejects: Option.getOrUndefined(flags.rejects),
        doubts: Option.getOrUndefined(flags.doubts)
      },
      shown(flags.json)
    ).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(hubspotOfJob(flags, flags.job), jobsIn(flags))),
      Effect.mapError((error) => (error._tag === "Exit" ? error : explained(error)))
    )
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Go on with a durable import where it stopped. What was under way when it stopped is in doubt, and is dealt with by the job's strategy"
  ),
  Command.withExamples([{ command: "line-items resume q3", description: "The import with --job q3" }])
)

const resolveCommand = Command.make(
  "resolve",
  {
    job: Flags.job,
    apply: Flag.Boolean("apply").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Write down what was found; without it nothing is changed")
    ),
    baseUrl: Flags.baseUrl,
    timeout: Flags.timeout,
    ...kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const code = yield* Resolve.run(flags.job, { apply: flags.apply, json: flags.json }).pipe(
      Effect.provide(Layer.provideMerge(hubspotOfJob(flags, flags.job), jobsIn(flags))),
      Effect.mapError((error) => (error._tag === "Exit" ? error : explained(error)))
    )
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Look for the rows of a durable import that are in doubt, and say what they are. It sends nothing and deletes nothing"
  ),
  Command.withExamples([
    { command: "line-items resolve q3", description: "Look, and propose" },
    { command: "line-items resolve q3 --apply", description: "Look, and write down what was found" }
  ])
)

const retryCommand = Command.make(
  "retry",
  {
    job: Flags.job,
    file: Argument.String("file").pipe(
      Argument.withDescription("Rows of its --rejects file, corrected; each with its _line")
    ),
    as: Flags.jobId.pipe(
      Flag.withDescription(
        "The id of the retry, itself a durable import (default <first job>-retry-1, -2, …)"
      )
    ),
    baseUrl: Flags.baseUrl,
    limit: Flags.limit,
    concurrency: Flags.concurrency,
    timeout: Flags.timeout,
    rejects: file("rejects", "Write rows that were not created this time here, ready to be corrected"),
    doubts: file("doubts", "Write rows that HubSpot may or may not have here"),
    ...kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const submits = runBy(flags) === "workers"
    if (submits && (Option.isSome(flags.rejects) || Option.isSome(flags.doubts))) {
      return yield* usage(
        "workers write no files: give --rejects and --doubts to line-items resume, once the retry is over"
      )
    }
    const code = yield* Retry.run(
      {
        jobId: flags.job,
        path: flags.file,
        as: Option.getOrUndefined(flags.as),
        concurrency: flags.concurrency,
        rejects: Option.getOrUndefined(flags.rejects),
        doubts: Option.getOrUndefined(flags.doubts)
      },
      (planned) =>
        submits
          ? Effect.as(DurableImport.submitted(planned.jobId, flags.json), 0)
          : Effect.map(
              DurableImport.carryOn({ ...planned, check: false }, shown(flags.json)),
              ({ code }) => code
            )
    ).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(hubspotOfJob(flags, flags.job), jobsIn(flags))),
      Effect.mapError((error) => (error._tag === "Exit" ? error : explained(error)))
    )
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Send rows of a durable import that were not created again, corrected, as an import of its own with the same strategy, keys and account. A row that was created, or may be, is refused before anything is sent"
  ),
  Command.withExamples([
    {
      command: "line-items retry q3 rejects.csv --rejects again.csv",
      description: "What import --job q3 --rejects rejects.csv left, corrected"
    }
  ])
)

const onStore = <A, R>(where: Parameters<typeof jobsIn>[0], effect: Effect.Effect<A, Exit, R>) =>
  effect.pipe(
    Effect.provide(jobsIn(where)),
    Effect.mapError((error) => (error._tag === "Exit" ? error : explained(error)))
  )

const jobsCommand = Command.make(
  "jobs",
  { ...kept, json: Flags.json },
  Effect.fnUntraced(function* (flags) {
    yield* onStore(flags, Jobs.list(flags.json))
  })
).pipe(
  Command.withDescription(
    "The durable imports that are kept here, the newest first; a thousand of them at most"
  )
)

const statusCommand = Command.make(
  "status",
  {
    job: Flags.job,
    watch: Flag.Boolean("watch").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Follow the job until it is over, or nobody runs it")
    ),
    ...kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const { job, json, watch } = flags
    if (!watch) return yield* onStore(flags, Jobs.status(job, json, runBy(flags)))
    return yield* exitWith(yield* onStore(flags, Watch.run(job, json, runBy(flags))))
  })
).pipe(
  Command.withDescription("How far a durable import is"),
  Command.withExamples([
    { command: "line-items status q3 --watch", description: "Beside the terminal that runs it" }
  ])
)

const cancelCommand = Command.make(
  "cancel",
  { job: Flags.job, ...kept, json: Flags.json },
  Effect.fnUntraced(function* (flags) {
    yield* onStore(flags, Jobs.cancel(flags.job, flags.json, runBy(flags)))
  })
).pipe(
  Command.withDescription(
    "End a durable import: what has not been sent is not sent any more. A run under way stops within seconds"
  )
)

const forgetCommand = Command.make(
  "forget",
  {
    olderThan: Flags.olderThan,
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Say which jobs these are, and delete nothing")
    ),
    ...kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    yield* onStore(flags, Jobs.forget(flags))
  })
).pipe(
  Command.withDescription(
    "Delete durable imports that ended this long ago, with their rows and outcomes. A job goes together with all its retries; what is not over stays"
  ),
  Command.withExamples([
    { command: "line-items forget --older-than 30d --dry-run", description: "Look first" }
  ])
)

// -----------------------------------------------------------------------------
// submit, worker
// -----------------------------------------------------------------------------

const submitCommand = Command.make(
  "submit",
  {
    input,
    job: Flags.requiredJobId,
    databaseUrl: Flags.databaseUrl,
    ...what,
    baseUrl: Flags.baseUrl,
    limit: Flags.limit,
    timeout: Flags.timeout,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const what = { ...(yield* whatOf(flags)), jobId: flags.job, rejects: undefined, doubts: undefined }
    yield* Effect.andThen(DurableImport.plan(what), DurableImport.submitted(flags.job, flags.json)).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.provideMerge(
          hubspotOfJob(flags, flags.job),
          jobsIn({ stateDir: Option.none(), databaseUrl: Option.some(flags.databaseUrl) })
        )
      ),
      Effect.mapError((error) => (error._tag === "Exit" ? error : explained(error)))
    )
  })
).pipe(
  Command.withDescription("Write an import down in a PostgreSQL database, for its workers to run"),
  Command.withExamples([
    {
      command: "line-items submit items.csv --job q3",
      description: "With the database in LINE_ITEMS_DATABASE_URL"
    }
  ])
)

const workerCommand = Command.make(
  "worker",
  {
    databaseUrl: Flags.databaseUrl,
    host: Flags.host,
    port: Flags.workerPort,
    listenHost: Flags.listenHost,
    baseUrl: Flags.baseUrl,
    limit: Flags.limit,
    concurrency: Flags.concurrency,
    timeout: Flags.timeout,
    json: Flags.json
  },
  Effect.fnUntraced(function* ({ databaseUrl, ...flags }) {
    return yield* Worker.run({
      ...flags,
      transport: NodeHttpClient.layerUndici,
      listenHost: Option.getOrUndefined(flags.listenHost),
      baseUrl: Option.getOrUndefined(flags.baseUrl)
    }).pipe(
      Effect.provide(Store.layerPostgres({ url: databaseUrl.url })),
      Effect.mapError((error) => (error._tag === "Exit" ? error : explained(error)))
    )
  })
).pipe(
  Command.withDescription(
    "Run the jobs of a PostgreSQL database, together with its other workers. Tokens come from HUBSPOT_ACCESS_TOKEN, or for one account from HUBSPOT_ACCESS_TOKEN_<account>"
  ),
  Command.withExamples([
    {
      command: "line-items worker --port 34431",
      description: "With the database in LINE_ITEMS_DATABASE_URL"
    }
  ])
)

// -----------------------------------------------------------------------------
// serve, demo
// -----------------------------------------------------------------------------

const serveCommand = Command.make(
  "serve",
  {
    port: Flags.port,
    limit: Flags.serverLimit,
    latency: Flags.latency,
    token: Flag.Redacted("token").pipe(
      Flag.optional,
      Flag.withDescription("The only access token that is good; without it any well-formed one is")
    ),
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const token = Option.getOrUndefined(flags.token)
    if (token !== undefined) {
      yield* Effect.mapError(Credentials.check(token, "--token"), ({ message }) => usage(message))
    }
    return yield* Serve.run({
      port: flags.port,
      limit: flags.limit,
      latency: Option.getOrUndefined(flags.latency),
      token,
      json: flags.json
    })
  })
).pipe(
  Command.withDescription("Run a local HubSpot (emulator) on this machine"),
  Command.withExamples([{ command: "line-items serve --port 4010", description: "On a fixed port" }])
)

const setupKeyCommand = Command.make(
  "setup-key",
  { keyProperty: Flags.keyProperty, baseUrl: Flags.baseUrl, timeout: Flags.timeout },
  Effect.fnUntraced(function* (flags) {
    yield* Effect.gen(function* () {
      // One that is there already has to prove itself like a new one.
      yield* Effect.catchReason(
        KeyProperty.define(flags.keyProperty),
        "HubSpotError",
        "Conflict",
        () => Effect.void
      )
      yield* KeyProperty.prove(flags.keyProperty, "unique")
      yield* Console.log(
        `property "${flags.keyProperty}" holds keys: line-items import … --strategy guard --key-property ${flags.keyProperty}`
      )
    }).pipe(
      Effect.provide(hubspot(flags)),
      Effect.mapError((error) => {
        switch (error._tag) {
          case "KeyUnusable":
            return usage(error.message)
          case "HubSpotError":
            return new Exit({ code: Report.exitCodeOf(error), lines: [error.message] })
          default:
            return explained(error)
        }
      })
    )
  })
).pipe(
  Command.withDescription(
    "Define a property with unique values, which the strategies guard and upsert need, and prove it"
  ),
  Command.withExamples([
    { command: "line-items setup-key --key-property import_key", description: "Once for each account" }
  ])
)

const demoCommand = Command.make("demo", {}, () =>
  Demo.run.pipe(
    Effect.scoped,
    Effect.provide(
      LineItems.LineItems.layer({ limit: "auto" }).pipe(Layer.provideMerge(embedded(Demo.latency)))
    ),
    Effect.catchTag("InvalidBaseUrl", Effect.die),
    Effect.flatMap(exitWith)
  )
).pipe(
  Command.withDescription("Import a sample of 10,000 rows into the embedded HubSpot and check the result")
)

const command = Command.make("line-items").pipe(
  Command.withDescription("Create HubSpot CRM line items in bulk, with one true outcome per row"),
  Command.withSubcommands([
    importCommand,
    resumeCommand,
    retryCommand,
    jobsCommand,
    statusCommand,
    cancelCommand,
    forgetCommand,
    resolveCommand,
    submitCommand,
    workerCommand,
    serveCommand,
    setupKeyCommand,
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
      // It may hold a password, so what was given is not shown.
      if (error.value === Flags.hidden) return `${error.option}: what was given is not ${error.expected}`
      return `${name}: ${JSON.stringify(error.value)} is not ${error.expected.replaceAll('" | "', '" or "')}`
    }
    default:
      return error.message.replace(/\s*\n\s*/g, " ")
  }
}

/** One line: what follows the first mistake is often only its consequence (`--timeout -5s`). */
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
  // The standard output is for what was asked for.
  Effect.provideService(Logger.LogToStderr, true),
  Effect.provideService(Logger.CurrentLoggers, new Set([Log.make()])),
  Effect.provideService(References.MinimumLogLevel, "Warn")
)
