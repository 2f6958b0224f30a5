import * as Context from "effect/Context"

/**
 * A write need not survive a failure of power or of the system, only a failure of the process: SQLite confirms it before
 * it is on the disk. The next write that is not `Unsynced` takes all earlier writes to the disk too.
 */
export const Unsynced: Context.Reference<boolean> = Context.Reference<boolean>(
  "@effect-hubspot/batch/sql/Unsynced",
  { defaultValue: () => false }
)
