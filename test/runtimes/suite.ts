/**
 * The client and the bulk engine in whatever runtime this file is run by: each check makes a HubSpot fail in one way, and
 * compares the outcomes with the ledger of that HubSpot. Nothing here is of one runtime, so the same file runs in all of them.
 */
import { type Input, connect } from "@effect-hubspot/batch/promise"
import * as BulkArchive from "@effect-hubspot/batch/bulk/BulkArchive"
import * as BulkCreate from "@effect-hubspot/batch/bulk/BulkCreate"
import * as BulkRead from "@effect-hubspot/batch/bulk/BulkRead"
import * as BulkUpdate from "@effect-hubspot/batch/bulk/BulkUpdate"
import * as BulkUpsert from "@effect-hubspot/batch/bulk/BulkUpsert"
import * as Coalescer from "@effect-hubspot/batch/bulk/Coalescer"
import * as DoubtStrategy from "@effect-hubspot/batch/doubt/DoubtStrategy"
import type { Outcome } from "@effect-hubspot/batch/model/Outcome"
import { Credentials, HubSpotClient, LineItems, Operations } from "@effect-hubspot/http"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

/** What `line-items serve --json` prints. */
interface Served {
  readonly url: string
  readonly adminKey: string
}

interface Ledger {
  readonly created: ReadonlyArray<{ readonly id: string; readonly properties: Record<string, string> }>
}

/** One rule of a fault plan, see docs/failures.md. */
type Fault = { readonly nth: number; readonly place: string; readonly reply?: object }

interface Options extends LineItems.Options {
  /** Default: doubts stay. */
  readonly strategy?: DoubtStrategy.Guard | undefined
}

/** A way to create line items. */
type Create = (inputs: ReadonlyArray<Input>, options: Options) => Promise<ReadonlyArray<Outcome<Input>>>

const token = "pat-eu1-runtimes"
const wrong = 7
/** The custom property with unique values that the server must have. */
const key = "erp"

/** Rows, one of them wrong. 250 are three batches. */
const rows = (name: string, price = "12,50", length = 250): ReadonlyArray<Input> =>
  Array.from({ length }, (_, n) => ({
    properties: { name: `${name} ${n}`, price: n === wrong ? price : "19.90", [key]: `${name} ${n}` }
  }))

const layer = (options: LineItems.Options) =>
  LineItems.layer({ limit: 190, ...options }).pipe(
    Layer.provide(Layer.merge(Credentials.layer(Redacted.make(token)), FetchHttpClient.layer))
  )

/** One request after the other, so that a fault of the second strikes the second batch. */
const howOf = ({ strategy }: Options) =>
  strategy === undefined ? { concurrency: 1 } : { concurrency: 1, strategy, keyProperty: key }

const creates: Readonly<Record<string, Create>> = {
  BulkCreate: (inputs, options) =>
    Stream.fromIterable(inputs).pipe(
      BulkCreate.outcomes(howOf(options)),
      Stream.runCollect,
      Effect.provide(layer(options)),
      Effect.runPromise
    ),
  connect: async (inputs, { strategy, ...options }) => {
    const hubspot = connect({ token, limit: 190, ...options })
    const outcomes: Array<Outcome<Input>> = []
    for await (const outcome of hubspot.create(inputs, howOf({ strategy }))) outcomes.push(outcome)
    await hubspot.close()
    return outcomes
  }
}

const same = (what: string, found: unknown, expected: unknown): void => {
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)]
  if (is !== should) throw new Error(`${what}: ${is} instead of ${should}`)
}

const count = (outcomes: ReadonlyArray<{ readonly _tag: string }>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { _tag } of outcomes.toSorted((a, b) => a._tag.localeCompare(b._tag)))
    counts[_tag] = (counts[_tag] ?? 0) + 1
  return counts
}

/** What a HubSpot does to the creates of these rows, and what becomes of them. */
interface Check {
  readonly fault?: Fault
  /** The price of the wrong row. Default: one that is never sent. */
  readonly price?: string
  /** Default: 250. */
  readonly rows?: number
  readonly options?: Options
  readonly outcomes: Readonly<Record<string, number>>
  /** So many line items exist in the end. Not checked where that depends on how fast the machine is. */
  readonly created?: number
}

