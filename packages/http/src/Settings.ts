/**
 * What people set, and its bounds. It imports nothing, for those who only name it, such as the help of a command.
 *
 * @since 0.1.0
 */

/**
 * The environment variable that `Credentials.layerConfig` reads.
 *
 * @category constants
 * @since 0.1.0
 */
export const environmentVariable = "HUBSPOT_ACCESS_TOKEN"

/**
 * Requests per ten seconds by what the account and the app are.
 *
 * Source: HubSpot's usage guidelines, November 2026.
 *
 * @category constants
 * @since 0.1.0
 */
export const tiers = {
  /** A private app or service key in a Free or Starter account. */
  starter: 100,
  /** An app from the marketplace, for each account that installed it. */
  marketplace: 110,
  /** A private app or service key in a Professional or Enterprise account. */
  professional: 190,
  /** The same with the API limit increase. */
  increased: 250
} as const

/**
 * The highest limit HubSpot sells.
 *
 * @category constants
 * @since 0.1.0
 */
export const highestLimit = tiers.increased
