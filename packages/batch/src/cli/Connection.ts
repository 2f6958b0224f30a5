/**
 * What commands work on: HubSpot or the emulator in this process, and the database of the jobs.
 */
import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import type * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as UserDirectories from "effect/persistence/UserDirectories"
import type * as EmulatorProperties from "./EmulatorProperties.ts"
import { type Exit, type Refusal, refused, usage } from "./Exit.ts"
import type * as Flags from "./Flags.ts"
import type * as Jobs from "./Jobs.ts"
import { load } from "./load.ts"
import * as Tokens from "./Tokens.ts"

/** How HubSpot is reached. */
export interface Connection {
  readonly baseUrl: Option.Option<string>
  readonly timeout: Duration.Duration
  readonly limit?: number | "auto"
  readonly tokenFile: Option.Option<string>
}

const connectionOf = (flags: Connection) => ({
  baseUrl: Option.getOrUndefined(flags.baseUrl),
  limit: flags.limit,
  timeout: flags.timeout
})

/** The transport of requests: undici, which is made for Node's own sockets. Bun and Deno have their `fetch`. */
export const transport: Layer.Layer<HttpClient> = Layer.unwrap(
  "bun" in process.versions || "deno" in process.versions
    ? Effect.map(
        load(() => [import("effect/http/FetchHttpClient")]),
        ([FetchHttpClient]) => FetchHttpClient.layer
      )
    : Effect.map(
        load(() => [import("@effect/platform-node/NodeHttpClient")]),
        ([NodeHttpClient]) => NodeHttpClient.layerUndici
      )
)

/** The token of the environment, or OAuth's. */
const withToken = (flags: Connection, over: Layer.Layer<HttpClient> = transport) =>
  Layer.provideMerge(Tokens.layer(flags), over)

/** HubSpot with the token of the environment, or OAuth's. */
export const hubspot = (flags: Connection, over?: Layer.Layer<HttpClient>) =>
  LineItems.layer(connectionOf(flags)).pipe(Layer.provideMerge(withToken(flags, over)))

/** The same for a durable job, within the limits that all users of its database share. */
const hubspotOfJob = (flags: Connection, jobId: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const [DurableImport] = yield* load(() => [import("./DurableImport.ts")])
      const supposed = yield* DurableImport.supposedAccount(jobId)
      return LineItems.layerAccount({ ...connectionOf(flags), supposed })
    })
  ).pipe(Layer.provide(withToken(flags)))

/** The embedded HubSpot, with a token that is good nowhere else. */
const embedded = (latency: Emulator.Options["latency"], own: EmulatorProperties.Own) =>
  Layer.unwrap(
    Effect.map(
      load(() => [import("@effect-hubspot/http/emulator/Emulator")]),
      ([Emulator]) =>
        Layer.merge(
          Emulator.layer({ latency, ...own }),
          Layer.orDie(Credentials.layer(Redacted.make("embedded-emulator")))
        )
    )
  )

/** The client on the embedded HubSpot. */
export const emulator = (
  options: LineItems.Options,
  latency: Emulator.Options["latency"],
  own: EmulatorProperties.Own = {}
) => LineItems.layer(options).pipe(Layer.provideMerge(embedded(latency, own)))

/** Where jobs are kept. */
export interface Kept {
  readonly stateDir: Option.Option<string>
  readonly databaseUrl?: Option.Option<Flags.Database>
}

/** The shared database, if one is used: the environment's only where no flag names a place. */
const databaseOf = ({ databaseUrl = Option.none(), stateDir }: Kept): Option.Option<Flags.Database> =>
  Option.filter(databaseUrl, ({ isAmbient }) => !isAmbient || Option.isNone(stateDir))

/** A shared database, or this user's own. */
const jobsIn = (flags: Kept) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const [Database, Stores] = yield* load(() => [import("../sql/Database.ts"), import("../sql/Stores.ts")])
      const { stateDir } = flags
      const database = databaseOf(flags)
      if (Option.isSome(database)) {
        if (Option.isSome(stateDir)) {
          return yield* usage("--state-dir and --database-url exclude each other; give one")
        }
        return Layer.provide(Stores.layerSql, Database.layerPostgres({ url: database.value.url }))
      }
      const path = yield* Path.Path
      if (Option.isSome(stateDir)) return Stores.layerLocal({ stateDir: path.resolve(stateDir.value) })
      const directory = yield* Effect.mapError(UserDirectories.make().state("line-items"), ({ message }) =>
        usage(`${message}; give --state-dir`)
      )
      return Stores.layerLocal({ stateDir: directory })
    })
  )

/** Jobs in a shared database are run by its workers. */
export const runBy = (flags: Kept): Jobs.RunBy => (Option.isSome(databaseOf(flags)) ? "workers" : "processes")

/** Runs an effect on the database of the jobs. */
export const onStore = <A, R>(where: Kept, effect: Effect.Effect<A, Exit, R>) =>
  effect.pipe(Effect.provide(jobsIn(where)), Effect.mapError(refused))

/** The same with requests to HubSpot, within the limits that all users of the database share. */
export const onJob =
  (flags: Connection & Kept, jobId: string) =>
  <A, E extends Refusal, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(hubspotOfJob(flags, jobId), jobsIn(flags))),
      Effect.mapError(refused)
    )
