/**
 * What to do about HubSpot's rejections, by its error codes.
 */
import type { ErrorBody } from "@effect-hubspot/schema"

const byCode: Readonly<Record<string, string>> = {
  PROPERTY_DOESNT_EXIST: "create the property in HubSpot, or mend or remove the column",
  READ_ONLY_VALUE: "HubSpot computes this itself; remove the column",
  INVALID_OPTION: "use one of the property's options in this account",
  INVALID_INTEGER: "write digits only",
  INVALID_NUMBER: "write a number with a dot",
  INVALID_DATE: "write the day as 2026-11-23",
  INVALID_BOOLEAN: "write true or false",
  OBJECT_NOT_FOUND: "check the id in HubSpot",
  "crm.associations.INVALID_ASSOCIATION_TYPE": "use an association type of line items"
}

/** The advice for a fault; without a known code the general one. */
export const forFault = ({ code }: ErrorBody.Fault): string =>
  (code !== undefined && Object.hasOwn(byCode, code) ? byCode[code] : undefined) ??
  "correct the row and import it again"
