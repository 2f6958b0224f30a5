/**
 * JSON objects to inputs: HubSpot's form with `properties`, or flat with the names of a CSV header. Whether values are
 * valid is for `InputIssue`.
 */
import { Association, InputIssue, LineItem } from "@effect-hubspot/schema"
import type { Column, Declared } from "./declared.ts"
import * as Json from "./json.ts"
import * as Row from "./row.ts"

/** The place in the file where a text begins. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Moves a place over a part of a text. Only a LF breaks a line in JSON, so a CR counts as a character. */
export const advance = (place: Place, text: string, start: number, end: number): Place => {
  let { column, line } = place
  for (let i = start; i < end; i++) {
    if (text.charCodeAt(i) === 10) {
      line++
      column = 1
    } else column++
  }
  return { line, column }
}

/** The kind of a value, as messages name it. */
const kind = (value: Json.Json | undefined): string => value?.type ?? "nothing"

/** The members of an object as parts of an input, before they are checked. */
class Draft {
  readonly properties: Record<string, string> = Object.create(null)
  readonly associations: Array<Association.Association> = []
  traceId: string | undefined
  readonly issues: Array<Omit<Row.RowIssue, "line" | "column"> & { readonly at: number }> = []
  /** The offsets of the paths that {@link InputIssue.of} may report. */
  readonly offsets = new Map<string, number>()
  /** For each association the name of its column, or its path in HubSpot's form. */
  readonly origins: Array<string> = []
  readonly flat: boolean
  readonly text: string
  readonly place: Place
  readonly declared: Declared | undefined

  constructor(flat: boolean, text: string, place: Place, declared: Declared | undefined) {
    this.flat = flat
    this.text = text
    this.place = place
    this.declared = declared
  }

  /** What a key becomes. Undefined if it is not read. */
  column(key: string): Pick<Column, "name" | "read"> | undefined {
    const column = this.declared?.column(key)
    const { name, read } = column ?? { name: key, read: undefined }
    return column?.ignored === true || (this.flat && name.startsWith("_")) ? undefined : { name, read }
  }

  /** Adds what every row has, to a row that has something of its own. */
  constants(): void {
    if (this.declared === undefined || Object.keys(this.properties).length === 0) return
    for (const [name, value] of this.declared.constants) {
      if (name in this.properties) this.twice(name, 0)
      else if (this.flat && Row.isParentColumn(name)) {
        this.origins.push(name)
        this.associations.push(Association.make(Row.parentColumns[name], value))
      } else this.properties[name] = LineItem.sent(name, value)
    }
  }

  private twice(name: string, at: number): void {
    this.issue(
      name,
      at,
      `two values for ${InputIssue.quote(name)}`,
      "ignore one, or map it to another property"
    )
  }

  issue(path: string, at: number, message: string, advice: string): void {
    this.issues.push({ at, path, message, advice })
  }

  /** The issues with their places, in the order of the text, which is gone through once. */
  private placed(): ReadonlyArray<Row.RowIssue> {
    let place = this.place
    let from = 0
    return [...this.issues]
      .sort((a, b) => a.at - b.at)
      .map(({ at, ...issue }) => {
        place = advance(place, this.text, from, at)
        from = at
        return { ...place, ...issue }
      })
  }

  /** Text, number or boolean as text; undefined for null, for an empty cell, and with an issue for all else. */
  scalar(path: string, value: Json.Json): string | undefined {
    if (value.type === "null") return undefined
    if (value.type === "object" || value.type === "array") {
      this.issue(path, value.start, `expected text, got ${kind(value)}`, "give one value in quotes")
      return undefined
    }
    return this.flat && value.text === "" ? undefined : value.text
  }

  property({ name, read }: Pick<Column, "name" | "read">, path: string, value: Json.Json): void {
    const given = this.scalar(path, value)
    if (given === undefined) return
    // A number and a boolean of JSON are exact already.
    const text = read === undefined || value.type !== "text" || given === "" ? given : read(given)
    if (typeof text !== "string") return this.issue(path, value.start, text.message, text.advice)
    if (text === "" && given !== "") return
    if (this.declared !== undefined && name in this.properties) return this.twice(name, value.start)
    this.properties[name] =
      value.type === "number" ? LineItem.sentNumber(name, text) : LineItem.sent(name, text)
    this.offsets.set(`properties.${name}`, value.start)
  }

