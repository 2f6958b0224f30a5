/**
 * An import that is seen: traces, metrics and logs go to an OpenTelemetry collector, and Prometheus can fetch the metrics.
 * The layers are Effect's own; the library brings spans and metrics, and no exporter.
 *
 * OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_SERVICE_NAME=orders METRICS_PORT=9464 node docs/examples/telemetry.ts
 */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { BulkCreate } from "@effect-hubspot/batch"
import { Metrics } from "@effect-hubspot/http"
import { Config, Effect, Layer, Stream } from "effect"
import { FetchHttpClient, HttpRouter } from "effect/http"
import { Otlp, PrometheusMetrics } from "effect/observability"
import { createServer } from "node:http"
import { lossyHubSpot, summarize } from "./lossy-hubspot.ts"

/** To a collector, under the name of `OTEL_SERVICE_NAME`. */
const toCollector = Layer.unwrap(
  Effect.map(Config.String("OTEL_EXPORTER_OTLP_ENDPOINT"), (baseUrl) => Otlp.layerJson({ baseUrl }))
).pipe(Layer.provide(FetchHttpClient.layer))

/** For Prometheus: `GET /metrics`, with the names that a collector would give it. */
const forPrometheus = HttpRouter.serve(
  PrometheusMetrics.layerHttp({ metricNameMapper: Metrics.prometheusName }),
  { disableLogger: true, disableListenLog: true }
).pipe(Layer.provide(NodeHttpServer.layerConfig(createServer, { port: Config.Port("METRICS_PORT") })))

export const telemetry = Layer.merge(toCollector, forPrometheus)

/** HubSpot stores the first batch and says 502, so these inputs are in doubt. */
export const importOrders = Stream.range(1, 250).pipe(
  Stream.map((number) => ({ properties: { name: `Order ${number}`, price: "19.90" } })),
  BulkCreate.outcomes({ jobId: "orders-2026-11" }),
  summarize,
  Effect.withSpan("Orders.import"),
  Effect.provide(lossyHubSpot())
)

if (import.meta.main) {
  NodeRuntime.runMain(
    importOrders.pipe(
      Effect.tap((summary) => Effect.logInfo("imported", summary)),
      Effect.provide(telemetry)
    )
  )
}
