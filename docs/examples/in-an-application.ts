/**
 * A durable import inside an Effect application, which brings its own `HttpClient`, configuration, tracer and registry of
 * metrics. The library asks for them as services, and has none of its own.
 */
import { Import } from "@effect-hubspot/batch"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { LineItems, Metrics } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { LineItem, Properties } from "@effect-hubspot/schema"
import {
  Config,
  ConfigProvider,
  DateTime,
  Effect,
  Layer,
  Metric,
  Result,
  Schema,
  Stream,
  Tracer
} from "effect"
import { HttpClient } from "effect/http"

// What the application has: orders, with its own types.
class Order extends Schema.Class<Order>("Order")({
  number: Schema.Int,
  placed: Schema.DateTimeUtc,
  price: Schema.String
}) {}

const ordersOf = (month: string) =>
  Stream.range(1, 250).pipe(
    Stream.map((number) => new Order({ number, placed: DateTime.makeUnsafe(`${month}-02`), price: "19.90" }))
  )

const toInput = ({ number, placed, price }: Order) =>
  Result.succeed(
    LineItem.make({
      name: `Order ${number}`,
      price: Properties.decimal(price),
      custom: { placed: DateTime.formatIsoDateUtc(placed) }
    })
  )

// What it does with them. After a crash, or a deployment that interrupts it, `Import.run` goes on where it stood.
const exportOrders = Effect.fn("Orders.export")(function* (month: string) {
  const id = `orders-${month}`
  yield* ordersOf(month).pipe(
    Import.submit({ id, codec: Order, toInput }),
    // It was submitted before: its rows are written down, and another id would create them a second time.
    Effect.catchTag("JobExists", () => Effect.void)
  )
  yield* Import.run(id)
  // An outcome has its order, as the codec knows it.
  const months = new Set<number>()
  yield* Import.outcomes(id, Order).pipe(
    Stream.runForEach(({ source }) =>
      Effect.sync(() => months.add(DateTime.getPartUtc(source.placed, "month")))
    )
  )
  const { counts, status } = yield* Import.status(id)
  return { status, created: counts.created, months: [...months] }
})

/** The client of the application: here it sends to a local HubSpot, and counts what it sends. */
const sent = Metric.counter("app_http_requests", { incremental: true })
const httpClient = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.tapRequest(() => Metric.update(sent, 1))
  )
).pipe(Layer.provide(Emulator.layer({ properties: ["placed"] })))

/** In production the environment is the provider, and `Stores.layerLocal` or `layerSql` keeps the jobs. */
const config = ConfigProvider.layer(
  ConfigProvider.fromUnknown({ HUBSPOT_ACCESS_TOKEN: "pat-eu1-0000", HUBSPOT_LIMIT: "190" })
)

const hubspot = Layer.unwrap(
  Effect.map(Config.Int("HUBSPOT_LIMIT"), (limit) => LineItems.layerConfig({ limit }))
)

const application = Layer.mergeAll(hubspot, Stores.layerMemory).pipe(
  Layer.provide(httpClient),
  Layer.provide(config)
)

/** The tracer of the application: here it keeps the names of spans. */
const spans = new Set<string>()
const tracer = Tracer.make({
  span: (options) => {
    spans.add(options.name)
    return new Tracer.NativeSpan(options)
  }
})

export const program = Effect.gen(function* () {
  const exported = yield* exportOrders("2026-11")
  const batches = yield* Metric.value(
    Metric.withAttributes(Metrics.requestDuration, { "hubspot.operation": "batchCreate" })
  )
  const requests = yield* Metric.value(sent)
  return {
    ...exported,
    batches: batches.count,
    requests: requests.count,
    spans: ["Orders.export", "Import.submit", "Import.run", "HubSpotClient.batchCreate"].filter((name) =>
      spans.has(name)
    )
  }
}).pipe(
  Effect.provide(application),
  Effect.withTracer(tracer),
  Effect.provideService(Metric.MetricRegistry, new Map())
)

export const expected = {
  status: "COMPLETE",
  created: 250,
  months: [11],
  batches: 3,
  // One more asks for the account when the job is written down, and one when it is run.
  requests: 5,
  spans: ["Orders.export", "Import.submit", "Import.run", "HubSpotClient.batchCreate"]
}
