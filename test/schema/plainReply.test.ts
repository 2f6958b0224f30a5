import { BatchResponse } from "@effect-hubspot/schema"
import { assert, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import { holds } from "../batch/files/read.ts"
import { isPlainReply } from "../../packages/schema/src/internal/plainReply.ts"

const pick = <A>(values: ReadonlyArray<A>) =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: values.length - 1 }))),
    (n) => values[n]!
  )

/** What a field of JSON may hold: mostly what HubSpot sends, sometimes anything else. */
const value = pick<unknown>([
  "x",
  "",
  "1",
  "y",
  "2026-11-29T00:00:00Z",
  7,
  1.5,
  2 ** 53,
  true,
  null,
  [],
  {},
  { a: "b" }
])
const names = {
  record:
    "id id id properties properties createdAt updatedAt archived archivedAt objectWriteTraceId propertiesWithHistory url warnings associations new locked".split(
      " "
    ),
  reply: "status startedAt completedAt requestedAt links numErrors errors other".split(" "),
  property: "name price hs_object_id".split(" ")
}

const object = (names: ReadonlyArray<string>, values: Arbitrary.Arbitrary<unknown>, most: number) =>
  Arbitrary.map(
    Arbitrary.array(Arbitrary.all([pick(names), values]), { minLength: 0, maxLength: most }),
    (fields): Record<string, unknown> => Object.fromEntries(fields)
  )

const plain: Record<string, unknown> = {
  id: "1",
  properties: { name: "Seat", price: null },
  createdAt: "2026-11-29T00:00:00Z",
  archived: false,
  objectWriteTraceId: "t-1"
}

const properties = object(names.property, value, 3)
const record = Arbitrary.map(
  Arbitrary.all([
    object(names.record, value, 2),
    properties,
    pick(["as is", "as is", "changed", "properties", "alone"])
  ]),
  ([fields, properties, how]) => {
    switch (how) {
      case "changed":
        return { ...plain, ...fields }
      case "properties":
        return { ...plain, properties }
      case "alone":
        return fields
      default:
        return plain
    }
  }
)
const reply = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.array(record, { minLength: 0, maxLength: 3 }),
    object(names.reply, value, 2),
    pick(["results", "results", "results", "nothing", "else"])
  ]),
  ([results, fields, how]) => ({
    status: "COMPLETE",
    ...fields,
    ...(how === "results" ? { results } : how === "else" ? { results: fields } : {})
  })
)

const decode = Schema.decodeUnknownOption(BatchResponse.BatchResponse)

it.effect("a reply that needs no reading is read by its schema as it is", () => {
  let plainOnes = 0
  return holds(
    reply,
    (json) => {
      if (!isPlainReply(json)) return true
      plainOnes++
      assert.deepStrictEqual<unknown>(Option.getOrNull(decode(json)), json)
      return true
    },
    { runs: 2000 }
  ).pipe(Effect.andThen(Effect.sync(() => assert.isAbove(plainOnes, 100))))
})
