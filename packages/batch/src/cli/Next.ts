/**
 * The next command for a person: it works as it is pasted, on the same database and the same account.
 */
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import { databaseVariable } from "./Flags.ts"
import * as Shell from "./Shell.ts"

const store = ["--state-dir", "--database-url"]
const account = ["--base-url", "--token-file"]
const sending = [...store, ...account, "--limit"]

/** Flags that hold for the next command too, all of them with a value. */
const lasting = {
  resume: sending,
  retry: sending,
  resolve: [...store, ...account],
  status: store
} as const satisfies Record<string, ReadonlyArray<string>>

/** Of the arguments of a command, the flags of these names, with their values. */
export const keep = (
  args: ReadonlyArray<string>,
  hasValue: ReadonlyMap<string, boolean>
): ReadonlyArray<string> =>
  args.flatMap((word, at) => {
    const takes = hasValue.get(word.split("=", 1)[0]!)
    if (takes === undefined) return []
    const value = args[at + 1]
    return takes && !word.includes("=") && value !== undefined ? [word, value] : [word]
  })

/** The address of a database may hold a password, so it is never printed. */
const unprinted = /^--database-url(?:$|=)/

/** `line-items resume q3 --state-dir jobs`, with the arguments of the command that names it. */
export const commandOf = (
  args: ReadonlyArray<string>,
  command: keyof typeof lasting,
  ...words: ReadonlyArray<string>
): string => {
  const kept = keep(args, new Map(lasting[command].map((flag) => [flag, true])))
  const shown = kept.flatMap((word, at) =>
    unprinted.test(word)
      ? [`--database-url "$${databaseVariable}"`]
      : kept[at - 1] === "--database-url"
        ? []
        : [Shell.quote(word)]
  )
  return ["line-items", command, ...words.map(Shell.quote), ...shown].join(" ")
}

/** The same for the arguments of this process. */
export const command = (name: keyof typeof lasting, ...words: ReadonlyArray<string>) =>
  Effect.flatMap(Stdio.Stdio, ({ args }) => Effect.map(args, (args) => commandOf(args, name, ...words)))
