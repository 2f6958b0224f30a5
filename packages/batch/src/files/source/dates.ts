/**
 * Days as files write them, by a pattern such as `dd.MM.yyyy`, to ISO days. It knows English names of months only, and no
 * time zones: a time of day must be midnight.
 */
import { Properties } from "@effect-hubspot/schema"

const months = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december"
]

/** The parts of a pattern: the text of each, and the part of the day that it is. */
const parts: ReadonlyMap<string, readonly [expression: string, part: "year" | "month" | "day" | "time"]> =
  new Map([
    ["yyyy", ["\\d{4}", "year"]],
    ["yy", ["\\d{2}", "year"]],
    ["MMMM", [months.join("|"), "month"]],
    ["MMM", [months.map((name) => name.slice(0, 3)).join("|"), "month"]],
    ["MM", ["\\d{2}", "month"]],
    ["M", ["\\d{1,2}", "month"]],
    ["dd", ["\\d{2}", "day"]],
    ["d", ["\\d{1,2}", "day"]],
    ["HH", ["\\d{2}", "time"]],
    ["mm", ["\\d{2}", "time"]],
    ["ss", ["\\d{2}", "time"]]
  ])

const monthOf = (text: string): string => {
  const named = months.findIndex((name) => name.startsWith(text.toLowerCase()))
  return /^\d/.test(text) ? text : String(named + 1)
}

const iso = /^\d{4}-\d{2}-\d{2}(?:T(.*))?$/
export const millisecondsOfDay = 86_400_000

/** Whether a text is an ISO day, or a time of one. A time without a zone is in UTC, as HubSpot reads it. */
export const isIsoDay = (text: string, isMidnight: boolean): boolean => {
  const found = iso.exec(text)
  if (found === null || !Properties.isDayOfCalendar(text)) return false
  const [, time] = found
  if (time === undefined || !isMidnight) return true
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(time)
  return Date.parse(hasZone ? text : `${text}Z`) % millisecondsOfDay === 0
}

/** The ISO day of a text, or undefined if it is none. HubSpot's own forms, ISO and the milliseconds of a midnight, stay. */
export type Reader = (text: string) => string | undefined

/** Reads days of a pattern. Undefined if the pattern has not one day, month and year. */
export const readerOf = (pattern: string): Reader | undefined => {
  const order: Array<"year" | "month" | "day" | "time"> = []
  const expression = pattern.replace(/([yMdHms])\1*|[^]/g, (found) => {
    const part = parts.get(found)
    if (part === undefined) {
      if (/[a-zA-Z]/.test(found)) order.push("year", "year") // no such part: the pattern is refused
      return found.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
    }
    order.push(part[1])
    return `(${part[0]})`
  })
  const once = (part: string): boolean => order.filter((other) => other === part).length === 1
  if (!once("year") || !once("month") || !once("day")) return undefined
  const whole = new RegExp(`^${expression}$`, "i")
  return (text) => {
    const found = whole.exec(text)
    if (found === null) {
      const exact = isIsoDay(text, true) || (/^\d{9,}$/.test(text) && Number(text) % millisecondsOfDay === 0)
      return exact ? text : undefined
    }
    const of = (part: string): string => found[order.indexOf(part as "day") + 1] ?? ""
    if (order.some((part, index) => part === "time" && Number(found[index + 1]) !== 0)) return undefined
    const year = of("year").padStart(4, "20")
    const day = `${year}-${monthOf(of("month")).padStart(2, "0")}-${of("day").padStart(2, "0")}`
    return Properties.isDayOfCalendar(day) ? day : undefined
  }
}
