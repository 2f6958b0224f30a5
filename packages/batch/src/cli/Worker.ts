/**
 * `line-items worker`: a process of the cluster that runs the jobs of a database, until it is interrupted.
 */
import { type BaseUrl, Credentials } from "@effect-hubspot/http"
import * as HubSpotClient from "@effect-hubspot/http/HubSpotClient"
import type { RateLimitStore } from "@effect-hubspot/http/RateLimitStore"
import * as RateLimits from "@effect-hubspot/http/RateLimits"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import type { FileSystem } from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type { Path } from "effect/Path"
import * as Predicate from "effect/Predicate"
import { ImportRuntime, layerCluster } from "../cluster/ImportRuntime.ts"
import type * as ImportWorkflow from "../cluster/ImportWorkflow.ts"
import * as Json from "./Json.ts"
import * as Progress from "./Progress.ts"
import * as Report from "./Report.ts"
import { Exit } from "./Exit.ts"
import * as Log from "./Log.ts"
import * as Output from "./Output.ts"
import { Process } from "./Process.ts"
import type { Secrets } from "./Secrets.ts"
import * as Tokens from "./Tokens.ts"
import * as Database from "../sql/Database.ts"
import { describeSqlError } from "../model/StoreFailure.ts"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError } from "effect/sql/SqlError"
import type { SocketServerError } from "effect/socket/SocketServer"
import type { Stdio } from "effect/Stdio"

/** The address of a worker, and its way to HubSpot. */
export interface Options {
  readonly host: string
  readonly port: number
  readonly listenHost: string | undefined
  readonly baseUrl: Option.Option<string>
  readonly limit: number | "auto"
  readonly concurrency: number | "auto"
  readonly stopWhenAllRejected: boolean
  readonly timeout: Duration.Duration
  readonly transport: Layer.Layer<HttpClient>
  readonly tokenFile: Option.Option<string>
  readonly json: boolean
}

const general = "HUBSPOT_ACCESS_TOKEN"

type Token = Layer.Layer<Credentials.Credentials, Credentials.CredentialsError>

/** A token for an account; the general one stands in for those that have none of their own. */
const credentialsOf = (account: string, standIn: Token): Token => {
  const own = `${general}_${account}`
  return Layer.unwrap(
    Config.Redacted(own).pipe(
      Effect.map((token) => Credentials.layer(token, own)),
      Effect.orElseSucceed(() => standIn)
    )
  )
}

/** The general token. Refuses to begin without any token. OAuth's is one for all accounts: its refresh token is one. */
const generalToken = Effect.fnUntraced(function* (options: Options) {
  if ((yield* Tokens.oauth(options)) === undefined) {
    const provider = yield* ConfigProvider.ConfigProvider
    const named = yield* Effect.orElseSucceed(provider.load(general.split("_")), () => undefined)
    // The name of an account's own token begins with the general one's.
    if (named?._tag === "Record" && named.keys.size > 0) return Credentials.layerConfig
  }
  return Layer.succeedContext(
    yield* Layer.build(Layer.provide(Tokens.layer(options), options.transport))
  ) as Token
})

/** Requests to an account, within the limits that all workers share. */
const account =
  ({ baseUrl, limit, timeout, transport }: Options, standIn: Token) =>
  (
    account: string
  ): Layer.Layer<
    HubSpotClient.HubSpotClient | RateLimits.RateLimits,
    Credentials.CredentialsError | BaseUrl.InvalidBaseUrl,
    RateLimitStore
  > =>
    HubSpotClient.layer({ baseUrl: Option.getOrUndefined(baseUrl), timeout }).pipe(
      Layer.provideMerge(RateLimits.layerStore({ account, limit, timeout })),
      Layer.provide([transport, credentialsOf(account, standIn)])
    )

/** The end of a run, for people. */
const described = ({ end, jobId }: ImportWorkflow.Run): string => {
  switch (end?._tag) {
    case undefined:
      return `${jobId}: running`
    case "Complete":
      return `${jobId}: done`
    case "Canceled":
      return `${jobId}: canceled`
    case "Suspended":
      return `${jobId}: suspended: ${end.suspension.message}`
    case "Stopped":
    case "Left":
      return `${jobId}: handed to the other workers`
    case "Fenced":
    case "AccountUnavailable":
      return `${jobId}: ${end.message}`
  }
}

/** A database that does not answer must not keep the process for ever. */
const endedByForce = Effect.gen(function* () {
  yield* Effect.sleep("5 seconds")
  yield* Console.error(
    "line-items: the database does not answer; attempts without a recorded answer are in doubt"
  )
  yield* (yield* Process).exit(Report.exitCodes.interrupted)
})

const unlistenable = ({ host, listenHost = host, port }: Options, { message, reason }: SocketServerError) => {
  const code = Predicate.hasProperty(reason.cause, "code") ? String(reason.cause.code) : message
  return code === "EADDRINUSE"
    ? `port ${port} is in use; choose another with --port`
    : `${listenHost}:${port} cannot be listened on (${code}); give another --host or --port, or an address of this machine with --listen`
}

/** Works until interrupted. Then it waits for the requests under way, until it is interrupted once more. */
export const run = (
  options: Options
): Effect.Effect<
  never,
  Exit | Database.DatabaseError | Credentials.CredentialsError | BaseUrl.InvalidBaseUrl,
  SqlClient | Stdio | Process | FileSystem | Path | Secrets
> =>
  Effect.gen(function* () {
    const standIn = yield* generalToken(options)
    const self = yield* Process
    const { host, json, port } = options
    const told = ({ end, epoch, jobId }: ImportWorkflow.Run) =>
      Effect.ignore(
        Output.line(
          json
            ? Json.text(Json.Run, { job: jobId, run: epoch, state: end?._tag ?? "Running" })
            : described({ end, epoch, jobId })
        )
      )
    const stdio = yield* Effect.context<Stdio>()
    // A cluster that ends logs that it has no runners; that needs no attention.
    let stopping = false
    const log = Log.make()
    const logger = Logger.make<unknown, void>((entry) => (stopping ? undefined : log.log(entry)))
    return yield* Effect.gen(function* () {
      const runtime = yield* ImportRuntime
      yield* Output.line(
        json
          ? Json.text(Json.Worker, { worker: { host, port, pid: self.holder.pid } })
          : `worker at ${host}:${port}, for the jobs of this database (Ctrl-C to stop)`
      )
      return yield* Effect.onInterrupt(
        Effect.never,
        Effect.fnUntraced(function* () {
          stopping = true
          yield* Console.error(`line-items: ${Progress.stopping}`)
          yield* Effect.forkDetach(Effect.andThen(self.signaled, endedByForce))
          yield* Effect.raceFirst(runtime.leave, Effect.andThen(self.signaled, runtime.abandon))
        })
      )
    }).pipe(
      Effect.provide(
        layerCluster({
          ...options,
          account: account(options, standIn),
          onRun: (run) => Effect.provide(told(run), stdio)
        })
      ),
      Effect.provideService(Logger.CurrentLoggers, new Set([logger])),
      // Effect's workflow engine makes its own tables, and fails with a defect there.
      Effect.catchDefect((defect) =>
        isSqlError(defect)
          ? Effect.fail(
              new Database.DatabaseError({
                reason: "Unwritable",
                detail: describeSqlError(defect),
                cause: defect
              })
            )
          : Effect.die(defect)
      ),
      Effect.catchTag("SocketServerError", (error) =>
        Effect.fail(
          new Exit({
            code: Report.exitCodes.usage,
            lines: [unlistenable(options, error)]
          })
        )
      )
    )
  }).pipe(Effect.scoped)
