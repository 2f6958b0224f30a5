/**
 * The commands about durable imports, and the worker that runs them.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { exitWith, refused, usage } from "./Exit.ts"
import * as Flags from "./Flags.ts"
import { load } from "./load.ts"
import * as Output from "./Output.ts"

const writesFiles = (
  files: Record<"created" | "doubts" | "rejects", Option.Option<string>> & {
    readonly report?: Option.Option<string>
  }
) => [files.created, files.doubts, files.rejects, files.report ?? Option.none()].some(Option.isSome)

export const resumeCommand = Command.make(
  "resume",
  {
    job: Flags.job,
    baseUrl: Flags.baseUrl,
    limit: Flags.limit,
    concurrency: Flags.concurrency,
    timeout: Flags.timeout,
    tokenFile: Flags.tokenFile,
    rejects: Flags.file("rejects", "Write the rows of all runs that were not created to this file"),
    doubts: Flags.file("doubts", "Write the rows in doubt to this file"),
    created: Flags.file("created", "Write the rows that were created to this file, with their ids"),
    report: Flags.report,
    keepGoing: Flags.keepGoing,
    restored: Flag.Boolean("restored").pipe(
      Flag.withDefault(false),
      Flag.withDescription(
        "The database is an old copy: rows that it has as not sent may have been sent since, and are in doubt"
      )
    ),
    ...Flags.kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const [Connection, DurableImport, JobRun, Jobs] = yield* load(() => [
      import("./Connection.ts"),
      import("./DurableImport.ts"),
      import("./JobRun.ts"),
      import("./Jobs.ts")
    ])
    const isByWorkers = Connection.runBy(flags) === "workers"
    if (isByWorkers && flags.keepGoing) {
      return yield* usage("workers run it: give --keep-going to line-items worker")
    }
    if (flags.restored) yield* Connection.onStore(flags, DurableImport.distrust(flags.job))
    if (isByWorkers) {
      const writes = writesFiles(flags)
      const isOver = yield* Connection.onStore(
        flags,
        Jobs.requestResume(flags.job, { json: flags.json, writes })
      )
      // Workers run it. Its summary is printed here once it is over.
      if (!isOver) return
    }
    const { code } = yield* Output.ofImport(flags.json, (show) =>
      JobRun.carryOn(
        {
          jobId: flags.job,
          check: true,
          concurrency: flags.concurrency,
          stopWhenAllRejected: !flags.keepGoing,
          rejects: Option.getOrUndefined(flags.rejects),
          doubts: Option.getOrUndefined(flags.doubts),
          created: Option.getOrUndefined(flags.created),
          report: Option.getOrUndefined(flags.report)
        },
        show
      ).pipe(Connection.onJob(flags, flags.job))
    )
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Go on with a durable import where it stopped. Rows that were under way then are in doubt; the job's strategy decides about them"
  ),
  Command.withExamples([
    { command: "line-items resume q3", description: "The import with --job q3" },
    {
      command: "line-items resume q3 --restored",
      description: "After its database was restored from a backup"
    }
  ])
)

export const retryCommand = Command.make(
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
    tokenFile: Flags.tokenFile,
    rejects: Flags.file(
      "rejects",
      "Write the rows that were not created this time to this file, ready to be corrected"
    ),
    doubts: Flags.file("doubts", "Write the rows in doubt to this file"),
    created: Flags.file("created", "Write the rows that were created to this file, with their ids"),
    keepGoing: Flags.keepGoing,
    ...Flags.kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const [Connection, DurableImport, JobRun, Retry] = yield* load(() => [
      import("./Connection.ts"),
      import("./DurableImport.ts"),
      import("./JobRun.ts"),
      import("./Retry.ts")
    ])
    const submits = Connection.runBy(flags) === "workers"
    if (submits && writesFiles(flags)) {
      return yield* usage(
        "workers write no files: give --rejects, --doubts and --created to line-items resume, once the retry is over"
      )
    }
    if (submits && flags.keepGoing) {
      return yield* usage("workers run it: give --keep-going to line-items worker")
    }
    const code = yield* Output.ofImport(flags.json, (show) =>
      Retry.run(
        {
          jobId: flags.job,
          path: flags.file,
          as: Option.getOrUndefined(flags.as),
          concurrency: flags.concurrency,
          stopWhenAllRejected: !flags.keepGoing,
          rejects: Option.getOrUndefined(flags.rejects),
          doubts: Option.getOrUndefined(flags.doubts),
          created: Option.getOrUndefined(flags.created)
        },
        (planned) =>
          submits
            ? Effect.as(DurableImport.submitted(planned.jobId, flags.json), 0)
            : Effect.map(JobRun.carryOn({ ...planned, check: false }, show), ({ code }) => code)
      ).pipe(Connection.onJob(flags, flags.job))
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
      description: "The corrected rejects of import --job q3 --rejects rejects.csv"
    }
  ])
)

export const resolveCommand = Command.make(
  "resolve",
  {
    job: Flags.job,
    apply: Flag.Boolean("apply").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Write the proposed outcomes down (default: only print them)")
    ),
    baseUrl: Flags.baseUrl,
    timeout: Flags.timeout,
    tokenFile: Flags.tokenFile,
    ...Flags.kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const [Connection, Resolve] = yield* load(() => [import("./Connection.ts"), import("./Resolve.ts")])
    const code = yield* Resolve.run(flags.job, { apply: flags.apply, json: flags.json }).pipe(
      Connection.onJob(flags, flags.job)
    )
    return yield* exitWith(code)
  })
).pipe(
  Command.withDescription(
    "Look for the rows of a durable import that are in doubt, and propose an outcome for each. It sends nothing and deletes nothing"
  ),
  Command.withExamples([
    { command: "line-items resolve q3", description: "Look, and propose" },
    { command: "line-items resolve q3 --apply", description: "Look, and write the outcomes down" }
  ])
)

export const reportCommand = Command.make(
  "report",
  {
    job: Flags.job,
    output: Flags.file("output", "The file to write (default <job>-report.html)"),
    limit: Flags.drawnLimit,
    ...Flags.kept
  },
  Effect.fnUntraced(function* (flags) {
    const [Connection, JobReport] = yield* load(() => [import("./Connection.ts"), import("./JobReport.ts")])
    const { job, limit, output } = flags
    const path = Option.getOrElse(output, () => `${job}-report.html`)
    yield* Connection.onStore(flags, JobReport.write(job, { path, limit: Option.getOrUndefined(limit) }))
  })
).pipe(
  Command.withDescription(
    "Write a page on a durable import as it is now: what came of the rows, with plots, causes and ids. It asks HubSpot nothing"
  ),
  Command.withExamples([
    { command: "line-items report q3", description: "Also after a crash" },
    { command: "line-items report q3 --limit 190", description: "With the account's limit in its plot" }
  ])
)

export const jobsCommand = Command.make(
  "jobs",
  { ...Flags.kept, json: Flags.json },
  Effect.fnUntraced(function* (flags) {
    const [Connection, Jobs] = yield* load(() => [import("./Connection.ts"), import("./Jobs.ts")])
    yield* Connection.onStore(flags, Jobs.list(flags.json))
  })
).pipe(Command.withDescription("List the durable imports of this database, the newest first, at most 1,000"))

export const statusCommand = Command.make(
  "status",
  {
    job: Flags.job,
    watch: Flag.Boolean("watch").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Follow the job until it is over or no process runs it")
    ),
    ...Flags.kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const [Connection, Jobs, Watch] = yield* load(() => [
      import("./Connection.ts"),
      import("./Jobs.ts"),
      import("./Watch.ts")
    ])
    const { job, json, watch } = flags
    if (!watch) return yield* Connection.onStore(flags, Jobs.status(job, json, Connection.runBy(flags)))
    return yield* exitWith(yield* Connection.onStore(flags, Watch.run(job, json, Connection.runBy(flags))))
  })
).pipe(
  Command.withDescription("Show the state and counts of a durable import"),
  Command.withExamples([
    { command: "line-items status q3 --watch", description: "Beside the terminal that runs it" }
  ])
)

export const cancelCommand = Command.make(
  "cancel",
  { job: Flags.job, ...Flags.kept, json: Flags.json },
  Effect.fnUntraced(function* (flags) {
    const [Connection, Jobs] = yield* load(() => [import("./Connection.ts"), import("./Jobs.ts")])
    yield* Connection.onStore(flags, Jobs.cancel(flags.job, flags.json, Connection.runBy(flags)))
  })
).pipe(
  Command.withDescription(
    "End a durable import: rows that were not sent stay unsent. A run under way stops within seconds"
  )
)

export const forgetCommand = Command.make(
  "forget",
  {
    olderThan: Flags.olderThan,
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDefault(false),
      Flag.withDescription("List these jobs, and delete nothing")
    ),
    ...Flags.kept,
    json: Flags.json
  },
  Effect.fnUntraced(function* (flags) {
    const [Connection, Jobs] = yield* load(() => [import("./Connection.ts"), import("./Jobs.ts")])
    yield* Connection.onStore(flags, Jobs.forget(flags))
  })
).pipe(
  Command.withDescription(
    "Delete durable imports that ended this long ago, with their rows and outcomes. A job is deleted together with its retries, and only if all of them are over"
  ),
  Command.withExamples([
    { command: "line-items forget --older-than 30d --dry-run", description: "Look first" }
  ])
)

export const workerCommand = Command.make(
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
    tokenFile: Flags.tokenFile,
    keepGoing: Flags.keepGoing,
    json: Flags.json
  },
  Effect.fnUntraced(function* ({ databaseUrl, keepGoing, ...flags }) {
    const [Connection, Database, Worker] = yield* load(() => [
      import("./Connection.ts"),
      import("../sql/Database.ts"),
      import("./Worker.ts")
    ])
    return yield* Worker.run({
      ...flags,
      stopWhenAllRejected: !keepGoing,
      transport: Connection.transport,
      listenHost: Option.getOrUndefined(flags.listenHost)
    }).pipe(Effect.provide(Database.layerPostgres({ url: databaseUrl.url })), Effect.mapError(refused))
  })
).pipe(
  Command.withDescription(
    "Run the jobs of a PostgreSQL database, together with its other workers. Tokens come from HUBSPOT_ACCESS_TOKEN, for one account from HUBSPOT_ACCESS_TOKEN_<account>, or from OAuth (--token-file)"
  ),
  Command.withExamples([
    {
      command: "line-items worker --port 34431",
      description: "With the database in LINE_ITEMS_DATABASE_URL"
    }
  ])
)
