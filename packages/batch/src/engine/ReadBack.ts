/**
 * Reads records back whose results do not show which inputs they belong to, so that their content can be compared.
 *
 * A read changes nothing, so it is repeated for some minutes, through the limiter. It decides neither what is read nor to
 * whom a record belongs; both is for `Correlation`. Where HubSpot cannot be asked, the inputs stay as the reply leaves them.
 */
import * as Dispatch from "@effect-hubspot/http/Dispatch"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import * as Operations from "@effect-hubspot/http/Operations"
import type { CrmObject } from "@effect-hubspot/schema"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as BatchState from "../model/BatchState.ts"
import * as Correlation from "../model/Correlation.ts"
import type { Success } from "../model/Outcome.ts"
import type { Item } from "../model/Plan.ts"
import * as Event from "./Event.ts"
import type { RunnerContext } from "./RunnerContext.ts"

/** The waits between reads, in milliseconds. A record is there as soon as it has an id, so most often one read is enough. */
const waits = [1000, 2000, 4000, 8000, 15_000, 30_000, 30_000]

/** However long single reads take. */
const atMost = "3 minutes"

/** What the end of a batch says of its inputs, together with records that are read. */
export const account = Effect.fnUntraced(function* <In, S extends Success>(
  { client, limits, operation, options, report }: RunnerContext<In, S>,
  items: ReadonlyArray<Item<unknown, In>>,
  end: BatchState.End
): Effect.fn.Return<Correlation.Account> {
  const first = operation.account(items, end)
  const { ids, properties } = first.unread
  if (ids.length === 0) return first
  let account = first
  const records = new Map<string, CrmObject.CrmObject>()
  const ask = Dispatch.make({ client: Event.reporting(client, report), limits, policy: options.policy })

  /** Reads once, and says whether another read may show more. */
  const look = Effect.gen(function* () {
    const inputs = ids.map((id) => ({ id }))
    const { results } = yield* Effect.flatMap(Operations.batchRead({ inputs, properties }), ask)
    for (const record of results) records.set(record.id, record)
    const later = operation.account(items, Correlation.withRecords(end, records.values()))
    account = Correlation.refined(first, later)
    const strange = new Set(later.surplus.map(({ id }) => id))
    return ids.some((id) => !records.has(id) || strange.has(id))
  }).pipe(Effect.catch((error) => Effect.succeed(mayPass(error))))

  yield* Effect.gen(function* () {
    for (const millis of waits) {
      if (!(yield* look)) return
      const halted = yield* Effect.timeoutOption(Deferred.await(options.halt), millis)
      if (Option.isSome(halted)) return
    }
    yield* look
  }).pipe(
    Effect.timeoutOption(atMost),
    Effect.raceFirst(Deferred.await(options.abandon)),
    Effect.withSpan("ReadBack", {
      attributes: { "hubspot.inputs": items.length, "hubspot.records": ids.length }
    })
  )
  return account
})

/** Whether the next read may succeed: nothing has to be done about the token, the scopes or the quota first. */
const mayPass = ({ ends }: HubSpotError): boolean =>
  ends === "batch" || ends === "network" || ends === "database"
