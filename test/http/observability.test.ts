import { Credentials, LineItems, Metrics } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Metric, Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import * as Spans from "../support/spans.ts"

const token = "pat-eu1-canary-987654321"

const hubspot = (first: ReadonlyArray<number> = []) =>
  LineItems.layer({ limit: 190 }).pipe(
    Layer.provide(Credentials.layer(Redacted.make(token))),
    Layer.provide(
      Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, (client) => {
          let n = 0
          return HttpClient.make((request) => {
            const status = first[n++]
            return status === undefined
              ? client.execute(request)
              : Effect.succeed(
                  HttpClientResponse.fromWeb(
                    request,
                    new Response(JSON.stringify({ status: "error", message: `no ${token}`, category: "X" }), {
                      status,
                      headers: { "content-type": "application/json", "x-hubspot-correlation-id": "c-42" }
                    })
                  )
                )
          })
        })
      ).pipe(Layer.provide(Emulator.layer()))
    )
  )

const create = Effect.flatMap(LineItems.LineItems, (lineItems) =>
  lineItems.createBatch({ inputs: [{ properties: { name: "Chair" } }] })
)

describe("what an operator sees", () => {
  it.effect("a span per attempt with method, path, status, attempt and correlation id", () => {
    const { spans, tracer } = Spans.recorder()
    return Effect.gen(function* () {
      yield* create.pipe(Effect.provide(hubspot([])), Effect.withTracer(tracer))
      const outer = spans.find((span) => span.name === "LineItems.createBatch")
      const inner = spans.find((span) => span.name === "HubSpotClient.batchCreate")
      assert.strictEqual(outer?.attributes.get("hubspot.inputs"), 1)
      assert.strictEqual(inner?.attributes.get("http.request.method"), "POST")
      assert.strictEqual(inner?.attributes.get("url.template"), "/crm/v3/objects/line_items/batch/create")
      assert.strictEqual(inner?.attributes.get("http.response.status_code"), 201)
      assert.strictEqual(inner?.attributes.get("hubspot.attempt"), 1)
      assert.isString(inner?.attributes.get("hubspot.correlation_id"))
    })
  })

  it.effect("ids are not in the path of a span, nor elsewhere in one", () => {
    const { spans, tracer } = Spans.recorder()
    return Effect.gen(function* () {
      const get = (id: string) =>
        Effect.flatMap(LineItems.LineItems, (lineItems) =>
          Effect.exit(lineItems.get(id, { idProperty: "customer_key" }))
        )
      // The value of a property may be an id as well.
      yield* Effect.andThen(get("123456"), get("CUSTOMER-4711@example")).pipe(
        Effect.provide(hubspot([])),
        Effect.withTracer(tracer)
      )
      assert.deepStrictEqual(
        spans.flatMap((span) =>
          span.name === "HubSpotClient.get" ? [span.attributes.get("url.template")] : []
        ),
        ["/crm/v3/objects/line_items/:id", "/crm/v3/objects/line_items/:id"]
      )
      const shown = inspect(
        spans.map(({ attributes }) => [...attributes]),
        { depth: 9 }
      )
      assert.notMatch(shown, /123456|4711/)
    })
  })

  it.live("ids are not in a span of the emulator's server either, whose own would have the address", () => {
    const { spans, tracer } = Spans.recorder()
    return Effect.gen(function* () {
      const { url } = yield* EmulatorServer.EmulatorServer
      yield* Effect.exit(
        Effect.flatMap(LineItems.LineItems, (lineItems) => lineItems.get("123456")).pipe(
          Effect.provide(
            LineItems.layer({ baseUrl: url }).pipe(
              Layer.provide([Credentials.layer(Redacted.make(token)), FetchHttpClient.layer])
            )
          )
        )
      )
    }).pipe(
      Effect.provide(EmulatorServer.layer({ port: 0 })),
      Effect.withTracer(tracer),
      Effect.andThen(
        Effect.sync(() => {
          assert.deepStrictEqual(
            spans.filter(({ kind }) => kind === "server").map(({ name }) => name),
            []
          )
          assert.notMatch(inspect(spans.map(({ attributes, name }) => [name, ...attributes])), /123456/)
        })
      )
    )
  })

  it.effect(
    "requests are timed and counted by how they ended, and repetitions and refusals are counted",
    () =>
      Effect.gen(function* () {
        const valueOf = <I, S>(metric: Metric.Metric<I, S>, attributes: Record<string, string> = {}) =>
          Effect.map(Metric.value(Metric.withAttributes(metric, attributes)), (state) =>
            Number((state as { count: number | bigint }).count)
          )
        const operation = "batchCreate"
        for (const statuses of [[502], [521], [429, 403]]) {
          const one = yield* Effect.forkChild(Effect.exit(create).pipe(Effect.provide(hubspot(statuses))))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(one)
        }
        const failure = (type: string, acceptance: string) => ({
          "hubspot.operation": operation,
          "error.type": type,
          "hubspot.acceptance": acceptance
        })
        const counts = [
          failure("ServerFailed", "InDoubt"),
          failure("EdgeUnreachable", "NotAccepted"),
          failure("RateLimited", "NotAccepted"),
          failure("Forbidden", "NotAccepted"),
          { "hubspot.operation": operation },
          failure("TimedOut", "InDoubt")
        ]
        assert.deepStrictEqual(
          yield* Effect.forEach(counts, (attributes) => valueOf(Metrics.requestDuration, attributes)),
          [1, 1, 1, 1, 1, 0]
        )
        assert.strictEqual(yield* valueOf(Metrics.retries, { "hubspot.operation": operation }), 2)
        assert.strictEqual(yield* valueOf(Metrics.rateLimited, { "hubspot.rate_limit.policy": "unknown" }), 1)
        assert.strictEqual(yield* valueOf(Metrics.slotWait), 5)
      }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("the token is in no span, log, metric or error", () => {
    const { spans, tracer } = Spans.recorder()
    const logs: Array<string> = []
    const logger = Logger.make((options) => {
      logs.push(JSON.stringify([options.message, options.cause, String(options.cause)]))
    })
    return Effect.gen(function* () {
      for (const status of [401, 403, 500, 400, 302]) {
        const exit = yield* Effect.exit(create).pipe(
          Effect.tap((exit) => Effect.logError("failed", exit)),
          Effect.provide(hubspot([status])),
          Effect.withTracer(tracer),
          Effect.provide(Logger.layer([logger]))
        )
        logs.push(JSON.stringify(exit), String(exit))
      }
      // Those of other tests, too: counters of others may be large.
      const metrics = JSON.stringify(yield* Metric.snapshot, (_, value) =>
        typeof value === "bigint" ? String(value) : value
      )
      const seen = [
        ...logs,
        metrics,
        ...spans.map((span) =>
          inspect([span.name, [...span.attributes], span.events, span.status], { depth: 9 })
        )
      ].join("\n")
      assert.isAbove(spans.length, 5)
      for (const form of [token, btoa(token), Buffer.from(token).toString("hex"), `Bearer%20${token}`]) {
        assert.isFalse(seen.includes(form), form)
      }
    })
  })
})
