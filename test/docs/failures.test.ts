import { assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { basename, join, normalize } from "node:path"
import { named } from "../crash/points.ts"

/*
 * docs/failures.md says which test injects which failure. It is no better than its word: each row it
 * names is looked for in the test it names, and each row of a test in the page.
 */

const root = join(import.meta.dirname, "../..")
const read = (file: string) => readFileSync(join(root, file), "utf8")

const rows = new Map(
  read("docs/failures.md")
    .split("\n")
    .flatMap((line) => {
      const cells = line.split(" | ").map((cell) => cell.replace(/^\| |\s*\|$/g, "").trim())
      return /^F\d\d$/.test(cells[0] ?? "") && cells.length > 2 ? [[cells[0]!, cells] as const] : []
    })
)

const numbered = (last: number) =>
  Array.from({ length: last }, (_, n) => `F${String(n + 1).padStart(2, "0")}`)

/** The rows that the names of a test file begin with, also where a name is a template or in a list of names. */
const rowsOf = (file: string): ReadonlySet<string> =>
  new Set([...read(file).matchAll(/["'`](F\d\d)[ "]/g)].map((match) => match[1]!))

const testOf = (cells: ReadonlyArray<string>): string | undefined => {
  const path = /\]\((\S+)\)$/.exec(cells[4] ?? "")?.[1]
  return path === undefined ? undefined : normalize(join("docs", path))
}

describe("the table of failures", () => {
  it("has every row, in order, with every cell", () => {
    assert.deepStrictEqual([...rows.keys()], numbered(64))
    for (const cells of rows.values()) {
      assert.lengthOf(cells, 5, cells[0]!)
      assert.isTrue(
        cells.every((cell) => cell !== ""),
        cells[0]!
      )
    }
  })

  it("names a test for every row, and the test is there", () => {
    for (const [row, cells] of rows) {
      const file = testOf(cells)
      assert.isDefined(file, `${row} needs a test`)
      assert.isTrue(rowsOf(file).has(row), `${file} has no test of ${row}`)
    }
  })

  it("leaves out no row that is tested", () => {
    const files = globSync("test/batch/engine/failures/*.test.ts", { cwd: root })
    assert.isAtLeast(files.length, 4)
    for (const file of files) {
      for (const row of rowsOf(file)) {
        const named = testOf(rows.get(row) ?? [])
        assert.strictEqual(basename(named ?? "none"), basename(file), `${row} of ${file}`)
      }
    }
  })

  it("is the table of faults, row by row", () => {
    const [, page = ""] = read("docs/failures.md").split("### The fault of each failure")
    const faults = [...page.matchAll(/^\| (F\d\d) /gm)].map((match) => match[1]!)
    assert.deepStrictEqual(faults, [...rows.keys()])
  })
})

describe("the table of points where a process can die", () => {
  const points = new Map(
    [...read("docs/failures.md").matchAll(/^\| (C\d+) +\| (.+?) +\| (.+?) +\|$/gm)].map(
      ([, point, here, after]) => [point!, { here: here!, after: after! }]
    )
  )

  it("has every point, in order", () => {
    assert.deepStrictEqual(
      [...points.keys()],
      Array.from({ length: 12 }, (_, n) => `C${n}`)
    )
  })

  it("has a test that strikes at every point that exists, and no other", () => {
    const struck = new Set(named.flatMap(({ name }) => name.match(/\bC\d+\b/g) ?? []))
    const existing = [...points].flatMap(([point, { after }]) =>
      after.startsWith("does not exist here") ? [] : [point]
    )
    assert.deepStrictEqual([...struck].sort(), existing.sort())
    assert.match(read("test/crash/kill.test.ts"), /F60 at every named point/)
  })
})
