/**
 * Whether a reply needs no reading: every part of it that is known has the form that the schemas give it, and the rest is
 * text, numbers, booleans and null. Almost all replies to creates are so, and are used as they were parsed.
 */
import { isRecord } from "./reader.ts"

type Known = Readonly<Record<string, (value: unknown) => boolean>>

const isText = (value: unknown): value is string => typeof value === "string"
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string"
const isFlag = (value: unknown): boolean => typeof value === "boolean"
const isPlain = (value: unknown): boolean => typeof value !== "object" || value === null
const no = (): boolean => false

/** Whether the known fields of an object have their form, and no other one has parts. */
const isOf =
  (known: Known) =>
  (value: unknown): boolean => {
    if (!isRecord(value)) return false
    for (const name in value) {
      const has = Object.hasOwn(known, name) ? known[name]! : isPlain
      if (!has(value[name])) return false
    }
    return true
  }

const hasTextsOnly = (value: unknown): boolean => {
  if (!isRecord(value)) return false
  for (const name in value) if (!isTextOrNull(value[name])) return false
  return true
}

const isOfRecord = isOf({
  id: isText,
  properties: hasTextsOnly,
  createdAt: isText,
  updatedAt: isText,
  archived: isFlag,
  archivedAt: isTextOrNull,
  objectWriteTraceId: isTextOrNull,
  url: isTextOrNull,
  propertiesWithHistory: no,
  warnings: no,
  associations: no,
  new: isFlag
})

const isPlainRecord = (value: unknown): boolean =>
  isOfRecord(value) && (value as { readonly id?: unknown }).id !== undefined

const isOfReply = isOf({
  completedAt: isText,
  requestedAt: isTextOrNull,
  startedAt: isText,
  status: isText,
  links: no,
  numErrors: no,
  errors: no,
  results: (value) => Array.isArray(value) && value.every(isPlainRecord)
})

export const isPlainReply = (json: unknown): boolean =>
  isOfReply(json) && (json as { readonly results?: unknown }).results !== undefined
