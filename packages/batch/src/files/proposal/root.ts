/**
 * Where the line items of a JSON file are: at the top, or in the one array of objects that has some.
 */
import type { Found, Refusal } from "./found.ts"
import { nothing } from "./found.ts"
import type { Place } from "./jsonPaths.ts"
import type { FileFormat } from "../FileFormat.ts"

/** What a create has beside its properties. Other fields are those of a record that HubSpot returned. */
const fields = new Set(["properties", "associations", "objectWriteTraceId"])

const isRecord = ({ keys, objects }: Place): boolean => keys.has("properties") && objects.has("properties")
const isReturned = (place: Place): boolean =>
  place.objects.get("properties") === place.count &&
  [...place.keys].some((key) => !fields.has(key) && !key.startsWith("_"))

const isTop = ({ path }: Place): boolean => path.length === 0 || (path.length === 1 && path[0] === "[]")

/** The path as it is declared: an array is named, not its elements. */
const rootOf = ({ inArray, path }: Place): string => (inArray ? path.slice(0, -1) : path).join(".")

/** Names with dots cannot be declared. */
const canBeRoot = ({ path }: Place): boolean => path.every((part) => part !== "" && !part.includes("."))

const isWithin = (inner: Place, outer: Place): boolean =>
  outer.path.every((part, index) => part === inner.path[index])

/** An order has a name and a currency as well, and an amount of money has both of its parts. */
const isItem = (properties: ReadonlyArray<string> = []): boolean =>
  properties.includes("quantity") || properties.includes("price")

export const sniff = (
  places: ReadonlyArray<Place>,
  declared: FileFormat,
  propertiesOf: (keys: ReadonlyArray<string>) => ReadonlyArray<string>
): Found | Refusal => {
  const top = places.filter(isTop)
  if (declared.root !== undefined || top.length === 0) return recordsOf(places, declared)
  if (top.some(isRecord)) return hubspot(top, declared, [])
  // HubSpot's own request is read as it is.
  if (top.length === 1 && top[0]!.path.length === 0 && top[0]!.keys.size === 1 && top[0]!.keys.has("inputs"))
    return nothing
  const properties = new Map(places.map((place) => [place, propertiesOf([...place.keys])]))
  const pointsOf = (place: Place): number => properties.get(place)?.length ?? 0
  const isInside = (place: Place): boolean =>
    places.some((other) => isRecord(other) && place.path.length > other.path.length && isWithin(place, other))
  // Every row has to have the object.
  const isSometimes = (place: Place): boolean =>
    !place.inArray &&
    places.some(
      (other) =>
        other.path.length === place.path.length - 1 && isWithin(place, other) && other.count > place.count
    )
  const inner = places.filter(
    (place) => !isTop(place) && canBeRoot(place) && !isInside(place) && !isSometimes(place)
  )
  const good = inner.filter((place) => isRecord(place) || pointsOf(place) >= 2)
  const hasItem = (place: Place): boolean => isItem(properties.get(place))
  const topScore = Math.max(...top.map(pointsOf))
  const isNamed = (place: Place): boolean =>
    ["name", "hs_sku", "description"].some((name) => properties.get(place)?.includes(name))
  // An order has a name and a currency, and its lines the quantities. A product has prices, and they no name.
  const isOrder =
    !top.some(hasItem) && good.some((place) => place.inArray && hasItem(place) && isNamed(place))
  if ((topScore >= 2 && !isOrder) || (topScore === 1 && good.length === 0)) return nothing
  const arrays = inner.filter(({ inArray }) => inArray)
  const chosen = (good.length > 0 ? good : arrays).toSorted((a, b) => pointsOf(b) - pointsOf(a))
  const items = chosen.filter((place) => place.inArray && hasItem(place))
  const [item] = items
  // Beside lines there may be shipping, taxes or payments: which of them are the line items, nobody can tell.
  const isAlone =
    items.length === 1 && chosen.every((other) => isWithin(other, item!) || isWithin(item!, other))
  const [first, second] = isAlone ? items : chosen
  if (first === undefined) return nothing
  if (second !== undefined) {
    const roots = chosen.slice(0, 5).map(rootOf)
    return {
      problem: `the line items can be in several places: ${roots.join(", ")}`,
      advice: `declare which: --declare root=${roots[0]}`
    }
  }
  const root = rootOf(first)
  const why =
    chosen.length > 1
      ? "the one place that has quantities or prices"
      : first.inArray
        ? "the one array of line items"
        : "the objects with the line items"
  return hubspot([first], { ...declared }, [["root", root, `root=${root}: ${why}`]])
}

/** Records as HubSpot returns them, at the places of rows. */
const hubspot = (
  rows: ReadonlyArray<Place>,
  declared: FileFormat,
  before: ReadonlyArray<readonly [key: "root", value: string, why: string]>
): Found => {
  const returned = declared.records === undefined && rows.some(isReturned)
  return {
    format: {
      ...Object.fromEntries(before.map(([key, value]) => [key, value])),
      ...(returned && { records: "hubspot" as const })
    },
    assumptions: [
      ...before.map(([, , why]) => why),
      ...(returned
        ? ["records=hubspot: records as HubSpot returns them, whose other fields are HubSpot's own"]
        : [])
    ]
  }
}

/** The records of a root that is declared. */
const recordsOf = (places: ReadonlyArray<Place>, declared: FileFormat): Found => {
  const rows = places.filter((place) => rootOf(place) === declared.root)
  return rows.some(isRecord) ? hubspot(rows, declared, []) : nothing
}
