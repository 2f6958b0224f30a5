/**
 * Any number of HubSpot line items, and one true outcome for each.
 *
 * @since 0.1.0
 */
export * as AttemptLog from "./AttemptLog.ts"
export * as BatchRunner from "./BatchRunner.ts"
export * as BatchState from "./BatchState.ts"
export * as BulkCreate from "./BulkCreate.ts"
export * as Coalescer from "./Coalescer.ts"
export * as Correlation from "./Correlation.ts"
export * as DoubtStrategy from "./DoubtStrategy.ts"
export * as KeyProperty from "./KeyProperty.ts"
export * as Outcome from "./Outcome.ts"
export * as Plan from "./Plan.ts"
export * as Progress from "./Progress.ts"
export * as Rejects from "./Rejects.ts"
export * as Report from "./Report.ts"
export * as RetryBudget from "./RetryBudget.ts"
export * as Source from "./Source.ts"
export * as Store from "./Store.ts"
export * as WriteTrace from "./WriteTrace.ts"
