/**
 * What a report says of an import, as data: counts, times, causes, and the first ids. It grows with what is told, and stays
 * small: a million rows take no more than ten thousand.
 *
 * Pure: the caller gives the times. It judges no outcome.
 */
import type * as BatchRunner from "../../engine/BatchRunner.ts"
import type * as Job from "../../jobs/Job.ts"
import * as Bins from "./Bins.ts"
import * as Causes from "./Causes.ts"
import * as Latencies from "./Latencies.ts"

/** The kinds of outcomes, in the order in which they are shown. */
export const kinds = ["created", "rejected", "invalid", "notSent", "inDoubt"] as const
export type Kind = (typeof kinds)[number]

export const kindOf = {
  Created: "created",
  Rejected: "rejected",
  Invalid: "invalid",
  NotSent: "notSent",
  InDoubt: "inDoubt"
} as const satisfies Record<Job.Entry["_tag"], Kind>

/** A request with rows, as it was sent and answered. */
export interface Attempt {
  readonly begunAtMillis: number
  /** Left out where it is not known. */
  readonly millis?: number | undefined
  readonly inputs: number
  /** Left out if the attempt has no end. */
  readonly acceptance?: "Accepted" | "NotAccepted" | "InDoubt" | undefined
  /** The tag of the error, if there was one. */
  readonly reason?: string | undefined
}

/** Requests that HubSpot did not accept, by their reason. */
export interface Refusal {
  readonly reason: string
  readonly acceptance: "NotAccepted" | "InDoubt" | "unknown"
  readonly requests: number
  readonly inputs: number
}

/** Times that rows waited for something. */
export interface Wait {
  readonly why: (BatchRunner.Event & { readonly _tag: "Waiting" })["why"]
  readonly times: number
  readonly inputs: number
  readonly longestMillis: number
}

export interface CreatedRow {
  readonly line: number
  readonly id: string
}

export interface Findings {
  readonly counts: Readonly<Record<Kind, number>>
  /** From the origin to the last thing that is known, in milliseconds. */
  readonly spanMillis: number
  readonly over: Readonly<Record<Kind, Bins.Bins>>
  readonly sent: Bins.Bins
  readonly attempts: { readonly requests: number; readonly accepted: number; readonly inputs: number }
  readonly latencies: Latencies.Latencies
  readonly refusals: ReadonlyArray<Refusal>
  readonly waits: ReadonlyArray<Wait>
  readonly causes: ReadonlyArray<Causes.Cause>
  /** Those with the smallest lines. */
  readonly created: ReadonlyArray<CreatedRow>
}

/** The ids that are shown. */
export const mostIds = 1000

/** Reasons that are told apart. */
const mostReasons = 40

/** Findings that grow. `redact` removes secrets from texts. */
export const make = (originMillis: number, redact: (text: string) => string) => {
  const counts = { created: 0, rejected: 0, invalid: 0, notSent: 0, inDoubt: 0 }
  const bins = () => Bins.make(originMillis)
  const over = { created: bins(), rejected: bins(), invalid: bins(), notSent: bins(), inDoubt: bins() }
  const sent = bins()
  const attempts = { requests: 0, accepted: 0, inputs: 0 }
  const latencies = Latencies.make()
  const refusals = new Map<string, { -readonly [K in keyof Refusal]: Refusal[K] }>()
  const waits = new Map<Wait["why"], { -readonly [K in keyof Wait]: Wait[K] }>()
  const causes = Causes.make(redact)
  const created: Array<CreatedRow> = []
  let spanMillis = 0
  const seen = (atMillis: number) => {
    spanMillis = Math.max(spanMillis, atMillis - originMillis)
  }

  return {
    /** Outcomes of this kind, and when they became known if that is. */
    settled: (kind: Kind, count: number, atMillis: number | undefined): void => {
      counts[kind] += count
      if (count === 0 || atMillis === undefined) return
      Bins.add(over[kind], atMillis, count)
      seen(atMillis)
    },
    /** A row with its outcome, which `settled` counts. */
    row: (settled: Causes.Settled): void => {
      causes.add(settled)
      const { entry, line = settled.row.line } = settled
      if (entry._tag !== "Created") return
      const before = created.findLastIndex((row) => row.line <= line)
      if (before === mostIds - 1) return
      created.splice(before + 1, 0, { line, id: redact(entry.id).slice(0, 64) })
      if (created.length > mostIds) created.pop()
    },
    attempted: ({ acceptance, begunAtMillis, inputs, millis, reason }: Attempt): void => {
      attempts.requests++
      attempts.inputs += inputs
      Bins.add(sent, begunAtMillis)
      seen(begunAtMillis + (millis ?? 0))
      if (millis !== undefined) Latencies.add(latencies, millis)
      if (acceptance === "Accepted") {
        attempts.accepted++
        return
      }
      const what = acceptance ?? "unknown"
      const named = reason === undefined ? "No answer written down" : reason.slice(0, 64)
      const key = refusals.size < mostReasons || refusals.has(`${what} ${named}`) ? named : "Others"
      const known = refusals.get(`${what} ${key}`)
      if (known === undefined) {
        refusals.set(`${what} ${key}`, { reason: key, acceptance: what, requests: 1, inputs })
      } else {
        known.requests++
        known.inputs += inputs
      }
    },
    waited: (inputs: number, millis: number, why: Wait["why"]): void => {
      const known = waits.get(why)
      if (known === undefined) waits.set(why, { why, times: 1, inputs, longestMillis: millis })
      else {
        known.times++
        known.inputs += inputs
        known.longestMillis = Math.max(known.longestMillis, millis)
      }
    },
    findings: (): Findings => ({
      counts,
      spanMillis,
      over,
      sent,
      attempts,
      latencies,
      refusals: [...refusals.values()].sort((a, b) => b.requests - a.requests),
      waits: [...waits.values()].sort((a, b) => b.times - a.times),
      causes: causes.all(),
      created
    })
  }
}

export type Growing = ReturnType<typeof make>
