/**
 * What each column becomes, by its name alone: what is declared, the whole header of a known export, exact names, names and
 * labels but for case, blanks and punctuation, then single well-known headers.
 */
import { LineItem, Properties, type Property } from "@effect-hubspot/schema"
import { memoize } from "effect/Function"
import type { FileFormat } from "../FileFormat.ts"
import { nearest } from "../nearest.ts"
import * as Finds from "../source/finds.ts"
import { isParentColumn } from "../source/row.ts"
import * as Known from "./exports.ts"
import * as Units from "./units.ts"

/**
 * Why a column becomes a property: `exact` and `declared` need nothing, `name` is the property's but for case and punctuation,
 * `label` is its label, `export` and `header` are known of other programs. `ignored` and `unmapped` columns become none;
 * `unmapped` is for a person to decide. `own` names a parent, and its values are another program's numbers.
 */
export type Why =
  | "declared"
  | "exact"
  | "export"
  | "name"
  | "label"
  | "header"
  | "ignored"
  | "unmapped"
  | "own"

export interface Match {
  readonly name: string
  readonly why: Why
  readonly becomes?: string
  /** What the name says about it. */
  readonly note?: string
  /** The property that was perhaps meant. */
  readonly hint?: string
  /** Its values are keys of records that are looked up, and not what it becomes. */
  readonly isKey?: true
  /** Leaving it out would change what is charged, so that a person decides. */
  readonly isAsked?: true
}

export interface Matching {
  readonly matches: ReadonlyArray<Match>
  /** The program whose export it is. */
  readonly known: Known.Export | undefined
  /** Whether the columns are another program's, so that those that are no property can be left out. */
  readonly isForeign: boolean
}

/** A name without case, accents, blanks and punctuation. */
export const plain = (text: string): string => {
  const lower = text.toLowerCase().replaceAll("%", "percent").replaceAll("#", "number")
  // Hundreds of names are made plain at the start, most of them in ASCII.
  return /^[\0-\x7f]*$/.test(lower)
    ? lower.replace(/[^a-z0-9]+/g, "")
    : lower
        .normalize("NFKD")
        .replace(/\p{M}/gu, "")
        .toLowerCase()
        .replaceAll("ß", "ss")
        .replace(/[^\p{L}\p{N}]/gu, "")
}

const plainKeys = <A>(record: Readonly<Record<string, A>> = {}): ReadonlyMap<string, A> =>
  new Map(Object.entries(record).map(([key, value]) => [plain(key), value]))

const exports = Known.exports.map((known) => ({
  known,
  has: known.has.map(plain),
  map: plainKeys(known.map),
  not: plainKeys(known.not),
  own: new Set(known.own?.map(plain))
}))

const byHeader = (headers: Readonly<Record<string, ReadonlyArray<string>>>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(headers).flatMap(([property, names]) =>
      names.map((name) => [plain(name), property] as const)
    )
  )

const headers = byHeader(Known.headers)
const others = plainKeys(Known.others)
const perUnit = new Set(Known.perUnit.map(plain))
const discounts = new Set(Known.discounts.map(plain))

/** What the columns of other programs may be, where only their names say it. */
const surely = new Set([
  "name",
  "description",
  "quantity",
  "price",
  "hs_sku",
  "hs_line_item_currency_code",
  "hs_discount_percentage",
  "hs_cost_of_goods_sold"
])

interface Names {
  readonly names: ReadonlySet<string>
  readonly isReadOnly: (name: string) => boolean
  readonly byName: ReadonlyMap<string, string | undefined>
  readonly byLabel: ReadonlyMap<string, string | undefined>
  readonly nearest: (name: string) => string | undefined
}

/** Of two with the same plain name, neither is meant. */
const unique = (
  entries: ReadonlyArray<readonly [string, string]>
): ReadonlyMap<string, string | undefined> => {
  const found = new Map<string, string | undefined>()
  for (const [key, name] of entries)
    found.set(key, found.has(key) && found.get(key) !== name ? undefined : name)
  return found
}

