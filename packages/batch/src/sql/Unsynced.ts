import * as Context from "effect/Context"

/**
 * What is written need not survive a failure of power or of the system, only that of the process: SQLite confirms it
 * before it is on the disk. What is written afterwards without it takes all before it to the disk as well.
 */
export const Unsynced: Context.Reference<boolean> = Context.Reference<boolean>(
  "@effect-hubspot/batch/sql/Unsynced",
  { defaultValue: () => false }
)
