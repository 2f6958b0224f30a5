/**
 * The guide to telemetry: its example against a collector, its tables and its dashboard against the code.
 */
import * as Telemetry from "@effect-hubspot/batch/engine/Telemetry"
import { Metrics } from "@effect-hubspot/http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Context, Effect, Layer, Metric, Schema } from "effect"
import {
  FetchHttpClient,
  HttpClient,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
import { globSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { importOrders, telemetry } from "../../docs/examples/telemetry.ts"
import { freePort } from "../support/freePort.ts"

const root = join(import.meta.dirname, "../..")
const page = readFileSync(join(root, "docs/telemetry.md"), "utf8")
const dashboard = readFileSync(join(root, "docs/telemetry/grafana.json"), "utf8")

/** Every metric that the packages export. */
const metrics = Object.values({ ...Metrics, ...Telemetry }).filter((value) => Metric.isMetric(value))

const rows = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim())
    )

const inCode = (text: string | undefined) => [...(text ?? "").matchAll(/`([^`]+)`/g)].map(([, code]) => code!)

const [, ofSpans = "", ofAttributes = ""] =
  /## Spans\n([\s\S]*?\n\n)(\| attribute[\s\S]*?)\n\n/.exec(page) ?? []
const [, ofMetrics = ""] = /## Metrics\n([\s\S]*?\n\n)The count/.exec(page) ?? []

/** The names and labels that Prometheus sees. */
const prometheusNames = new Set(
  metrics.flatMap(({ id, type }) => {
    const name = Metrics.prometheusName(id)
    return type === "Histogram" ? ["_bucket", "_sum", "_count"].map((end) => `${name}${end}`) : [name]
  })
)

/** What an exporter sends, as far as it is looked at here. */
const Attributes = Schema.Array(
  Schema.Struct({ key: Schema.String, value: Schema.Record(Schema.String, Schema.Unknown) })
)
const Points = Schema.Struct({ dataPoints: Schema.Array(Schema.Struct({ attributes: Attributes })) })
const Export = Schema.Struct({
  resourceSpans: Schema.optional(
    Schema.Array(
      Schema.Struct({
        resource: Schema.Struct({ attributes: Attributes }),
        scopeSpans: Schema.Array(
          Schema.Struct({
            spans: Schema.Array(Schema.Struct({ name: Schema.String, attributes: Attributes }))
          })
        )
      })
    )
  ),
  resourceMetrics: Schema.optional(
    Schema.Array(
      Schema.Struct({
        scopeMetrics: Schema.Array(
          Schema.Struct({
            metrics: Schema.Array(
              Schema.Struct({
                name: Schema.String,
                unit: Schema.String,
                description: Schema.String,
                sum: Schema.optional(Points),
                histogram: Schema.optional(Points)
              })
            )
          })
        )
      })
    )
  )
})

/** A collector inside this process: OTLP in JSON over HTTP. */
const collector = Effect.gen(function* () {
  const received: Array<{ readonly path: string; readonly body: typeof Export.Type }> = []
  const services = yield* Layer.build(
    HttpRouter.serve(
      HttpRouter.add(
        "POST",
        "/v1/*",
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          const body = yield* Effect.orDie(HttpServerRequest.schemaBodyJson(Export))
          received.push({ path: request.url, body })
          return HttpServerResponse.jsonUnsafe({})
        })
      ),
      { disableLogger: true, disableListenLog: true }
    ).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))
  )
  const { address } = Context.get(services, HttpServer.HttpServer)
  return { received, url: HttpServer.formatAddress(address) }
})

const named = (attributes: typeof Attributes.Type) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

describe("the example of telemetry", () => {
  it.live("sends spans and metrics to a collector, and serves the same metrics to Prometheus", () =>
    Effect.gen(function* () {
      const { received, url } = yield* collector
      const port = yield* freePort
      const scraped = yield* Effect.gen(function* () {
        const summary = yield* importOrders
        assert.deepStrictEqual(summary, {
          outcomes: { InDoubt: 100, "Created (response)": 150 },
          inHubSpot: 250
        })
        return yield* HttpClient.get(`http://127.0.0.1:${port}/metrics`).pipe(
          Effect.flatMap(({ text }) => text),
          Effect.provide(FetchHttpClient.layer)
        )
      }).pipe(
        Effect.provide(
          Layer.provide(
            telemetry,
            ConfigProvider.layer(
              ConfigProvider.fromUnknown({
                OTEL_EXPORTER_OTLP_ENDPOINT: url,
                OTEL_SERVICE_NAME: "orders",
                METRICS_PORT: String(port)
              })
            )
          )
        ),
        Effect.provideService(Metric.MetricRegistry, new Map())
      )

      const resources = received.flatMap(({ body }) => body.resourceSpans ?? [])
      assert.strictEqual(named(resources[0]!.resource.attributes)["service.name"], "orders")
      const spans = resources.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
      const creates = spans
        .filter(({ name }) => name === "HubSpotClient.batchCreate")
        .map(({ attributes }) => named(attributes))
      assert.deepStrictEqual(
        creates.map((span) => [
          span["hubspot.job.id"],
          span["http.response.status_code"],
          span["error.type"]
        ]),
        [
          ["orders-2026-11", 502, "ServerFailed"],
          ["orders-2026-11", 201, undefined],
          ["orders-2026-11", 201, undefined]
        ]
      )
      // All that spans have is on the page, beside what Effect itself gives them.
      const documented = new Set(rows(ofAttributes).flatMap(([cell]) => inCode(cell)))
      const own = creates.flatMap((span) => Object.keys(span)).filter((key) => !key.startsWith("code."))
      assert.deepStrictEqual(
        [...new Set(own)].filter((key) => !documented.has(key)),
        []
      )
      assert.includeMembers(
        rows(ofSpans).flatMap(([cell]) => inCode(cell)),
        ["HubSpotClient.<operation>"]
      )

      const sent = received.flatMap(({ body }) =>
        (body.resourceMetrics ?? []).flatMap(({ scopeMetrics }) =>
          scopeMetrics.flatMap(({ metrics }) => metrics)
        )
      )
      const outcomes = sent.findLast(({ name }) => name === "hubspot.bulk.outcomes")
      assert.strictEqual(outcomes?.unit, "{input}")
      assert.sameMembers(
        outcomes?.sum?.dataPoints.map(({ attributes }) => named(attributes)["hubspot.outcome"]) ?? [],
        ["Created", "InDoubt"]
      )
      const durations = sent.findLast(({ name }) => name === "hubspot.client.request.duration")
      assert.strictEqual(durations?.unit, "s")
      assert.isAtLeast(durations?.histogram?.dataPoints.length ?? 0, 2)

      assert.match(scraped, /^# TYPE hubspot_client_request_duration_seconds histogram$/m)
      assert.match(scraped, /^hubspot_bulk_outcomes_total\{hubspot_outcome="InDoubt"\} 100$/m)
      assert.match(
        scraped,
        /^hubspot_client_request_duration_seconds_count\{.*error_type="ServerFailed".*\} 1$/m
      )
      const names = [...scraped.matchAll(/^(hubspot_\w+)[{ ]/gm)].map(([, name]) => name!)
      assert.deepStrictEqual(
        [...new Set(names)].filter((name) => !prometheusNames.has(name)),
        []
      )
    })
  )
})

