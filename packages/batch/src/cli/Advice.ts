/**
 * What to do about HubSpot's rejections, by its error codes.
 */
import type { ErrorBody } from "@effect-hubspot/schema"

const byCode: Readonly<Record<string, string>> = {
  PROPERTY_DOESNT_EXIST: "create the property in HubSpot, or fix or remove the column",
  READ_ONLY_VALUE: "HubSpot computes this itself; remove the column",
  INVALID_OPTION: "use one of the property's options in this account",
  INVALID_INTEGER: "write digits only",
  INVALID_NUMBER: "write a number with a dot",
  INVALID_DATE: "write the day as 2026-11-23",
  INVALID_BOOLEAN: "write true or false",
  NEGATIVE_PRICE: "prices start at 0; write a credit as a discount",
  PROPERTY_VALUE_TOO_LONG: "shorten the text",
  OBJECT_NOT_FOUND: "check the id in HubSpot",
  INVALID_ASSOCIATION: "check the id in HubSpot",
  "crm.associations.INVALID_ASSOCIATION_TYPE": "use an association type of line items"
}

// HubSpot's errors inside a batch have no code of their own, only words.
const aboutParent = /\bassociations? (?:is|are) not valid\b|\bnot a valid association\b/i

/** Whether a problem is about the record's parent. */
export const isAboutParent = ({ code, message }: ErrorBody.Problem): boolean =>
  (code ?? "").includes("INVALID_ASSOCIATION") || aboutParent.test(message)

/** The advice for a problem; without a known code the general one. */
export const forProblem = (problem: ErrorBody.Problem): string => {
  const { code } = problem
  if (code !== undefined && Object.hasOwn(byCode, code)) return byCode[code]!
  return isAboutParent(problem) ? byCode["INVALID_ASSOCIATION"]! : "correct the row and import it again"
}
