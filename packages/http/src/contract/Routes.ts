/**
 * Method, path and kind of answer of each endpoint that the client asks. One that is not the endpoint's does not compile.
 *
 * It holds no endpoint: only their types are looked at.
 *
 * @since 0.1.0
 */
import type * as ApiVersion from "@effect-hubspot/schema/ApiVersion"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import type * as HubSpotApi from "../HubSpotApi.ts"
import { otherPaths, paths } from "./Paths.ts"

/** The endpoints of the contract, by name. */
type Contract = ReturnType<typeof HubSpotApi.endpoints>

/** The endpoints that the client asks, by name. */
export type Endpoints = Pick<Contract, keyof typeof routes>

/** The name of an endpoint that the client asks. */
export type Name = keyof Endpoints

/** What an endpoint says of a request and its success. */
interface Route<N extends keyof Contract> {
  readonly method: Contract[N]["method"]
  readonly path: (version: ApiVersion.ApiVersion) => Contract[N]["path"]
  readonly expects: HttpApiEndpoint.Success<Contract[N]>["Type"] extends void ? "nothing" : "json"
}

const lineItems = { v3: paths("v3"), "2026-03": paths("2026-03"), "2026-09": paths("2026-09") }
const associations = "/crm/v4/associations/:fromObjectType/:toObjectType"
const properties = "/crm/v3/properties/:objectType"

/** The routes by the name of their endpoint. */
export const routes = {
  list: { method: "GET", path: (version) => lineItems[version].root, expects: "json" },
  create: { method: "POST", path: (version) => lineItems[version].root, expects: "json" },
  get: { method: "GET", path: (version) => lineItems[version].one, expects: "json" },
  update: { method: "PATCH", path: (version) => lineItems[version].one, expects: "json" },
  archive: { method: "DELETE", path: (version) => lineItems[version].one, expects: "nothing" },
  batchCreate: { method: "POST", path: (version) => lineItems[version].batchCreate, expects: "json" },
  batchRead: { method: "POST", path: (version) => lineItems[version].batchRead, expects: "json" },
  batchUpdate: { method: "POST", path: (version) => lineItems[version].batchUpdate, expects: "json" },
  batchUpsert: { method: "POST", path: (version) => lineItems[version].batchUpsert, expects: "json" },
  batchArchive: { method: "POST", path: (version) => lineItems[version].batchArchive, expects: "nothing" },
  search: { method: "POST", path: (version) => lineItems[version].search, expects: "json" },
  associateDefault: {
    method: "PUT",
    path: (version) => lineItems[version].associateDefault,
    expects: "json"
  },
  associate: { method: "PUT", path: (version) => lineItems[version].associate, expects: "json" },
  dissociate: { method: "DELETE", path: (version) => lineItems[version].associate, expects: "nothing" },
  batchAssociate: { method: "POST", path: () => `${associations}/batch/create`, expects: "json" },
  batchAssociateDefault: {
    method: "POST",
    path: () => `${associations}/batch/associate/default`,
    expects: "json"
  },
  associationsOf: {
    method: "GET",
    path: () => "/crm/v4/objects/:fromObjectType/:id/associations/:toObjectType",
    expects: "json"
  },
  listProperties: { method: "GET", path: () => properties, expects: "json" },
  createProperty: { method: "POST", path: () => properties, expects: "json" },
  accountDetails: { method: "GET", path: () => otherPaths.account, expects: "json" }
} as const satisfies { readonly [N in keyof Contract]?: Route<N> }
