/**
 * JSON objects to inputs: HubSpot's form with `properties`, or flat with the keys a CSV header has.
 */
import { Association, type BatchRequest, InputIssue } from "@effect-hubspot/schema"
import * as Json from "./json.ts"
import {
  type Failure,
  failure,
  isParentColumn,
  ofDoubts,
  parentColumns,
  type Row,
  type RowIssue,
  settle
} from "./row.ts"

/** Where a text begins in its file. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Moves a place over a part of a text. JSON's own line break is the LF, so a CR counts as a character. */
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

/** The name of a kind of value, as messages use it. */
const kind = (value: Json.Json): string => value.type

/** What the members of an object become before they are checked. */
class Draft {
  readonly properties: Record<string, string> = Object.create(null)
  readonly associations: Array<Association.Association> = []
  traceId: string | undefined
  readonly issues: Array<RowIssue> = []
  /** Offsets of what {@link InputIssue.of} may name. */
  readonly offsets = new Map<string, number>()
  /** By association: the name of its column, or its path in HubSpot's form. */
  readonly origins: Array<string> = []
  readonly flat: boolean
  readonly text: string
  readonly place: Place

  constructor(flat: boolean, text: string, place: Place) {
    this.flat = flat
    this.text = text
    this.place = place
  }

  issue(path: string, at: number, message: string, advice: string): void {
    this.issues.push({ ...advance(this.place, this.text, 0, at), path, message, advice })
  }

  /** Text, number or boolean as text; undefined for null and, with an issue, for all else. */
  scalar(path: string, value: Json.Json, expected = "text"): string | undefined {
    if (value.type === "null") return undefined
    if (value.type === "object" || value.type === "array") {
      this.issue(path, value.start, `expected ${expected}, got ${kind(value)}`, "give one value in quotes")
      return undefined
    }
    return value.text
  }

  property(name: string, path: string, value: Json.Json): void {
    const text = this.scalar(path, value)
    if (text === undefined || (this.flat && text === "")) return
    this.properties[name] = text
    this.offsets.set(`properties.${name}`, value.start)
  }

  trace(value: Json.Json): void {
    const text = this.scalar("objectWriteTraceId", value)
    if (text === undefined || (this.flat && text === "")) return
    this.traceId = text
    this.offsets.set("objectWriteTraceId", value.start)
  }

  /** The issues of the whole, with the paths of the object. */
  check(): void {
    const found = InputIssue.of({
      properties: this.properties,
      associations: this.associations,
      ...(this.traceId !== undefined && { objectWriteTraceId: this.traceId })
    })
    // Where values were refused, "nothing to send" would be noise.
    const refused = this.issues.length > 0
    for (const { advice, message, path } of found) {
      if (path === "properties" && refused) continue
      const at = this.offsets.get(path) ?? this.offsets.get(path.replace(/\.[^.]*$/, "")) ?? 0
      this.issue(this.shown(path), at, message, advice)
    }
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
    if (key.startsWith("_")) continue
    if (key === "objectWriteTraceId") draft.trace(value)
    else if (isParentColumn(key)) {
      const id = draft.scalar(key, value)
      if (id === undefined || id === "") continue
      draft.offsets.set(`associations[${draft.associations.length}].to.id`, value.start)
      if (draft.associations.length === 1) draft.offsets.set("associations", value.start)
      draft.origins.push(key)
      draft.associations.push(Association.make(parentColumns[key], id))
    } else draft.property(key, key, value)
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
  ): void =>
    draft.issue(
      path,
      value?.start ?? at,
      `expected ${expected}, got ${value === undefined ? "nothing" : kind(value)}`,
      advice
    )
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
  if (types?.type !== "array")
    wrong(`${path}.types`, types, value.start, "an array", "give at least one type")
  else {
    for (const [index, spec] of types.items.entries()) {
      const at = `${path}.types[${index}]`
      if (spec.type !== "object") {
        wrong(at, spec, spec.start, "an object", shape)
        continue
      }
      const category = member(spec, "associationCategory")
      const typeId = member(spec, "associationTypeId")
      const named = category?.type === "text" && category.text !== ""
      const numbered = typeId?.type === "number" && /^[1-9]\d{0,9}$/.test(typeId.text)
      if (!named) {
        draft.issue(
          `${at}.associationCategory`,
          category?.start ?? spec.start,
          `expected a category, got ${category === undefined ? "nothing" : kind(category)}`,
          "HUBSPOT_DEFINED for HubSpot's own types"
        )
      }
      if (!numbered) {
        draft.issue(
          `${at}.associationTypeId`,
          typeId?.start ?? spec.start,
          `expected a whole number, got ${typeId === undefined ? "nothing" : typeId.type === "number" ? InputIssue.quote(typeId.text) : kind(typeId)}`,
          "give the id of the association type, 20 for a deal"
        )
      }
      if (named && numbered) {
        specs.push({ associationCategory: category.text, associationTypeId: Number(typeId.text) })
      }
    }
  }
  // With a broken part the rest would be judged as if that part was not given.
  if (draft.issues.length > before || (id?.type !== "text" && id?.type !== "number")) return
  const target = `associations[${draft.associations.length}]`
  draft.offsets.set(`${target}.to.id`, id.start)
  draft.offsets.set(`${target}.types`, types?.start ?? value.start)
  draft.origins.push(path)
  draft.associations.push({ to: { id: id.text }, types: specs })
}

const full = (draft: Draft, object: Json.JsonObject): void => {
  for (const { key, start, value } of object.members) {
    if (key.startsWith("_")) continue
    if (key === "properties") {
      if (value.type === "object") {
        for (const property of value.members)
          draft.property(property.key, `properties.${property.key}`, property.value)
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

/** A row of one JSON text, or why the file cannot be read on. */
export const decode = (text: string, place: Place, index: number): Row | Failure => {
  const document = Json.read(text)
  if (Json.isError(document)) {
    return failure(
      advance(place, text, 0, document.at),
      document.problem,
      document.problem.startsWith("nested") ? "a line item has no deep values" : "correct the JSON there"
    )
  }
  const { twice, value } = document
  const begins = advance(place, text, 0, value.start)
  if (value.type !== "object") return notAnObject(begins, kind(value))
  const doubt = value.members.find((member) => member.key === "_doubt")
  if (doubt !== undefined) return ofDoubts(advance(place, text, 0, doubt.start))

  const properties = member(value, "properties")
  const isFull =
    properties !== undefined &&
    (properties.type === "object" || properties.type === "array" || properties.type === "null")
  const draft = new Draft(!isFull, text, place)
  draft.offsets.set("properties", value.start)
  for (const { at, key, path } of twice) {
    if (path.startsWith("_")) continue
    draft.issue(path, at, `${InputIssue.quote(key)} appears twice`, "keep one")
  }
  if (isFull) full(draft, value)
  else flat(draft, value)
  draft.check()
  const input = (): BatchRequest.CreateInput => ({
    properties: { ...draft.properties },
    ...(draft.associations.length > 0 && { associations: draft.associations }),
    ...(draft.traceId !== undefined && { objectWriteTraceId: draft.traceId })
  })
  return {
    index,
    line: begins.line,
    input: settle(input, draft.issues),
    original: { _tag: "Json", text: text.slice(value.start, value.end) }
  }
}

export const notAnObject = (at: Place, kind: string): Failure =>
  failure(at, `expected an object, got ${kind}`, "each line item is one { … }")
