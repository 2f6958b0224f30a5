/**
 * `line-items doctor`: whether an import can work from here: the token and its scopes, the account and its limits, the clock,
 * the jobs' database, Node.
 *
 * It reads. The one request that could write carries no input, so that HubSpot says whether the token may create.
 */
import { Credentials } from "@effect-hubspot/http"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import type { TokenKind } from "@effect-hubspot/http/HubSpotError"
import type { Operation } from "@effect-hubspot/http/Operation"
import * as Operations from "@effect-hubspot/http/Operations"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import * as KeyProperty from "../doubt/KeyProperty.ts"
import * as JobStore from "../jobs/JobStore.ts"
import * as Connection from "./Connection.ts"
import * as Json from "./Json.ts"
import { Exit, refused } from "./Exit.ts"
import { Process } from "./Process.ts"
import * as Report from "./Report.ts"

/** One thing that was looked at. `advice` says what to do, where the detail does not. */
export interface Check {
  readonly name: string
  readonly status: "ok" | "warning" | "problem"
  readonly detail: string
  readonly advice?: string
}

export interface Options extends Connection.Connection, Connection.Kept {
  readonly keyProperty: Option.Option<string>
}

interface Found extends Check {
  /** The exit code of a problem. */
  readonly code?: number
}

const ok = (name: string, detail: string): Found => ({ name, status: "ok", detail })

const warning = (name: string, detail: string, advice: string): Found => ({
  name,
  status: "warning",
  detail,
  advice
})

/** The line of an error says mostly what to do. */
const problem = (name: string, { code, lines }: Exit, advice?: string): Found => ({
  name,
  status: "problem",
  detail: lines.join(" "),
  ...(advice !== undefined && { advice }),
  code
})

/** The checks, and the exit code: that of the gravest problem. */
export const run = Effect.fnUntraced(function* (options: Options) {
  const { nodeVersion } = yield* Process
  const found: ReadonlyArray<Found> = [
    node(nodeVersion),
    yield* database(options),
    ...(yield* hubspot(options))
  ]
  const codes = found.flatMap(({ code }) => code ?? [])
  const { credentials, done, store, suspended, usage } = Report.exitCodes
  return {
    code: [credentials, store, suspended, usage].find((code) => codes.includes(code)) ?? done,
    report: found.map(Struct.omit(["code"]))
  }
})

/** The oldest Node that the command is made for. */
const oldestNode = [22, 19] as const

const node = (version: string): Found => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])
  return isOld
    ? warning("Node", version, `install Node ${oldestNode.join(".")} or a newer one`)
    : ok("Node", version)
}

const database = (options: Options) =>
  Effect.flatMap(JobStore.JobStore, (jobs) => Effect.mapError(jobs.list({ limit: 1 }), refused)).pipe(
    (look) => Connection.onStore(options, look),
    Effect.match({
      onSuccess: (jobs) => ok("database of jobs", jobs.length === 0 ? "no jobs yet" : "can be read"),
      onFailure: (exit) =>
        problem("database of jobs", exit, "give another --state-dir or --database-url, or repair it")
    })
  )

const hubspot = Effect.fnUntraced(function* (options: Options) {
  const last = yield* Ref.make(Headers.empty)
  const watched = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.tap((response) => Ref.set(last, response.headers))
    )
  ).pipe(Layer.provide(Connection.transport))
  return yield* account(options, Ref.get(last)).pipe(
    Effect.scoped,
    Effect.provide(Connection.hubspot(options, watched)),
    Effect.catch((error) => Effect.succeed([problem("token", refused(error))]))
  )
})

const kinds: Readonly<Record<TokenKind, string>> = {
  privateApp: "of a private app",
  oauth: "of OAuth",
  apiKey: "an old API key",
  personalAccessKey: "a personal access key of the developer tools",
  unknown: "of an unknown kind"
}

