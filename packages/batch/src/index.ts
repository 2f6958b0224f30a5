/**
 * Creates any number of HubSpot line items, with one true outcome for each. These modules are enough for most programs. All
 * others have paths of their own, such as `@effect-hubspot/batch/jobs/JobRunner`; databases and the cluster are only there.
 *
 * @since 0.1.0
 */
export * as BatchObserver from "./doubt/BatchObserver.ts"
export * as BatchState from "./model/BatchState.ts"
export * as BulkArchive from "./bulk/BulkArchive.ts"
export * as BulkCreate from "./bulk/BulkCreate.ts"
export * as BulkRead from "./bulk/BulkRead.ts"
export * as BulkUpdate from "./bulk/BulkUpdate.ts"
export * as BulkUpsert from "./bulk/BulkUpsert.ts"
export * as Coalescer from "./bulk/Coalescer.ts"
export * as DoubtStrategy from "./doubt/DoubtStrategy.ts"
export * as FileFormat from "./files/FileFormat.ts"
export * as FindRecords from "./bulk/FindRecords.ts"
export * as Import from "./jobs/Import.ts"
export * as JobStore from "./jobs/JobStore.ts"
export * as KeyProperty from "./doubt/KeyProperty.ts"
export * as Outcome from "./model/Outcome.ts"
export * as Proposal from "./files/Proposal.ts"
export * as Rejects from "./files/Rejects.ts"
export * as Source from "./files/Source.ts"
