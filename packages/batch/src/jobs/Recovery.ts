/**
 * What the log of earlier runs says of inputs: which have an outcome, which are in doubt, and which were provably
 * not executed and may be sent.
 *
 * Pure. An attempt without an end may have been executed: the run ended while it was under way. A doubt is undone by
 * nothing but the proof that the input was created; a rejection after it may only say that it was.
 */
import type { Logged, Unfinished } from "../engine/AttemptLog.ts"
import type * as BatchRunner from "../engine/BatchRunner.ts"
import type { InDoubt } from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"

/** Outcomes of some inputs, and the inputs that have none. */
export interface Recovered<I> {
  readonly known: ReadonlyArray<BatchRunner.BatchOutcome<I>>
  readonly open: ReadonlyArray<Item<I>>
  /** When an input was first sent, by index, in milliseconds since 1970. */
  readonly since: ReadonlyMap<number, number>
  /** Attempts that HubSpot had taken and not finished, with the inputs that nothing else is known of. */
  readonly unfinished: ReadonlyArray<{
    readonly attempt: Logged & { readonly unfinished: Unfinished }
    readonly items: ReadonlyArray<Item<I>>
  }>
}

/** `attempts` in the order in which they were begun; those about other inputs do no harm. */
export const recover = <I>(
  items: ReadonlyArray<Item<I>>,
  attempts: ReadonlyArray<Logged>,
  /** Whether what is in doubt was sent again, so that it may be there twice. */
  resendsDoubts: boolean
): Recovered<I> => {
  const byIndex = new Map(items.map((item) => [item.index, item]))
  const known = new Map<number, BatchRunner.BatchOutcome<I>>()
  const since = new Map<number, number>()
  const last = new Map<number, Logged>()
  for (const attempt of attempts) {
    const { begunAtMillis, end, inputs } = attempt
    const entries = new Map(end?.outcomes.map((entry) => [entry.index, entry]))
    for (const index of inputs) {
      const item = byIndex.get(index)
      if (item !== undefined && !since.has(index)) since.set(index, begunAtMillis)
      const before = known.get(index)
      if (item === undefined || before?._tag === "Created") continue
      last.set(index, attempt)
      const sent = { source: item.source, index, objectWriteTraceId: item.objectWriteTraceId }
      const doubt = (text: string): InDoubt<I> => ({
        _tag: "InDoubt",
        ...sent,
        evidence: { _tag: "Recovered", text }
      })
      const entry = entries.get(index)
      if (entry?._tag === "Created") {
        const { id, via } = entry
        const possibleDuplicate = entry.possibleDuplicate || (resendsDoubts && before?._tag === "InDoubt")
        known.set(index, { _tag: "Created", ...sent, id, object: { id }, via, possibleDuplicate })
      } else if (entry?._tag === "Rejected") {
        const { category, problems, verifiedAbsent } = entry
        known.set(
          index,
          before?._tag === "InDoubt"
            ? { ...before, evidence: { _tag: "Unverified", category, problems } }
            : { _tag: "Rejected", ...sent, category, problems, verifiedAbsent }
        )
      } else if (entry?._tag === "InDoubt") known.set(index, doubt(entry.evidence.text))
      else if (end === undefined) known.set(index, doubt("the import ended while it was being sent"))
      else if (end.acceptance === "InDoubt" || end.acceptance === "Accepted") {
        known.set(index, doubt(`an earlier attempt was not answered (${end.reason ?? "no reason"})`))
      }
    }
  }
  return {
    known: [...known.values()],
    open: items.filter(({ index }) => !known.has(index)),
    since,
    unfinished: attempts.filter(isUnfinished).flatMap((attempt) => {
      const left = items.filter(
        ({ index }) => last.get(index) === attempt && known.get(index)?._tag === "InDoubt"
      )
      return left.length === 0 ? [] : [{ attempt, items: left }]
    })
  }
}

const isUnfinished = (attempt: Logged): attempt is Logged & { readonly unfinished: Unfinished } =>
  attempt.end === undefined && attempt.unfinished !== undefined
