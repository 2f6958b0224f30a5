/**
 * The help of a command, no wider than the terminal: what it does, its flags, examples, exit codes and environment variables.
 */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import type { FlagDoc, HelpDoc } from "effect/cli/HelpDoc"

/** A name, and what is said of it. */
export type Entry = readonly [name: string, text: string]

/** The exit codes of a command, as an annotation of it. */
export const ExitCodes = Context.Reference<ReadonlyArray<Entry>>("@effect-hubspot/batch/cli/ExitCodes", {
  defaultValue: () => []
})

/** The environment variables that a command heeds, as an annotation of it. */
export const Variables = Context.Reference<ReadonlyArray<Entry>>("@effect-hubspot/batch/cli/Variables", {
  defaultValue: () => []
})

/** The width without a terminal, and the greatest one: longer lines are hard to read. */
const usualColumns = 80
const mostColumns = 120

/** Lines of whole words. */
const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines
}

const indented = (text: string, columns: number): string =>
  wrap(text, columns - 2)
    .map((line) => `  ${line}`)
    .join("\n")

/** Names with their texts beside them; below them where a name is long or the terminal is narrow. */
const table = (entries: ReadonlyArray<Entry>, columns: number): string => {
  const longest = Math.max(...entries.map(([name]) => name.length))
  const beside = Math.min(longest, columns < 70 ? 16 : 30) + 4
  return entries
    .map(([name, text]) => {
      const lines = wrap(text, Math.max(20, columns - beside))
      const rest = lines.map((line) => `${" ".repeat(beside)}${line}`)
      return name.length + 4 > beside
        ? [`  ${name}`, ...rest].join("\n")
        : [`  ${name}`.padEnd(beside) + (lines[0] ?? ""), ...rest.slice(1)].join("\n")
    })
    .join("\n")
}

const choices = / ?\(choices: (.*)\)$/

/** A flag with its value; the choices are named once. */
const flagEntry = ({ aliases, description, name, type }: FlagDoc): Entry => {
  const text = Option.getOrElse(description, () => "")
  const value = type.replaceAll(/[<>]/g, "")
  const shown = value.length > 20 ? "choice" : value
  return [
    [...aliases, `--${name}`].join(", ") + (type === "boolean" ? "" : ` <${shown}>`),
    shown.includes("|") ? text.replace(choices, "") : text.replace(choices, ": $1")
  ]
}

/** The help as text. */
export const format = (doc: HelpDoc, terminalColumns: number | undefined): string => {
  const columns = Math.min(
    mostColumns,
    terminalColumns === undefined || terminalColumns <= 0 ? usualColumns : terminalColumns
  )
  const section = (title: string, entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
    entries.length === 0 ? [] : [`${title}\n${table(entries, columns)}`]
  return [
    indented(doc.description, columns),
    `USAGE\n  ${doc.usage}`,
    ...section(
      "ARGUMENTS",
      (doc.args ?? []).map(({ description, name }) => [`<${name}>`, Option.getOrElse(description, () => "")])
    ),
    ...section(
      "COMMANDS",
      (doc.subcommands ?? []).flatMap(({ commands }) =>
        commands.map(({ description, name, shortDescription }): Entry => [
          name,
          shortDescription ?? description
        ])
      )
    ),
    ...section("FLAGS", doc.flags.map(flagEntry)),
    ...section("GLOBAL FLAGS", (doc.globalFlags ?? []).map(flagEntry)),
    ...((doc.examples ?? []).length === 0
      ? []
      : [
          `EXAMPLES\n${(doc.examples ?? [])
            .map(({ command, description = "" }) => `${indented(`# ${description}`, columns)}\n  ${command}`)
            .join("\n\n")}`
        ]),
    ...section("EXIT CODES", Context.get(doc.annotations, ExitCodes)),
    ...section("ENVIRONMENT", Context.get(doc.annotations, Variables))
  ].join("\n\n")
}
