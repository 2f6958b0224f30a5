/**
 * What the operators of a search mean, and the order of its results.
 *
 * Numbers are compared as decimals, never as binary floats; days and instants as instants; text without
 * regard to case, except the options of enumerations (documentation). Pure: filters become predicates or a refusal.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import * as Properties from "@effect-hubspot/schema/Properties"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Crm from "../state/Crm.ts"
import type { Reading } from "./Json.ts"
import * as RecordView from "../answering/RecordView.ts"
import { type Filter, refuse, type Sort } from "./SearchRequest.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Predicate = (record: Crm.LineItemRecord) => boolean

/**
 * The predicate of all filters: one of the groups must hold, with all its filters. Without groups it always holds.
 * Documentation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const predicate = (crm: Crm.Crm, groups: ReadonlyArray<ReadonlyArray<Filter>>): Reading<Predicate> => {
  const read = Result.all(groups.map((group) => Result.all(group.map((filter) => predicateOf(crm, filter)))))
  return Result.map(
    read,
    (any) => (record) => any.length === 0 || any.some((all) => all.every((predicate) => predicate(record)))
  )
}

const predicateOf = (crm: Crm.Crm, filter: Filter): Reading<Predicate> => {
  const { propertyName } = filter
  if (propertyName.startsWith("associations.")) return associationPredicate(filter)
  const definition = crm.properties.get(propertyName)
  if (definition === undefined) return unknownProperty(propertyName)
  const test = kinds[definition.type].test(filter)
  return test === undefined
    ? refuse(
        `${[filter.value, filter.highValue, ...filter.values].join(", ")} is not of the type of ${propertyName}`
      )
    : Result.succeed((record: Crm.LineItemRecord) => test(RecordView.valueOf(crm, record, propertyName)))
}

const unknownProperty = (name: string) => refuse(`Property "${name}" does not exist`)

// Documentation: a pseudo-property that holds the ids of associated objects.
const associationPredicate = ({ operator, propertyName, value, values }: Filter): Reading<Predicate> => {
  const target = Crm.targetOfObjectType(propertyName.slice("associations.".length))
  if (target === undefined) return unknownProperty(propertyName)
  const has = (record: Crm.LineItemRecord, matches: (id: string) => boolean): boolean =>
    record.associations.some(
      ({ to, types }) => matches(to.id) && types.some((spec) => Association.targetOf(spec) === target)
    )
  switch (operator) {
    case "EQ":
      return Result.succeed((record) => has(record, (id) => id === value))
    case "NEQ":
      return Result.succeed((record) => !has(record, (id) => id === value))
    case "IN":
      return Result.succeed((record) => has(record, (id) => values.includes(id)))
    case "NOT_IN":
      return Result.succeed((record) => !has(record, (id) => values.includes(id)))
    case "HAS_PROPERTY":
      return Result.succeed((record) => has(record, () => true))
    case "NOT_HAS_PROPERTY":
      return Result.succeed((record) => !has(record, () => true))
    default:
      // Assumption.
      return refuse(`${operator} is not for associations`)
  }
}

/** How values of a type are read and ordered. `None` for text that is no value of the type. */
interface Kind<A> {
  readonly read: (text: string) => Option.Option<A>
  readonly compare: (a: A, b: A) => number
  /** Documentation: the values of IN and NOT_IN must be in lower case, so other text matches nothing. */
  readonly readListed: (text: string) => Option.Option<A>
}

const readDecimal = (text: string): Option.Option<BigDecimal.BigDecimal> =>
  Properties.isDecimalText(text) ? BigDecimal.fromString(text) : Option.none()

const numeric: Kind<BigDecimal.BigDecimal> = {
  read: readDecimal,
  readListed: readDecimal,
  compare: BigDecimal.Order
}

const readInstant = (text: string): Option.Option<number> =>
  Option.map(DateTime.make(/^-?\d+$/.test(text) ? Number(text) : text), DateTime.toEpochMillis)

const temporal: Kind<number> = { read: readInstant, readListed: readInstant, compare: (a, b) => a - b }

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const textual: Kind<string> = {
  read: (text) => Option.some(text.toLowerCase()),
  readListed: Option.some,
  compare: compareText
}

const exact: Kind<string> = { read: Option.some, readListed: Option.some, compare: compareText }

/** A kind without the type of its values. */
interface Comparing {
  readonly test: (filter: Filter) => Test | undefined
  /** Sorts records by a value, then by id. Empty values are last in both directions. */
  readonly sort: (
    records: ReadonlyArray<Crm.LineItemRecord>,
    valueOf: (record: Crm.LineItemRecord) => string | null,
    direction: 1 | -1
  ) => ReadonlyArray<Crm.LineItemRecord>
}

const comparing = <A>(kind: Kind<A>): Comparing => ({
  test: (filter) => valueTest(filter, kind),
  sort: (records, valueOf, direction) => {
    const keyed = records.map((record) => ({
      record,
      key: Option.flatMap(Option.fromNullOr(valueOf(record)), kind.read)
    }))
    const byKey = (a: Option.Option<A>, b: Option.Option<A>): number =>
      Option.isNone(a) || Option.isNone(b)
        ? Number(Option.isNone(a)) - Number(Option.isNone(b))
        : direction * kind.compare(a.value, b.value)
    return keyed.sort((a, b) => byKey(a.key, b.key) || byId(a.record, b.record)).map(({ record }) => record)
  }
})

