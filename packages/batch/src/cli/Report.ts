/**
 * The summary of an import: counts, status and exit code, as an object for scripts and as text for people.
 *
 * It adds up outcomes; it does not judge them.
 *
 * @since 0.1.0
 */
import type { Ends, HubSpotError } from "@effect-hubspot/http/HubSpotError"
import type { BatchStatus } from "@effect-hubspot/schema/BatchStatus"
import * as DateTime from "effect/DateTime"
import * as StoreFailure from "../model/StoreFailure.ts"
import type * as Job from "../jobs/Job.ts"
import * as Colour from "./Colour.ts"
import { type NotSentReason, type Outcome, resumeAtMillis } from "../model/Outcome.ts"

/**
 * Outcomes counted by kind, and requests. `inputs` are the inputs read.
 *
 * @category models
 * @since 0.1.0
 */
export interface Counts extends Omit<Job.Counts, "open" | "batches" | "settledBatches"> {
  readonly requests: number
}

/**
 * @category constants
 * @since 0.1.0
 */
export const zero: Counts = {
  inputs: 0,
  created: 0,
  rejected: 0,
  invalid: 0,
  notSent: 0,
  inDoubt: 0,
  possibleDuplicates: 0,
  requests: 0
}

const fields = {
  Created: "created",
  Rejected: "rejected",
  Invalid: "invalid",
  NotSent: "notSent",
  InDoubt: "inDoubt"
} as const satisfies Record<Outcome<unknown>["_tag"], keyof Counts>

/**
 * The counts with some more outcomes.
 *
 * @category counting
 * @since 0.1.0
 */
export const add = (counts: Counts, outcomes: Iterable<Outcome<unknown>>): Counts => {
  const sum = { ...counts }
  for (const outcome of outcomes) {
    sum[fields[outcome._tag]]++
    if (outcome._tag === "Created" && outcome.possibleDuplicate) sum.possibleDuplicates++
  }
  return sum
}

/**
 * How an import ended, beside its counts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ending {
  /** Stopped by the user. */
  readonly interrupted: boolean
  /** Why inputs were not sent, if HubSpot or the network was the reason. */
  readonly reason: NotSentReason | undefined
  /** Whether the inputs are a durable job's, which `resume` can go on with. Default: no. */
  readonly isJob?: boolean
  /** When the rest is sent by itself, if that is written down. Default: what HubSpot said. */
  readonly resumeAtMillis?: number | undefined
  /** The input ended in an error after some of it was sent. */
  readonly unreadable: boolean
  /** A file of ours could not be written. */
  readonly unwritable: boolean
}

/**
 * The object that `--json` prints. `status` is `COMPLETE` when every row has its outcome, `CANCELED` when the user or a fatal
 * error stopped the import, `PROCESSING` when it is suspended and can go on later.
 *
 * @category models
 * @since 0.1.0
 */
export interface Summary extends Omit<Counts, "possibleDuplicates"> {
  readonly status: BatchStatus
  /** Left out when there are none. */
  readonly possibleDuplicates?: number
  readonly elapsedMs: number
  readonly suspended?: { readonly reason: string; readonly resumeAt: string | null }
}

/**
 * The summary at the time `nowMillis`, in milliseconds since 1970.
 *
 * @category constructors
 * @since 0.1.0
 */
export const summarize = (
  counts: Counts,
  ending: Ending,
  { elapsedMs, nowMillis }: { readonly elapsedMs: number; readonly nowMillis: number }
): Summary => {
  const { created, inDoubt, inputs, invalid, notSent, possibleDuplicates, rejected, requests } = counts
  const suspended = ending.interrupted ? undefined : canGoOn(ending)
  const canceled =
    ending.interrupted ||
    ending.unreadable ||
    ending.unwritable ||
    ending.reason?._tag === "Halted" ||
    ending.reason?._tag === "AllRejected"
  return {
    status: canceled ? "CANCELED" : suspended !== undefined ? "PROCESSING" : "COMPLETE",
    inputs,
    created,
    rejected,
    invalid,
    notSent,
    inDoubt,
    requests,
    elapsedMs,
    ...(possibleDuplicates > 0 && { possibleDuplicates }),
    ...(suspended !== undefined && {
      suspended: {
        reason: causeOf(suspended),
        resumeAt: isoOf(
          ending.resumeAtMillis ??
            (suspended._tag === "Unlogged" || suspended._tag === "AllRejected"
              ? undefined
              : resumeAtMillis(suspended.error, nowMillis))
        )
      }
    })
  }
}

/**
 * The summary of an import that did not begin: it sent nothing. With the reason, if it can be given again later.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unbegun = (suspended: string | undefined): Summary => {
  const { possibleDuplicates: _, ...counts } = zero
  return {
    status: suspended === undefined ? "CANCELED" : "PROCESSING",
    ...counts,
    elapsedMs: 0,
    ...(suspended !== undefined && { suspended: { reason: suspended, resumeAt: null } })
  }
}

/** The reason, if the same import can send the rest later. */
const canGoOn = ({ isJob = false, reason }: Ending) =>
  reason?._tag === "Suspended" ||
  reason?._tag === "RetriesExhausted" ||
  reason?._tag === "Unlogged" ||
  (reason?._tag === "AllRejected" && isJob)
    ? reason
    : undefined

