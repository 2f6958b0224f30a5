/**
 * A strategy that goes by a key does not compile without its property. Nothing of it runs.
 */
import { BulkCreate, DoubtStrategy, Import } from "@effect-hubspot/batch"
import { connect } from "@effect-hubspot/batch/promise"
import { Result, Schema } from "effect"

export const keyed = [
  BulkCreate.outcomes({ strategy: DoubtStrategy.guard(), keyProperty: "import_key" }),
  BulkCreate.outcomes({ strategy: DoubtStrategy.failVisibleVerified(), keyProperty: "import_key" }),
  BulkCreate.outcomes({ strategy: DoubtStrategy.atLeastOnce() }),
  BulkCreate.outcomes({ keyProperty: "import_key" }),
  BulkCreate.outcomes()
]

// @ts-expect-error: guard goes by a key
export const guards = BulkCreate.outcomes({ strategy: DoubtStrategy.guard() })

// @ts-expect-error: so does upsert
export const upserts = BulkCreate.outcomes({ strategy: DoubtStrategy.upsert(), keyProperty: undefined })

// @ts-expect-error: and what looks up rejections
export const verifies = BulkCreate.forEach({ strategy: DoubtStrategy.failVisibleVerified() }, () => never)

declare const never: never
declare const anyStrategy: DoubtStrategy.DoubtStrategy

// @ts-expect-error: a strategy from outside is chosen with its property first
export const unchosen = BulkCreate.outcomes({ strategy: anyStrategy })

const orders = {
  id: "orders",
  codec: Schema.String,
  toInput: (name: string) => Result.succeed({ properties: { name } })
}

// @ts-expect-error: a durable job as well
export const submits = Import.submit({ ...orders, strategy: DoubtStrategy.reconcile() })

// @ts-expect-error: and the door without Effect
export const promised = connect({ token: "x" }).create([], { strategy: DoubtStrategy.guard() })