  trace(value: Json.Json): void {
    const text = this.scalar("objectWriteTraceId", value)
    if (text === undefined) return
    this.traceId = text
    this.offsets.set("objectWriteTraceId", value.start)
  }

  /** The input of all parts, or the issues of the parts and of the whole, with the paths of the object. */
  checked(): Row.Row["input"] {
    const input = Row.inputOf({ ...this.properties }, this.associations, this.traceId)
    // Where values have issues, "nothing to send" would be noise.
    const refused = this.issues.length > 0
    for (const { advice, message, path } of InputIssue.of(input)) {
      if (path === "properties" && refused) continue
      const at = this.offsets.get(path) ?? this.offsets.get(path.replace(/\.[^.]*$/, "")) ?? 0
      this.issue(this.shown(path), at, message, advice)
    }
    return Row.checked(input, this.placed())
  }

  private shown(path: string): string {
    const index = /^associations\[(\d+)\](.*)$/.exec(path)
    if (index !== null) {
      const origin = this.origins[Number(index[1])] ?? ""
      return this.flat ? origin : `${origin}${index[2]}`
    }
    if (!this.flat) return path
    if (path === "properties") return ""
    if (path === "associations") return this.origins[1] ?? ""
    return path.startsWith("properties.") ? path.slice(11) : path
  }
}

const flat = (draft: Draft, object: Json.JsonObject): void => {
  for (const { key, value } of object.members) {
    const column = draft.column(key)
    if (column === undefined) continue
    const { name } = column
    if (name === "objectWriteTraceId") draft.trace(value)
    else if (Row.isParentColumn(name)) {
      const given = draft.scalar(key, value)
      const id = given === undefined || column.read === undefined ? given : column.read(given)
      if (typeof id !== "string" || id === "") continue
      draft.offsets.set(`associations[${draft.associations.length}].to.id`, value.start)
      if (draft.associations.length === 1) draft.offsets.set("associations", value.start)
      draft.origins.push(key)
      draft.associations.push(Association.make(Row.parentColumns[name], id.trim()))
    } else draft.property(column, key, value)
  }
}

const member = (value: Json.Json, key: string): Json.Json | undefined =>
  value.type === "object" ? value.members.find((member) => member.key === key)?.value : undefined

const association = (draft: Draft, value: Json.Json, path: string): void => {
  const before = draft.issues.length
  const wrong = (
    path: string,
    value: Json.Json | undefined,
    at: number,
    expected: string,
    advice: string
  ): void => draft.issue(path, value?.start ?? at, `expected ${expected}, got ${kind(value)}`, advice)
  const shape = 'write {"to": {"id": …}, "types": [{"associationCategory": …, "associationTypeId": …}]}'
  if (value.type !== "object") return wrong(path, value, value.start, "an object", shape)
  const id = member(member(value, "to") ?? value, "id")
  const to = member(value, "to")
  if (to?.type !== "object") wrong(`${path}.to`, to, value.start, "an object", shape)
  else if (id?.type !== "text" && id?.type !== "number") {
    wrong(`${path}.to.id`, id, to.start, "a HubSpot id", "give the record's id: digits only")
  }
  const types = member(value, "types")
  const specs: Array<Association.AssociationSpec> = []
  if (types?.type !== "array") {
    wrong(`${path}.types`, types, value.start, "an array", "give at least one type")
  } else {
    for (const [index, spec] of types.items.entries()) {
      const at = `${path}.types[${index}]`
      if (spec.type !== "object") {
        wrong(at, spec, spec.start, "an object", shape)
        continue
      }
      const category = member(spec, "associationCategory")
      const typeId = member(spec, "associationTypeId")
      const named = category?.type === "text" && category.text !== ""
      const stated = typeId?.type === "number" || typeId?.type === "text" ? typeId.text : undefined
      const number = stated === undefined ? undefined : Association.typeIdOf(stated)
      if (!named) {
        const advice = "HUBSPOT_DEFINED for HubSpot's own types"
        wrong(`${at}.associationCategory`, category, spec.start, "a category", advice)
      }
      if (number === undefined) {
        draft.issue(
          `${at}.associationTypeId`,
          typeId?.start ?? spec.start,
          `expected a whole number, got ${stated === undefined ? kind(typeId) : InputIssue.quote(stated)}`,
          "give the id of the association type, 20 for a deal"
        )
      }
      if (named && number !== undefined) {
        specs.push({ associationCategory: category.text, associationTypeId: number })
      }
    }
  }
  // Without its broken part, the association would have issues that it does not have.
  if (draft.issues.length > before || (id?.type !== "text" && id?.type !== "number")) return
  const target = `associations[${draft.associations.length}]`
  draft.offsets.set(`${target}.to.id`, id.start)
  draft.offsets.set(`${target}.types`, types?.start ?? value.start)
  draft.origins.push(path)
  draft.associations.push({ to: { id: id.text.trim() }, types: specs })
}

