/**
 * The account of an emulator: the state that requests act upon, and its settings.
 *
 * @since 0.1.0
 */
import type * as Scope from "effect/Scope"
import type * as Crm from "./Crm.ts"
import type * as Objects from "./Objects.ts"
import type * as FaultPlan from "../passage/FaultPlan.ts"
import type * as Journal from "../Journal.ts"
import type * as Ledger from "../Ledger.ts"
import type * as Quota from "./Quota.ts"
import type * as Tasks from "./Tasks.ts"
import type * as Tokens from "./Tokens.ts"

/**
 * The state that requests act upon, and its settings. `scopes` and `faults` can be replaced at run time. `asynchronous` is
 * a second plan, which makes batches tasks. Work that outlives its request runs in `scope`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Account {
  readonly crm: Crm.Crm
  readonly objects: Objects.Objects
  readonly ledger: Ledger.Ledger
  readonly quota: Quota.Quota
  readonly tokens: Tokens.Tokens
  readonly latency: Latency | undefined
  readonly journal: Journal.Journal
  readonly tasks: Tasks.Tasks
  readonly scope: Scope.Scope
  readonly asynchronous: FaultPlan.FaultPlan
  faults: FaultPlan.FaultPlan
  scopes: ReadonlySet<string>
  /** How many requests without a good token asked for an unknown path, or for a token in vain. */
  strangers: number
}

/**
 * The time one request takes, in milliseconds, drawn uniformly.
 *
 * @category models
 * @since 0.1.0
 */
export interface Latency {
  readonly min: number
  readonly max: number
}
