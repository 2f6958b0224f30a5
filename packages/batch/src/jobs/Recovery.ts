/**
 * The state of inputs by the log of earlier runs: they have an outcome, are in doubt, or were provably not executed and may
 * be sent.
 *
 * Pure. An attempt without an end may have been executed: the run ended while it was under way. Only the proof that the
 * input was created ends a doubt. A rejection after a doubt does not: HubSpot may reject the input because it exists.
 */
import type { Entry, Logged, Unfinished } from "../engine/AttemptLog.ts"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import type { Evidence } from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"

type Outcome<I> = BatchRunner.BatchOutcome<I>

/** Every input is in exactly one of `known`, `open` and `unfinished`. */
export interface Recovered<I> {
  /** Outcomes, doubts among them. */
  readonly known: ReadonlyArray<BatchRunner.ItemOutcome<I>>
  /** Inputs that may be sent. */
  readonly open: ReadonlyArray<Item<I>>
  /** Attempts that HubSpot had accepted and not finished, with their inputs in doubt. */
  readonly unfinished: ReadonlyArray<{
    readonly attempt: Logged & { readonly unfinished: Unfinished }
    readonly items: ReadonlyArray<Item<I>>
  }>
  /** All inputs in doubt, with the time of their first attempt, in milliseconds since 1970. */
  readonly doubts: ReadonlyArray<{ readonly item: Item<I>; readonly sinceMillis: number }>
}

/** An input on its way through the attempts at it. */
interface Trace<I> {
  readonly item: Item<I>
  outcome?: Outcome<I> | undefined
  sinceMillis?: number
  last?: Logged
}

/** `attempts` in the order in which they were begun; those about other inputs do no harm. */
export const recover = <I>(
  items: ReadonlyArray<Item<I>>,
  attempts: ReadonlyArray<Logged>,
  /** Whether doubts were sent again, so that an input may have been created twice. */
  resendsDoubts: boolean
): Recovered<I> => {
  const byIndex = new Map(items.map((item): [number, Trace<I>] => [item.index, { item }]))
  for (const attempt of attempts) {
    const entries = new Map(attempt.end?.outcomes.map((entry) => [entry.index, entry]))
    for (const index of attempt.inputs) {
      const trace = byIndex.get(index)
      if (trace === undefined) continue
      trace.sinceMillis ??= attempt.begunAtMillis
      if (trace.outcome?._tag === "Created") continue
      trace.last = attempt
      trace.outcome = after(trace, attempt, entries.get(index), resendsDoubts)
    }
  }
  const traces = [...byIndex.values()]
  const doubts = traces.filter(({ outcome }) => outcome?._tag === "InDoubt")
  const unfinished = attempts.filter(isUnfinished).flatMap((attempt) => {
    const items = doubts.filter(({ last }) => last === attempt).map(({ item }) => item)
    return items.length === 0 ? [] : [{ attempt, items }]
  })
  const followed = new Set(unfinished.flatMap(({ items }) => items))
  return {
    known: traces.flatMap(({ item, outcome }) =>
      outcome === undefined || followed.has(item) ? [] : [{ item, outcome }]
    ),
    open: traces.flatMap(({ item, outcome }) => (outcome === undefined ? [item] : [])),
    unfinished,
    doubts: doubts.map(({ item, sinceMillis = 0 }) => ({ item, sinceMillis }))
  }
}

/** The outcome of an input after one more attempt at it. */
const after = <I>(
  { item: { index, objectWriteTraceId, source }, outcome: before }: Trace<I>,
  { end }: Logged,
  entry: Entry | undefined,
  resendsDoubts: boolean
): Outcome<I> | undefined => {
  const sent = { source, index, objectWriteTraceId }
  const doubt = (evidence: Evidence): Outcome<I> => ({ _tag: "InDoubt", ...sent, evidence })
  const recovered = (text: string) => doubt({ _tag: "Recovered", text })
  switch (entry?._tag) {
    case "Created": {
      const { id, via } = entry
      const possibleDuplicate = entry.possibleDuplicate || (resendsDoubts && before?._tag === "InDoubt")
      return { _tag: "Created", ...sent, id, object: { id }, via, possibleDuplicate }
    }
    case "Rejected": {
      const { category, problems, verifiedAbsent } = entry
      return before?._tag === "InDoubt"
        ? doubt({ _tag: "Unverified", category, problems })
        : { _tag: "Rejected", ...sent, category, problems, verifiedAbsent }
    }
    case "InDoubt":
      return recovered(entry.evidence.text)
  }
  if (end === undefined) return recovered("the import ended while it was being sent")
  return end.acceptance === "InDoubt" || end.acceptance === "Accepted"
    ? recovered(`an earlier attempt was not answered (${end.reason ?? "no reason"})`)
    : before
}

const isUnfinished = (attempt: Logged): attempt is Logged & { readonly unfinished: Unfinished } =>
  attempt.end === undefined && attempt.unfinished !== undefined
