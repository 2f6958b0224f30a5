/**
 * What a person who watches the emulator wants to see now: the newest line items and requests, the limits, the faults
 * and the scopes.
 *
 * It is small, however much has happened: it holds the newest entries only, with the first associations of each, and long
 * values are shortened. The ledger and the journal have everything.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as Faults from "../Faults.ts"
import * as Journal from "../Journal.ts"
import * as Ledger from "../Ledger.ts"
import * as Requirements from "../passage/Requirements.ts"
import type { Account } from "../state/Account.ts"
import * as Quota from "../state/Quota.ts"

/** So many line items and requests are shown. */
const shown = 100

/** Longer values are shortened to this, in characters. */
const longest = 200

/** So many associations of a line item are shown. */
const mostAssociations = 20

const latest = <S extends Schema.Top>(one: S) =>
  Schema.Struct({ total: Schema.Int, latest: Schema.Array(one) })

/**
 * The overview. Lists begin with the newest. Times are in epoch milliseconds or ISO 8601.
 *
 * `lineItems` are the line items as they are now, `created` what the ledger holds of their creation. `total` counts the
 * forgotten ones too. `definitions` is the number of properties that line items have.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Overview = Schema.Struct({
  at: Schema.Finite,
  window: Schema.Struct({ used: Schema.Int, limit: Schema.Int, millis: Schema.Int }),
  day: Schema.Struct({ used: Schema.Int, limit: Schema.Int, resetsAt: Schema.Finite }),
  lineItems: latest(
    Schema.Struct({
      id: Schema.String,
      properties: Schema.Record(Schema.String, Schema.String),
      associations: Schema.Array(Association.Association),
      createdAt: Schema.String,
      updatedAt: Schema.String,
      archived: Schema.Boolean
    })
  ),
  created: latest(Ledger.Created),
  requests: latest(Journal.Entry),
  unauthorized: Schema.Int,
  faults: Schema.Array(Schema.Struct({ rule: Faults.Rule, met: Schema.Int, struck: Schema.Int })),
  scopes: Schema.Struct({ granted: Schema.Array(Schema.String), known: Schema.Array(Schema.String) }),
  definitions: Schema.Int
})

/**
 * @category models
 * @since 0.1.0
 */
export type Overview = typeof Overview.Type

/**
 * The overview of this moment.
 *
 * @category reading
 * @since 0.1.0
 */
export const read = (account: Account): Effect.Effect<Overview> =>
  Effect.map(Clock.currentTimeMillis, (at): Overview => {
    const { crm, faults, journal, ledger, quota } = account
    const forgotten = journal.forgotten()
    const counts = faults.counts()
    return {
      at,
      window: { ...quota.window(at), millis: Quota.windowMillis },
      day: quota.day(at),
      lineItems: {
        total: crm.lineItems.forgotten() + crm.lineItems.size(),
        latest: crm.lineItems
          .last(shown)
          .toReversed()
          .map(({ archived, associations, createdAt, id, properties, updatedAt }) => ({
            id,
            properties: Record.map(properties, shortened),
            associations: few(associations),
            createdAt,
            updatedAt,
            archived: archived !== undefined
          }))
      },
      created: {
        total: ledger.total(),
        latest: ledger
          .last(shown)
          .toReversed()
          .map(({ associations, objectWriteTraceId, properties, ...created }) => ({
            ...created,
            objectWriteTraceId: objectWriteTraceId === null ? null : shortened(objectWriteTraceId),
            properties: Record.map(properties, shortened),
            associations: few(associations)
          }))
      },
      requests: {
        total: forgotten.requests + journal.size(),
        latest: journal
          .last(shown)
          .toReversed()
          .map((request) => ({ ...request, path: shortened(request.path) }))
      },
      unauthorized: forgotten.unauthorized,
      faults: faults.plan.rules.map((rule, index) => ({ rule, ...counts[index]! })),
      scopes: {
        granted: [...account.scopes],
        known: [...new Set([...Requirements.allScopes, ...account.scopes])]
      },
      definitions: crm.properties.size
    }
  })

const few = <A>(associations: ReadonlyArray<A>): ReadonlyArray<A> => associations.slice(0, mostAssociations)

const shortened = (value: string): string => (value.length > longest ? `${value.slice(0, longest)}…` : value)
