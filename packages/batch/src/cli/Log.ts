/**
 * The log of the libraries below a command, for people: one line per entry on the standard error, repeated at most once a
 * minute. With `--log-level debug` everything is printed, stack traces included.
 */
import * as ErrorBody from "@effect-hubspot/schema/ErrorBody"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Logger from "effect/Logger"
import * as Predicate from "effect/Predicate"
import * as References from "effect/References"

/** The time in which a line is not repeated. */
const silenceMillis = 60_000

/** So many lines are printed in that time. */
const mostLines = 20

/** The innermost message says more than the outer ones. */
const reasonOf = (error: unknown): string => {
  let text = ""
  for (let at = error, depth = 0; Predicate.isObject(at) && depth < 10; depth++) {
    if ("message" in at && typeof at.message === "string" && at.message !== "") text = at.message
    at = "cause" in at ? (at.cause as object) : undefined
  }
  return text === "" && typeof error === "string" ? error : text
}

const partOf = (part: unknown): string =>
  Cause.isCause(part)
    ? part.reasons.length === 0 || Cause.hasInterruptsOnly(part)
      ? ""
      : reasonOf(Cause.squash(part))
    : typeof part === "string"
      ? part
      : reasonOf(part)

/** The line for a log entry. */
const lineOf = (message: unknown, cause: Cause.Cause<unknown>): string =>
  [...(Array.isArray(message) ? message : [message]), cause]
    .map(partOf)
    .filter((part, n, all) => part !== "" && all.indexOf(part) === n)
    .map((part) => ErrorBody.showable(part, 300))
    .join(": ")

export const make = (): Logger.Logger<unknown, void> => {
  const said = new Map<string, number>()
  return Logger.make((entry) => {
    const least = entry.fiber.getRef(References.MinimumLogLevel)
    if (least === "All" || least === "Trace" || least === "Debug") return Logger.defaultLogger.log(entry)
    const line = lineOf(entry.message, entry.cause)
    const now = entry.date.getTime()
    for (const [other, at] of said) if (now - at >= silenceMillis) said.delete(other)
    if (line === "" || said.has(line) || said.size > mostLines) return
    const isLast = said.size === mostLines
    said.set(line, now)
    entry.fiber
      .getRef(Console.Console)
      .error(
        `line-items: ${isLast ? "more messages are not printed for a minute; --log-level debug prints them" : line}`
      )
  })
}
