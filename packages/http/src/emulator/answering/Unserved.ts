/**
 * Requests that no endpoint of the contract answers: a wrong method, an object type that is none, a path that is not
 * served here. And the paths that stand for another one.
 *
 * It changes nothing in the account.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Aliases from "../../contract/Aliases.ts"
import * as HubSpotApi from "../../HubSpotApi.ts"
import * as Delivery from "../passage/Delivery.ts"
import * as Exchange from "../passage/Exchange.ts"
import * as Requirements from "../passage/Requirements.ts"
import type { Account } from "../state/Account.ts"
import * as Objects from "../state/Objects.ts"
import * as Refusal from "./Refusal.ts"

/**
 * The request at the path of the contract that its own path stands for. `originalUrl` stays.
 *
 * @category constructors
 * @since 0.1.0
 */
export const canonical = (request: HttpServerRequest): HttpServerRequest => {
  const [path = "", query] = request.url.split("?", 2)
  const found = Aliases.canonical(path)
  return found === path ? request : request.modify({ url: query === undefined ? found : `${found}?${query}` })
}

/**
 * The answer to a request that no endpoint has. Observation: a wrong method is a 405 with `Allow` and without a body, an
 * unknown type a 400, an unknown path HTML. Assumption: the token is looked at first where there is a body of HubSpot's.
 *
 * @category handlers
 * @since 0.1.0
 */
export const answer = (
  account: Account,
  request: HttpServerRequest
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const path = request.url.split("?", 1)[0]!
  const objectType = Aliases.objectTypeOf(path)
  const isServed = objectType !== undefined && Objects.kindOf(objectType) !== undefined
  const methods = [...endpoints, ...(isServed ? ofObjects : [])].flatMap((endpoint) =>
    endpoint.path.test(path) ? [endpoint.method] : []
  )
  if (methods.length > 0) {
    const allow = [...new Set(methods)].join(",")
    return Exchange.unserved(account, request, 405, (headers) =>
      HttpServerResponse.empty({ status: 405, headers: { ...headers, allow } })
    )
  }
  if (objectType !== undefined && !isObjectType(objectType)) {
    return Exchange.answer(account, request, { ...Requirements.account, limit: "none" }, () =>
      Effect.fail(Refusal.unknownObjectType(objectType))
    )
  }
  return Exchange.unserved(account, request, 404, (headers) => Delivery.html(404, "404 Not Found", headers))
}

interface Group {
  readonly endpoints: Readonly<Record<string, { readonly method: string; readonly path: string }>>
}

const endpointsOf = ({ groups }: { readonly groups: Readonly<Record<string, Group>> }) =>
  Object.values(groups).flatMap((group) =>
    Object.values(group.endpoints).map(({ method, path }) => ({
      method,
      path: new RegExp(`^${path.replaceAll(/:[A-Za-z]+/g, "[^/]+")}$`)
    }))
  )

const endpoints = endpointsOf(HubSpotApi.HubSpotApi)
const ofObjects = endpointsOf(HubSpotApi.OtherObjects)

// Types that HubSpot has and that this emulator does not serve.
const others =
  /^(?:line_items?|contacts?|compan(?:y|ies)|tickets?|products?|tasks?|notes?|calls?|emails?|meetings?|leads?|users?|taxes|fees?|discounts?|feedback_submissions?|0-(?:1|2|4|5|7|8|11|27|46|47|48|49|115|116|136))$/i

const isObjectType = (name: string): boolean => others.test(name) || Objects.kindOf(name) !== undefined
