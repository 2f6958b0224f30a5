import { assert, describe, it } from "@effect/vitest"
import * as Pieces from "../../../packages/http/src/emulator/passage/Pieces.ts"
import * as Tampering from "../../../packages/http/src/emulator/passage/Tampering.ts"
import * as Recent from "../../../packages/http/src/emulator/state/Recent.ts"

describe("parts of the emulator", () => {
  it("Pieces cuts the text of an object between the entries of its lists", () => {
    const text = [...Pieces.fromObject({ created: [{ id: "1" }], requests: [] })].join("")
    assert.strictEqual(text, '{"created":[{"id":"1"}],"requests":[]}')
  })

  it("Tampering changes an answer in the order of what it is told", () => {
    const told = Tampering.apply({ results: [{ id: "1" }, { id: "2" }] }, [{ do: "duplicateId" }])
    assert.deepStrictEqual(told, { results: [{ id: "1" }, { id: "1" }] })
  })

  it("Recent keeps the last ones and counts the others", () => {
    const recent = Recent.makeUnsafe<string>(2)
    for (const letter of ["a", "b", "c"]) recent.push(letter)
    assert.deepStrictEqual([recent.toArray(), recent.forgotten()], [["b", "c"], 1])
  })
})
