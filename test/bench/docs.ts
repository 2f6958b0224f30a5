/**
 * `pnpm bench:docs <file>`: writes `docs/performance.md` and its plots from what `pnpm bench --json <file>` wrote.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Vega from "vega"
import * as VegaLite from "vega-lite"
import * as Row from "./row.ts"

type Written = Row.Row & { readonly when: string; readonly machine: string }

const file = process.argv[2]
if (file === undefined) throw new Error("say which file: pnpm bench:docs bench.json")
const rows = JSON.parse(readFileSync(file, "utf8")) as ReadonlyArray<Written>
const docs = join(import.meta.dirname, "../../docs")

interface Plot {
  readonly name: string
  readonly title: string
  /** How to read it. */
  readonly text: string
  /** The rows that it shows, by the start of what is on its axis. */
  readonly x: string
  readonly mark: "bar" | "line" | "step"
}

const plots: ReadonlyArray<Plot> = [
  {
    name: "cost",
    title: "What an item costs",
    x: "client",
    mark: "bar",
    text: "CPU time, user and system, for each line item that is created, 100 per request, ten requests at once, no rate limit. The floor does the least that can be done: JSON over undici, nothing checked, nothing matched. Shorter is better; only the ratios of the bars carry over to other machines."
  },
  {
    name: "window",
    title: "What the rate limit sees",
    x: "seconds",
    mark: "step",
    text: "How many requests of the job HubSpot took in the last ten seconds, while 2,000 are sent within a limit of 190. A line along 190 uses all that there is; a limiter that draws 429s asked for more. With another app in the account the job gets what that app leaves. This is virtual time: the emulator counts, and nothing is scaled."
  },
  {
    name: "memory",
    title: "Memory over rows",
    x: "rows",
    mark: "line",
    text: "The most memory that an import has at any moment, as the system counts it. A flat line means that a file may be as long as it likes."
  },
  {
    name: "served",
    title: "Memory of the served emulator",
    x: "records",
    mark: "line",
    text: "What `line-items serve` has more than at its start. It keeps every record unless `--keep` is given, so this is a straight line, and its slope is what a record costs."
  },
  {
    name: "start",
    title: "Start of the command",
    x: "start",
    mark: "bar",
    text: "CPU time of a process from its start to its end, beside a Node that does nothing. Published is the bundle; from source, Node strips the types of each file."
  },
  {
    name: "resume",
    title: "Start of a resumed job",
    x: "batches done",
    mark: "line",
    text: "From the start of `line-items resume` to the first request, of a job of 1,000,000 rows whose process was killed, by how much was done. Without its file the job does not have to check that the file is the same."
  },
  {
    name: "inputs",
    title: "Cost by inputs of the engine",
    x: "inputs",
    mark: "line",
    text: "CPU time for each input of one run. It falls, as code is compiled in the first seconds; a line that rises would mean that something grows."
  },
  {
    name: "batches",
    title: "Cost by batches of a durable job",
    x: "batches",
    mark: "line",
    text: "CPU time for each batch of a durable job on SQLite. A flat line means that long jobs cost no more per batch than short ones."
  },
  {
    name: "jobs",
    title: "Cost by durable jobs at once",
    x: "jobs",
    mark: "line",
    text: "CPU time for each row when the same rows are divided among so many jobs that run at once in one process."
  },
  {
    name: "accounts",
    title: "Cost by accounts at once",
    x: "accounts",
    mark: "line",
    text: "CPU time for each row when the same rows are divided among so many accounts, each with its own limiter, in one process."
  }
]

const svgOf = async ({ mark, title, x }: Plot, shown: ReadonlyArray<Row.Row>): Promise<string> => {
  const values = shown.flatMap(({ plot }) => plot?.points ?? [])
  const y = {
    field: "y",
    type: "quantitative",
    title: shown[0]?.plot?.y ?? "",
    scale: { zero: true }
  } as const
  const many = new Set(values.map(({ series }) => series)).size > 1
  const spec: VegaLite.TopLevelSpec = {
    width: 560,
    height: mark === "bar" ? { step: 26 } : 240,
    title,
    background: "white",
    data: { values: [...values] },
    ...(mark === "bar"
      ? {
          mark: "bar",
          encoding: {
            x: y,
            y: { field: "series", type: "nominal", title: null, sort: null, axis: { labelLimit: 260 } }
          }
        }
      : {
          mark: {
            type: "line",
            point: mark === "line",
            interpolate: mark === "step" ? "step-after" : "linear"
          },
          encoding: {
            x: { field: "x", type: "quantitative", title: x },
            y,
            ...(many && {
              color: { field: "series", type: "nominal", title: null, legend: { labelLimit: 260 } }
            })
          }
        })
  }
  return new Vega.View(Vega.parse(VegaLite.compile(spec).spec), { renderer: "none" }).toSVG()
}

mkdirSync(join(docs, "performance"), { recursive: true })
const sections: Array<string> = []
for (const plot of plots) {
  const shown = rows.filter((row) => row.plot?.x === plot.x)
  if (shown.length === 0) continue
  writeFileSync(join(docs, "performance", `${plot.name}.svg`), `${await svgOf(plot, shown)}\n`)
  sections.push(`## ${plot.title}\n\n${plot.text}\n\n![${plot.title}](performance/${plot.name}.svg)\n`)
}

const escaped = (cells: ReadonlyArray<string>) =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
const ran = [...new Set(rows.map(({ machine, when }) => `${when} on ${machine}`))].join("; ")
writeFileSync(
  join(docs, "performance.md"),
  `# How fast is it, and what does it weigh?

Measured with \`pnpm bench\`: ${ran}. This page is generated from its figures (\`pnpm bench --json bench.json\`, then
\`pnpm bench:docs bench.json\`).

Machines are different and busy, so compare ratios, not times: what is compared was measured in turn, in one run, and the figure is
the median. A target that is not met says so.

${[["what", "figure", "target", "", ""], ["---", "---", "---", "---", "---"], ...rows.map(Row.cells)].map(escaped).join("\n")}

${sections.join("\n")}`
)
