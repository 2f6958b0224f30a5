/**
 * When an account's day ends: at midnight of its time zone, or of UTC if the zone is not known.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

/** The next midnight, in milliseconds since 1970. */
export const after = (millis: number, timeZone = "UTC"): number => {
  const zone = Option.getOrElse(DateTime.zoneMakeNamed(timeZone), () => DateTime.zoneMakeNamedUnsafe("UTC"))
  const midnight = DateTime.startOf(DateTime.makeZonedUnsafe(millis, { timeZone: zone }), "day")
  return DateTime.toEpochMillis(DateTime.startOf(DateTime.add(midnight, { days: 1 }), "day"))
}

/** The same, computed once a day: every answer asks for it. */
export const make = () => {
  let known: { readonly timeZone: string; readonly from: number; readonly to: number } | undefined
  return (millis: number, timeZone: string): number => {
    const isKnown = known?.timeZone === timeZone && known.from <= millis && millis < known.to
    if (!isKnown) known = { timeZone, from: millis, to: after(millis, timeZone) }
    return known!.to
  }
}
