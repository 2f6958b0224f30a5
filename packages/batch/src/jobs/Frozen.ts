/**
 * The part of a durable job that never changes, and whether the job may go on with a token, an input or a strategy that is
 * given later.
 *
 * Pure. A job is resumed with the same input, on the same account, and with the same strategy or a stricter one.
 *
 * @since 0.1.0
 */
import { InputIssue } from "@effect-hubspot/schema"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import { Dialect } from "../files/Dialect.ts"
import { FileFormat } from "../files/FileFormat.ts"

const duration = Schema.DurationFromMillis
const looking = { quiet: duration, reads: Schema.Int, spacing: duration, resends: Schema.Int }

/**
 * A `DoubtStrategy` as the store keeps it, with times in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Strategy = Schema.Union([
  Schema.TaggedStruct("failVisible", {
    verifyRejections: Schema.Union([Schema.Literal(false), Schema.Struct({ quiet: duration })])
  }),
  Schema.TaggedStruct("atLeastOnce", { resends: Schema.Int }),
  Schema.TaggedStruct("reconcile", looking),
  Schema.TaggedStruct("reconcileByParent", looking),
  Schema.TaggedStruct("guard", { quiet: duration, resends: Schema.Int }),
  Schema.TaggedStruct("upsert", { quiet: duration })
]) satisfies Schema.Codec<DoubtStrategy.DoubtStrategy, unknown>

/**
 * The job that a job retries, and the job that imported the file first: the two differ where a retry is retried. Rows are
 * identified by their lines in the file of `first`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RetryOf = Schema.Struct({ job: Schema.String, first: Schema.String })

/**
 * @category models
 * @since 0.1.0
 */
export interface RetryOf extends Schema.Schema.Type<typeof RetryOf> {}

/**
 * The settings that a job was planned with. `account` is the HubSpot portal's id, `origin` the address that requests go to.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Frozen = Schema.Struct({
  source: Schema.Struct({
    name: Schema.String,
    /** Absent for the standard input. */
    path: Schema.optionalKey(Schema.String)
  }),
  format: Schema.Literals(["csv", "ndjson", "json"]),
  /** Only of a CSV file that is not empty. */
  header: Schema.optionalKey(Schema.Array(Schema.String)),
  /** What was declared of the file. */
  declared: Schema.optionalKey(FileFormat),
  /** How the file is written, which its rejects file follows. */
  dialect: Schema.optionalKey(Dialect),
  batchSize: Schema.Int,
  strategy: Strategy,
  keyProperty: Schema.optionalKey(Schema.String),
  keyColumn: Schema.optionalKey(Schema.String),
  account: Schema.String,
  origin: Schema.String,
  /** Only of a job that sends rows of another job again, see `JobRetry`. */
  retryOf: Schema.optionalKey(RetryOf)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Frozen extends Schema.Schema.Type<typeof Frozen> {}

/**
 * The input is not the planned one. `line` is the first line that differs, where it is known.
 *
 * @category errors
 * @since 0.1.0
 */
export class InputChanged extends Schema.TaggedError<InputChanged>()("InputChanged", {
  name: Schema.String,
  was: Schema.String,
  is: Schema.String,
  line: Schema.optionalKey(Schema.Int)
}) {
  override get message(): string {
    const at = this.line === undefined ? "" : ` at line ${this.line}`
    const digests = `digest ${this.is.slice(0, 12)}, planned ${this.was.slice(0, 12)}`
    return `${InputIssue.quote(this.name)} differs from the planned input${at} (${digests}); resume without the file, or import it as a new job`
  }
}

/**
 * The token belongs to another account.
 *
 * @category errors
 * @since 0.1.0
 */
export class AccountChanged extends Schema.TaggedError<AccountChanged>()("AccountChanged", {
  was: Schema.String,
  is: Schema.String
}) {
  override get message(): string {
    return `the token belongs to account ${this.is}, the job was started on ${this.was}; use a token of account ${this.was}`
  }
}

/**
 * The strategy allows more than the planned one.
 *
 * @category errors
 * @since 0.1.0
 */
export class StrategyLoosened extends Schema.TaggedError<StrategyLoosened>()("StrategyLoosened", {
  was: Schema.String,
  is: Schema.String
}) {
  override get message(): string {
    return this.was === this.is
      ? `the job was planned with a stricter ${this.was}; resume without naming a strategy`
      : `the job was planned with ${this.was}, and ${this.is} is not stricter; resume without naming a strategy`
  }
}

