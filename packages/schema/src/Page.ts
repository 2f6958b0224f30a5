/**
 * A page of records, as list and search answer them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { CrmObject } from "./CrmObject.ts"
import { OpenStruct } from "./internal/openStruct.ts"
import * as ObjectId from "./ObjectId.ts"

const Paging = OpenStruct({
  next: Schema.optional(
    Schema.NullOr(
      OpenStruct({ after: ObjectId.FromWire, link: Schema.optional(Schema.NullOr(Schema.String)) })
    )
  )
})

/** The most records on a page of a list. */
export const maxListLimit = 100

/**
 * `{ results, paging? }`; `paging.next.after` is the cursor of the next page. Its `link` is never followed.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Page = OpenStruct({
  results: Schema.Array(CrmObject),
  paging: Schema.optional(Schema.NullOr(Paging)),
  total: Schema.optional(Schema.NullOr(Schema.Int))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Page extends Schema.Schema.Type<typeof Page> {}

/**
 * The cursor of the page after this one, if there is one.
 *
 * @category reading
 * @since 0.1.0
 */
export const next = (page: Page): string | undefined => page.paging?.next?.after