const full = (draft: Draft, object: Json.JsonObject): void => {
  for (const { key, start, value } of object.members) {
    if (key.startsWith("_")) continue
    if (key === "properties") {
      if (value.type === "object") {
        for (const property of value.members) {
          const column = draft.column(property.key)
          if (column !== undefined) draft.property(column, `properties.${property.key}`, property.value)
        }
      } else {
        draft.issue(key, value.start, `expected an object, got ${kind(value)}`, 'write {"name": "value", …}')
      }
      draft.offsets.set("properties", value.start)
    } else if (key === "associations") {
      if (value.type === "null") continue
      draft.offsets.set("associations", value.start)
      if (value.type === "array") {
        for (const [index, item] of value.items.entries()) association(draft, item, `associations[${index}]`)
      } else draft.issue(key, value.start, `expected an array, got ${kind(value)}`, "write [ … ]")
    } else if (key === "objectWriteTraceId") draft.trace(value)
    else {
      draft.issue(
        key,
        start,
        `unknown field ${InputIssue.quote(key)} beside "properties"`,
        "move it into properties, or remove it"
      )
    }
  }
}

/** A record as HubSpot returns it: its properties without those that HubSpot computes. Its other fields are HubSpot's. */
const hubspot = (draft: Draft, object: Json.JsonObject, { isReadOnly }: Declared): void => {
  const properties = member(object, "properties")
  if (properties?.type !== "object") {
    const expected = `expected an object, got ${kind(properties)}`
    draft.issue("properties", (properties ?? object).start, expected, "leave out records=hubspot")
    return
  }
  for (const { key, value } of properties.members) {
    const column = isReadOnly(key) ? undefined : draft.column(key)
    if (column !== undefined) draft.property(column, `properties.${key}`, value)
  }
}

/** The row of one JSON text, or why the rest of the file cannot be read. */
export const decode = (
  text: string,
  place: Place,
  index: number,
  declared?: Declared
): Row.Row | Row.Failure => {
  const document = Json.read(text)
  const broken = (failure: Row.Failure): Row.Row | Row.Failure =>
    declared?.format.broken === "rejects" ? Row.broken(index, place.line, text.trim(), failure) : failure
  if (Json.isError(document)) {
    return broken(
      Row.failure(
        advance(place, text, 0, document.at),
        document.problem,
        document.problem.startsWith("nested") ? "a line item has no deep values" : "correct the JSON there"
      )
    )
  }
  const { twice, value } = document
  const begins = advance(place, text, 0, value.start)
  if (value.type !== "object") return broken(notAnObject(begins, kind(value)))
  for (const { key, start } of value.members) {
    if (Row.isRefusedColumn(key)) return Row.ofRefusedColumn(key, advance(place, text, 0, start))
  }

  const properties = member(value, "properties")
  const isFull =
    properties !== undefined &&
    (properties.type === "object" || properties.type === "array" || properties.type === "null")
  const draft = new Draft(!isFull && declared?.format.records === undefined, text, place, declared)
  draft.offsets.set("properties", value.start)
  for (const { at, key, path } of twice) {
    if (path.startsWith("_")) continue
    draft.issue(path, at, `${InputIssue.quote(key)} appears twice`, "keep one")
  }
  if (declared?.format.records === "hubspot") hubspot(draft, value, declared)
  else if (isFull) full(draft, value)
  else flat(draft, value)
  draft.constants()
  return {
    index,
    line: begins.line,
    input: draft.checked(),
    original: { _tag: "Json", text: text.slice(value.start, value.end) }
  }
}

export const notAnObject = (at: Place, kind: string): Row.Failure =>
  Row.failure(at, `expected an object, got ${kind}`, "each line item is one { … }")
