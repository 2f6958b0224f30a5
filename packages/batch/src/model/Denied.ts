/**
 * Whether it is the token that HubSpot does not take: it is refused, cannot be renewed, or lacks a scope.
 */
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"

export const isDenied = ({ reason: { _tag } }: HubSpotError): boolean =>
  _tag === "Unauthorized" || _tag === "TokenRefused" || _tag === "Forbidden"
