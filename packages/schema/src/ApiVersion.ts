/**
 * The versions of HubSpot's CRM API that this library supports, and their paths.
 *
 * A version is a configuration value. Requests are the same in each; paths and success codes differ,
 * so replies are judged by their body.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * `v3` is unsupported from September 2027; the dated ones are HubSpot's half-yearly versions.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ApiVersion = Schema.Literals(["v3", "2026-03", "2026-09"])

/**
 * @category models
 * @since 0.1.0
 */
export type ApiVersion = typeof ApiVersion.Type

/**
 * The path of an object type: `v3` puts the version first, dated versions put it after `objects`.
 *
 * **Example**
 *
 * ```ts
 * import { ApiVersion } from "@effect-hubspot/schema"
 *
 * const path = ApiVersion.objectPath("2026-09", "line_items")
 * path // => "/crm/objects/2026-09/line_items"
 * ```
 *
 * @category paths
 * @since 0.1.0
 */
export const objectPath = (version: ApiVersion, objectType: string): `/${string}` =>
  version === "v3" ? `/crm/v3/objects/${objectType}` : `/crm/objects/${version}/${objectType}`