const status = (status: number, more: object = {}) => ({ kind: "status", status, ...more })
const lost = { Created: 149, InDoubt: 100, Invalid: 1 }
const whole = { Created: 249, Invalid: 1 }

const checks: Readonly<Record<string, Check>> = {
  "a row that is wrong in itself": { outcomes: whole, created: 249 },
  "a row that HubSpot rejects, with a 207": {
    price: "-1",
    outcomes: { Created: 249, Rejected: 1 },
    created: 249
  },
  "a 429": {
    fault: { nth: 2, place: "beforeCommit", reply: status(429, { body: "secondly" }) },
    outcomes: whole,
    created: 249
  },
  "a 502 after the batch was accepted": {
    fault: { nth: 1, place: "afterCommit", reply: status(502, { body: "html" }) },
    outcomes: lost,
    created: 249
  },
  "a 502, and rows that are sent again with a unique key": {
    fault: { nth: 1, place: "afterCommit", reply: status(502, { body: "html" }) },
    options: { strategy: DoubtStrategy.guard() },
    outcomes: whole,
    created: 249
  },
  "a reply that is cut off by a reset": {
    fault: { nth: 1, place: "afterCommit", reply: { kind: "cut", keep: 0.5, by: "reset" } },
    outcomes: lost,
    created: 249
  },
  "a reply that is cut off by the end of the connection": {
    fault: { nth: 1, place: "afterCommit", reply: { kind: "cut", keep: 0.5, by: "close" } },
    outcomes: lost,
    created: 249
  },
  "a kept connection that is reset after the batch was accepted": {
    fault: { nth: 2, place: "afterCommit", reply: { kind: "reset" } },
    outcomes: lost,
    created: 249
  },
  "a kept connection that is closed after the batch was accepted": {
    fault: { nth: 2, place: "afterCommit", reply: { kind: "close" } },
    outcomes: lost,
    created: 249
  },
  "a reply that never comes": {
    fault: { nth: 1, place: "replyLost" },
    rows: 50,
    options: { timeout: "1 second" },
    outcomes: { InDoubt: 49, Invalid: 1 }
  },
  "a reply in gzip that nobody asked for": {
    fault: { nth: 1, place: "afterCommit", reply: { kind: "gzip" } },
    outcomes: whole,
    created: 249
  },
  "a reply after interim ones": {
    fault: { nth: 1, place: "afterCommit", reply: { kind: "informational", status: 102, count: 3 } },
    outcomes: whole,
    created: 249
  },
  "a redirect, which is not followed": {
    fault: {
      nth: 1,
      place: "beforeCommit",
      reply: status(307, { headers: { location: "/crm/v3/objects/line_items/batch/create" } })
    },
    outcomes: { InDoubt: 100, Invalid: 1, NotSent: 149 },
    created: 0
  }
}

const admin = (served: Served, method: "GET" | "PUT", path: string, body?: object): Promise<unknown> => {
  const request = HttpClientRequest.make(method)(`${served.url}/_emulator/${path}`)
  return (body === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, body)).pipe(
    HttpClientRequest.bearerToken(served.adminKey),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap((reply) => (method === "GET" ? reply.json : reply.text)),
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )
}

const createdAs = async (served: Served, name: string) => {
  const { created } = (await admin(served, "GET", "ledger")) as Ledger
  return created.filter(({ properties }) => properties["name"]?.startsWith(`${name} `) === true)
}

