/**
 * The next command for a person: it works as it is pasted, on the same database and the same account.
 */
import * as BaseUrl from "@effect-hubspot/http/BaseUrl"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import type { Job } from "../jobs/Job.ts"
import { databaseVariable } from "./Flags.ts"
import * as Shell from "./Shell.ts"
import * as Words from "./Words.ts"

const store = ["--state-dir", "--database-url"]
const account = ["--base-url", "--token-file"]
const sending = [...store, ...account, "--limit"]

/** Flags that hold for the next command too. */
const lasting = {
  import: [
    ...account,
    "--limit",
    "--emulator",
    "--emulator-properties",
    "--strategy",
    "--verify-rejections",
    "--key-property",
    "--key-column"
  ],
  resume: sending,
  retry: sending,
  resolve: [...store, ...account],
  status: store,
  "setup-key": account
} as const satisfies Record<string, ReadonlyArray<string>>

type Name = keyof typeof lasting

/** The flags of these that have no value. */
const switches = new Set(["--emulator", "--verify-rejections"])

/** What the next command is given besides. */
interface Options {
  readonly words?: ReadonlyArray<string>
  /** The job that it is about, whose requests go to one address. */
  readonly job?: Pick<Job, "frozen">
}

/** The flags for a command, from the arguments of the one that names it, quoted for a shell. */
export const flagsOf = (
  args: ReadonlyArray<string>,
  command: Name,
  { job }: Pick<Options, "job"> = {}
): ReadonlyArray<string> => {
  const names: ReadonlyArray<string> = lasting[command]
  const origin = names.includes("--base-url") ? job?.frozen.origin : undefined
  const kept = args.flatMap((word, at) => {
    const [name = ""] = word.split("=", 1)
    if (!names.includes(name) || (name === "--base-url" && origin !== undefined)) return []
    // The address of a database may hold a password, so it is never printed.
    if (name === "--database-url") return [`--database-url "$${databaseVariable}"`]
    const value = args[at + 1]
    return switches.has(name) || word.includes("=") || value === undefined ? [word] : [word, value]
  })
  return [
    ...(origin === undefined || origin === BaseUrl.hubspot ? [] : ["--base-url", Shell.quote(origin)]),
    ...kept.map((word) => (word.startsWith("--database-url ") ? word : Shell.quote(word)))
  ]
}

/** `line-items resume q3 --state-dir jobs`, with the arguments of the command that names it. */
export const commandOf = (args: ReadonlyArray<string>, name: Name, options: Options = {}): string =>
  ["line-items", name, ...(options.words ?? []).map(Shell.quote), ...flagsOf(args, name, options)].join(" ")

const argsOf = Effect.flatMap(Stdio.Stdio, ({ args }) => args)

/** The same for the arguments of this process. */
export const command = (name: Name, options?: Options) =>
  Effect.map(argsOf, (args) => commandOf(args, name, options))

/** The import that a job is, as a command. */
export const importOf = (args: ReadonlyArray<string>, job: Job): string => {
  const { batchSize, declared = {}, keyColumn, keyProperty, source, strategy } = job.frozen
  const words = [
    "--job",
    job.id,
    "--strategy",
    Words.ofStrategy(strategy),
    ...(strategy._tag === "failVisible" && strategy.verifyRejections !== false
      ? ["--verify-rejections"]
      : []),
    ...(keyProperty === undefined ? [] : ["--key-property", keyProperty]),
    ...(keyColumn === undefined ? [] : ["--key-column", keyColumn]),
    ...(batchSize === 100 ? [] : ["--batch-size", String(batchSize)])
  ]
  return Words.importOf(source.path ?? "-", declared, [
    ...words.map(Shell.quote),
    ...flagsOf(args, "resume", { job })
  ])
}

/** The same for the arguments of this process. */
export const importAgain = (job: Job) => Effect.map(argsOf, (args) => importOf(args, job))
