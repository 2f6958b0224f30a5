/**
 * HubSpot's side of `HubSpotApi`: which handler answers which endpoint, by what rights.
 *
 * Handlers are raw so that bodies are HubSpot's to the letter and bad requests get HubSpot's answers, not
 * Effect's. What they decide is in the modules of their nouns. Nothing here knows the client.
 *
 * @since 0.1.0
 */
import { ApiVersion } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as HubSpotApi from "../../HubSpotApi.ts"
import type { Account } from "../state/Account.ts"
import * as Details from "./AccountHandlers.ts"
import * as Associations from "./AssociationsHandlers.ts"
import * as Batch from "./BatchHandlers.ts"
import * as Exchange from "../passage/Exchange.ts"
import type * as Ledger from "../Ledger.ts"
import * as LineItems from "./LineItemsHandlers.ts"
import * as Operation from "../passage/Operation.ts"
import * as Properties from "./PropertiesHandlers.ts"
import type * as Refusal from "./Refusal.ts"
import * as SearchHandlers from "./SearchHandlers.ts"
import type * as SearchIndex from "../state/SearchIndex.ts"

/**
 * What some handlers need besides the account.
 *
 * @category models
 * @since 0.1.0
 */
export interface Surroundings {
  readonly index: SearchIndex.SearchIndex
  readonly timeZone: string
}

/**
 * Serves the contract in each of its versions. Specification: what differs is what `BatchHandlers` says
 * of 2026-09, and that the association helpers under the objects' path are dated.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (account: Account, { index, timeZone }: Surroundings) => {
  const [first, ...rest] = ApiVersion.ApiVersion.literals.map((version) =>
    layerVersion(account, version, index)
  )
  return Layer.mergeAll(
    first!,
    ...rest,
    layerDated(account, "2026-03"),
    layerDated(account, "2026-09"),
    layerSurroundings(account, timeZone)
  )
}

const respond = (
  account: Account,
  request: HttpServerRequest,
  operation: Operation.Operation,
  decide: (text: string, entry: Ledger.OpenRequest) => Effect.Effect<Exchange.Reply, Refusal.Refusal>
) =>
  Exchange.answer(account, request, decide, operation).pipe(
    // The body stopped half way, so nobody is there to read an answer. The ledger keeps status 0.
    Effect.catchTag("HttpServerError", () => Effect.succeed(HttpServerResponse.empty({ status: 400 })))
  )

const layerVersion = (account: Account, version: ApiVersion.ApiVersion, index: SearchIndex.SearchIndex) => {
  const api = HubSpotApi.versions[version]
  const { read, readByBody, search, write, writeByPath } = Operation
  return HttpApiBuilder.layer(api).pipe(
    Layer.provide(
      HttpApiBuilder.group(api, "lineItems", (handlers) =>
        handlers
          .handleRaw("list", ({ request }) =>
            respond(account, request, read, () => LineItems.list(account, request))
          )
          .handleRaw("create", ({ request }) =>
            respond(account, request, write, (text, entry) => LineItems.create(account, text, entry))
          )
          .handleRaw("get", ({ params, request }) =>
            respond(account, request, read, () => LineItems.get(account, request, params.id))
          )
          .handleRaw("update", ({ params, request }) =>
            respond(account, request, write, (text, entry) =>
              LineItems.update(account, request, params.id, text, entry)
            )
          )
          .handleRaw("archive", ({ params, request }) =>
            respond(account, request, writeByPath, () => LineItems.archive(account, params.id))
          )
          .handleRaw("batchCreate", ({ request }) =>
            respond(account, request, write, (text, entry) => Batch.create(account, version, text, entry))
          )
          .handleRaw("batchRead", ({ request }) =>
            respond(account, request, readByBody, (text, entry) =>
              Batch.read(account, version, request, text, entry)
            )
          )
          .handleRaw("batchUpdate", ({ request }) =>
            respond(account, request, write, (text, entry) => Batch.update(account, version, text, entry))
          )
          .handleRaw("batchUpsert", ({ request }) =>
            respond(account, request, write, (text, entry) => Batch.upsert(account, version, text, entry))
          )
          .handleRaw("batchArchive", ({ request }) =>
            respond(account, request, write, (text, entry) => Batch.archive(account, text, entry))
          )
          .handleRaw("search", ({ request }) =>
            respond(account, request, search, (text) => SearchHandlers.search(account, index, text))
          )
      )
    )
  )
}

const layerDated = (account: Account, version: Exclude<ApiVersion.ApiVersion, "v3">) => {
  const api = HubSpotApi.datedAssociations[version]
  const { write, writeByPath } = Operation
  return HttpApiBuilder.layer(api).pipe(
    Layer.provide(
      HttpApiBuilder.group(api, "datedAssociations", (handlers) =>
        handlers
          .handleRaw("associateDefault", ({ params, request }) =>
            respond(account, request, writeByPath, () => Associations.associateDefault(account, params))
          )
          .handleRaw("associate", ({ params, request }) =>
            respond(account, request, write, (text) => Associations.associate(account, params, text))
          )
          .handleRaw("dissociate", ({ params, request }) =>
            respond(account, request, writeByPath, () => Associations.dissociate(account, params))
          )
      )
    )
  )
}

const layerSurroundings = (account: Account, timeZone: string) => {
  const api = HubSpotApi.Surroundings
  const associations = HttpApiBuilder.group(api, "associations", (handlers) =>
    handlers
      .handleRaw("batchAssociate", ({ params, request }) =>
        respond(account, request, Operation.write, (text, entry) =>
          Associations.batchAssociate(account, params.toObjectType, text, entry)
        )
      )
      .handleRaw("batchAssociateDefault", ({ params, request }) =>
        respond(account, request, Operation.write, (text, entry) =>
          Associations.batchAssociateDefault(account, params.toObjectType, text, entry)
        )
      )
      .handleRaw("lineItemsOf", ({ params, request }) =>
        respond(account, request, Operation.read, () =>
          Associations.associationsOf(account, request, params.fromObjectType, params.id)
        )
      )
  )
  const properties = HttpApiBuilder.group(api, "properties", (handlers) =>
    handlers
      .handleRaw("listProperties", ({ request }) =>
        respond(account, request, Operation.readProperties, () => Properties.list(account))
      )
      .handleRaw("getProperty", ({ params, request }) =>
        respond(account, request, Operation.readProperties, () => Properties.get(account, params.name))
      )
      .handleRaw("createProperty", ({ request }) =>
        respond(account, request, Operation.defineProperty, (text) => Properties.create(account, text))
      )
  )
  const details = HttpApiBuilder.group(api, "account", (handlers) =>
    handlers.handleRaw("accountDetails", ({ request }) =>
      respond(account, request, Operation.account, () => Details.details(account, timeZone))
    )
  )
  const oauth = HttpApiBuilder.group(api, "oauth", (handlers) =>
    handlers.handleRaw("token", ({ request }) =>
      respond(account, request, Operation.token, (text) => Details.token(account, text))
    )
  )
  return HttpApiBuilder.layer(api).pipe(
    Layer.provide(Layer.mergeAll(associations, properties, details, oauth))
  )
}
