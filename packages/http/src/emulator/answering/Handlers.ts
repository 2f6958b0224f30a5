/**
 * HubSpot's side of `HubSpotApi`: which handler answers which endpoint, and what each endpoint requires.
 *
 * Handlers are raw, so that bodies are HubSpot's to the letter and bad requests get HubSpot's answers, not
 * Effect's. What they decide is in the modules of their nouns. Nothing here knows the client.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as HubSpotApi from "../../HubSpotApi.ts"
import { Served } from "../state/Account.ts"
import * as Objects from "../state/Objects.ts"
import * as Unserved from "./Unserved.ts"
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

/** Makes the handler of an endpoint. `Given` is what the handler takes from the path. */
const on =
  <Given>(
    requirements: Requirements.Requirements | ((given: Given) => Requirements.Requirements),
    decide: (call: Exchange.Call, given: Given) => Effect.Effect<Exchange.Reply, Refusal.Refusal>
  ) =>
  (given: Given & { readonly request: HttpServerRequest }) =>
    Effect.flatMap(Served, (account) =>
      Exchange.answer(
        account,
        given.request,
        typeof requirements === "function" ? requirements(given) : requirements,
        (call) => decide(call, given)
      )
    )

/** The same, with the values of records as the account's behaviour has them. */
const onRecords: typeof on = (requirements, decide) =>
  on(requirements, (call, given) =>
    Effect.map(decide(call, given), (reply) => RecordView.withValuesAsTold(call, reply))
  )

interface OfType {
  readonly params: { readonly objectType: string }
  readonly request: HttpServerRequest
}

/** The other types of objects: the handlers of line items, on the records of the type that the path names. */
const layerObjects = () => {
  const api = HubSpotApi.OtherObjects
  const { readByBody, search, write } = Requirements
  const onType =
    (
      requirements: Requirements.Requirements,
      right: "read" | "write",
      decide: (call: Exchange.Call) => Effect.Effect<Exchange.Reply, Refusal.Refusal>
    ) =>
    (given: OfType) => {
      const kind = Objects.kindOf(given.params.objectType)
      if (kind === undefined) {
        return Effect.flatMap(Served, (account) => Unserved.answer(account, given.request))
      }
      return on<OfType>(
        ({ params }) => Requirements.forType(requirements, params.objectType, right),
        (call) => {
          const { account } = call
          const { crm, index } = account.objects.of(kind)
          crm.behaviour = { ...account.crm.behaviour, requiredProperties: [] }
          const own = { ...call, account: { ...account, crm, index } }
          return Effect.map(decide(own), (reply) => RecordView.withValuesAsTold(own, reply))
        }
      )(given)
    }
  return HttpApiBuilder.layer(api).pipe(
    Layer.provide(
      HttpApiBuilder.group(api, "objects", (handlers) =>
        handlers
          .handleRaw("create", onType(write, "write", LineItems.create))
          .handleRaw("batchCreate", onType(write, "write", Batch.create))
          .handleRaw("batchRead", onType(readByBody, "read", Batch.read))
          .handleRaw("search", onType(search, "read", SearchHandlers.search))
      )
    )
  )
}

const layerContract = () => {
  const api = HubSpotApi.HubSpotApi
  const right =
    (right: "readProperties" | "define") =>
    (requirements: Requirements.Requirements) =>
    ({ params }: Pick<OfType, "params">) =>
      Requirements.forType(requirements, params.objectType, right)
  const toRead = right("readProperties")
  const toDefine = right("define")
  const {
    account,
    defineByPath,
    defineProperty,
    read,
    readByBody,
    readProperties,
    readPropertiesByBody,
    search,
    token,
    write,
    writeByPath
  } = Requirements
  return HttpApiBuilder.layer(api).pipe(
    Layer.provide([
      HttpApiBuilder.group(api, "lineItems", (handlers) =>
        handlers
          .handleRaw("list", onRecords(read, LineItems.list))
          .handleRaw("create", onRecords(write, LineItems.create))
          .handleRaw("get", onRecords(read, LineItems.get))
          .handleRaw("update", onRecords(write, LineItems.update))
          .handleRaw("archive", onRecords(writeByPath, LineItems.archive))
          .handleRaw("batchCreate", onRecords(write, Batch.create))
          .handleRaw("batchRead", onRecords(readByBody, Batch.read))
          .handleRaw("batchUpdate", onRecords(write, Batch.update))
          .handleRaw("batchUpsert", onRecords(write, Batch.upsert))
          .handleRaw("batchArchive", onRecords(write, Batch.archive))
          .handleRaw("search", onRecords(search, SearchHandlers.search))
      ),
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
          .handleRaw("listProperties", on(toRead(readProperties), Properties.list))
          .handleRaw("getProperty", on(toRead(readProperties), Properties.get))
          .handleRaw("createProperty", on(toDefine(defineProperty), Properties.create))
          .handleRaw("updateProperty", on(toDefine(defineProperty), Properties.update))
          .handleRaw("archiveProperty", on(toDefine(defineByPath), Properties.archive))
          .handleRaw("batchCreateProperties", on(toDefine(defineProperty), Properties.batchCreate))
          .handleRaw("batchReadProperties", on(toRead(readPropertiesByBody), Properties.batchRead))
          .handleRaw("batchArchiveProperties", on(toDefine(defineProperty), Properties.batchArchive))
          .handleRaw("listGroups", on(toRead(readProperties), Properties.listGroups))
          .handleRaw("createGroup", on(toDefine(defineProperty), Properties.createGroup))
          .handleRaw("getGroup", on(toRead(readProperties), Properties.getGroup))
          .handleRaw("updateGroup", on(toDefine(defineProperty), Properties.updateGroup))
          .handleRaw("archiveGroup", on(toDefine(defineByPath), Properties.archiveGroup))
      ),
      HttpApiBuilder.group(api, "account", (handlers) =>
        handlers.handleRaw("accountDetails", on(account, Details.details))
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

/**
 * Serves the contract. Other versions are `Aliases`; `BatchHandlers` and `RecordView` say what differs in their answers.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = () => Layer.mergeAll(layerContract(), layerObjects())
