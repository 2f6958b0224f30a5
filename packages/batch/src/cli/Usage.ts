/**
 * A wrong use of the command, in one line.
 */
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import type * as CliError from "effect/cli/CliError"
import * as Flags from "./Flags.ts"

/** The line. */
export const describe = (error: CliError.CliError): string => {
  switch (error._tag) {
    case "UnrecognizedOption": {
      if (/^--?token\b/.test(error.option)) {
        return "--token is not offered: it would show in process lists and shell history; set HUBSPOT_ACCESS_TOKEN"
      }
      const [suggestion] = error.suggestions
      return `unknown flag ${ErrorBody.showable(error.option, 60)}; ${suggestion === undefined ? "see --help" : `did you mean ${suggestion}?`}`
    }
    case "UnknownSubcommand": {
      const [suggestion] = error.suggestions
      return `unknown command ${ErrorBody.showable(error.subcommand, 60)}; ${suggestion === undefined ? "see --help" : `did you mean ${suggestion}?`}`
    }
    case "MissingOption":
      return `--${error.option} is missing; give ${Flags.expectations.get(error.option) ?? "one"}`
    case "MissingArgument":
      return `missing <${error.argument}>: give ${Flags.expectations.get(`<${error.argument}>`) ?? "one"}`
    case "UnexpectedArgument": {
      const [first = ""] = error.arguments
      return `${ErrorBody.showable(JSON.stringify(first), 60)} is one argument too many; see --help`
    }
    case "InvalidValue": {
      const name = error.kind === "argument" ? `<${error.option}>` : `--${error.option}`
      if (error.value === "") {
        const key = error.kind === "argument" ? name : error.option
        return `${name}: a value is missing; give ${Flags.expectations.get(key) ?? "one"}`
      }
      if (/^\d+ occurrences$/.test(error.value)) return `${name} is given more than once; give it once`
      if (error.option === "base-url") return `--base-url: ${error.expected}`
      // The value may hold a password, so it is not shown.
      if (error.value === Flags.hidden) return `${error.option}: what was given is not ${error.expected}`
      return `${name}: ${JSON.stringify(error.value)} is not ${error.expected.replaceAll('" | "', '" or "')}`
    }
    default:
      return error.message.replace(/\s*\n\s*/g, " ")
  }
}
