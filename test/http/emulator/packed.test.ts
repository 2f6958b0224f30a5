import * as Columns from "../../../packages/http/src/emulator/state/columns.ts"
import * as Packed from "../../../packages/http/src/emulator/state/Packed.ts"
import { assert, describe, it } from "@effect/vitest"

const line = (n: number) => ({
  id: String(n),
  properties: n % 7 === 0 ? { name: `Seat ${n}`, note: "long" } : { name: `Seat ${n}`, price: "19.90" },
  associations: n % 5 === 0 ? [] : [{ to: { id: String(n % 9) }, types: [{ typeId: 20 }] }],
  mark: n % 3 === 0 ? null : n
})

describe("a packed sequence", () => {
  it("is the sequence that was put in, wherever it is read, changed and forgotten", () => {
    const packed = Packed.makeUnsafe<ReturnType<typeof line>>()
    const plain: Array<ReturnType<typeof line>> = []
    for (let n = 0; n < 10_000; n++) {
      packed.push(line(n))
      plain.push(line(n))
    }
    assert.deepStrictEqual([...packed.values()], plain)
    for (const place of [0, 63, 64, 500, 501, 4_000, 9_999]) {
      const changed = { ...line(place), properties: { name: "changed" } }
      packed.set(place, changed as ReturnType<typeof line>)
      plain[place] = changed as ReturnType<typeof line>
      assert.deepStrictEqual(packed.at(9_000 - (place % 64)), plain[9_000 - (place % 64)])
      assert.deepStrictEqual(packed.at(place), plain[place])
    }
    for (let n = 0; n < 777; n++) packed.forget()
    assert.deepStrictEqual([...packed.values()], plain.slice(777))
    assert.strictEqual(packed.size(), 10_000 - 777)
    assert.strictEqual(packed.forgotten(), 777)
    for (const place of [-1, 0, 776, 10_000, 0.5, Number.NaN]) assert.strictEqual(packed.at(place), undefined)
    packed.set(0, line(0))
    assert.strictEqual(packed.at(0), undefined)
  })
})

describe("columns", () => {
  for (const values of [
    [1],
    [1, 1, 1],
    [[], []],
    [[1], [2]],
    [[1], [1, 2]],
    [{ a: 1 }, { b: 1 }],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 }
    ],
    [{}, {}],
    [null, { a: 1 }],
    [
      { of: [], names: [], same: 1, all: 2 },
      { of: [1], names: [], same: 1, all: 2 }
    ],
    JSON.parse('[{ "__proto__": 1, "1": 2 }, { "__proto__": 2, "1": 2 }]') as ReadonlyArray<unknown>
  ] as ReadonlyArray<ReadonlyArray<unknown>>) {
    it(`have what was put in: ${JSON.stringify(values)}`, () => {
      const column = JSON.parse(JSON.stringify(Columns.make(values))) as ReturnType<typeof Columns.make>
      assert.strictEqual(JSON.stringify(Columns.read(column, values.length)), JSON.stringify(values))
    })
  }
})
