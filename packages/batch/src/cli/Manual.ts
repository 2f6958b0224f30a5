/**
 * What the help of commands says of exit codes and of the environment.
 */
import * as Command from "effect/cli/Command"
import * as Help from "./Help.ts"

const codes = {
  0: "all is done; of an import: all rows are created",
  2: "wrong usage, an unreadable input, or a proposal that was not accepted; nothing was sent",
  3: "some rows were rejected or are invalid",
  4: "some rows are in doubt",
  5: "the token is missing, refused, or lacks a scope",
  65: "a pipe broke off after rows were sent; the line to go on from is named",
  70: "a bug in line-items",
  74: "a file, or the database of the jobs, cannot be written or read",
  75: "suspended (the daily limit, no answer, a migration); give the command again later",
  130: "interrupted; Ctrl-C once waits for the requests under way"
} as const

const variables = {
  HUBSPOT_ACCESS_TOKEN: "the token of a private app; every command that asks HubSpot needs it, or OAuth",
  HUBSPOT_CLIENT_ID: "OAuth instead, with HUBSPOT_CLIENT_SECRET, HUBSPOT_REFRESH_TOKEN and --token-file",
  LINE_ITEMS_DATABASE_URL: "the PostgreSQL database of the jobs, instead of a file",
  XDG_STATE_HOME: "its folder line-items holds the jobs (default ~/.local/state)",
  NO_COLOR: "set, outcomes have no colour; FORCE_COLOR gives them one where there is no terminal"
} as const

/** Adds exit codes and variables to the help of a command. */
const saying = (exits: ReadonlyArray<keyof typeof codes>, names: ReadonlyArray<keyof typeof variables>) => {
  const ExitCodes = exits.map((code): Help.Entry => [String(code), codes[code]])
  const Variables = names.map((name): Help.Entry => [name, variables[name]])
  return <Name extends string, Input, ContextInput, E, R>(
    command: Command.Command<Name, Input, ContextInput, E, R>
  ) => command.pipe(Command.annotate(Help.ExitCodes, ExitCodes), Command.annotate(Help.Variables, Variables))
}

const token = ["HUBSPOT_ACCESS_TOKEN", "HUBSPOT_CLIENT_ID"] as const
const store = ["LINE_ITEMS_DATABASE_URL", "XDG_STATE_HOME"] as const

/** Sends rows. */
export const ofImport = saying([0, 2, 3, 4, 5, 65, 74, 75, 130], [...token, ...store, "NO_COLOR"])

/** Sends rows of a job, which are read from its database. */
export const ofJob = saying([0, 2, 3, 4, 5, 74, 75, 130], [...token, ...store, "NO_COLOR"])

/** Asks HubSpot, and sends no row. */
export const ofAccount = saying([0, 2, 5, 75, 130], [...token, "NO_COLOR"])

/** Asks HubSpot about jobs, and sends no row. */
export const ofBoth = saying([0, 2, 4, 5, 74, 75, 130], [...token, ...store, "NO_COLOR"])

/** Reads and writes the database of the jobs only. */
export const ofStore = saying([0, 2, 74, 130], [...store, "NO_COLOR"])

/** Looks at a job until it is over. */
export const ofStatus = saying([0, 2, 3, 74, 75, 130], [...store, "NO_COLOR"])

/** Does not leave this machine. */
export const ofMachine = saying([0, 2, 130], ["NO_COLOR"])

/** All of them. */
export const ofAll = saying([0, 2, 3, 4, 5, 65, 70, 74, 75, 130], [...token, ...store, "NO_COLOR"])
