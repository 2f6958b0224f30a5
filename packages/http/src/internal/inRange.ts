/**
 * Options that are within their bounds. Any other value is a defect, a `RangeError`.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Midnight from "./midnight.ts"

const refuse = (name: string, bounds: string, value: unknown): never => {
  throw new RangeError(`${name} must be ${bounds}, got ${String(value)}`)
}

/** A number of things, at least one. */
export const count = (name: string, value: unknown): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 1
    ? value
    : refuse(name, "a whole number from 1", value)

/** A part of a whole. */
export const share = (name: string, value: number): number =>
  value >= 0 && value <= 1 ? value : refuse(name, "a number from 0 to 1", value)

/** A time in milliseconds, above 0 and finite. */
export const duration = (name: string, value: Duration.Input): number => {
  const millis = Option.match(Duration.fromInput(value), { onNone: () => 0, onSome: Duration.toMillis })
  return millis > 0 && millis < Number.POSITIVE_INFINITY
    ? millis
    : refuse(name, "a finite time above 0", value)
}

/** The name of a known time zone. */
export const timeZone = (name: string, value: string): string =>
  Option.isSome(Midnight.dayIn(value)) ? value : refuse(name, "a time zone like Europe/Berlin", value)
