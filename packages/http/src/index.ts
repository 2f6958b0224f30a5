/**
 * HubSpot's line items over HTTP: the contract, the client layers, the typed error model, the emulator.
 *
 * @since 0.1.0
 */
export * as AccountInfo from "./AccountInfo.ts"
export * as AccountLimits from "./AccountLimits.ts"
export * as BaseUrl from "./BaseUrl.ts"
export * as Credentials from "./Credentials.ts"
export * as Dispatch from "./Dispatch.ts"
export * as HubSpotClient from "./HubSpotClient.ts"
export * as HubSpotError from "./HubSpotError.ts"
export * as LineItems from "./LineItems.ts"
export * as Metrics from "./Metrics.ts"
export * as Monotonic from "./Monotonic.ts"
export * as OAuth from "./OAuth.ts"
export * as Operation from "./Operation.ts"
export * as Operations from "./Operations.ts"
export * as RateLimitStore from "./RateLimitStore.ts"
export * as RateLimits from "./RateLimits.ts"
export * as Redaction from "./Redaction.ts"
export * as Retry from "./Retry.ts"
export * as Spans from "./Spans.ts"
