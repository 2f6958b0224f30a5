/**
 * The search request: filters, sorts, paging, and the bounds HubSpot sets.
 *
 * A search finds new and changed records only after a while. Never use it to find out whether a write
 * happened.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * @category schemas
 * @since 0.1.0
 */
export const Operator = Schema.Literals([
  "EQ",
  "NEQ",
  "LT",
  "LTE",
  "GT",
  "GTE",
  "BETWEEN",
  "IN",
  "NOT_IN",
  "HAS_PROPERTY",
  "NOT_HAS_PROPERTY",
  "CONTAINS_TOKEN",
  "NOT_CONTAINS_TOKEN"
])

/**
 * @category models
 * @since 0.1.0
 */
export type Operator = typeof Operator.Type

/**
 * One condition. `value` for most operators, `highValue` too for `BETWEEN`, `values` for `IN` and
 * `NOT_IN`, none for `HAS_PROPERTY` and its opposite.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Filter = Schema.Struct({
  propertyName: Schema.String,
  operator: Operator,
  value: Schema.optionalKey(Schema.String),
  highValue: Schema.optionalKey(Schema.String),
  values: Schema.optionalKey(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Filter = typeof Filter.Type

/** Groups of filters in a request, filters in a group, filters in all. */
export const maxFilterGroups = 5
export const maxFiltersPerGroup = 6
export const maxFilters = 18

/** The most records on a page, and the most that a query returns in total. */
export const maxLimit = 200
export const maxResults = 10_000

/** The longest request body, in characters. */
export const maxBodyLength = 3000

/**
 * `{ filterGroups, sorts?, properties?, limit?, after?, query? }`. Filters of a group must all hold, of
 * the groups one. At most one sort, by the name of a property; a `-` before it means descending.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Search = Schema.Struct({
  filterGroups: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({ filters: Schema.Array(Filter).check(Schema.isBetweenLength(1, maxFiltersPerGroup)) })
    ).check(Schema.isMaxLength(maxFilterGroups))
  ),
  sorts: Schema.optionalKey(Schema.Array(Schema.String).check(Schema.isMaxLength(1))),
  properties: Schema.optionalKey(Schema.Array(Schema.String)),
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxLimit }))),
  after: Schema.optionalKey(Schema.String),
  query: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Search = typeof Search.Type
