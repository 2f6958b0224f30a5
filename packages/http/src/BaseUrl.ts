/**
 * Where requests go: HubSpot's own host over https, or this machine. Nothing else gets the token.
 *
 * The text is compared with a strict form before it is parsed: a URL parser accepts `http://127.1`, userinfo,
 * backslashes and tabs, and each of these has sent a token to the wrong host somewhere.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** HubSpot's API. */
export const hubspot = "https://api.hubapi.com"

/**
 * A base URL is refused. The message says why.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidBaseUrl extends Schema.TaggedError<InvalidBaseUrl>()("InvalidBaseUrl", {
  message: Schema.String
}) {}

const form = /^(https?):\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?\/?$/i
const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "localhost"])

/**
 * The origin of a base URL: `https://api.hubapi.com`, or `http(s)://127.0.0.1:<port>` or `localhost`.
 *
 * **Example**
 *
 * ```ts
 * import { BaseUrl } from "@effect-hubspot/http"
 * import { Effect } from "effect"
 *
 * const refused = BaseUrl.check("https://api.hubapi.com.evil.com").pipe(Effect.flip, Effect.runSync)
 * refused.message // => "host is not api.hubapi.com: only HubSpot and this machine (127.0.0.1, localhost) get the token"
 * ```
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (text: string): Effect.Effect<string, InvalidBaseUrl> => {
  const fail = (message: string) => Effect.fail(new InvalidBaseUrl({ message }))
  const match = form.exec(text)
  if (match === null) return fail("base URL must be scheme://host[:port], nothing else")
  const [, scheme = "", host = "", port] = match
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    return fail("port must be 1 to 65535")
  // `origin` leaves a default port out.
  const { origin } = new URL(`${scheme}://${host}${port === undefined ? "" : `:${Number(port)}`}`)
  if (loopback.has(host.toLowerCase())) return Effect.succeed(origin)
  if (scheme.toLowerCase() === "http")
    return fail("plain http is only allowed to this machine (127.0.0.1, localhost)")
  return origin === hubspot
    ? Effect.succeed(hubspot)
    : fail("host is not api.hubapi.com: only HubSpot and this machine (127.0.0.1, localhost) get the token")
}
