/**
 * Makes `line-items.csv`: 10,000 line items as a company that sells furniture, software and services to
 * other companies might export them from its ERP. A fixed seed, so every run writes the same bytes:
 *
 *     node docs/examples/make-line-items.ts > docs/examples/line-items.csv
 *
 * Rows come deal after deal (some belong to a quote, an invoice or an order), each in one currency;
 * products have a SKU and a product id, custom items have neither, software and contracts recur.
 * 9,900 rows are good and 100 are wrong, in ways real exports are wrong, in irregular places:
 *
 * - 50 can be seen to be wrong in the file: a decimal comma, a currency sign, "n/a" in the price; a unit
 *   after a number; dates as people write them; an id pasted as a URL or mangled by a spreadsheet; two
 *   parents; an export that wrote the deal's id and nothing else; a control character out of a word
 *   processor.
 * - 50 only HubSpot can tell: credit lines with a negative price, currencies the account does not have,
 *   billing frequencies in words of one's own, deals that do not exist, and a value in `amount`, which
 *   HubSpot computes.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as Random from "effect/Random"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"

const columns = [
  "deal_id",
  "quote_id",
  "invoice_id",
  "order_id",
  "hs_position_on_quote",
  "hs_sku",
  "hs_product_id",
  "name",
  "description",
  "quantity",
  "price",
  "hs_line_item_currency_code",
  "discount",
  "hs_discount_percentage",
  "hs_cost_of_goods_sold",
  "recurringbillingfrequency",
  "hs_recurring_billing_period",
  "hs_recurring_billing_start_date",
  "erp_item_number",
  "cost_center",
  "amount"
] as const

/** The cells of a row by column; what is not there is an empty cell. */
type Row = { readonly [column in (typeof columns)[number]]?: string | undefined }

/** Chance of the seeded generator. */
const dice = ({ nextDoubleUnsafe }: Random.Random) => {
  const int = (from: number, to: number): number => from + Math.floor(nextDoubleUnsafe() * (to - from + 1))
  return {
    int,
    chance: (probability: number): boolean => nextDoubleUnsafe() < probability,
    pick: <A>(all: ReadonlyArray<A>): A => all[int(0, all.length - 1)] as A,
    /** A number with many small values and a few large ones. */
    skewed: (from: number, to: number): number => from + Math.floor(nextDoubleUnsafe() ** 3 * (to - from + 1))
  }
}
type Dice = ReturnType<typeof dice>

/** SKU, name, price in euros; for what recurs its frequency and period. */
type Product = readonly [sku: string, name: string, euros: number, frequency?: string, period?: string]

const products: ReadonlyArray<Product> = [
  ["CH-1010", 'Task chair "Ergo One", black', 289],
  ["CH-1100", "Conference chair Münster, set of 4", 716],
  ["CH-1200", "Bar stool Ærø", 149.5],
  ["CH-1310", "Fauteuil Hélène, velours côtelé", 540],
  ["DK-2010", "Height-adjustable desk 160 × 80 cm", 649],
  ["DK-2020", "Height-adjustable desk 180 × 80 cm", 699],
  ["DK-2110", "Bench desk, 4 seats, oak/white", 2190],
  ["DK-2205", 'Café table Zürich, Ø 80 cm, "tilt & stow"', 318.4],
  ["ST-3010", "Pedestal, lockable (3 drawers)", 198],
  ["ST-3020", "Sliding-door cabinet 2 OH", 412.75],
  ["ST-3105", "Regal Ångström 5 OH", 365],
  ["AC-4010", "Acoustic panel 120x80, recycled PET", 118],
  ["AC-4020", "Phone booth Solo", 4990],
  ["AC-4030", "Phone booth Duo, incl. ventilation", 8450],
  ["LT-5010", "LED floor lamp 4000 K, dimmable", 339],
  ["LT-5020", "Schreibtischleuchte „Lichtblick“", 129.9],
  ["IT-6010", 'Monitor arm, up to 34", 2–9 kg', 109],
  ["IT-6020", "Cable tray & 6-way socket", 64.95],
  ["SW-7010", "RoomFinder Basic, per room", 9, "monthly", "P12M"],
  ["SW-7020", "RoomFinder Pro, per room", 19, "monthly", "P12M"],
  ["SW-7021", "RoomFinder Pro, per room (annual)", 199, "annually", "P36M"],
  ["SW-7100", "Desk booking, per user", 2.4, "monthly", "P24M"],
  ["SW-7200", "Sensor data, per 1,000 messages", 0.045, "monthly", "P12M"],
  ["SW-7300", "API access, premium support", 1250, "quarterly", "P24M"],
  ["SV-8010", "Maintenance contract, office seating", 890, "annually", "P3Y"],
  ["SV-8020", "Wartungsvertrag Raumakustik", 450, "per_six_months", "P24M"],
  ["SV-8030", "Rental: plants & care", 175, "monthly", "P1Y"],
  ["SV-9010", "Planning & project management, per hour", 118],
  ["SV-9020", "Assembly, per hour", 62.5]
]

