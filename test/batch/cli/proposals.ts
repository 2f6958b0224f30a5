/**
 * What a file is proposed to be, and what becomes of it when that is accepted: every row as the ledger has it.
 */
import * as Schema from "effect/Schema"
import { canary, type Directory, run, type Server } from "./run.ts"

const Problem = Schema.Struct({
  kind: Schema.String,
  column: Schema.String,
  count: Schema.Int,
  message: Schema.String,
  advice: Schema.String,
  blocking: Schema.Boolean
})

const Shown = Schema.Struct({
  words: Schema.Array(Schema.String),
  assumptions: Schema.Array(Schema.String),
  columns: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      why: Schema.String,
      becomes: Schema.optionalKey(Schema.String),
      note: Schema.optionalKey(Schema.String),
      hint: Schema.optionalKey(Schema.String)
    })
  ),
  problems: Schema.Array(Problem),
  rows: Schema.Int,
  invalid: Schema.Int,
  exact: Schema.Boolean,
  blocked: Schema.Boolean,
  command: Schema.String
})

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Shown))

export const checking =
  (place: Directory) =>
  async (name: string, content: string | Uint8Array, ...flags: ReadonlyArray<string>) => {
    place.write(name, content)
    const end = await run(["check", name, "--emulator", "--json", ...flags], { cwd: place.path })
    return { ...end, shown: end.stdout === "" ? undefined : decode(end.stdout) }
  }

/** What of a line item is compared. */
export const fields = ["name", "quantity", "price", "hs_sku", "hs_line_item_currency_code"] as const

export type Item = Partial<Record<(typeof fields)[number], string>>

/** The line items that an import creates in a served emulator, by name: HubSpot keeps no order. */
export const creating =
  (place: Directory, server: Server) =>
  async (name: string, ...flags: ReadonlyArray<string>) => {
    const before = (await server.ledger()).created.length
    const end = await run(["import", name, "--base-url", server.url, ...flags], {
      cwd: place.path,
      token: canary
    })
    const created = (await server.ledger()).created.slice(before)
    const items = created.map(({ properties }): Item =>
      Object.fromEntries(
        fields.flatMap((field) => {
          const value = properties[field]
          return value === undefined || value === null ? [] : [[field, value]]
        })
      )
    )
    return { ...end, items: items.toSorted((a, b) => (a.name ?? "").localeCompare(b.name ?? "")) }
  }
