/**
 * How a command ends when it does not end well: an exit code, and the lines to print before.
 */
import type { BaseUrl, Credentials } from "@effect-hubspot/http"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { KeyUnusable } from "../doubt/KeyProperty.ts"
import type { AttemptLogError } from "../engine/AttemptLog.ts"
import type { RejectsError } from "../files/Rejects.ts"
import type { SourceError } from "../files/Source.ts"
import type { InputChanged } from "../jobs/Frozen.ts"
import type { RunError } from "../jobs/Import.ts"
import type { IllegalRevision } from "../jobs/Job.ts"
import type { NotOver } from "../jobs/JobRetry.ts"
import type { AlreadySettled } from "../jobs/JobStore.ts"
import type { PlanError } from "../jobs/Planning.ts"
import type { DatabaseError } from "../sql/Database.ts"
import * as Report from "./Report.ts"

/** `lines` go to the standard error, each complete in itself. `suspended` is why the command can be given again later. */
export class Exit extends Schema.TaggedError<Exit>()("Exit", {
  code: Schema.Int,
  lines: Schema.Array(Schema.String),
  suspended: Schema.optionalKey(Schema.String)
}) {}

/** Ends a command with this code, after its lines were printed. */
export const exitWith = (code: number) =>
  code === 0 ? Effect.void : Effect.fail(new Exit({ code, lines: [] }))

/** The command was used wrongly. */
export const usage = (line: string) => new Exit({ code: Report.exitCodes.usage, lines: [line] })

/** The errors that can end a command. */
export type Refusal =
  | Exit
  | HubSpotError
  | AlreadySettled
  | AttemptLogError
  | Credentials.CredentialsError
  | BaseUrl.InvalidBaseUrl
  | DatabaseError
  | IllegalRevision
  | InputChanged
  | KeyUnusable
  | NotOver
  | PlanError
  | RejectsError
  | RunError
  | SourceError

const { credentials, store, suspended, usage: wrong } = Report.exitCodes

const codes = {
  AccountChanged: wrong,
  AlreadySettled: wrong,
  AttemptLogError: store,
  CredentialsError: credentials,
  DatabaseError: store,
  IllegalRevision: wrong,
  IllegalTransition: wrong,
  InputChanged: wrong,
  InvalidBaseUrl: wrong,
  JobBusy: suspended,
  JobExists: wrong,
  JobFenced: wrong,
  JobNotFound: wrong,
  JobStoreError: store,
  KeyUnusable: wrong,
  NotOver: wrong,
  OriginChanged: wrong,
  SourceError: wrong
} satisfies Record<Exclude<Refusal["_tag"], "Exit" | "HubSpotError" | "RejectsError">, number>

const codeOf = (error: Exclude<Refusal, Exit>): number => {
  if (error._tag === "HubSpotError") return Report.exitCodeOf(error)
  if (error._tag === "RejectsError") return error.reason === "Exists" ? wrong : store
  return codes[error._tag]
}

const lineOf = (error: Exclude<Refusal, Exit>): string => {
  switch (error._tag) {
    case "InvalidBaseUrl":
      return `--base-url: ${error.message}`
    case "OriginChanged":
      return `job "${error.jobId}" was planned for ${error.was}, not for ${error.is}; give --base-url ${error.was}`
    default:
      return error.message
  }
}

/** The end of a command by an error. */
export const refused = (error: Refusal): Exit => {
  if (error._tag === "Exit") return error
  const code = codeOf(error)
  const reason = error._tag !== "HubSpotError" ? "busy" : error.ends === "batch" ? "outage" : error.ends
  const lines = [lineOf(error), ...(error._tag === "SourceError" ? (error.also ?? []) : [])]
  return new Exit({ code, lines, ...(code === suspended && { suspended: reason }) })
}

/** The end of a command before it has sent a row: where HubSpot does not answer, the same command is right later. */
export const refusedBefore = (error: Refusal): Exit => {
  const exit = refused(error)
  if (error._tag !== "HubSpotError" || exit.suspended === undefined) return exit
  const advice = "this command has sent no row, so give it again once HubSpot answers"
  return new Exit({ ...exit, lines: exit.lines.map((line) => `${line}; ${advice}`) })
}