const cities = "Köln Zürich Málaga Łódź Århus Lyon Leeds Göteborg Brno Montréal".split(" ")

/** Items without a product: what is agreed with one customer. */
const customItems = [
  ["Delivery and installation, 3rd floor (no lift)", 480],
  ["Rückbau & Entsorgung Altmöbel", 350],
  ['Sonderlackierung RAL 7016 "anthrazitgrau"', 215],
  ["Workshop „Neue Arbeitswelt“, 1 day", 1900],
  ["Création d'un espace café ☕", 3420],
  ["Adaptación de la sala “Málaga”", 780],
  ["Montaż mebli, weekend", 640],
  ["O'Connor & Sons: re-upholstery", 95],
  ["- Option: lounge corner", 2650],
  ["+ 1 spare set of castors ", 24],
  ["Green wall, moss 🌿 per m²", 410],
  ["Travel expenses;  flat rate", 120]
] as const

const descriptions = [
  "Delivery to the kerb, unpacking by the customer.",
  'As agreed on site; see sketch "B2 – open space".',
  "Lieferzeit ca. 6–8 Wochen, Farbe laut Muster",
  "Colour: oak, natural\nFrame: black\nGlides: felt",
  "Livraison entre 8 h et 12 h,\nquai n° 3, demander « Mme Lefèvre »",
  "Incl. 5-year warranty, spare parts & fabric samples",
  "1 × per floor, position marked in the plan"
] as const

/** What a euro is in other currencies. */
const rates = { EUR: 1, CHF: 0.95, GBP: 0.85, USD: 1.1, SEK: 11.2, PLN: 4.3, JPY: 165 } as const
const foreign = ["CHF", "CHF", "GBP", "USD", "USD", "SEK", "PLN", "JPY"] as const

const money = (value: number, currency: string): string => {
  if (currency === "JPY") return value.toFixed(0)
  if (value < 1) return value.toFixed(4)
  return Number.isInteger(value) && value % 10 === 0 ? String(value) : value.toFixed(2)
}

const item = ({ chance, int, pick }: Dice, currency: keyof typeof rates): Row => {
  const price = (euros: number) => money(euros * rates[currency], currency)
  if (chance(0.22)) {
    const [title, euros] = pick(customItems)
    return { name: chance(0.4) ? `${title} (${pick(cities)})` : title, quantity: "1", price: price(euros) }
  }
  const [sku, name, euros, frequency, period] = pick(products)
  const month = `${int(1, 9)}`.padStart(2, "0")
  return {
    hs_sku: sku,
    hs_product_id: `19${sku.replace(/\D/g, "")}55021`,
    name,
    quantity:
      name.endsWith("per hour") && chance(0.5) ? `${int(1, 20)}.5` : `${int(1, chance(0.2) ? 120 : 12)}`,
    price: price(euros),
    erp_item_number: sku.replace("-", ""),
    ...(chance(0.5) && { hs_cost_of_goods_sold: price(euros * 0.58) }),
    ...(frequency !== undefined && {
      recurringbillingfrequency: frequency,
      hs_recurring_billing_period: period,
      hs_recurring_billing_start_date: chance(0.3) ? "2026-12-01" : `2027-${month}-01`
    })
  }
}

const reduction = ({ chance, pick }: Dice): Row =>
  chance(0.3) ? { discount: "5" } : { hs_discount_percentage: pick(["5", "10", "12.5"]) }

/** The rows of one parent. */
const parent = (dice: Dice, number: number): ReadonlyArray<Row> => {
  const { chance, int, pick, skewed } = dice
  const currency = chance(0.45) ? "EUR" : pick(foreign)
  const kind = chance(0.88) ? "deal_id" : pick(["quote_id", "invoice_id", "order_id"])
  const id = String(21_300_000_000 + number * 1_000_003 + int(0, 900_000))
  const center = `${int(1, 4)}${int(0, 9)}0`
  return Array.from({ length: skewed(2, 64) }, (_, index) => ({
    [kind]: id,
    hs_position_on_quote: String(index + 1),
    hs_line_item_currency_code: currency,
    ...item(dice, currency),
    ...(chance(0.2) && { description: pick(descriptions) }),
    ...(chance(0.12) && reduction(dice)),
    ...(chance(0.6) && { cost_center: center })
  }))
}

