/**
 * The error bodies of the replies of faults.
 *
 * @since 0.1.0
 */
import * as Refusal from "../answering/Refusal.ts"
import type { Behaviour } from "../Behaviour.ts"
import type * as Faults from "../Faults.ts"
import * as Requirements from "./Requirements.ts"

const problem = {
  message: 'Property "prise" does not exist',
  code: "PROPERTY_DOESNT_EXIST"
}

// Assumption: that a whole batch's refusal can name inputs.
export const blame = (traceId: string) => ({ ...problem, context: { objectWriteTraceId: [traceId] } })

/** The kind of body that a status has if its fault names none. What a 423 has is not known, so the account is told. */
export const kindOf = (status: number, { locked }: Behaviour): "hubspot" | "html" | "empty" => {
  if (status === 423 && (locked === "html" || locked === "empty")) return locked
  return status >= 400 ? "hubspot" : "empty"
}

interface About {
  readonly portalId: number
  readonly behaviour: Behaviour
}

/** HubSpot's error body for a status, by the `body` of the fault. */
export const errorBody = (
  status: number,
  kind: Exclude<Extract<Faults.Body, string>, "html" | "empty">,
  about: About
): { readonly [field: string]: unknown } => {
  const { portalId } = about
  switch (kind) {
    case "burst":
      return Refusal.tenSecondlyLimit(portalId).body
    case "secondly":
      return Refusal.secondlyLimit(portalId).body
    case "daily":
      return Refusal.dailyLimit.body
    case "invalidJson":
      return Refusal.invalidJson("line 1, column 1: Unexpected character").body
    case "hubspot":
      return hubSpotBody(status, about)
  }
}

const hubSpotBody = (
  status: number,
  { behaviour, portalId }: About
): { readonly [field: string]: unknown } => {
  switch (status) {
    case 400:
    case 422:
      return Refusal.invalidInput({
        category: "VALIDATION_ERROR",
        message: `Property values were not valid: [{"isValid":false,"message":"Property \\"prise\\" does not exist","error":"PROPERTY_DOESNT_EXIST","name":"prise"}]`,
        errors: [{ ...problem, context: { propertyName: ["prise"] } }]
      }).body
    case 401:
      return Refusal.noCredentials.body
    case 403:
      return Refusal.missingScopes([Requirements.scopes.write]).body
    case 409:
      return { status: "error", message: "The object already exists.", category: "CONFLICT" }
    case 413:
      return Refusal.tooLarge.body
    case 415:
      return Refusal.unsupportedMediaType.body
    case 429:
      return Refusal.tenSecondlyLimit(portalId).body
    case 500:
      return { status: "error", message: "internal error" }
    default:
      return {
        status: "error",
        message: messages[status] ?? `The request failed with status ${status}.`,
        ...(status < 500 &&
          !(status === 423 && behaviour.locked === "plain") && { category: "REQUEST_REFUSED" })
      }
  }
}

// Assumptions, all of them.
const messages: Readonly<Record<number, string>> = {
  404: "Resource not found.",
  405: "Method not allowed.",
  414: "The URI of this request is too long.",
  423: "The records are locked by another request. Try again in two seconds.",
  477: "The account is being migrated to another data center.",
  503: "The service is not available."
}
