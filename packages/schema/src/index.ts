/**
 * HubSpot's line items on the wire: requests, replies, properties, associations, as Effect schemas.
 * Pure: no service, no clock, no network.
 *
 * @since 0.1.0
 */
export * as Account from "./Account.ts"
export * as ApiVersion from "./ApiVersion.ts"
export * as Association from "./Association.ts"
export * as BatchRequest from "./BatchRequest.ts"
export * as BatchResponse from "./BatchResponse.ts"
export * as BatchStatus from "./BatchStatus.ts"
export * as BillingPeriod from "./BillingPeriod.ts"
export * as CrmObject from "./CrmObject.ts"
export * as ErrorBody from "./ErrorBody.ts"
export * as InputIssue from "./InputIssue.ts"
export * as LineItem from "./LineItem.ts"
export * as ObjectId from "./ObjectId.ts"
export * as Page from "./Page.ts"
export * as Properties from "./Properties.ts"
export * as Property from "./Property.ts"
export * as Search from "./Search.ts"
export * as StandardProperties from "./StandardProperties.ts"
