/**
 * What to do about HubSpot's rejections, by its error codes: something that can be done now, with the place where.
 *
 * It is about single rows. What to do about a request that HubSpot refuses as a whole is in the message of its
 * `HubSpotError`.
 */
import type { ErrorBody } from "@effect-hubspot/schema"
import type { NotSentReason } from "../model/Outcome.ts"

const inSettings = "HubSpot's Settings > Properties > Line item properties"
const leaveOut = 'put "_" before the column\'s name, and it is not sent'

const byCode: Readonly<Record<string, string>> = {
  PROPERTY_DOESNT_EXIST: `use an internal name that is in ${inSettings}, create the property there, or ${leaveOut}`,
  READ_ONLY_VALUE: `HubSpot sets this itself; ${leaveOut}`,
  REQUIRED_PROPERTY_MISSING: "add a column with this property, and give it a value in this row",
  INVALID_OPTION: `write the internal value of one of the property's options, which are in ${inSettings}`,
  INVALID_INTEGER: "write a number with digits and a dot alone, such as 1250.50",
  INVALID_NUMBER: "write a number with digits and a dot alone, such as 1250.50",
  INVALID_LONG: "write a time as 2026-11-23T10:00:00Z, or as milliseconds since 1970",
  INVALID_DATE: "write the day as 2026-11-23",
  INVALID_BOOLEAN: "write true or false",
  INVALID_ALPHA: "write letters only",
  INVALID_EMAIL: "write one address, such as name@example.com",
  INVALID_RECURRING_BILLING_DURATION:
    "write the term as years, months and days (12 months: P12M), or as weeks (P2W)",
  BILLING_PERIOD_TO_FREQUENCY_FORM_MISMATCH:
    "write the term of a weekly or biweekly frequency in weeks or days (P52W), and that of others in months or years (P12M)",
  LEADING_TRAILING_WHITESPACE: "remove the blanks before and after the value",
  MIN_VALUE: `write a larger value; the property's least one is in ${inSettings}`,
  MAX_VALUE: `write a smaller value; the property's largest one is in ${inSettings}`,
  NEGATIVE_PRICE: "write a price of 0 or more, and a credit in the discount column",
  PROPERTY_VALUE_TOO_LONG: "shorten the text to 65,536 characters at most",
  CONFLICT:
    "HubSpot has a line item with this value already: remove the row if it is the same one, or else give it a value of its own",
  CONFLICTING_UNIQUE_VALUE:
    "HubSpot has a line item with this value already: remove the row if it is the same one, or else give it a value of its own",
  OBJECT_NOT_FOUND:
    "open the record in HubSpot, and copy the id from its address; an archived one can be restored",
  INVALID_ASSOCIATION:
    "open the parent in HubSpot, and copy the id from its address; if it was deleted, restore it or empty the cell",
  INVALID_OBJECT_IDS:
    "open the parent in HubSpot, and copy the id from its address; if it was deleted, restore it or empty the cell",
  "crm.associations.NO_ASSOCIATIONS_FOUND":
    "open the record in HubSpot: it has no such association, and nothing is left to remove",
  "crm.associations.INVALID_ASSOCIATION_TYPE":
    "give HUBSPOT_DEFINED and the type's id (20 for a deal), or use a column such as deal_id"
}

// HubSpot's errors inside a batch mostly have no code of their own, only words.
const byWords: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bassociations? (?:is|are) (?:not valid|invalid)\b/i, "INVALID_ASSOCIATION"],
  [/\bnot a valid association\b/i, "INVALID_ASSOCIATION"],
  [/\brequired propert(?:y|ies)\b|\bis required\b/i, "REQUIRED_PROPERTY_MISSING"],
  [/\balready exists\b|\balready has that value\b|\bmust be unique\b/i, "CONFLICT"],
  [/\bdoes not exist\b/i, "PROPERTY_DOESNT_EXIST"],
  [/\bread[- ]only\b/i, "READ_ONLY_VALUE"],
  [/\ballowed options\b/i, "INVALID_OPTION"],
  [/\bwas not a valid number\b/i, "INVALID_INTEGER"],
  [/\bwas not a valid long\b/i, "INVALID_LONG"],
  [/\bnot midnight\b|\bwas not a valid date\b/i, "INVALID_DATE"]
]

/** The code of a problem that has advice of its own, also where only its words say so. */
export const codeOf = ({ code, message }: ErrorBody.Problem): string | undefined =>
  code !== undefined && Object.hasOwn(byCode, code)
    ? code
    : byWords.find(([words]) => words.test(message))?.[1]

/** Whether a problem is about the record's parent. */
export const isAboutParent = (problem: ErrorBody.Problem): boolean => {
  const code = codeOf(problem) ?? problem.code ?? ""
  return code.includes("INVALID_ASSOCIATION") || code === "INVALID_OBJECT_IDS"
}

/** The advice for a problem; for one that is not known here, where to look. */
export const forProblem = (problem: ErrorBody.Problem): string => {
  const code = codeOf(problem)
  if (code !== undefined) return byCode[code]!
  return problem.property === undefined
    ? `change what HubSpot names${problem.code === undefined ? "" : ` (its code is ${problem.code})`}, and import the row again from the file of --rejects`
    : `look up in ${inSettings} what ${problem.property} takes, change the value, and import the row again from the file of --rejects`
}

/** The codes that have advice of their own. */
export const codes: ReadonlySet<string> = new Set(Object.keys(byCode))

/** What to do about rows that were not sent, to be put after the reason. */
export const forNotSent = (reason: NotSentReason): string =>
  reason._tag === "AllRejected"
    ? `; ${forProblem(reason.problem)}; --keep-going sends the other rows all the same`
    : ""
