import { Credentials, HubSpotClient, LineItems, Operations, RateLimits } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { inspect } from "node:util"
import * as Canary from "../support/canary.ts"
import * as Spans from "../support/spans.ts"

type Answer = (
  request: HttpClientRequest.HttpClientRequest
) => Effect.Effect<Response, HttpClientError.HttpClientError>

const clientOf = (answer: Answer) =>
  LineItems.layerClient.pipe(
    Layer.provideMerge(HubSpotClient.layer()),
    Layer.provideMerge(RateLimits.layer({ limit: "auto" })),
    Layer.provide(Credentials.layer(Redacted.make(Canary.canary))),
    Layer.provide(
      Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((request) =>
          Effect.map(answer(request), (response) => HttpClientResponse.fromWeb(request, response))
        )
      )
    )
  )

const create = Effect.flatMap(HubSpotClient.HubSpotClient, (client) =>
  client.execute(Operations.batchCreate({ inputs: [{ properties: { name: "x" } }] }))
)

/** A header holds one line of Latin-1. */
const inHeader = (text: string): string => text.replace(/[\r\n\t]/g, " ").replace(/[^\u0020-\u00ff]/g, "")

const error = (fields: Record<string, unknown>) => ({
  status: "error",
  message: "no",
  category: "VALIDATION_ERROR",
  ...fields
})

type Kind = readonly [
  where: string,
  status: number,
  body: (echo: string) => unknown,
  headers?: (echo: string) => Record<string, string>
]

const nothing = () => ""
const type = (contentType: string) => () => ({ "content-type": contentType })
const kinds: ReadonlyArray<Kind> = [
  ["a page in the place of a success", 200, (echo) => `<html><body>${echo}</body></html>`, type("text/html")],
  ["a text in the place of a success", 201, (echo) => echo, type("text/plain")],
  ["the content type", 200, nothing, (echo) => ({ "content-type": `text/${inHeader(echo)}` })],
  ["a page in the place of a refusal", 400, (echo) => `<pre>${echo}</pre>`, type("text/html")],
  ["the message", 400, (echo) => error({ message: `you sent ${echo}` })],
  ["what comes with a failure", 500, (echo) => error({ message: echo, correlationId: echo })],
  ["a 409", 409, (echo) => error({ message: echo })],
  ["a 413", 413, (echo) => error({ message: echo })],
  ["a 415", 415, (echo) => error({ message: echo })],
  ["the category", 401, (echo) => error({ category: echo, message: echo })],
  ["the correlation id", 500, nothing, (echo) => ({ "x-hubspot-correlation-id": inHeader(echo) })],
  ["missing scopes", 403, (echo) => error({ context: { missingScopes: [echo] } })],
  ["a trace id that is blamed", 400, (echo) => error({ context: { objectWriteTraceId: [echo] } })],
  [
    "a detail",
    400,
    (echo) =>
      error({
        errors: [{ message: echo, code: echo, context: { propertyName: [echo], objectWriteTraceId: [echo] } }]
      })
  ],
  [
    "problems in the message",
    400,
    (echo) =>
      error({
        message: `Property values were not valid: ${JSON.stringify([{ message: echo, error: echo, name: echo }])}`
      })
  ],
  ["the policy's name", 429, (echo) => ({ message: "m", errorType: "RATE_LIMIT", policyName: echo })],
  [
    "the host of a redirect",
    302,
    nothing,
    (echo) => ({ location: `https://${inHeader(echo).replaceAll(" ", "")}/x` })
  ],
  ["the path of an unknown endpoint", 404, (echo) => error({ category: "X", message: echo })],
  [
    "an error of a 207",
    207,
    (echo) => ({
      results: [],
      errors: [{ message: echo, category: echo, id: echo, context: { ids: [echo] }, links: { x: echo } }]
    })
  ],
  ["a record's id", 201, (echo) => ({ results: [{ id: echo }] })],
  ["a record's trace id", 201, (echo) => ({ results: [{ id: "1", objectWriteTraceId: echo }] })],
  ["a property's value", 201, (echo) => ({ results: [{ id: "1", properties: { name: echo } }] })],
  ["a property's name", 201, (echo) => ({ results: [{ id: "1", properties: { [echo]: "x" } }] })],
  ["links", 201, (echo) => ({ status: "PENDING", results: [], links: { status: echo } })],
  [
    "what nobody knows yet",
    201,
    (echo) => ({ results: [{ id: "1", url: echo, more: [{ deep: echo }] }], extra: echo })
  ]
]

const answerOf =
  ([, status, body, headers]: Kind, echo: string): Answer =>
  () =>
    Effect.succeed(
      new Response(((given) => (typeof given === "string" ? given : JSON.stringify(given)))(body(echo)), {
        status,
        headers: { "content-type": "application/json", ...headers?.(echo) }
      })
    )

/** All that a caller, a log or a tracer could see of an attempt. */
const seenOf = (answer: Answer) => {
  const { spans, tracer } = Spans.recorder()
  return create.pipe(
    Effect.exit,
    Effect.provide(clientOf(answer)),
    Effect.withTracer(tracer),
    Effect.map((exit) =>
      [
        JSON.stringify(exit),
        inspect(exit, { depth: 12, maxStringLength: null }),
        Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "",
        ...spans.map((span) =>
          inspect([span.name, [...span.attributes], span.events, span.status], {
            depth: 12,
            maxStringLength: null
          })
        )
      ].join("\n")
    )
  )
}

describe("a token that somebody on the way hands back", () => {
  for (const kind of kinds) {
    it.effect(`in ${kind[0]} is not shown in any form`, () =>
      Effect.gen(function* () {
        const shown = yield* Effect.filter(Canary.forms(Canary.canary), ([, echo]) =>
          Effect.map(seenOf(answerOf(kind, echo)), (seen) => Canary.leaks(seen, Canary.canary).length > 0)
        )
        assert.deepStrictEqual(
          shown.map(([form]) => form),
          []
        )
      })
    )
  }

  it.effect("in JSON whose characters are escaped is not shown", () =>
    Effect.gen(function* () {
      const escaped = Canary.forms(Canary.canary).find(([form]) => form === "as JSON in a text")![1]
      for (const [status, body] of [
        [400, `{"status":"error","category":"VALIDATION_ERROR","message":"${escaped}"}`],
        [201, `{"results":[{"id":"1","properties":{"name":"${escaped}"}}]}`]
      ] as const) {
        const seen = yield* seenOf(answerOf(["", status, () => body], ""))
        assert.deepStrictEqual(Canary.leaks(seen, Canary.canary), [])
      }
    })
  )

  it.effect("in words that a token of the emulator's could be of stays", () =>
    Effect.gen(function* () {
      const lineItems = yield* LineItems.LineItems
      const name = "Embedded controller, emulated"
      const { id } = yield* lineItems.create({ properties: { name } })
      assert.strictEqual((yield* lineItems.get(id, { properties: ["name"] })).properties?.name, name)
    }).pipe(Effect.provide(Emulator.layerLineItems()))
  )

  it.effect("in what breaks the connection is not shown", () =>
    Effect.gen(function* () {
      const cause = Object.assign(new Error(`Bearer ${Canary.canary}`), { code: `X_${Canary.canary}` })
      const broken: Answer = (request) =>
        Effect.fail(
          new HttpClientError.HttpClientError({
            reason: new HttpClientError.TransportError({ request, cause })
          })
        )
      for (const answer of [broken, () => Effect.die(cause)]) {
        assert.deepStrictEqual(Canary.leaks(yield* seenOf(answer), Canary.canary), [])
      }
    })
  )
})