/** The strategies that a strategy may become: they do not create twice, overwrite or conclude from absence any more often. */
const stricter: Readonly<
  Record<DoubtStrategy.DoubtStrategy["_tag"], ReadonlyArray<DoubtStrategy.DoubtStrategy["_tag"]>>
> = {
  atLeastOnce: ["reconcile", "reconcileByParent", "guard", "failVisible"],
  reconcile: ["guard", "failVisible"],
  reconcileByParent: ["guard", "failVisible"],
  guard: ["failVisible"],
  // Not guard: it would refuse a line item that exists already, and leave it without its parent.
  upsert: ["failVisible"],
  failVisible: []
}

/** The numbers to compare two strategies by. Undefined or 0 where a strategy has no such number. */
const measures = (strategy: DoubtStrategy.DoubtStrategy) => {
  const own: Partial<Omit<DoubtStrategy.Reconcile, "_tag">> =
    strategy._tag === "failVisible" ? strategy.verifyRejections || {} : strategy
  return {
    quiet: own.quiet && Duration.toMillis(own.quiet),
    // A strategy that reads several times looks for doubts only, not for rejections.
    verifies: own.quiet !== undefined && own.reads === undefined,
    reads: own.reads ?? 0,
    spacing: Duration.toMillis(own.spacing ?? 0),
    resends: own.resends ?? 0
  }
}

/**
 * Whether a job that was planned with one strategy may go on with another: the same one with no shorter waits, no fewer
 * reads and no more resends, or one that promises more. A strategy that verifies rejections becomes only one that does so
 * too. A strategy that goes by a key needs the key that the inputs have already.
 *
 * **Example**
 *
 * ```ts
 * import { DoubtStrategy } from "@effect-hubspot/batch"
 * import * as Frozen from "@effect-hubspot/batch/jobs/Frozen"
 *
 * const { atLeastOnce, failVisible } = DoubtStrategy
 * const stricter = Frozen.mayBecome(atLeastOnce(), failVisible, undefined)
 * const looser = Frozen.mayBecome(failVisible, atLeastOnce(), undefined)
 * const answers = [stricter, looser]
 * answers // => [true, false]
 * ```
 *
 * @category resuming
 * @since 0.1.0
 */
export const mayBecome = (
  was: DoubtStrategy.DoubtStrategy,
  is: DoubtStrategy.DoubtStrategy,
  keyProperty: string | undefined
): boolean => {
  const same = was._tag === is._tag
  if (!same && !stricter[was._tag].includes(is._tag)) return false
  if (DoubtStrategy.keyNeeded(is) !== undefined && keyProperty === undefined) return false
  const [from, to] = [measures(was), measures(is)]
  if (from.verifies && !to.verifies) return false
  // Verifying rejections at all is stricter than not to, however soon it is done.
  const begins = is._tag === "failVisible" && !from.verifies
  if (!begins && (to.quiet ?? Number.POSITIVE_INFINITY) < (from.quiet ?? 0)) return false
  return !same || (to.reads >= from.reads && to.spacing >= from.spacing && to.resends <= from.resends)
}

/**
 * Checks whether a job may go on with the account of a token, with the digest of an input if one is given, and with a
 * strategy if one is given. Gives the strategy to go on with.
 *
 * @category resuming
 * @since 0.1.0
 */
export const checkResume = (
  { digest, frozen }: { readonly digest?: string; readonly frozen: Frozen },
  brought: {
    readonly account: string
    readonly digest?: string | undefined
    /** The first line that differs, see `JobStore.difference`. */
    readonly line?: number | undefined
    readonly strategy?: DoubtStrategy.DoubtStrategy | undefined
  }
): Result.Result<DoubtStrategy.DoubtStrategy, AccountChanged | InputChanged | StrategyLoosened> => {
  const { account, line, strategy = frozen.strategy } = brought
  if (account !== frozen.account) return Result.fail(new AccountChanged({ was: frozen.account, is: account }))
  if (brought.digest !== undefined && brought.digest !== digest) {
    const { name } = frozen.source
    const found = { is: brought.digest, ...(line !== undefined && { line }) }
    return Result.fail(new InputChanged({ name, was: digest ?? "", ...found }))
  }
  return mayBecome(frozen.strategy, strategy, frozen.keyProperty)
    ? Result.succeed(strategy)
    : Result.fail(new StrategyLoosened({ was: frozen.strategy._tag, is: strategy._tag }))
}
