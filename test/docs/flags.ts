/**
 * The commands and flags of `docs/cli.md`, as the command itself defines them. `node test/docs/flags.ts` writes them into the
 * page, `pnpm format` aligns them.
 */
import * as Cli from "../../packages/batch/src/cli/Cli.ts"
import * as Secrets from "../../packages/batch/src/cli/Secrets.ts"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import type * as HelpDoc from "effect/cli/HelpDoc"
import { readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../support/command.ts"

const page = join(import.meta.dirname, "../../docs/cli.md")

/** What a command knows of itself. */
const helpOf = async (...args: ReadonlyArray<string>): Promise<HelpDoc.HelpDoc> => {
  let seen: HelpDoc.HelpDoc | undefined
  const presenter = CliOutput.Presenter.of({
    present: (event) => Effect.sync(() => (event._tag === "Help" ? (seen = event.helpDoc) : undefined))
  })
  const program = Command.runWith(Cli.command, { version: "0" })([...args, "--help"]).pipe(
    Effect.ignore,
    Effect.as(0),
    Effect.provideService(CliOutput.Presenter, presenter),
    Effect.provideService(CliConfig.CliConfig, Cli.config),
    Secrets.unprinted
  )
  await start({ program, cwd: tmpdir(), env: {} }).finished
  if (seen === undefined) throw new Error(`no help of ${args.join(" ")}`)
  return seen
}

export type Rows = ReadonlyArray<ReadonlyArray<string>>

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "\\<")

const flagOf = ({ name, type }: HelpDoc.FlagDoc): string =>
  `\`--${name}${type === "boolean" ? "" : ` <${type.replaceAll("|", "\\|")}>`}\``

/** Of each command its form and what it does, and of each flag what it says and the commands that have it. */
export const tables = async (): Promise<Readonly<Record<"commands" | "flags", Rows>>> => {
  const top = await helpOf()
  const names = (top.subcommands ?? []).flatMap(({ commands }) => commands.map(({ name }) => name))
  const commands: Array<ReadonlyArray<string>> = []
  const flags = new Map<
    string,
    { readonly flag: string; readonly text: string; readonly of: Array<string> }
  >()
  for (const name of names) {
    const doc = await helpOf(name)
    const args = (doc.args ?? []).map(({ name, required }) => (required ? ` <${name}>` : ` [${name}]`))
    commands.push([`\`${name}${args.join("")}\``, cell(doc.description)])
    for (const one of doc.flags) {
      const text = cell(Option.getOrElse(one.description, () => ""))
      const key = `${one.name} ${one.type} ${text}`
      const known = flags.get(key)
      if (known === undefined) flags.set(key, { flag: flagOf(one), text, of: [name] })
      else known.of.push(name)
    }
  }
  return {
    commands,
    flags: [...flags.values()]
      .sort((a, b) => a.flag.localeCompare(b.flag))
      .map(({ flag, of, text }) => [flag, text, of.join(", ")])
  }
}

const heads = { commands: ["command", "what it does"], flags: ["flag", "what it says", "commands"] } as const

const between = (name: string) => new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- end of ${name} -->)`)

/** The rows of a table of the page. */
export const inPage = (name: keyof typeof heads): Rows =>
  (between(name).exec(readFileSync(page, "utf8"))?.[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((text) => text.trim())
    )

if (import.meta.main) {
  const made = await tables()
  let text = readFileSync(page, "utf8")
  for (const name of ["commands", "flags"] as const) {
    const head: Rows = [heads[name], heads[name].map(() => "---")]
    const lines = [...head, ...made[name]].map((cells) => `| ${cells.join(" | ")} |`)
    text = text.replace(
      between(name),
      (_, begin: string, end: string) => `${begin}\n${lines.join("\n")}\n${end}`
    )
  }
  writeFileSync(page, text)
}