/** A way to be wrong: how many rows, which can be so, and what is in their cells then. */
type Fault = readonly [times: number, fits: (row: Row) => boolean, cells: (row: Row, dice: Dice) => Row]

const any = () => true
const ofDeal = (row: Row) => row.deal_id !== undefined
const recurring = (row: Row) => row.recurringbillingfrequency !== undefined
const custom = (row: Row) => row.hs_sku === undefined
const withCents = (row: Row) => row.price?.includes(".") === true

const german = (price = "") => price.replace(".", ",").replace(/(\d)(\d{3})(?=,)/, "$1.$2")
const dealUrl = "https://app-eu1.hubspot.com/contacts/25012345/record/0-3/"
const nothing: Row = Object.fromEntries(columns.map((column) => [column, ""]))

/** Seen in the file: 40. */
const invalid: ReadonlyArray<Fault> = [
  [9, withCents, ({ price }) => ({ price: german(price) })],
  [6, any, ({ price }, { pick }) => ({ price: pick([`€ ${price}`, `${price} €`, `$${price}`]) })],
  [5, custom, (_, { pick }) => ({ price: pick(["n/a", "TBD", "auf Anfrage", "-"]) })],
  [4, any, ({ quantity: n }, { pick }) => ({ quantity: pick([`${n} pcs`, `${n} x`, `${n}\u00a0pcs`]) })],
  [4, ofDeal, ({ deal_id }) => ({ deal_id: dealUrl + deal_id })],
  [3, ofDeal, ({ deal_id = "" }) => ({ deal_id: `${deal_id[0]}.${deal_id.slice(1, 6)}E+10` })],
  [4, ofDeal, (_, { int }) => ({ quote_id: String(int(3_000_000_000, 3_999_999_999)) })],
  [3, ofDeal, ({ deal_id = "" }) => ({ ...nothing, deal_id })],
  [2, any, () => ({ description: "Second line typed with Shift+Enter:\u000bsee drawing" })]
]

const strangeCurrencies = ["EURO", "eur", "€", "BTC", "RMB"] as const
const strangeFrequencies = ["yearly", "Monthly", "jährlich", "every 2 weeks"] as const
const strangeDates = ["31.12.2026", "12/31/2026", "2027-0", "1 Jan 2027"] as const

/** Left to HubSpot: 60. */
const rejected: ReadonlyArray<Fault> = [
  [15, custom, ({ name, price }) => ({ name: `Gutschrift / credit: ${name}`, price: `-${price}` })],
  [12, any, (_, { pick }) => ({ hs_line_item_currency_code: pick(strangeCurrencies) })],
  [11, recurring, (_, { pick }) => ({ recurringbillingfrequency: pick(strangeFrequencies) })],
  [10, recurring, (_, { pick }) => ({ hs_recurring_billing_start_date: pick(strangeDates) })],
  [8, ofDeal, ({ deal_id }) => ({ deal_id: `${deal_id}00` })],
  [4, any, ({ price, quantity }) => ({ amount: (Number(quantity) * Number(price)).toFixed(2) })]
]

const rows = Effect.gen(function* () {
  const seeded = dice(yield* Random.Random)
  const rows: Array<Row> = []
  for (let number = 0; rows.length < 10_000; number++) rows.push(...parent(seeded, number))
  rows.length = 10_000
  const places = new Set(yield* Random.shuffle(rows.keys()))
  for (const [times, fits, cells] of [...invalid, ...rejected]) {
    const fitting = places.values().filter((place) => fits(rows[place] as Row))
    for (const place of fitting.take(times)) {
      places.delete(place)
      rows[place] = { ...rows[place], ...cells(rows[place] as Row, seeded) }
    }
  }
  return rows
})

const program = Effect.gen(function* () {
  const { stdout } = yield* Stdio.Stdio
  yield* Stream.fromIterable(yield* rows).pipe(
    Stream.pipeThroughChannel(Csv.encodeString({ columns, headers: true, newline: "\n" })),
    Stream.run(stdout())
  )
})

NodeRuntime.runMain(program.pipe(Random.withSeed("nordlicht"), Effect.provide(NodeServices.layer)))