const account = Effect.fnUntraced(function* (options: Options, headers: Effect.Effect<Headers.Headers>) {
  const { execute } = yield* HubSpotClient
  const token = yield* Effect.result(
    Effect.flatMap(Credentials.Credentials, (credentials) => credentials.token)
  )
  if (Result.isFailure(token)) return [problem("token", refused(token.failure))]
  const kind = kinds[Credentials.kindOf(token.success)]
  const details = yield* Effect.result(execute(Operations.accountDetails))
  const answered = yield* headers
  const now = yield* Clock.currentTimeMillis
  if (Result.isFailure(details)) {
    const { failure } = details
    if (failure.reason._tag === "Unauthorized") return [problem("token", refused(failure))]
    if (failure.ends !== "credentials") return [ok("token", kind), unanswered("HubSpot", failure)]
  }
  return [
    ok("token", kind),
    Result.isSuccess(details)
      ? ok(
          "account",
          [
            details.success.portalId,
            details.success.accountType,
            details.success.timeZone,
            details.success.companyCurrency
          ]
            .filter((part) => part !== undefined)
            .join(", ")
        )
      : warning("account", details.failure.message, "without it the day of the daily limit is not known"),
    ...clock(answered, now),
    ...limits(answered),
    ...(yield* Effect.forEach(needed, ([name, operation]) => scope(name, execute(operation)))),
    ...(yield* keyProperty(options))
  ]
})

const unanswered = (name: string, error: HubSpotError): Found =>
  problem(name, refused(error), "check the network, the proxy and status.hubspot.com, or give --base-url")

/** What an import asks of HubSpot. Nothing is created of no inputs, and a token without the scope is refused before. */
const needed: ReadonlyArray<readonly [name: string, operation: Operation<unknown>]> = [
  ["scope to read line items", Operations.list({ limit: 1 })],
  ["scope to create line items", Operations.batchCreate({ inputs: [] })],
  ["scope to read properties", Operations.listProperties]
]

const scope = (name: string, asked: Effect.Effect<unknown, HubSpotError>) =>
  Effect.match(asked, {
    onSuccess: () => ok(name, "granted"),
    onFailure: (error) => {
      if (error.reason._tag === "Forbidden") return problem(name, refused(error))
      return error.acceptance === "NotAccepted" ? ok(name, "granted") : unanswered(name, error)
    }
  })

/** So far the clocks may be apart. */
const mostApartMillis = 60_000

const clock = (headers: Headers.Headers, now: number): ReadonlyArray<Found> => {
  const date = Date.parse(Option.getOrElse(Headers.get(headers, "date"), () => ""))
  if (Number.isNaN(date)) return []
  const apart = Math.round((now - date) / 1000)
  return [
    Math.abs(now - date) <= mostApartMillis
      ? ok("clock", "as HubSpot's")
      : warning(
          "clock",
          `${Math.abs(apart)} s ${apart > 0 ? "ahead of" : "behind"} HubSpot's`,
          "set the clock of this machine: times of jobs and of the daily limit go by it"
        )
  ]
}

const limits = (headers: Headers.Headers): ReadonlyArray<Found> => {
  const count = (name: string) => Option.getOrUndefined(Headers.get(headers, `x-hubspot-ratelimit-${name}`))
  const [window, daily, left] = [count("max"), count("daily"), count("daily-remaining")]
  const isLow = daily !== undefined && left !== undefined && Number(left) < Number(daily) / 10
  return [
    ...(window === undefined ? [] : [ok("limit", `${window} requests per 10 s`)]),
    ...(daily === undefined || left === undefined
      ? []
      : isLow
        ? [
            warning(
              "daily limit",
              `${left} of ${daily} left`,
              "a request carries 100 rows; wait for midnight in the account's time zone for more"
            )
          ]
        : [ok("daily limit", `${left} of ${daily} left`)])
  ]
}

const keyProperty = ({ keyProperty }: Options) =>
  Option.match(keyProperty, {
    onNone: () => Effect.succeed([]),
    onSome: (name) =>
      Effect.match(KeyProperty.inspect(name, "unique"), {
        onSuccess: () => [ok("key property", `${name} has unique values; setup-key proves it`)],
        onFailure: (error) => [problem("key property", refused(error))]
      })
  })

const marks = { ok: "ok", warning: "warning", problem: "PROBLEM" } as const

/** The checks for a script. */
export const toJson = (report: ReadonlyArray<Check>): string => Json.text(Json.Diagnosis, report)

/** A line for each check, and below it what to do. */
export const toText = (checks: ReadonlyArray<Check>): string => {
  const width = Math.max(...checks.map(({ name }) => name.length))
  return checks
    .map(({ advice, detail, name, status }) =>
      [
        `${marks[status].padEnd(8)} ${name.padEnd(width)}  ${detail}`,
        ...(advice === undefined ? [] : [`${" ".repeat(9)}${" ".repeat(width)}  → ${advice}`])
      ].join("\n")
    )
    .join("\n")
}
