/**
 * The search endpoint: a page of the index.
 *
 * @since 0.1.0
 */
import * as Search from "@effect-hubspot/schema/Search"
import * as Effect from "effect/Effect"
import type { Answer, Call } from "../passage/Exchange.ts"
import * as Filters from "../reading/Filters.ts"
import * as LineItems from "./LineItemsHandlers.ts"
import * as RecordView from "./RecordView.ts"
import * as SearchRequest from "../reading/SearchRequest.ts"

/**
 * `POST …/search`. Documentation: `total` counts all matches, including those beyond the last page.
 *
 * @category handlers
 * @since 0.1.0
 */
export const search = Effect.fnUntraced(function* ({ account: { crm, index }, text }: Call): Answer {
  const request = yield* Effect.fromResult(SearchRequest.read(text))
  const matches = yield* Effect.fromResult(Filters.predicate(crm, request.filterGroups))
  const found = Filters.query(crm, request.query)
  const { millis } = yield* LineItems.moment
  const all = [...index.at(millis)].filter((record) => matches(record) && found(record))
  const ordered = yield* Effect.fromResult(Filters.sorted(crm, all, request.sort))
  const end = request.after + request.limit
  const wanted = { ...RecordView.nothingSpecial, properties: request.properties }
  return {
    status: 200,
    body: {
      total: all.length,
      results: ordered.slice(request.after, end).map((record) => RecordView.read(crm, record, wanted)),
      // Assumption: the paging names a next page even if a request for it is refused.
      ...(end < all.length && { paging: { next: { after: String(Math.min(end, Search.maxResults)) } } })
    }
  }
})
