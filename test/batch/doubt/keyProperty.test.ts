import { KeyProperty } from "@effect-hubspot/batch"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as HubSpot from "../../support/hubspot.ts"

const key = "import_key"

/** The ids that were created, and those that were archived. */
const ledger = Effect.map(
  Effect.flatMap(Emulator, (emulator) => emulator.ledger),
  ({ created, requests }) => ({
    created: created.map(({ id }) => id),
    archived: requests.flatMap(({ method, path, status }) =>
      method === "DELETE" && status === 204 ? path.slice(path.lastIndexOf("/") + 1) : []
    )
  })
)

describe("KeyProperty", () => {
  it.effect("defines a property that keeps keys unique, and proves it", () =>
    Effect.gen(function* () {
      const definition = yield* KeyProperty.define(key)
      assert.isTrue(definition.hasUniqueValue)
      yield* KeyProperty.prove(key, "unique")
      yield* KeyProperty.prove(key, "plain")
      // One canary each; the second one that must not come about did not.
      const { archived, created } = yield* ledger
      assert.lengthOf(created, 2)
      assert.deepStrictEqual(archived, created)
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  it.effect("takes a property without unique values only as a plain one", () =>
    Effect.gen(function* () {
      yield* KeyProperty.prove("hs_sku", "plain")
      const error = yield* Effect.flip(KeyProperty.prove("hs_sku", "unique"))
      assert.strictEqual(
        error.message,
        'property "hs_sku" does not have unique values; make one with `line-items setup-key --key-property import_key`'
      )
    }).pipe(Effect.provide(HubSpot.layer()))
  )

  for (const [property, problem] of [
    ["nowhere", "does not exist in this account"],
    ["price", "is not a text property"],
    ["hs_object_id", "is not a text property"]
  ]) {
    it.effect(`writes nothing to ${property}, which ${problem}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(KeyProperty.prove(property!, "plain"))
        assert.strictEqual(
          error.message,
          `property "${property}" ${problem}; make one with \`line-items setup-key --key-property import_key\``
        )
        assert.deepStrictEqual((yield* ledger).created, [])
      }).pipe(Effect.provide(HubSpot.layer()))
    )
  }

  it.effect("refuses a property that loses its value, and archives the canary", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(KeyProperty.prove(key, "unique"))
      assert.strictEqual(
        error.message,
        `property "${key}" did not keep its value; it is not usable as key; choose another`
      )
      const { archived, created } = yield* ledger
      assert.lengthOf(created, 1)
      assert.sameMembers(archived, created)
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          emulator: { uniqueProperties: [key] },
          fault: (request, pass) =>
            request.method === "GET" && /line_items\/\d+$/.test(request.url)
              ? HubSpot.answer(request, 200, { id: /\d+$/.exec(request.url)![0], properties: {} })
              : pass
        })
      )
    )
  )

  it.effect("refuses a property that says it is unique and is not, and archives both canaries", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(KeyProperty.prove("hs_sku", "unique"))
      assert.strictEqual(
        error.message,
        'property "hs_sku" took the same value twice; it is not unique; choose another'
      )
      const { archived, created } = yield* ledger
      assert.lengthOf(created, 2)
      assert.sameMembers(archived, created)
    }).pipe(
      Effect.provide(
        HubSpot.layer({
          fault: (request, pass) =>
            request.url.includes("/properties/")
              ? HubSpot.answer(request, 200, {
                  results: [
                    {
                      name: "hs_sku",
                      label: "SKU",
                      type: "string",
                      fieldType: "text",
                      groupName: "lineitemsinformation",
                      hasUniqueValue: true
                    }
                  ]
                })
              : pass
        })
      )
    )
  )
})
