/**
 * The body of a search as the emulator reads it, within the bounds that HubSpot sets.
 *
 * Bounds are documentation, the words of the refusals assumptions. Observation: fields may be absent that the specification
 * calls required.
 *
 * @since 0.1.0
 */
import * as Search from "@effect-hubspot/schema/Search"
import * as Result from "effect/Result"
import * as Json from "./Json.ts"
import * as Refusal from "../answering/Refusal.ts"

/**
 * A condition, texts as they came.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filter {
  readonly propertyName: string
  readonly operator: Search.Operator
  readonly value: string | undefined
  readonly highValue: string | undefined
  readonly values: ReadonlyArray<string>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Sort {
  readonly propertyName: string
  readonly descending: boolean
}

/**
 * @category models
 * @since 0.1.0
 */
export interface SearchRequest {
  readonly filterGroups: ReadonlyArray<ReadonlyArray<Filter>>
  readonly sort: Sort | undefined
  readonly properties: ReadonlyArray<string>
  readonly limit: number
  readonly after: number
  readonly query: string | undefined
}

/**
 * @category reading
 * @since 0.1.0
 */
export const read = (text: string): Json.Reading<SearchRequest> =>
  text.length > Search.maxBodyLength
    ? refuse(`The body of a search may have ${Search.maxBodyLength} characters, this one has ${text.length}`)
    : Result.gen(function* () {
        const body = yield* Json.readObject(text, "PublicObjectSearchRequest")
        const filterGroups = yield* readGroups(body.filterGroups)
        const sort = yield* readSort(body.sorts)
        const properties = yield* Json.readList(body.properties, Json.readText)
        const query = yield* Json.optionalText(body.query)
        const limit = yield* readInteger("limit", body.limit, 10)
        const after = yield* readInteger("after", body.after === "" ? undefined : body.after, 0)
        // Documentation: 10 by default, 200 at most. That 0 is refused is an assumption.
        if (limit < 1 || limit > Search.maxLimit) {
          return yield* refuse(`limit must be between 1 and ${Search.maxLimit}, it is ${limit}`)
        }
        if (after + limit > Search.maxResults) {
          return yield* refuse(`Paging beyond ${Search.maxResults} results is not supported by search`)
        }
        return { filterGroups, sort, properties, query, limit, after }
      })

/**
 * The refusal of a whole search.
 *
 * @category constructors
 * @since 0.1.0
 */
export const refuse = (message: string): Result.Result<never, Refusal.Refusal> =>
  Result.fail(Refusal.invalid(`There was a problem with the request. ${message}`))

const readGroups = (json: unknown): Json.Reading<ReadonlyArray<ReadonlyArray<Filter>>> =>
  Result.gen(function* () {
    const groups = yield* Json.readList(json, readGroup)
    if (groups.length > Search.maxFilterGroups) {
      return yield* refuse(
        `${groups.length} filterGroups are too many: the maximum is ${Search.maxFilterGroups}`
      )
    }
    for (const group of groups) {
      if (group.length > Search.maxFiltersPerGroup) {
        return yield* refuse(
          `${group.length} filters in a group are too many: the maximum is ${Search.maxFiltersPerGroup}`
        )
      }
    }
    const all = groups.reduce((sum, group) => sum + group.length, 0)
    if (all > Search.maxFilters) {
      return yield* refuse(`${all} filters are too many: the maximum is ${Search.maxFilters}`)
    }
    return groups
  })

const readGroup = (json: unknown): Json.Reading<ReadonlyArray<Filter>> =>
  Json.isRecord(json) ? Json.readList(json.filters, readFilter) : Json.mismatch("FilterGroup", json)

const readFilter = (json: unknown): Json.Reading<Filter> =>
  Result.gen(function* () {
    if (!Json.isRecord(json)) return yield* Json.mismatch("Filter", json)
    const propertyName = yield* Json.optionalText(json.propertyName)
    const operator = yield* Json.optionalText(json.operator)
    if (propertyName === undefined || operator === undefined) {
      return yield* Result.fail(Refusal.missingFields("propertyName", "operator"))
    }
    if (!isOperator(operator)) return yield* refuse(`${operator} is not an operator`)
    const value = yield* Json.optionalText(json.value)
    const highValue = yield* Json.optionalText(json.highValue)
    const values = yield* Json.readList(json.values, Json.readText)
    const missing = missingOperand[operator]?.({ value, highValue, values })
    if (missing !== undefined) return yield* refuse(`operator ${operator} requires ${missing}`)
    return { propertyName, operator, value, highValue, values }
  })

const operators: ReadonlySet<string> = new Set(Search.Operator.literals)

const isOperator = (name: string): name is Search.Operator => operators.has(name)

type Operands = Pick<Filter, "value" | "highValue" | "values">

const aValue = ({ value }: Operands) => (value === undefined ? "a value" : undefined)
const someValues = ({ values }: Operands) => (values.length === 0 ? "values" : undefined)
const nothing = () => undefined

const missingOperand: Readonly<Record<Search.Operator, (operands: Operands) => string | undefined>> = {
  EQ: aValue,
  NEQ: aValue,
  LT: aValue,
  LTE: aValue,
  GT: aValue,
  GTE: aValue,
  BETWEEN: ({ highValue, value }) =>
    value === undefined || highValue === undefined ? "a value and a highValue" : undefined,
  IN: someValues,
  NOT_IN: someValues,
  HAS_PROPERTY: nothing,
  NOT_HAS_PROPERTY: nothing,
  CONTAINS_TOKEN: aValue,
  NOT_CONTAINS_TOKEN: aValue
}

// Specification: texts. Documentation: objects with a direction. Documentation: one only.
const readSort = (json: unknown): Json.Reading<Sort | undefined> =>
  Result.gen(function* () {
    const sorts = yield* Json.readList(json, readOneSort)
    if (sorts.length > 1) return yield* refuse("Only one sort is supported")
    return sorts[0]
  })

const readOneSort = (json: unknown): Json.Reading<Sort> => {
  if (Json.isRecord(json) && typeof json.propertyName === "string") {
    return Result.succeed({ propertyName: json.propertyName, descending: json.direction === "DESCENDING" })
  }
  const text = Json.asText(json)
  if (text === undefined) return Json.mismatch("Sort", json)
  return Result.succeed(
    text.startsWith("-")
      ? { propertyName: text.slice(1), descending: true }
      : { propertyName: text, descending: false }
  )
}

const readInteger = (name: string, json: unknown, otherwise: number): Json.Reading<number> => {
  if (!Json.isPresent(json)) return Result.succeed(otherwise)
  const text = Json.asText(json)
  return text !== undefined && /^\d{1,9}$/.test(text)
    ? Result.succeed(Number(text))
    : refuse(`${name} must be an integer, it is ${text ?? "something else"}`)
}