const numbers = comparing(numeric)
const times = comparing(temporal)

const kinds: Readonly<Record<Properties.PropertyType, Comparing>> = {
  string: comparing(textual),
  number: numbers,
  money: numbers,
  date: times,
  datetime: times,
  bool: comparing(textual),
  enumeration: comparing(exact)
}

type Test = (value: string | null) => boolean

// Assumption: an empty property matches none but NOT_HAS_PROPERTY and the negated ones.
const valueTest = <A>(filter: Filter, kind: Kind<A>): Test | undefined => {
  const { operator } = filter
  switch (operator) {
    case "HAS_PROPERTY":
      return (value) => value !== null
    case "NOT_HAS_PROPERTY":
      return (value) => value === null
    case "CONTAINS_TOKEN":
    case "NOT_CONTAINS_TOKEN": {
      const pattern = tokenPattern(filter.value ?? "")
      return (value) => (value !== null && containsToken(value, pattern)) === (operator === "CONTAINS_TOKEN")
    }
    case "IN":
    case "NOT_IN": {
      const listed = filter.values.map(kind.readListed)
      if (listed.some(Option.isNone)) return undefined
      const wanted = listed.flatMap(Option.toArray)
      const isListed = (value: A): boolean => wanted.some((one) => kind.compare(one, value) === 0)
      return (value) => has(kind, value, isListed) === (operator === "IN")
    }
    case "BETWEEN": {
      const low = kind.read(filter.value ?? "")
      const high = kind.read(filter.highValue ?? "")
      if (Option.isNone(low) || Option.isNone(high)) return undefined
      // Documentation: both ends are in.
      return (value) =>
        has(kind, value, (it) => kind.compare(low.value, it) <= 0 && kind.compare(it, high.value) <= 0)
    }
    default: {
      const given = kind.read(filter.value ?? "")
      if (Option.isNone(given)) return undefined
      const holds = comparisons[operator]
      return (value) =>
        has(kind, value, (it) => holds(kind.compare(it, given.value))) ||
        (operator === "NEQ" && value === null)
    }
  }
}

const has = <A>(kind: Kind<A>, value: string | null, test: (value: A) => boolean): boolean =>
  value !== null && Option.exists(kind.read(value), test)

const comparisons = {
  EQ: (order: number) => order === 0,
  NEQ: (order: number) => order !== 0,
  LT: (order: number) => order < 0,
  LTE: (order: number) => order <= 0,
  GT: (order: number) => order > 0,
  GTE: (order: number) => order >= 0
}

// Documentation: a token is a word, and `*` stands for any part of one. Assumptions: what separates words, and that all
// words of a value must be present.
const words = (text: string): ReadonlyArray<string> => text.toLowerCase().match(/[\p{L}\p{N}_*]+/gu) ?? []

const tokenPattern = (value: string): ReadonlyArray<RegExp> =>
  words(value).map((word) => new RegExp(`^${word.replaceAll("*", ".*")}$`, "u"))

const containsToken = (value: string, pattern: ReadonlyArray<RegExp>): boolean => {
  const tokens = words(value)
  return pattern.length > 0 && pattern.every((one) => tokens.some((token) => one.test(token)))
}

// Assumption: the properties that a query searches.
const searchable = ["name", "description", "hs_sku"]

/**
 * The predicate of a search's `query`: all its words begin words of the searchable properties.
 *
 * @category constructors
 * @since 0.1.0
 */
export const query = (crm: Crm.Crm, text: string | undefined): Predicate => {
  const pattern = tokenPattern(
    words(text ?? "")
      .map((word) => `${word}*`)
      .join(" ")
  )
  return pattern.length === 0
    ? () => true
    : (record) =>
        containsToken(
          searchable.map((name) => RecordView.valueOf(crm, record, name) ?? "").join(" "),
          pattern
        )
}

/**
 * Sorts records by the sort, then by id, which is the order of creation. Documentation for the latter. Assumption: empty
 * values are last.
 *
 * @category ordering
 * @since 0.1.0
 */
export const sorted = (
  crm: Crm.Crm,
  records: ReadonlyArray<Crm.LineItemRecord>,
  sort: Sort | undefined
): Reading<ReadonlyArray<Crm.LineItemRecord>> => {
  if (sort === undefined) return Result.succeed([...records].sort(byId))
  const definition = crm.properties.get(sort.propertyName)
  if (definition === undefined) return unknownProperty(sort.propertyName)
  const valueOf = (record: Crm.LineItemRecord) => RecordView.valueOf(crm, record, sort.propertyName)
  return Result.succeed(kinds[definition.type].sort(records, valueOf, sort.descending ? -1 : 1))
}

const byId = (a: Crm.LineItemRecord, b: Crm.LineItemRecord): number => Number(a.id) - Number(b.id)
