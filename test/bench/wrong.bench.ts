/**
 * What wrong rows cost by their width: 100 rows in which every cell is wrong are read, told and written to a rejects file. The
 * time for a cell must not grow with the number of columns.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import { Effect, Layer, Stream } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Lines from "../../packages/batch/src/cli/Lines.ts"
import * as Rejects from "../../packages/batch/src/files/Rejects.ts"
import * as Source from "../../packages/batch/src/files/Source.ts"
import * as Measure from "./measure.ts"
import * as Row from "./row.ts"

const rows = 100
const rounds = 3

/** Milliseconds for a file of so many columns. Each is a number of the account's own, with a decimal comma. */
const taken = (path: string, columns: number) =>
  Effect.gen(function* () {
    const from = performance.now()
    const definitions = Array.from({ length: columns }, (_, n) => ({ name: `c${n}`, type: "number" }))
    const source = yield* Source.open({ path }, { declared: {}, definitions })
    yield* Source.check(source)
    const rejects = yield* Rejects.make({ path: `${path}.${from}`, source })
    let told = 0
    yield* Stream.runForEachArray(source.rows, (some) =>
      rejects.writeAll(
        some.map((row) => {
          const input = row.input
          const issues = input._tag === "Failure" ? input.failure : []
          const outcome = { _tag: "Invalid", source: row, index: row.index, issues } as const
          told += Lines.linesOf(source, outcome).length
          return { row, reason: Lines.reasonOf(outcome) }
        })
      )
    )
    if (told !== rows * columns) return yield* Effect.die(new Error(`${told} problems were told`))
    return performance.now() - from
  }).pipe(Effect.scoped, Effect.orDie, Effect.provide(Layer.merge(NodeFileSystem.layer, NodeStdio.layer)))

export const run: Measure.Benchmark["run"] = Effect.gen(function* () {
  const folder = yield* Measure.folder
  const widths = [250, 500, 1000, 2000]
  const files = widths.map((columns) => {
    const path = join(folder, `${columns}.csv`)
    const line = (cell: (n: number) => string) =>
      `${Array.from({ length: columns }, (_, n) => cell(n)).join(";")}\n`
    const header = line((n) => `c${n}`)
    writeFileSync(path, (header + line((n) => `"${n},5"`).repeat(rows)).replaceAll(";", ","))
    return [path, columns] as const
  })
  const found = yield* Measure.inTurn(
    files.map(([path, columns]) => taken(path, columns)),
    rounds
  )
  const perCell = (n: number): number => (Measure.median(found[n]!) * 1000) / (rows * widths[n]!)
  return widths.flatMap((columns, n) => {
    const what = `${rows} wrong rows of ${columns} columns`
    const time = Measure.median(found[n]!) / 1000
    return [
      columns === 1000 ? Row.atMost(what, time, "s", 1) : Row.shown(what, time, "s"),
      ...(columns < 1000
        ? []
        : [Row.atMost(`${what}, per cell beside ${widths[0]} columns`, perCell(n) / perCell(0), "×", 1.5)])
    ]
  })
})