const causeOf = (reason: NonNullable<ReturnType<typeof canGoOn>>): string => {
  switch (reason._tag) {
    case "Suspended":
      return reason.cause
    case "AllRejected":
      return "operator"
    case "RetriesExhausted":
      return "retries"
    case "Unlogged":
      return StoreFailure.suspensionOf(reason.error)
  }
}

const isoOf = (millis: number | undefined): string | null =>
  millis === undefined ? null : DateTime.formatIso(DateTime.makeUnsafe(millis))

/**
 * The exit codes of the command, by name.
 *
 * @category constants
 * @since 0.1.0
 */
export const exitCodes = {
  done: 0,
  usage: 2,
  rejected: 3,
  inDoubt: 4,
  credentials: 5,
  brokenOff: 65,
  bug: 70,
  store: 74,
  suspended: 75,
  interrupted: 130
} as const

/**
 * The exit code of an import. Of all that apply the first of: interrupted 130, credentials 5, a file that
 * cannot be written 74, suspended 75, some in doubt 4, input that broke off after rows were sent 65, some rejected or invalid
 * 3, unreadable input or nothing sent 2, all created 0.
 *
 * @category constants
 * @since 0.1.0
 */
export const exitCode = (counts: Counts, ending: Ending): number => {
  if (ending.interrupted) return exitCodes.interrupted
  const { reason } = ending
  if (reason?._tag === "Halted" && reason.error.ends === "credentials") return exitCodes.credentials
  if (ending.unwritable || reason?._tag === "Unlogged") return exitCodes.store
  if (canGoOn(ending) !== undefined) return exitCodes.suspended
  if (counts.inDoubt > 0) return exitCodes.inDoubt
  if (ending.unreadable) return counts.created + counts.rejected > 0 ? exitCodes.brokenOff : exitCodes.usage
  if (counts.rejected + counts.invalid > 0) return exitCodes.rejected
  if (counts.notSent === 0) return exitCodes.done
  return counts.created === 0 ? exitCodes.usage : exitCodes.rejected
}

/**
 * The exit code when a request before the import failed.
 *
 * @category constants
 * @since 0.1.0
 */
export const exitCodeOf = ({ ends }: HubSpotError): number => exitCodesOf[ends]

const exitCodesOf = {
  parts: exitCodes.usage,
  job: exitCodes.usage,
  credentials: exitCodes.credentials,
  database: exitCodes.store,
  // A failure at HubSpot may pass.
  batch: exitCodes.suspended,
  quota: exitCodes.suspended,
  migration: exitCodes.suspended,
  network: exitCodes.suspended
} satisfies Record<Ends, number>

/** Made once it is needed: the first one costs a short command a tenth of its time. */
let grouped: Intl.NumberFormat | undefined

/**
 * A count with separators: `10,000`.
 *
 * @category formatting
 * @since 0.1.0
 */
export const format = (count: number): string =>
  Number.isInteger(count) && count >= 0 && count < 1000
    ? String(count)
    : (grouped ??= new Intl.NumberFormat("en-US")).format(count)

/**
 * So many things: `1 row`, `10,000 rows`.
 *
 * @category formatting
 * @since 0.1.0
 */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${format(number)} ${number === 1 ? one : many}`

/**
 * A time for people: `850 ms`, `4.2 s`, `3 min 5 s`.
 *
 * @category formatting
 * @since 0.1.0
 */
export const formatMillis = (millis: number): string => {
  const whole = Math.round(millis)
  if (whole < 1000) return `${whole} ms`
  if (whole < 59_950) return `${(whole / 1000).toFixed(1)} s`
  const seconds = Math.round(whole / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

const lines = [
  ["created", "created", "in HubSpot"],
  ["rejected", "rejected", "HubSpot refused them"],
  ["invalid", "invalid", "wrong in the file; never sent"],
  ["notSent", "not sent", "nothing is wrong with them; HubSpot does not have them"],
  ["inDoubt", "in doubt", "HubSpot may or may not have them"]
] as const

const colours = {
  created: "good",
  rejected: "bad",
  invalid: "bad",
  notSent: "unsure",
  inDoubt: "unsure"
} as const

/**
 * The summary as text. Kinds without a row are omitted, except `created`. `promise` is the strategy's promise for each row.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toText = (
  name: string,
  summary: Summary,
  promise?: string | undefined,
  paint: Colour.Paint = Colour.plain
): string => {
  const { possibleDuplicates = 0 } = summary
  const width = Math.max(...lines.map(([key]) => format(summary[key]).length), format(summary.inputs).length)
  const shown = lines
    .filter(([key]) => key === "created" || summary[key] > 0)
    .map(
      ([key, label, note]) =>
        [
          key,
          label,
          key === "created" && possibleDuplicates > 0
            ? `${note}, ${format(possibleDuplicates)} of them possibly twice`
            : note
        ] as const
    )
    .map(
      ([key, label, note]) =>
        `  ${paint(colours[key], `${label.padEnd(9)} ${format(summary[key]).padStart(width)}`)}   ${note}`
    )
  return [
    `${name}: ${count(summary.inputs, "row")} in ${formatMillis(summary.elapsedMs)}, ${count(summary.requests, "request")}`,
    ...shown,
    ...(promise === undefined ? [] : [`  each row ${promise}`])
  ].join("\n")
}
