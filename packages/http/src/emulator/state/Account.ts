/**
 * The account of an emulator: the state that requests act upon, and its settings.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Crm from "./Crm.ts"
import type * as Objects from "./Objects.ts"
import type * as FaultPlan from "../passage/FaultPlan.ts"
import type * as Journal from "../Journal.ts"
import type * as Ledger from "../Ledger.ts"
import type * as Quota from "./Quota.ts"
import type * as SearchIndex from "./SearchIndex.ts"
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
  /** What a search finds of its records. */
  readonly index: SearchIndex.SearchIndex
  readonly objects: Objects.Objects
  readonly ledger: Ledger.Ledger
  readonly quota: Quota.Quota
  readonly tokens: Tokens.Tokens
  readonly latency: Latency | undefined
  readonly timeZone: string
  readonly adminKey: Redacted.Redacted<string>
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
 * The account that a request is for. The routes are the same for all accounts, and made once.
 *
 * @category services
 * @since 0.1.0
 */
export class Served extends Context.Service<Served, Account>()("@effect-hubspot/http/emulator/Served") {}

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
