/**
 * The other paths of the contract's endpoints: other names of line items, and other versions of one endpoint.
 *
 * One table, from which the emulator serves every path that programs use. The client asks by the paths of
 * `HubSpotApi` only. Nothing here says what is answered.
 *
 * @since 0.1.0
 */

/** The dated versions that HubSpot serves, the older ones included. */
const dated = "(?:2025-09|2026-03|2026-09)"

/** Where a path names an object type. */
const typed = `(?:v[34]\\/(?:objects|properties|associations)|(?:objects|properties|associations)\\/(?:v4|${dated}))`

/**
 * The table: a path that matches, and the path of the contract that it stands for. Every row applies, in this order.
 *
 * Names and dated paths are documentation and specification. That a dated path answers as the other version does is an
 * assumption, except where {@link versionOf} makes a difference.
 *
 * @category constants
 * @since 0.1.0
 */
export const aliases: ReadonlyArray<readonly [path: RegExp, canonical: string]> = [
  // The type has three names.
  [new RegExp(`^(/crm/${typed})/(?:line_item|0-8)(?=/|$)`), "$1/line_items"],
  // The associations of one object, and batches of associations, are those of v4 in every dated version.
  [new RegExp(`^/crm/objects/${dated}/([^/]+/[^/]+/associations/)`), "/crm/v4/objects/$1"],
  [new RegExp(`^/crm/associations/(?:v4|${dated})/`), "/crm/v4/associations/"],
  // Objects have one set of endpoints.
  [new RegExp(`^/crm/objects/${dated}/`), "/crm/v3/objects/"],
  [/^\/crm\/v4\/objects\/line_items(?!\/[^/]+\/associations\/)(?=\/|$)/, "/crm/v3/objects/line_items"],
  // What stands beside the objects is the same in every version.
  [new RegExp(`^/crm/properties/${dated}/`), "/crm/v3/properties/"],
  [new RegExp(`^/account-info/${dated}/`), "/account-info/v3/"],
  [/^\/oauth\/(?:v1|v3|2026-03)\/token(?=\/|$)/, "/oauth/2026-09/token"]
]

/**
 * The path of the contract that a path stands for; the path itself if it has no alias.
 *
 * @category reading
 * @since 0.1.0
 */
export const canonical = (path: string): string =>
  aliases.reduce((found, [alias, replacement]) => found.replace(alias, replacement), path)

/**
 * The version that a path names: `v3`, `2026-03`.
 *
 * @category reading
 * @since 0.1.0
 */
export const versionOf = (path: string): string | undefined => /\/(v[134]|\d{4}-\d\d)(?=\/|$)/.exec(path)?.[1]

/**
 * The object type that a path names first.
 *
 * @category reading
 * @since 0.1.0
 */
export const objectTypeOf = (path: string): string | undefined =>
  new RegExp(`^/crm/${typed}/([^/]+)`).exec(path)?.[1]
