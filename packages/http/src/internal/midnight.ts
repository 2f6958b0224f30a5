/**
 * When an account's day ends: at midnight of its time zone, or of UTC if the zone is not known.
 *
 * It asks `Intl` alone. Effect's `DateTime` with zones would be a sixtieth of a client's bundle.
 */
import * as Option from "effect/Option"

/** Writes the day of a moment in a time zone; none if the zone is not known. */
export const dayIn: (timeZone: string) => Option.Option<(millis: number) => string> = Option.liftThrowable(
  (timeZone: string) => new Intl.DateTimeFormat("en", { timeZone, dateStyle: "short" }).format
)

const dayInUtc = (millis: number): string => String(Math.floor(millis / 86_400_000))

/** No day is as long. Antarctica has had days of 27 hours. */
const twoDays = 2 * 86_400_000

/** The next midnight, in milliseconds since 1970: the first moment of another day, which is not 00:00 in every zone. */
export const after = (millis: number, timeZone = "UTC"): number => {
  const dayOf = Option.getOrElse(dayIn(timeZone), () => dayInUtc)
  const today = dayOf(millis)
  let last = millis
  let next = millis + twoDays
  while (next - last > 1) {
    const middle = Math.floor((last + next) / 2)
    if (dayOf(middle) === today) last = middle
    else next = middle
  }
  return next
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