/** An account's definitions are the same for many files. */
const namesOf = memoize((definitions: ReadonlyArray<Property.Property>): Names => {
  const readOnly = new Set(
    definitions.flatMap(({ calculated, modificationMetadata, name }) =>
      calculated === true || modificationMetadata?.readOnlyValue === true ? [name] : []
    )
  )
  for (const [name, { readOnly: is }] of LineItem.knownProperties) if (is) readOnly.add(name)
  const names = new Set([...LineItem.knownProperties.keys(), ...definitions.map(({ name }) => name)])
  const writable = definitions.filter(({ name }) => !readOnly.has(name))
  const labelled = (of: ReadonlyArray<Property.Property>) =>
    of.flatMap(({ label, name }) => (label === undefined ? [] : [[plain(label), name] as const]))
  return {
    names,
    isReadOnly: (name) => readOnly.has(name),
    byName: unique([...names].map((name) => [plain(name), name] as const)),
    byLabel: new Map([...unique(labelled(definitions)), ...unique(labelled(writable))]),
    nearest: nearest(writable)
  }
})

const isExactName = (name: string, { names }: Names): boolean =>
  names.has(name) || isParentColumn(name) || name === "objectWriteTraceId"

/** Amounts in JSON of payment services. */
const cents =
  /^(?:unit_)?amount_(?:decimal|cents)$|^unit_amount$|(?:\bin|\()\s*(?:cents?|pence)\b|_(?:in_)?cents$/i
const isShopKey = /^(?:product|variant)_?id$/i

const parentsByName = new Map([
  ["dealid", "deal_id"],
  ["quoteid", "quote_id"]
])

/** What a plain name is, and why. */
const known = (key: string, names: Names): readonly [becomes: string, why: Why] | undefined => {
  if (key === "") return undefined
  const same = names.byName.get(key) ?? parentsByName.get(key)
  if (same !== undefined) return [same, "name"]
  const label = names.byLabel.get(key)
  if (label !== undefined) return [label, "label"]
  const header = headers.get(key)
  return header === undefined ? undefined : [header, "header"]
}

/** What a name with a unit is, such as `Price (EUR)`: an amount has a currency, a quantity pieces. */
const measured = (name: string, names: Names): readonly [becomes: string, why: Why] | undefined => {
  const { currency, pieces, rest } = Units.split(name)
  const found = rest === undefined ? undefined : known(plain(rest), names)
  const fits =
    (currency !== undefined && (found?.[0] === "price" || found?.[0] === "hs_cost_of_goods_sold")) ||
    (pieces && found?.[0] === "quantity")
  return fits ? found : undefined
}

/** What a name says by itself, where the file is no known export. */
const single = (name: string, names: Names): Match => {
  if (isExactName(name, names)) return { name, why: "exact", becomes: name }
  if (cents.test(name)) return { name, why: "unmapped", note: Known.asked.cents, isAsked: true }
  const key = plain(name)
  if (perUnit.has(key)) return { name, why: "unmapped", note: Known.asked.perUnit, isAsked: true }
  if (discounts.has(key)) return { name, why: "unmapped", note: Known.asked.discount, isAsked: true }
  // HubSpot's own label has a blank, the key of a shop's JSON has none.
  if (isShopKey.test(name)) return { name, why: "unmapped", note: others.get("productid")! }
  const found = known(key, names) ?? measured(name, names)
  if (found !== undefined) {
    const [becomes, why] = found
    return names.isReadOnly(becomes)
      ? { name, why: "unmapped", note: `${becomes}: HubSpot computes it` }
      : { name, why, becomes }
  }
  const note = others.get(key)
  if (note !== undefined) return { name, why: "unmapped", note }
  const hint = names.nearest(name)
  return { name, why: "unmapped", ...(hint !== undefined && { hint }) }
}

/** What a name is in a known export. */
const ofExport = (name: string, found: (typeof exports)[number], names: Names): Match => {
  const key = plain(name)
  const becomes = found.map.get(key)
  if (found.own.has(key)) {
    const note = `the program's own numbers of orders, not ids of HubSpot (${found.known.program})`
    return { name, why: isParentColumn(name) ? "own" : "ignored", note }
  }
  if (becomes !== undefined) return { name, why: name === becomes ? "exact" : "export", becomes }
  const note = found.not.get(key)
  if (note === undefined && isExactName(name, names)) return { name, why: "exact", becomes: name }
  return { name, why: "ignored", ...(note !== undefined && { note }) }
}

/** In another program's file only some names are certain. */
const inForeign = (match: Match, isStandard: (name: string) => boolean): Match => {
  const { becomes, hint, isAsked, name, why } = match
  if (isAsked) return match
  if (why === "unmapped" && hint === undefined) return { ...match, why: "ignored" }
  if (becomes === "discount" && why !== "exact" && why !== "declared") {
    return { name, why: "unmapped", note: Known.asked.discount, isAsked: true }
  }
  if (becomes === undefined || why === "exact" || why === "declared" || isParentColumn(becomes)) return match
  return surely.has(becomes) || !isStandard(becomes)
    ? match
    : { name, why: "ignored", note: `whether it is what HubSpot calls ${becomes} is not certain` }
}

const ranks: ReadonlyArray<Why> = ["declared", "exact", "export", "name", "label", "header"]
const rank = ({ why }: Match): number => ranks.indexOf(why)

/** Which of several names of a property says more than the property's own does. */
const clearer: ReadonlyMap<string, (key: string) => boolean> = new Map([
  ["name", (key) => key !== "name" && /(?:name|title|bezeichnung)$/.test(key)],
  [
    "price",
    (key) => /unit|each|per|einzel|stuck|stuk|styk|enhets?|enheds|jednostk|^ep$|^pu(?:ht)?$|netto/.test(key)
  ]
])

/** One column for each property: the most certain one, or none of several that are as certain. */
const withoutRivals = (
  matches: ReadonlyArray<Match>,
  known: Known.Export | undefined
): ReadonlyArray<Match> => {
  const byProperty = Map.groupBy(
    matches.filter(({ becomes }) => becomes !== undefined),
    ({ becomes }) => becomes
  )
  const order = known === undefined ? [] : Object.keys(known.map).map(plain)
  const winner = (rivals: ReadonlyArray<Match>): Match | undefined => {
    const top = Math.min(...rivals.map(rank))
    const best = rivals.filter((rival) => rank(rival) === top)
    if (top <= 1) return best[0]
    if (ranks[top] === "export") {
      return best.toSorted((a, b) => order.indexOf(plain(a.name)) - order.indexOf(plain(b.name)))[0]
    }
    // "Name" beside "Product name" may be the customer's, and "Price" beside "Unit price" the line's.
    const clear = clearer.get(rivals[0]!.becomes!)
    const named = clear === undefined ? best : rivals.filter(({ name }) => clear(plain(name)))
    return named.length === 1 ? named[0] : undefined
  }
  return matches.map((match) => {
    const rivals = match.becomes === undefined ? [] : (byProperty.get(match.becomes) ?? [])
    if (rivals.length < 2 || match.why === "exact" || match.why === "declared") return match
    const first = winner(rivals)
    if (first === match) return match
    const other = (first ?? rivals.find((rival) => rival !== match))!.name
    const note =
      first === undefined
        ? `${match.becomes} as well as ${JSON.stringify(other)}: which of them is not certain`
        : `${match.becomes} is ${JSON.stringify(other)} already`
    // A person decides; the name that says more is the one to ask about.
    const asked = first === undefined && match === rivals.toSorted((a, b) => rank(b) - rank(a))[0]
    return { name: match.name, why: "unmapped", note, ...(asked && { hint: match.becomes! }) }
  })
}

const weak = byHeader(Known.weak)
const people = new Set(Known.people.map(plain))

/**
 * What a header means where no other column does. Only a number of the item is taken; the name, a quantity or a price is for a
 * person to confirm.
 */
const withWeak = (
  matches: ReadonlyArray<Match>,
  isSet: (property: string) => boolean
): ReadonlyArray<Match> => {
  const taken = new Set(matches.map(({ becomes }) => becomes))
  const hasPeople = matches.some(({ name }) => people.has(plain(name)))
  const propertyOf = ({ isAsked, name, note, why }: Match): string | undefined => {
    const property = why === "unmapped" && !isAsked && note === undefined ? weak.get(plain(name)) : undefined
    const isTheirs = hasPeople && (property === "name" || property === "hs_sku")
    return property === undefined || isTheirs || taken.has(property) || isSet(property) ? undefined : property
  }
  const found = Map.groupBy(matches, propertyOf)
  return matches.map((match): Match => {
    const property = propertyOf(match)
    if (property === undefined || found.get(property)!.length > 1) return match
    return property === "hs_sku"
      ? { name: match.name, why: "header", becomes: property }
      : { name: match.name, why: "unmapped", hint: property, isAsked: true }
  })
}

/** Amounts in cents matter only where they are the price. */
const withoutCents = (matches: ReadonlyArray<Match>): ReadonlyArray<Match> =>
  matches.some(({ becomes }) => becomes === "price")
    ? matches.map((match) =>
        match.note === Known.asked.cents ? { name: match.name, why: "unmapped", note: match.note } : match
      )
    : matches

/** A hint is for a property that no other column is, and for one column. */
const withFreeHints = (matches: ReadonlyArray<Match>): ReadonlyArray<Match> => {
  const taken = new Set(matches.map(({ becomes }) => becomes))
  return matches.map((match) => {
    const { hint, ...others } = match
    if (hint === undefined) return match
    if (taken.has(hint)) return others
    taken.add(hint)
    return match
  })
}

const own = <A>(record: Readonly<Record<string, A>> | undefined, key: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined

/** Tells what columns become. It is asked again for every key that the rows of a JSON file bring. */
export const matcher = (declared: FileFormat, definitions: ReadonlyArray<Property.Property>) => {
  const names = namesOf(definitions)
  const ignored = new Set(declared.ignore)
  const finds = new Map(Finds.all(declared.find).map((find) => [find.column, find]))
  const isDeclared = (name: string): Match | undefined => {
    const find = finds.get(name) ?? finds.get(name.trim())
    if (find !== undefined) {
      const note = `the ${find.object} by ${find.property}`
      return { name, why: "declared", becomes: find.becomes, note, isKey: true }
    }
    const becomes = own(declared.map, name) ?? own(declared.map, name.trim())
    if (becomes !== undefined) return { name, why: "declared", becomes }
    const drops =
      name === "" ||
      name.startsWith("_") ||
      ignored.has(name) ||
      ignored.has(name.trim()) ||
      (ignored.has("unmapped") && !isExactName(name, names))
    return drops
      ? { name, why: "ignored", note: name.startsWith("_") || !isNamed(name) ? "" : "declared" }
      : undefined
  }
  const isNamed = (name: string): boolean => name !== "" || ignored.has("")
  const isSet = (property: string): boolean => own(declared.set, property) !== undefined
  const isStandard = (name: string): boolean => LineItem.knownProperties.has(name)
  const unlessSet = (match: Match): Match => {
    const { becomes, name, why } = match
    return becomes !== undefined && isSet(becomes) && why !== "exact" && why !== "declared"
      ? { name, why: "unmapped", note: `${becomes} is set for every row` }
      : match
  }
  const alone = new Map<string, { readonly key: string; readonly match: Match }>()
  const byItself = (name: string) => {
    let found = alone.get(name)
    if (found === undefined) {
      found = { key: plain(name), match: unlessSet(isDeclared(name) ?? single(name, names)) }
      alone.set(name, found)
    }
    return found
  }
  const match = (columns: ReadonlyArray<string>, isWeak = true): Matching => {
    const each = columns.map(byItself)
    const keys = new Set(each.map(({ key }) => key))
    const found = exports.find(({ has }) => has.every((name) => keys.has(name)))
    const first =
      found === undefined
        ? // Two columns of one name are told apart by what they are, not by what they say.
          each.map(({ match }) => ({ ...match }))
        : columns.map((name) => unlessSet(isDeclared(name) ?? ofExport(name, found, names)))
    const isForeign = found !== undefined || first.some(({ why }) => why === "header")
    const certain = withoutRivals(first, found?.known)
    const rivals = withFreeHints(
      found === undefined && isWeak ? withWeak(withoutCents(certain), isSet) : certain
    )
    return {
      matches: isForeign ? rivals.map((match) => inForeign(match, isStandard)) : rivals,
      known: found?.known,
      isForeign
    }
  }
  return {
    match: (columns: ReadonlyArray<string>) => match(columns),
    /** The properties that these names become: how many they are tells a header from data, and rows from other objects. */
    properties: (columns: ReadonlyArray<string>): ReadonlyArray<string> =>
      match(columns, false).matches.flatMap(({ becomes }) => (becomes === undefined ? [] : [becomes]))
  }
}

/** Whether an account could have a property of this name. */
export const couldBe = (name: string): boolean => Properties.isPropertyName(name)
