/**
 * HubSpot's side of `HubSpotApi`: which handler answers which endpoint, and what each endpoint requires.
 *
 * Handlers are raw, so that bodies are HubSpot's to the letter and bad requests get HubSpot's answers, not
 * Effect's. What they decide is in the modules of their nouns. Nothing here knows the client.
 *
 * @since 0.1.0
 */
import { ApiVersion } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as HubSpotApi from "../../HubSpotApi.ts"
import type { Account } from "../state/Account.ts"
import * as Details from "./AccountHandlers.ts"
import * as Associations from "./AssociationsHandlers.ts"
import * as Batch from "./BatchHandlers.ts"
import * as Exchange from "../passage/Exchange.ts"
import * as LineItems from "./LineItemsHandlers.ts"
import * as Requirements from "../passage/Requirements.ts"
import * as Properties from "./PropertiesHandlers.ts"
import * as RecordView from "./RecordView.ts"
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
 * Serves the contract in each of its versions. Specification: `BatchHandlers` says what differs in 2026-09.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (account: Account, { index, timeZone }: Surroundings) => {
  const on = answering(account)
  const [first, ...rest] = ApiVersion.ApiVersion.literals.map((version) => layerVersion(on, version, index))
  return Layer.mergeAll(first!, ...rest, layerSurroundings(on, timeZone))
}

/** Makes the handler of an endpoint. `Given` is what the handler takes from the path. */
const answering =
  (account: Account) =>
  <Given>(
    requirements: Requirements.Requirements,
    decide: (call: Exchange.Call, given: Given) => Effect.Effect<Exchange.Reply, Refusal.Refusal>
  ) =>
  (given: Given & { readonly request: HttpServerRequest }) =>
    Exchange.answer(account, given.request, requirements, (call) => decide(call, given))

type On = ReturnType<typeof answering>

const layerVersion = (answered: On, version: ApiVersion.ApiVersion, index: SearchIndex.SearchIndex) => {
  const api = HubSpotApi.versions[version]
  const { read, readByBody, search, write, writeByPath } = Requirements
  const on: On = (requirements, decide) =>
    answered(requirements, (call, given) =>
      Effect.map(decide(call, given), (reply) => RecordView.withValuesAsTold(call, reply))
    )
  return HttpApiBuilder.layer(api).pipe(
    Layer.provide(
      HttpApiBuilder.group(api, "lineItems", (handlers) =>
        handlers
          .handleRaw("list", on(read, LineItems.list))
          .handleRaw("create", on(write, LineItems.create))
          .handleRaw("get", on(read, LineItems.get))
          .handleRaw("update", on(write, LineItems.update))
          .handleRaw("archive", on(writeByPath, LineItems.archive))
          .handleRaw("batchCreate", on(write, Batch.create(version)))
          .handleRaw("batchRead", on(readByBody, Batch.read(version)))
          .handleRaw("batchUpdate", on(write, Batch.update(version)))
          .handleRaw("batchUpsert", on(write, Batch.upsert(version)))
          .handleRaw("batchArchive", on(write, Batch.archive))
          .handleRaw("search", on(search, SearchHandlers.search(index)))
      )
    )
  )
}

const layerSurroundings = (on: On, timeZone: string) => {
  const api = HubSpotApi.Surroundings
  const {
    account,
    defineByPath,
    defineProperty,
    read,
    readByBody,
    readProperties,
    readPropertiesByBody,
    token,
    write,
    writeByPath
  } = Requirements
  return HttpApiBuilder.layer(api).pipe(
    Layer.provide([
      HttpApiBuilder.group(api, "associations", (handlers) =>
        handlers
          .handleRaw("batchAssociate", on(write, Associations.batchAssociate))
          .handleRaw("batchAssociateDefault", on(write, Associations.batchAssociateDefault))
          .handleRaw("associationsOf", on(read, Associations.associationsOf))
      ),
      HttpApiBuilder.group(api, "otherAssociations", (handlers) =>
        handlers
          .handleRaw("associatePair", on(write, Associations.associate))
          .handleRaw("associatePairDefault", on(writeByPath, Associations.associateDefault))
          .handleRaw("dissociatePair", on(writeByPath, Associations.dissociate))
          .handleRaw("batchReadAssociations", on(readByBody, Associations.batchRead))
          .handleRaw("batchDissociate", on(write, Associations.batchDissociate))
          .handleRaw("batchDissociateTypes", on(write, Associations.batchDissociateTypes))
          .handleRaw("associationLabels", on(read, Associations.labels))
          .handleRaw("associateByName", on(writeByPath, Associations.associateByName))
          .handleRaw("dissociateByName", on(writeByPath, Associations.dissociateByName))
          .handleRaw("associatedIds", on(read, Associations.associatedIds))
          .handleRaw("batchAssociateByName", on(write, Associations.batchAssociateByName))
          .handleRaw("batchReadByName", on(readByBody, Associations.batchReadByName))
          .handleRaw("batchDissociateByName", on(write, Associations.batchDissociateByName))
          .handleRaw("associationTypes", on(read, Associations.typesByName))
      ),
      HttpApiBuilder.group(api, "properties", (handlers) =>
        handlers
          .handleRaw("listProperties", on(readProperties, Properties.list))
          .handleRaw("getProperty", on(readProperties, Properties.get))
          .handleRaw("createProperty", on(defineProperty, Properties.create))
          .handleRaw("updateProperty", on(defineProperty, Properties.update))
          .handleRaw("archiveProperty", on(defineByPath, Properties.archive))
          .handleRaw("batchCreateProperties", on(defineProperty, Properties.batchCreate))
          .handleRaw("batchReadProperties", on(readPropertiesByBody, Properties.batchRead))
          .handleRaw("batchArchiveProperties", on(defineProperty, Properties.batchArchive))
          .handleRaw("listGroups", on(readProperties, Properties.listGroups))
          .handleRaw("createGroup", on(defineProperty, Properties.createGroup))
          .handleRaw("getGroup", on(readProperties, Properties.getGroup))
          .handleRaw("updateGroup", on(defineProperty, Properties.updateGroup))
          .handleRaw("archiveGroup", on(defineByPath, Properties.archiveGroup))
      ),
      HttpApiBuilder.group(api, "account", (handlers) =>
        handlers.handleRaw("accountDetails", on(account, Details.details(timeZone)))
      ),
      HttpApiBuilder.group(api, "usage", (handlers) =>
        handlers.handleRaw("dailyUsage", on(account, Details.usage))
      ),
      HttpApiBuilder.group(api, "oauth", (handlers) =>
        handlers
          .handleRaw("token", on(token, Details.token))
          .handleRaw("introspect", on(token, Details.introspect))
          .handleRaw("revoke", on(token, Details.revoke))
      )
    ])
  )
}
