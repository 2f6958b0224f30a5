/**
 * The paths of the contract. The endpoints and the client's operations are made from them.
 *
 * They are apart from the endpoints so that a program that sends does not hold what serves and describes.
 *
 * @since 0.1.0
 */
import * as ApiVersion from "@effect-hubspot/schema/ApiVersion"
import type * as LineItem from "@effect-hubspot/schema/LineItem"

/** The name of line items in paths. The module of its type has all their schemas. */
export const objectType: typeof LineItem.objectType = "line_items"

/**
 * The paths of the operations in an API version, of line items or of another object type. The caller fills in `:id` and the
 * like.
 *
 * @category paths
 * @since 0.1.0
 */
export const paths = (version: ApiVersion.ApiVersion, type: string = objectType) => {
  const root = ApiVersion.objectPath(version, type)
  return {
    root,
    one: `${root}/:id`,
    batchCreate: `${root}/batch/create`,
    batchRead: `${root}/batch/read`,
    batchUpdate: `${root}/batch/update`,
    batchUpsert: `${root}/batch/upsert`,
    batchArchive: `${root}/batch/archive`,
    search: `${root}/search`,
    associate: `${root}/:id/associations/:toObjectType/:toObjectId`,
    associateDefault: `${root}/:id/associations/default/:toObjectType/:toObjectId`
  } as const
}

/**
 * Paths outside of line items, the same in every version.
 *
 * @category paths
 * @since 0.1.0
 */
export const otherPaths = {
  account: "/account-info/v3/details",
  usage: "/account-info/v3/api-usage/daily/private-apps",
  token: "/oauth/2026-09/token",
  introspect: "/oauth/2026-09/token/introspect",
  revoke: "/oauth/2026-09/token/revoke"
} as const
