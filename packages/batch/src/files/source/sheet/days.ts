/**
 * Days as spreadsheets have them: numbers that a format shows as days. Which formats these are, and the days of the numbers.
 */
import * as DateTime from "effect/DateTime"

/** What a format shows: a day, perhaps with a time, or a time alone. All else shows a number. */
export type Kind = "day" | "time" | undefined

/** The kind of a format that has no code in the file, by its number. Those from 27 on depend on the language. */
export const kindOfNumber = (id: number): Kind =>
  (id >= 14 && id <= 17) || id === 22 || (id >= 27 && id <= 31) || id === 36 || (id >= 50 && id <= 58)
    ? "day"
    : (id >= 18 && id <= 21) || (id >= 32 && id <= 35) || id === 45 || id === 47
      ? "time"
      : undefined

/** The kind of a code such as `dd\.mm\.yyyy;@`, by its first section. Durations such as `[h]:mm` are numbers. */
export const kindOf = (code: string): Kind => {
  const section = code
    .replace(/"[^"]*"|[\\_*][^]|General|AM\/PM|A\/P/gi, "")
    .replace(/s\.0+/gi, "s")
    .split(";", 1)[0]!
    .toLowerCase()
  if (/\[[hms]+\]/.test(section)) return undefined
  const shown = section.replace(/\[[^\][]*\]/g, "")
  if (/[#0?@]/.test(shown)) return undefined
  if (/[dy]/.test(shown)) return "day"
  if (/[hs]/.test(shown)) return "time"
  return shown.includes("m") ? "day" : undefined
}

const iso = (milliseconds: number): string => DateTime.formatIso(DateTime.makeUnsafe(milliseconds))

const millisecondsOfDay = 86_400_000
const first1904 = Date.UTC(1904, 0, 1)
/** The last day of the year 9999. */
const last1900 = 2_958_465
const last1904 = 2_957_003

/** The day of a number. Two of the system of 1900 are in no calendar: Excel has a 29 February 1900, and a day 0. */
const dayOf = (serial: number, is1904: boolean): string => {
  if (!is1904 && serial === 0) return "1900-01-00"
  if (!is1904 && serial === 60) return "1900-02-29"
  const first = is1904 ? first1904 : Date.UTC(1899, 11, serial < 60 ? 31 : 30)
  return iso(first + serial * millisecondsOfDay).slice(0, 10)
}

/** `yyyy-MM-dd`, with a time if it is not midnight; a time alone for less than a day. Undefined if it is no day. */
export const textOf = (serial: number, kind: "day" | "time", is1904: boolean): string | undefined => {
  if (!(serial >= 0)) return undefined
  // What is nearer to a midnight than a millisecond can tell is midnight.
  const milliseconds = Math.round((serial % 1) * millisecondsOfDay)
  const whole = Math.floor(serial) + (milliseconds === millisecondsOfDay ? 1 : 0)
  if (whole > (is1904 ? last1904 : last1900)) return undefined
  const time = iso(milliseconds % millisecondsOfDay)
    .slice(11, -1)
    .replace(/\.000$/, "")
  if (kind === "time" && whole === 0) return time
  const day = dayOf(whole, is1904)
  return time === "00:00:00" ? day : `${day}T${time}`
}
