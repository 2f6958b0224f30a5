/**
 * Any number of HubSpot line items, and one true outcome for each.
 *
 * @since 0.1.0
 */
export * as AttemptLog from "./AttemptLog.ts"
export * as BatchObserver from "./BatchObserver.ts"
export * as BatchOperation from "./BatchOperation.ts"
export * as BatchRunner from "./BatchRunner.ts"
export * as BatchState from "./BatchState.ts"
export * as BulkArchive from "./BulkArchive.ts"
export * as BulkCreate from "./BulkCreate.ts"
export * as BulkRead from "./BulkRead.ts"
export * as BulkUpdate from "./BulkUpdate.ts"
export * as BulkUpsert from "./BulkUpsert.ts"
export * as Coalescer from "./Coalescer.ts"
export * as Correlation from "./Correlation.ts"
export * as DoubtStrategy from "./DoubtStrategy.ts"
export * as KeyProperty from "./KeyProperty.ts"
export * as Lookup from "./Lookup.ts"
export * as Outcome from "./Outcome.ts"
export * as ParentLookup from "./ParentLookup.ts"
export * as Plan from "./Plan.ts"
export * as Progress from "./Progress.ts"
export * as Rejects from "./Rejects.ts"
export * as Report from "./Report.ts"
export * as RetryBudget from "./RetryBudget.ts"
export * as Source from "./Source.ts"
export * as WriteTrace from "./WriteTrace.ts"