describe("the page about telemetry", () => {
  it("has a row for every metric, with its kind, unit and description", () => {
    assert.isAbove(metrics.length, 4)
    assert.deepStrictEqual(
      rows(ofMetrics).map(([name, kind, unit, , what]) => [name, kind, unit, what]),
      metrics.map(({ attributes, description, id, type }) => [
        `\`${id}\``,
        type.toLowerCase(),
        `\`${(attributes as { readonly unit?: string } | undefined)?.unit}\``,
        description
      ])
    )
  })

  it("names every span that is made, and none that is not", () => {
    const made = globSync("packages/*/src/**/*.ts", { cwd: root }).flatMap((file) => {
      const code = readFileSync(join(root, file), "utf8").replace(/^ *\*.*$/gm, "")
      return [
        ...code.matchAll(/(?:Effect\.fn|withSpan)\(\s*(?:[^"`()]*(?:\([^()]*\))?,\s*)?["`]([^"`$]+)/g)
      ].map(([, name]) => name!)
    })
    const isOf = (name: string, known: string) =>
      name === known || (known.includes("<") && name.startsWith(known.split("<")[0]!))
    const documented = rows(ofSpans).flatMap(([cell]) => inCode(cell))
    assert.isAbove(made.length, 15)
    assert.deepStrictEqual(
      made.filter((name) => !documented.some((known) => isOf(name, known))),
      []
    )
    assert.deepStrictEqual(
      documented.filter((known) => !known.startsWith("sql") && !made.some((name) => isOf(name, known))),
      []
    )
  })
})

describe("the dashboard", () => {
  it("asks for metrics and labels that exist, and for each of them", () => {
    const queries = [...dashboard.matchAll(/"(?:expr|query)": "((?:[^"\\]|\\.)*)"/g)].map(
      ([, query]) => query!
    )
    const asked = new Set(
      queries.flatMap((query) => query.match(/\bhubspot_[a-z_]+_(?:total|bucket|count|sum)\b/g) ?? [])
    )
    assert.deepStrictEqual(
      [...asked].filter((name) => !prometheusNames.has(name)),
      []
    )
    const unseen = metrics.filter(
      ({ id }) => ![...asked].some((name) => name.startsWith(Metrics.prometheusName(id)))
    )
    assert.deepStrictEqual(
      unseen.map(({ id }) => id),
      []
    )
    const labels = new Set(
      rows(ofMetrics).flatMap(([, , , cell]) => inCode(cell).map((name) => name.replaceAll(".", "_")))
    )
    const used = queries.flatMap(
      (query) =>
        query.match(/\b(?:hubspot_(?:outcome|operation|acceptance|rate_limit_policy)|error_type)\b/g) ?? []
    )
    assert.isAbove(used.length, 8)
    assert.deepStrictEqual(
      used.filter((label) => !labels.has(label)),
      []
    )
  })

  it("is a dashboard with titled panels that do not lie on each other", () => {
    const { panels } = Schema.decodeUnknownSync(
      Schema.fromJsonString(
        Schema.Struct({
          panels: Schema.Array(
            Schema.Struct({
              id: Schema.Int,
              title: Schema.NonEmptyString,
              gridPos: Schema.Struct({ x: Schema.Int, y: Schema.Int, w: Schema.Int, h: Schema.Int })
            })
          )
        })
      )
    )(dashboard)
    assert.strictEqual(new Set(panels.map(({ id }) => id)).size, panels.length)
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)}:${y + Math.floor(n / w)}`)
    )
    assert.strictEqual(new Set(cells).size, cells.length)
    assert.isTrue(panels.every(({ gridPos: { w, x } }) => x + w <= 24))
  })
})
