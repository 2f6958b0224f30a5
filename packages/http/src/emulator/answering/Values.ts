/**
 * What is wrong with one value of a property, in HubSpot's words where they are known.
 *
 * Pure: a definition and a text. Whether values fit together is for `Rules`. Numbers are read as text, never as binary floats.
 *
 * @since 0.1.0
 */
import * as Properties from "@effect-hubspot/schema/Properties"
import type * as Behaviour from "../Behaviour.ts"
import type { Definition } from "../state/Definitions.ts"
import * as Billing from "./Billing.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Problem {
  readonly error: string
  readonly message: string
}

/**
 * The problem of a value that is sent for a property, `undefined` for a good one.
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (
  property: Definition | undefined,
  name: string,
  sent: string,
  behaviour: Behaviour.Behaviour
): Problem | undefined => {
  // Documentation.
  if (property === undefined) {
    return { error: "PROPERTY_DOESNT_EXIST", message: `Property "${name}" does not exist` }
  }
  // The code is documentation, the words are an assumption.
  if (property.readOnly && !isWritable(name, behaviour)) {
    return {
      error: "READ_ONLY_VALUE",
      message: `"${name}" is a read only property; its value cannot be set.`
    }
  }
  // Documentation: empty text is an empty value, whatever the type.
  if (sent === "") return undefined
  // The limit is documentation (for a note's body), the code an assumption.
  if (sent.length > Properties.maxValueLength) {
    return {
      error: "PROPERTY_VALUE_TOO_LONG",
      message: `The value of "${name}" is ${sent.length} characters long, the maximum is ${Properties.maxValueLength}.`
    }
  }
  if (property.type === "string") return name === term ? checkTerm(sent) : undefined
  const value = sent.trim()
  // Announced, and by a later copy of the announcement cancelled.
  if (value !== sent && behaviour.outerBlanks === "refused") {
    return {
      error: "LEADING_TRAILING_WHITESPACE",
      message: `The value of "${name}" has leading or trailing whitespace.`
    }
  }
  return checkTyped(property, name, value)
}

// Contested, or not known of line items.
const isWritable = (name: string, { amount, creationKey }: Behaviour.Behaviour): boolean =>
  (name === "amount" && amount === "writable") ||
  (name === "hs_unique_creation_key" && creationKey === "writable")

/** The property that holds the term. */
const term = "hs_recurring_billing_period"

// The code is observation, the words are an assumption.
const checkTerm = (value: string): Problem | undefined =>
  Billing.readTerm(value) === undefined
    ? {
        error: "INVALID_RECURRING_BILLING_DURATION",
        message: `${value} was not a valid recurring billing duration. Use an ISO 8601 period: PnYnMnD or PnW.`
      }
    : undefined

const checkTyped = (property: Definition, name: string, value: string): Problem | undefined => {
  switch (property.type) {
    case "string":
      return undefined
    case "number":
    case "money":
      // Observation: number properties have the code INVALID_INTEGER, also for a number with an exponent.
      if (!plainNumber.test(value)) {
        return { error: "INVALID_INTEGER", message: `${value} was not a valid number.` }
      }
      // That a price is not negative is documentation, the code is an assumption.
      return name === "price" && isNegative(value)
        ? { error: "NEGATIVE_PRICE", message: `${value} is not a valid price: it cannot be negative.` }
        : undefined
    case "date":
      return checkDay(value)
    case "datetime":
      // Observation.
      return instantOf(value) === undefined
        ? { error: "INVALID_LONG", message: `${value} was not a valid long.` }
        : undefined
    case "bool":
    case "enumeration":
      // Assumption. A bool is an enumeration of true and false there, in any case.
      return areOptions(property, property.type === "bool" ? value.toLowerCase() : value)
        ? undefined
        : {
            error: "INVALID_OPTION",
            message: `${value} was not one of the allowed options: [${describeOptions(property)}]`
          }
  }
}

const plainNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)$/

const isNegative = (decimal: string): boolean => /^-[\d.]*[1-9]/.test(decimal)

const day = 86_400_000

// Observation for the words of a time that is not midnight, assumption for those of text that is no date.
const checkDay = (value: string): Problem | undefined => {
  const instant = instantOf(value)
  if (instant === undefined) return { error: "INVALID_DATE", message: `${value} was not a valid date.` }
  const time = ((instant % day) + day) % day
  if (time === 0) return undefined
  const [hours, minutes] = [Math.floor(time / 3_600_000), Math.floor(time / 60_000) % 60]
  const [seconds, millis] = [Math.floor(time / 1000) % 60, time % 1000]
  return {
    error: "INVALID_DATE",
    message: `${instant} is at ${hours}:${minutes}:${seconds}.${millis} UTC, not midnight!`
  }
}

const iso = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/
const milliseconds = /^-?\d{1,15}$/

// Without a zone a time is in UTC.
const instantOf = (value: string): number | undefined => {
  if (milliseconds.test(value)) return Number(value)
  const found = iso.exec(value)
  if (found === null) return undefined
  const text = value.length > 10 && found[1] === undefined ? `${value}Z` : value
  return Properties.isValueOf("datetime", text) ? Date.parse(text) : undefined
}

// Observation: a property of several checkboxes holds its options with semicolons between them.
const areOptions = (property: Definition, value: string): boolean =>
  property.fieldType === "checkbox"
    ? value.split(";").every((one) => isOption(property, one))
    : isOption(property, value)

// Assumption: ids are digits. Without options, every text is one.
const isOption = ({ options }: Definition, value: string): boolean =>
  options === undefined || (options === "ids" ? /^\d+$/.test(value) : options.has(value))

const describeOptions = ({ options }: Definition): string =>
  options === undefined || options === "ids" ? "ids of this account" : [...options.keys()].join(", ")
