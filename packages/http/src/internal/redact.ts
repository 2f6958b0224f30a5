/**
 * Takes a secret out of what came from outside: somebody on the way may have printed the request into an
 * answer.
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { Reason } from "../HubSpotError.ts"

const toJson = Schema.encodeUnknownSync(Reason)
const fromJson = Schema.decodeUnknownSync(Reason)

/** The same reason without the secret. */
export const reason = (reason: Reason, secret: string): Reason => {
  const json = toJson(reason)
  return JSON.stringify(json).includes(JSON.stringify(secret).slice(1, -1))
    ? fromJson(texts(json, secret))
    : reason
}

/** A success in which HubSpot's words are without the secret; ids and values stay what they are. */
export const success = (json: unknown, secret: string): unknown =>
  Predicate.isObject(json) && json.errors !== undefined
    ? { ...json, errors: texts(json.errors, secret) }
    : json

const texts = (json: unknown, secret: string): unknown => {
  if (typeof json === "string") return json.replaceAll(secret, "<redacted>")
  if (Array.isArray(json)) return json.map((item) => texts(item, secret))
  if (typeof json !== "object" || json === null) return json
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, texts(value, secret)]))
}