/** Runs a check, and holds each outcome against the ledger. */
const run = async (served: Served, name: string, create: Create, check: Check): Promise<void> => {
  const { fault, options, outcomes: expected, price, rows: many } = check
  const rules =
    fault === undefined
      ? []
      : [{ match: { path: "*/batch/create", nth: fault.nth }, fault: { ...fault, nth: undefined } }]
  await admin(served, "PUT", "faults", { rules })
  const inputs = rows(name, price, many)
  const outcomes = await create(inputs, { baseUrl: served.url, ...options })
  const created = await createdAs(served, name)
  const idOf = new Map(created.map(({ id, properties }) => [properties["name"], id]))
  same("line items that exist", created.length, check.created ?? created.length)
  same("line items that exist once", idOf.size, created.length)
  same("inputs with an outcome", new Set(outcomes.map(({ index }) => index)).size, inputs.length)
  for (const outcome of outcomes) {
    same(`the value of input ${outcome.index}`, outcome.source, inputs[outcome.index])
    const id = idOf.get(String(outcome.source.properties["name"]))
    if (outcome._tag === "Created") same(`the id of input ${outcome.index}`, outcome.id, id)
    else if (outcome._tag !== "InDoubt")
      same(`${outcome._tag}, the id of input ${outcome.index}`, id, undefined)
  }
  same("outcomes", count(outcomes), expected)
}

/** One attempt where nobody listens: a value, whether or not this runtime can tell that nothing was sent. */
const unreachable = Effect.gen(function* () {
  const client = yield* HubSpotClient.HubSpotClient
  const { reason } = yield* Effect.flip(client.execute(Operations.accountDetails))
  if (reason._tag !== "TransportNotSent") same("reason", reason._tag, "TransportAmbiguous")
}).pipe(Effect.provide(layer({ baseUrl: "http://127.0.0.1:2" })))

/** The other operations, one after the other on the same line items. */
const others = (served: Served, name: string) =>
  Effect.gen(function* () {
    const lineItems = yield* LineItems.LineItems
    const { id } = yield* lineItems.create({ properties: { name: `${name} 0`, [key]: `${name} 0` } })
    const coalescer = yield* Coalescer.make({})
    const { id: second } = yield* coalescer.create({ properties: { name: `${name} 1` } })
    const updated = yield* Stream.make({ id, properties: { price: "1.50" } }).pipe(
      BulkUpdate.outcomes(),
      Stream.runCollect
    )
    const upserted = yield* Stream.make({
      id: `${name} 0`,
      idProperty: key,
      properties: { quantity: "2" }
    }).pipe(BulkUpsert.outcomes(), Stream.runCollect)
    const found = yield* Stream.make(id, second).pipe(
      BulkRead.outcomes({ properties: ["price", "quantity"] }),
      Stream.runCollect
    )
    const archived = yield* Stream.make(id, second).pipe(BulkArchive.outcomes(), Stream.runCollect)
    same("outcomes", count([...updated, ...upserted, ...found, ...archived]), {
      Archived: 2,
      Found: 2,
      Updated: 1,
      Upserted: 1
    })
    const values = found.flatMap((each) =>
      each._tag === "Found" && each.index === 0 ? [each.object.properties] : []
    )
    same("values", [values[0]?.["price"], values[0]?.["quantity"]], ["1.50", "2"])
  }).pipe(Effect.scoped, Effect.provide(layer({ baseUrl: served.url })), Effect.runPromise)

/** All checks. Prints a line for each that failed, and as its last line `N passed, N failed`. */
const all = async (served: Served): Promise<void> => {
  let passed = 0
  let failed = 0
  const one = async (name: string, check: () => Promise<void>): Promise<void> => {
    try {
      await check()
      passed++
    } catch (error) {
      failed++
      console.log(`FAILED ${name}: ${String(error)}`)
    }
  }
  for (const [by, create] of Object.entries(creates)) {
    for (const [name, check] of Object.entries(checks))
      await one(`${by}, ${name}`, () => run(served, `World ${passed + failed}`, create, check))
  }
  await admin(served, "PUT", "faults", { rules: [] })
  await one("update, upsert, read, archive, coalesce", () => others(served, "Others"))
  await one("a server that is not there", () => Effect.runPromise(unreachable))
  console.log(`${passed} passed, ${failed} failed`)
}

/** workerd calls this one, with its bindings. */
export default { test: (_: unknown, { served }: { readonly served: string }) => all(JSON.parse(served)) }

// The others run the file. A Worker has no `process`.
const [, , served] = globalThis.process?.argv ?? []
if (served !== undefined) await all(JSON.parse(served))
