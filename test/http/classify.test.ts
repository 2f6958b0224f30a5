import {
  Credentials,
  HubSpotClient,
  HubSpotError,
  LineItems,
  type Operation,
  Operations,
  RateLimits,
  Retry
} from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { announced } from "../support/hubspot.ts"

const token = "pat-eu1-canary-0123456789"

type Answer = (
  request: HttpClientRequest.HttpClientRequest
) => Effect.Effect<Response, HttpClientError.HttpClientError>

const clientOver = (transport: HttpClient.HttpClient, options?: HubSpotClient.Options) =>
  HubSpotClient.layer(options).pipe(
    Layer.provideMerge(RateLimits.layer({ limit: "auto" })),
    Layer.provide(Credentials.layer(Redacted.make(token))),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, transport))
  )

const clientOf = (answer: Answer, options?: HubSpotClient.Options) =>
  clientOver(
    HttpClient.make((request) =>
      Effect.map(answer(request), (response) => HttpClientResponse.fromWeb(request, response))
    ),
    options
  )

const operation = Operations.batchCreate({ inputs: [{ properties: { name: "x" } }] })

const failing = Effect.flatMap(HubSpotClient.HubSpotClient, (client) =>
  Effect.flip(client.execute(operation))
)

const failureOf = (answer: Answer, options?: HubSpotClient.Options) =>
  Effect.provide(failing, clientOf(answer, options))

const reply =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  () =>
    Effect.succeed(
      new Response(
        status === 204 || status === 304 ? null : typeof body === "string" ? body : JSON.stringify(body),
        {
          status,
          headers: { "content-type": "application/json;charset=utf-8", ...headers }
        }
      )
    )

/** The transport fails with what is made when the request is with it. */
const breaks =
  (cause: () => unknown): Answer =>
  (request) =>
    Effect.suspend(() =>
      Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: cause() })
        })
      )
    )

const code = (code: string, extra: object = {}) =>
  Object.assign(new Error(`${code} Bearer ${token}`), { code, ...extra })

/** A call of the operating system that fails. */
const system = (syscall: string, name: string) => code(name, { syscall, errno: -1 })

/** A failure that undici has while it connects, of which the system knows nothing. */
const connecting = (name: string) => announced(code(name))

const fetchFailed = (cause: unknown) => new TypeError("fetch failed", { cause })

/** As for a host with several addresses. */
const eachOf = (...errors: ReadonlyArray<Error>) =>
  Object.assign(new AggregateError(errors), { code: (errors[0] as { readonly code?: string }).code })

const envelope = (category: string | undefined, extra: object = {}) => ({
  status: "error",
  message: "no",
  correlationId: "c-1",
  ...(category !== undefined && { category }),
  ...extra
})

const html = "<html><body>Bad gateway</body></html>"

const table: ReadonlyArray<
  readonly [
    row: string,
    answer: Answer,
    tag: HubSpotError.Reason["_tag"],
    acceptance: HubSpotError.Acceptance,
    fields?: object
  ]
> = [
  [
    "F01 name not found",
    breaks(() => system("getaddrinfo", "ENOTFOUND")),
    "TransportNotSent",
    "NotAccepted",
    { failure: "dns" }
  ],
  [
    "F01 name not found for now",
    breaks(() => system("getaddrinfo", "EAI_AGAIN")),
    "TransportNotSent",
    "NotAccepted",
    { failure: "dns" }
  ],
  [
    "F02 refused",
    breaks(() => system("connect", "ECONNREFUSED")),
    "TransportNotSent",
    "NotAccepted",
    { failure: "refused" }
  ],
  [
    "F02 refused, as fetch wraps it",
    breaks(() => fetchFailed(system("connect", "ECONNREFUSED"))),
    "TransportNotSent",
    "NotAccepted",
    { failure: "refused" }
  ],
  [
    "F02 refused at every address",
    breaks(() => fetchFailed(eachOf(system("connect", "ECONNREFUSED"), system("connect", "ENETUNREACH")))),
    "TransportNotSent",
    "NotAccepted",
    { failure: "refused" }
  ],
  [
    "F02 unreachable",
    breaks(() => system("connect", "EHOSTUNREACH")),
    "TransportNotSent",
    "NotAccepted",
    { failure: "unreachable" }
  ],
  [
    "F02 no address to connect from",
    breaks(() => announced(system("bind", "EADDRNOTAVAIL"))),
    "TransportNotSent",
    "NotAccepted",
    { failure: "unreachable" }
  ],
  [
    "F03 connect timeout",
    breaks(() => connecting("UND_ERR_CONNECT_TIMEOUT")),
    "TransportNotSent",
    "NotAccepted",
    { failure: "connectTimeout" }
  ],
  [
    "F03 connect timeout of the system",
    breaks(() => system("connect", "ETIMEDOUT")),
    "TransportNotSent",
    "NotAccepted",
    { failure: "connectTimeout" }
  ],
  ["F04 expired certificate", breaks(() => connecting("CERT_HAS_EXPIRED")), "TlsUntrusted", "NotAccepted"],
  [
    "F04 wrong name",
    breaks(() => fetchFailed(connecting("ERR_TLS_CERT_ALTNAME_INVALID"))),
    "TlsUntrusted",
    "NotAccepted"
  ],
  [
    "F05 handshake failure",
    breaks(() => connecting("ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE")),
    "TransportNotSent",
    "NotAccepted",
    { failure: "tls" }
  ],
  [
    "F05 a reset in the handshake",
    breaks(() => announced(system("read", "ECONNRESET"))),
    "TransportNotSent",
    "NotAccepted",
    { failure: "tls" }
  ],
  [
    "F08 the way is lost",
    breaks(() => system("read", "EHOSTUNREACH")),
    "TransportAmbiguous",
    "InDoubt",
    { code: "EHOSTUNREACH" }
  ],
  [
    "F07 a TLS record that is damaged in the middle",
    breaks(() => code("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC")),
    "TransportAmbiguous",
    "InDoubt"
  ],
  [
    "F07 reset",
    breaks(() => system("read", "ECONNRESET")),
    "TransportAmbiguous",
    "InDoubt",
    { code: "ECONNRESET" }
  ],
  ["F08 other side closed", breaks(() => code("UND_ERR_SOCKET")), "TransportAmbiguous", "InDoubt"],
  ["F08 a failure nobody knows", breaks(() => "?"), "TransportAmbiguous", "InDoubt", { code: "unknown" }],
  [
    "F15 refused, with the guilty named",
    reply(
      400,
      envelope("VALIDATION_ERROR", { errors: [{ message: "m", context: { objectWriteTraceId: ["t-1"] } }] })
    ),
    "ValidationFailed",
    "NotAccepted",
    { traceIds: ["t-1"] }
  ],
  [
    "F16 refused as a whole",
    reply(400, envelope("VALIDATION_ERROR")),
    "ValidationFailed",
    "NotAccepted",
    { traceIds: [] }
  ],
  [
    "F17 malformed JSON",
    reply(400, { status: "error", message: "Invalid input JSON on line 3", correlationId: "c" }),
    "ProtocolBug",
    "NotAccepted"
  ],
  [
    "400 of another category",
    reply(400, envelope("SOMETHING_ELSE")),
    "ValidationFailed",
    "NotAccepted",
    { category: "SOMETHING_ELSE" }
  ],
  ...[{ correlationId: null }, { correlationId: "" }, { status: "failed" }].map(
    (extra) =>
      [
        `400 of another category and ${JSON.stringify(extra)}`,
        reply(400, envelope("SOMETHING_ELSE", extra)),
        "ProtocolViolation",
        "InDoubt"
      ] as const
  ),
  [
    "400 of a failure of HubSpot's own",
    reply(400, envelope("INTERNAL_ERROR")),
    "ProtocolViolation",
    "InDoubt"
  ],
  [
    "400 without category, of nothing in particular",
    reply(400, envelope(undefined)),
    "ProtocolViolation",
    "InDoubt"
  ],
  ...[400, 422].flatMap((status) =>
    [
      { validationResults: [{ isValid: false, message: "no", error: "INVALID_LONG", name: "createdate" }] },
      { errors: [{ message: "m", in: "name" }] },
      { errors: [{ message: "m", in: "name" }], links: "of another shape", context: 7 },
      { message: "Property values were not valid" }
    ].flatMap(
      (extra) =>
        [
          [
            `${status} without category, with ${JSON.stringify(extra)}`,
            reply(status, envelope(undefined, extra)),
            "ValidationFailed",
            "NotAccepted",
            { category: "no category" }
          ],
          [
            `the same, and no correlation id in the body, with ${JSON.stringify(extra)}`,
            reply(status, { status: "error", message: "no", ...extra }, { "x-hubspot-correlation-id": "c" }),
            "ProtocolViolation",
            "InDoubt"
          ]
        ] as const
    )
  ),
  ...[
    { message: "Unable to infer object type from: line_items" },
    { message: "Unable to infer object type from: widgets", category: "VALIDATION_ERROR" },
    { message: "Invalid object or event type id: 0-9999" }
  ].map(
    (extra) =>
      [
        `F22 ${extra.message}`,
        reply(400, envelope(undefined, extra)),
        "EndpointNotFound",
        "NotAccepted"
      ] as const
  ),
  [
    "an error body of which a field cannot be read",
    reply(403, envelope(undefined, { errors: ["a text"], links: [[]] })),
    "Forbidden",
    "NotAccepted"
  ],
  ...[401, 403, 404, 405, 413, 414, 415, 423, 477].map(
    (status) =>
      [
        `${status} without category or message`,
        reply(status, { status: "error", correlationId: "c" }),
        (
          {
            401: "Unauthorized",
            403: "Forbidden",
            404: "EndpointNotFound",
            405: "EndpointRefused",
            413: "RequestTooLarge",
            423: "Locked",
            477: "Migrating"
          } as const
        )[status as 401] ?? "ProtocolBug",
        "NotAccepted"
      ] as const
  ),
  ...[401, 403, 404, 405, 409, 413, 415, 423, 477].map(
    (status) =>
      [
        `${status} in JSON of a gateway's`,
        reply(status, { message: "Forbidden" }),
        "ProtocolViolation",
        "InDoubt"
      ] as const
  ),
  ["400 without an error body", reply(400, html), "ProtocolViolation", "InDoubt"],
  [
    "F20 bad token",
    reply(401, envelope("INVALID_AUTHENTICATION")),
    "Unauthorized",
    "NotAccepted",
    { category: "INVALID_AUTHENTICATION" }
  ],
  ["401 of somebody on the way", reply(401, html), "ProtocolViolation", "InDoubt"],
  [
    "F21 missing scopes",
    reply(
      403,
      envelope("MISSING_SCOPES", {
        errors: [{ message: "m", context: { requiredGranularScopes: ["crm.objects.line_items.write"] } }]
      })
    ),
    "Forbidden",
    "NotAccepted",
    { missingScopes: ["crm.objects.line_items.write"] }
  ],
  [
    "F21 missing scopes as text",
    reply(403, envelope("MISSING_SCOPES", { errors: [{ message: "m", context: "{missingScopes=[a, b]}" }] })),
    "Forbidden",
    "NotAccepted",
    { missingScopes: ["a", "b"] }
  ],
  ["F22 unknown path", reply(404, envelope("X")), "EndpointNotFound", "NotAccepted"],
  ["F22 unknown record", reply(404, envelope("OBJECT_NOT_FOUND")), "ObjectNotFound", "NotAccepted"],
  ["F22 unknown path, in HTML", reply(404, html), "ProtocolViolation", "InDoubt"],
  ...[405, 406, 410, 451].map(
    (status) =>
      [`F23 ${status}`, reply(status, envelope("X")), "EndpointRefused", "NotAccepted", { status }] as const
  ),
  ["F24 408", reply(408, ""), "ServerFailed", "InDoubt", { kind: "timeout" }],
  [
    "F26 409 for one input",
    reply(409, envelope("CONFLICT", { message: "Line item already exists. Existing ID: 6001" })),
    "Conflict",
    "NotAccepted",
    { ends: "parts", problems: [{ message: "Line item already exists. Existing ID: 6001" }] }
  ],
  [
    "F26 409 without a correlation id",
    reply(409, { status: "error", message: "no" }),
    "ProtocolViolation",
    "InDoubt"
  ],
  ["F27 413", reply(413, envelope("X")), "RequestTooLarge", "NotAccepted"],
  ["F28 414", reply(414, envelope("X")), "ProtocolBug", "NotAccepted"],
  ["F29 415", reply(415, envelope("X")), "ProtocolBug", "NotAccepted"],
  ["F30 422", reply(422, envelope("VALIDATION_ERROR")), "ValidationFailed", "NotAccepted"],
  [
    "F31 423",
    reply(423, envelope("X"), { "retry-after": "3" }),
    "Locked",
    "NotAccepted",
    { retryAfterMillis: 3000 }
  ],
  [
    "F32 burst",
    reply(429, {
      status: "error",
      message: "m",
      errorType: "RATE_LIMIT",
      policyName: "TEN_SECONDLY_ROLLING"
    }),
    "RateLimited",
    "NotAccepted",
    { policy: "burst", retryAfterMillis: undefined }
  ],
  [
    "F32 secondly",
    reply(429, { status: "error", message: "m", errorType: "RATE_LIMIT", policyName: "SECONDLY" }),
    "RateLimited",
    "NotAccepted",
    { policy: "secondly" }
  ],
  [
    "F33 daily",
    reply(429, { status: "error", message: "m", errorType: "RATE_LIMIT", policyName: "DAILY" }),
    "RateLimited",
    "NotAccepted",
    { policy: "daily" }
  ],
  ["F34 429 with nothing", reply(429, ""), "RateLimited", "NotAccepted", { policy: "unknown" }],
  [
    "F34 429 with a policy of its own",
    reply(429, { message: "m", errorType: "RATE_LIMIT", policyName: "toString" }),
    "RateLimited",
    "NotAccepted",
    { policy: "unknown" }
  ],
  [
    "F35 477",
    reply(477, envelope("X"), { "retry-after": "3600" }),
    "Migrating",
    "NotAccepted",
    { retryAfterMillis: 3_600_000 }
  ],
  [
    "F35 477 with nonsense",
    reply(477, envelope("X"), { "retry-after": "-5" }),
    "Migrating",
    "NotAccepted",
    { retryAfterMillis: undefined }
  ],
  [
    "F35 477 with an absurd wait",
    reply(477, envelope("X"), { "retry-after": "999999999" }),
    "Migrating",
    "NotAccepted",
    { retryAfterMillis: undefined }
  ],
  ...(
    [
      ["Thu, 01 Jan 1970 00:01:00 GMT", 60_000],
      ["Thursday, 01-Jan-70 00:01:00 GMT", 60_000],
      ["Thu Jan  1 00:01:00 1970", 60_000],
      ["thu, 01 jan 1970 00:01:00 gmt ", 60_000],
      ["Thu, 01 Jan 1970 00:01:00", undefined],
      ["Thu, 01 Foo 1970 00:01:00 GMT", undefined],
      ["Thu, 01 Jan 1970 25:01:00 GMT", undefined],
      ["1970-01-01T00:01:00Z", undefined],
      ["1.5", undefined],
      ["", undefined]
    ] as const
  ).map(
    ([after, millis]) =>
      [
        `F35 477 with the date "${after}"`,
        reply(477, envelope("X"), { "retry-after": after }),
        "Migrating",
        "NotAccepted",
        { retryAfterMillis: millis }
      ] as const
  ),
  ...(
    [
      ["86400", "this account is being migrated", 86_400_000],
      [undefined, "The migration takes 1440 min", 86_400_000],
      [undefined, "Try again in 1,440 minutes.", 86_400_000],
      [undefined, "Try again in 24 hours", 86_400_000],
      [undefined, "Try again in 90 second(s)", 90_000],
      ["60", "The migration takes 1440 min", 60_000],
      [undefined, "Try again in 9999 hours", undefined],
      [undefined, "Migrated 12 more accounts", undefined]
    ] as const
  ).map(
    ([after, message, millis]) =>
      [
        `F35 477 that takes ${after ?? message}`,
        reply(477, envelope("X", { message }), after === undefined ? {} : { "retry-after": after }),
        "Migrating",
        "NotAccepted",
        { retryAfterMillis: millis }
      ] as const
  ),
  ["F36 500", reply(500, envelope(undefined)), "ServerFailed", "InDoubt", { kind: "error" }],
  ...[502, 504, 520, 522, 524].map(
    (status) =>
      [`F38 ${status}`, reply(status, html), "ServerFailed", "InDoubt", { kind: "gateway" }] as const
  ),
  ["F39 503", reply(503, html), "ServerFailed", "InDoubt", { kind: "unavailable" }],
  ...[521, 523, 525, 526, 530].map(
    (status) => [`F40 ${status}`, reply(status, html), "EdgeUnreachable", "NotAccepted", { status }] as const
  ),
  ["a 5xx nobody knows", reply(599, ""), "ServerFailed", "InDoubt"],
  ["a 4xx nobody knows", reply(418, envelope("TEAPOT")), "ProtocolViolation", "InDoubt"],
  ["F41 202", reply(202, { id: "1" }), "ProtocolViolation", "InDoubt", { kind: "status" }],
  ["F41 204", reply(204, ""), "ProtocolViolation", "InDoubt", { kind: "status" }],
  ["F41 empty 201", reply(201, " \n"), "ProtocolViolation", "InDoubt", { kind: "emptyBody" }],
  ...[301, 302, 303, 307, 308].map(
    (status) =>
      [
        `F42 ${status}`,
        reply(status, "", { location: "https://evil.example/x?y" }),
        "UnexpectedRedirect",
        "InDoubt",
        { toHost: "evil.example" }
      ] as const
  ),
  [
    "F43 success in HTML",
    reply(200, html, { "content-type": "text/html" }),
    "ProtocolViolation",
    "InDoubt",
    { kind: "contentType" }
  ],
  ...["text/html", "text/html; charset=utf-8", "application/xml", "application/xhtml+xml"].map(
    (type) =>
      [
        `F43 success as ${type}`,
        reply(201, { results: [] }, { "content-type": type }),
        "ProtocolViolation",
        "InDoubt",
        { kind: "contentType" }
      ] as const
  ),
  [
    "F43 plain text that is no JSON",
    reply(200, "created", { "content-type": "text/plain" }),
    "ProtocolViolation",
    "InDoubt",
    { kind: "contentType" }
  ],
  [
    "F43 plain text that is JSON of another shape",
    reply(200, { ok: true }, { "content-type": "text/plain" }),
    "ProtocolViolation",
    "InDoubt",
    { kind: "shape" }
  ],
  ["F44 cut JSON", reply(201, '{"status":"COMPLETE","results":[{"id":"1"'), "ResponseTruncated", "InDoubt"],
  [
    "F45 no list of results",
    reply(201, { status: "COMPLETE" }),
    "ProtocolViolation",
    "InDoubt",
    { kind: "shape" }
  ],
  ["F45 no object", reply(201, "[]"), "ProtocolViolation", "InDoubt", { kind: "shape" }]
]

describe("the classifier: could it have happened?", () => {
  for (const [row, answer, tag, acceptance, fields] of table) {
    it.effect(`${row} is ${tag}, ${acceptance}`, () =>
      Effect.gen(function* () {
        const error = yield* failureOf(answer)
        assert.strictEqual(error.reason._tag, tag)
        assert.strictEqual(error.acceptance, acceptance)
        for (const [name, value] of Object.entries(fields ?? {})) {
          assert.deepStrictEqual((error.reason as unknown as Record<string, unknown>)[name], value, name)
        }
        assert.isFalse(/[\n\r\u001b]/.test(error.message), "one line")
        const shown = [error.message, JSON.stringify(error), String(error.stack), error.toString()].join()
        assert.isFalse(shown.includes(token), "no token")
      })
    )
  }

  it.effect("F46 a reply over the limit is not read on", () =>
    Effect.gen(function* () {
      let pulled = 0
      const endless = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          pulled++
          controller.enqueue(new Uint8Array(64 * 1024).fill(32))
        }
      })
      const error = yield* failureOf(
        () =>
          Effect.succeed(
            new Response(endless, { status: 201, headers: { "content-type": "application/json" } })
          ),
        { maxResponseBytes: 1024 * 1024 }
      )
      assert.strictEqual(error.reason._tag, "ResponseTooLarge")
      assert.isBelow(pulled, 25)
    })
  )

  it.effect("F09 whatever ends a body that had begun, it proves nothing", () =>
    Effect.gen(function* () {
      for (const reasonOf of [
        (request: HttpClientRequest.HttpClientRequest) =>
          new HttpClientError.TransportError({ request, cause: system("connect", "ECONNREFUSED") }),
        (request: HttpClientRequest.HttpClientRequest) =>
          new HttpClientError.TransportError({ request, cause: connecting("CERT_HAS_EXPIRED") }),
        (request: HttpClientRequest.HttpClientRequest) => new HttpClientError.EncodeError({ request }),
        (request: HttpClientRequest.HttpClientRequest) => new HttpClientError.InvalidUrlError({ request })
      ]) {
        const client = HttpClient.make((request) => {
          const response = HttpClientResponse.fromWeb(request, new Response("{", { status: 201 }))
          const reason = reasonOf(request)
          return Effect.succeed(
            Object.create(response, {
              stream: { value: Stream.fail(new HttpClientError.HttpClientError({ reason })) }
            }) as HttpClientResponse.HttpClientResponse
          )
        })
        const { reason } = yield* Effect.provide(failing, clientOver(client))
        assert.strictEqual(reason._tag, "ResponseTruncated")
        assert.strictEqual(reason.acceptance, "InDoubt")
      }
    })
  )

  it.effect("F09 a body that breaks off is cut, not malformed", () =>
    Effect.gen(function* () {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode('{"results":[]}'))
          controller.error(code("ECONNRESET"))
        }
      })
      const error = yield* failureOf(() =>
        Effect.succeed(new Response(body, { status: 201, headers: { "content-type": "application/json" } }))
      )
      assert.strictEqual(error.reason._tag, "ResponseTruncated")
      assert.strictEqual(error.acceptance, "InDoubt")
    })
  )

  it.effect("F10, F14 no answer, or a dripping body, end at the timeout", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.forkChild(failureOf(() => Effect.never, { timeout: "30 seconds" }))
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(waiting)
      assert.deepStrictEqual(
        { ...error.reason },
        { ...new HubSpotError.TimedOut({ phase: "headers", millis: 30_000 }) }
      )
    })
  )

  it.effect("a plain struct of results is read, whatever the success status", () =>
    Effect.gen(function* () {
      for (const status of [200, 201, 207]) {
        const answer = yield* Effect.flatMap(HubSpotClient.HubSpotClient, (client) =>
          client.execute(operation)
        ).pipe(Effect.provide(clientOf(reply(status, { results: [{ id: "7" }] }))))
        assert.strictEqual(answer.results[0]?.id, "7")
      }
    })
  )
})

describe("a reply is about what was asked", () => {
  const missing = { status: "error", message: "resource not found", correlationId: "c" }

  const reasonOf = <A>(
    operation: Effect.Effect<Operation.Operation<A>, HubSpotError.HubSpotError>,
    answer: Answer
  ) =>
    Effect.flatMap(HubSpotClient.HubSpotClient, (client) => Effect.flatMap(operation, client.execute)).pipe(
      Effect.flip,
      Effect.map(({ acceptance, reason }) => `${reason._tag} ${acceptance}`),
      Effect.provide(clientOf(answer))
    )

  it.effect("a 404 without category is about the record where the path is that of a record", () =>
    Effect.gen(function* () {
      const answer = reply(404, missing)
      for (const of of [
        Effect.succeed(Operations.get("7", {})),
        Operations.update("7", { properties: { name: "x" } }, {}),
        Effect.succeed(Operations.archive("7")),
        Effect.succeed(Operations.lineItemsOf("deal", "7"))
      ]) {
        assert.strictEqual(yield* reasonOf<unknown>(of, answer), "ObjectNotFound NotAccepted")
      }
      for (const of of [
        Operations.create({ properties: { name: "x" } }),
        Operations.batchRead({ inputs: [{ id: "7" }], properties: [] }),
        Effect.succeed(Operations.listProperties)
      ]) {
        assert.strictEqual(yield* reasonOf<unknown>(of, answer), "EndpointNotFound NotAccepted")
      }
      const get = Effect.succeed(Operations.get("7", {}))
      assert.strictEqual(yield* reasonOf(get, reply(404, html)), "ProtocolViolation InDoubt")
      assert.strictEqual(yield* reasonOf(get, reply(404, envelope("X"))), "EndpointNotFound NotAccepted")
    })
  )

  it.effect("a 409 refuses a request with one input, and leaves one with more in doubt", () =>
    Effect.gen(function* () {
      const answer = reply(409, envelope("CONFLICT"))
      const inputs = [{ properties: { name: "x" } }, { properties: { name: "y" } }]
      const one = Operations.create({ properties: { name: "x" } })
      assert.strictEqual(yield* reasonOf(one, answer), "Conflict NotAccepted")
      for (const two of [
        Effect.succeed(Operations.batchCreate({ inputs })),
        Operations.checkedBatchCreate({ inputs })
      ]) {
        assert.strictEqual(yield* reasonOf(two, answer), "Conflict InDoubt")
      }
    })
  )

  it.effect("JSON without a content type, or as plain text or bytes, is read", () =>
    Effect.gen(function* () {
      for (const type of ["", "text/plain", "text/plain; charset=utf-8", "application/octet-stream"]) {
        const answer = yield* Effect.flatMap(HubSpotClient.HubSpotClient, (client) =>
          client.execute(operation)
        ).pipe(
          Effect.provide(
            clientOf(() => {
              const response = new Response(JSON.stringify({ results: [{ id: 7 }] }), { status: 201 })
              if (type === "") response.headers.delete("content-type")
              else response.headers.set("content-type", type)
              return Effect.succeed(response)
            })
          )
        )
        assert.strictEqual(answer.results[0]?.id, "7", type)
      }
    })
  )
})

describe("a token that comes back", () => {
  const echoes: ReadonlyArray<readonly [string, Answer]> = [
    ["in a correlation id", reply(500, "", { "x-hubspot-correlation-id": token })],
    ["in a content type", reply(200, html, { "content-type": `text/html; t=${token}` })],
    ["in the target of a redirect", reply(302, "", { location: `https://${token}@x.example/${token}` })],
    ["in an error body", reply(400, envelope("VALIDATION_ERROR", { message: `you sent ${token}` }))],
    [
      "in an error body, escaped",
      reply(400, JSON.stringify(envelope("VALIDATION_ERROR", { message: token })).replaceAll("-", "\\u002d"))
    ],
    ["in an HTML page", reply(403, `<html>${token}</html>`)],
    ["in a missing scope", reply(403, envelope("MISSING_SCOPES", { context: { missingScopes: [token] } }))]
  ]
  for (const [where, answer] of echoes) {
    it.effect(`${where} is not shown`, () =>
      Effect.gen(function* () {
        const error = yield* failureOf(answer)
        assert.isFalse(`${error.message} ${JSON.stringify(error)} ${inspect(error)}`.includes(token))
      })
    )
  }

  it.effect("in the errors or in the values of a 207 is not shown", () =>
    Effect.gen(function* () {
      const body = {
        results: [{ id: "7", properties: { name: token } }],
        errors: [{ message: `bad ${token}`, context: { objectWriteTraceId: ["t"] } }]
      }
      const response = yield* Effect.flatMap(HubSpotClient.HubSpotClient, (client) =>
        client.execute(operation)
      ).pipe(Effect.provide(clientOf(reply(207, body))))
      assert.strictEqual(response.errors?.[0]?.message, "bad <redacted>")
      assert.strictEqual(response.results[0]?.properties?.name, "<redacted>")
    })
  )
})

describe("what goes out", () => {
  it.effect("the token goes in one header, and no trace header of ours leaves", () =>
    Effect.gen(function* () {
      const seen: Array<HttpClientRequest.HttpClientRequest> = []
      const answer: Answer = (request) => {
        seen.push(request)
        return reply(201, { results: [] })(request)
      }
      yield* Effect.flatMap(HubSpotClient.HubSpotClient, (client) => client.execute(operation)).pipe(
        Effect.withSpan("caller"),
        Effect.provide(clientOf(answer))
      )
      assert.lengthOf(seen, 1)
      assert.strictEqual(seen[0]!.url, "https://api.hubapi.com/crm/v3/objects/line_items/batch/create")
      assert.deepStrictEqual(Object.keys(seen[0]!.headers).sort(), [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type"
      ])
      assert.strictEqual(seen[0]!.headers.authorization, `Bearer ${token}`)
    })
  )
})

/*
 * Every error code that a transport has been seen with, by every system call, alone and inside other errors, before
 * and after the request was written.
 */
describe("whether nothing has left", () => {
  const codes = `
    ENOTFOUND EAI_AGAIN EAI_FAIL ECONNREFUSED EHOSTUNREACH ENETUNREACH ENETDOWN EADDRNOTAVAIL ETIMEDOUT
    ECONNRESET ECONNABORTED EPIPE EPROTO EMFILE EACCES UND_ERR_CONNECT_TIMEOUT UND_ERR_SOCKET
    UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT UND_ERR_INFO UND_ERR_ABORTED UND_ERR_DESTROYED
    UND_ERR_CLOSED UND_ERR_REQ_RETRY UND_ERR_RES_CONTENT_LENGTH_MISMATCH UND_ERR_PRX_CONN
    HPE_INVALID_CONSTANT ABORT_ERR CERT_HAS_EXPIRED DEPTH_ZERO_SELF_SIGNED_CERT ERR_TLS_CERT_ALTNAME_INVALID
    UNABLE_TO_VERIFY_LEAF_SIGNATURE SELF_SIGNED_CERT_IN_CHAIN ERR_SSL_UNSUPPORTED_PROTOCOL
    ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE
    ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION
    ERR_SSL_NO_PROTOCOLS_AVAILABLE ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED ERR_HTTP2_STREAM_ERROR
    ERR_HTTP2_GOAWAY_SESSION ERR_TLS_HANDSHAKE_TIMEOUT ERR_ASSERTION`
    .trim()
    .split(/\s+/)
  const calls = [undefined, "getaddrinfo", "connect", "bind", "read", "write", "shutdown"]
  const lost = () => system("read", "ECONNRESET")
  const refused = () => system("connect", "ECONNREFUSED")
  /** Errors around one error, and whether that one alone decides. */
  const shapes: ReadonlyArray<readonly [shape: string, around: (error: Error) => unknown, decides: boolean]> =
    [
      ["alone", (error) => error, true],
      ["as fetch wraps it", fetchFailed, true],
      ["wrapped twice", (error) => fetchFailed(new Error("no", { cause: error })), true],
      ["at each of two addresses", (error) => eachOf(error, error), true],
      ["beside a refusal, as fetch wraps it", (error) => fetchFailed(eachOf(error, refused())), true],
      ["over a refusal", (error) => Object.assign(error, { cause: refused() }), true],
      ["under a refusal", (error) => Object.assign(refused(), { cause: error }), true],
      ["beside a reset", (error) => eachOf(error, lost()), false],
      ["under a reset", (error) => Object.assign(lost(), { cause: error }), false],
      [
        "in a circle",
        (error) => Object.assign(new Error("no"), { cause: Object.assign(error, { cause: error }) }),
        false
      ]
    ]

  let cause: () => unknown = () => undefined
  it.effect("is proved by the call that connects, by undici's word, and by nothing else", () =>
    Effect.gen(function* () {
      const client = yield* HubSpotClient.HubSpotClient
      const acceptanceOf = (next: () => unknown) =>
        Effect.suspend(() => {
          cause = next
          return Effect.flip(client.execute(operation))
        })
      let proved = 0
      for (const name of codes) {
        for (const call of calls) {
          const plain = () => (call === undefined ? code(name) : system(call, name))
          for (const [shape, around, decides] of shapes) {
            const what = `${call} ${name} ${shape}`
            const told = yield* acceptanceOf(() => around(plain()))
            const byCall = decides && (call === "connect" || call === "getaddrinfo")
            assert.strictEqual(told.acceptance, byCall ? "NotAccepted" : "InDoubt", what)
            if (byCall) proved++

            const before = yield* acceptanceOf(() => around(announced(plain())))
            const byUndici = decides || shape === "in a circle"
            assert.strictEqual(before.acceptance, byUndici ? "NotAccepted" : "InDoubt", `${what}, connecting`)

            const after = yield* acceptanceOf(() => around(announced(plain(), true)))
            assert.strictEqual(after.acceptance, byCall ? "NotAccepted" : "InDoubt", `${what}, written`)
            if (told.acceptance === "InDoubt")
              assert.strictEqual(told.reason._tag, "TransportAmbiguous", what)
          }
        }
      }
      assert.strictEqual(proved, codes.length * 2 * 7)
    }).pipe(Effect.provide(clientOf((request) => breaks(() => cause())(request))))
  )
})

describe("retry", () => {
  const calls = (...answers: ReadonlyArray<Answer>) => {
    let count = 0
    const answer: Answer = (request) => answers[Math.min(count++, answers.length - 1)]!(request)
    const layer = LineItems.layerClient.pipe(Layer.provideMerge(clientOf(answer)))
    const create = Effect.flatMap(LineItems.LineItems, (lineItems) =>
      lineItems.createBatch({ inputs: [{ properties: { name: "x" } }] })
    ).pipe(Effect.exit, Effect.provide(layer))
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(create)
      yield* TestClock.adjust("1 hour")
      return [count, yield* Fiber.join(fiber)] as const
    })
  }
  const created = reply(201, { status: "COMPLETE", results: [{ id: "1" }] })

  it.effect("what was provably not accepted is sent again", () =>
    Effect.gen(function* () {
      const burst = reply(429, { message: "m", errorType: "RATE_LIMIT", policyName: "TEN_SECONDLY_ROLLING" })
      const [count, exit] = yield* calls(
        breaks(() => system("connect", "ECONNREFUSED")),
        burst,
        reply(423, envelope("X")),
        created
      )
      assert.strictEqual(count, 4)
      assert.strictEqual(exit._tag, "Success")
    })
  )

  it.effect("what could have happened never is, whatever the table says", () =>
    Effect.gen(function* () {
      for (const [row, answer, , acceptance] of table) {
        if (acceptance === "NotAccepted") continue
        const [count] = yield* calls(answer, created)
        assert.strictEqual(count, 1, row)
      }
    })
  )

  it.effect("a refusal that stays is given up on after a bounded number of sends", () =>
    Effect.gen(function* () {
      const [count, exit] = yield* calls(breaks(() => system("connect", "ECONNREFUSED")))
      assert.strictEqual(count, Retry.defaults.attempts)
      assert.strictEqual(exit._tag, "Failure")
      const [limited] = yield* calls(reply(429, ""))
      assert.strictEqual(limited, Retry.defaults.rateLimited + 1)
      const [daily] = yield* calls(reply(429, { message: "m", errorType: "RATE_LIMIT", policyName: "DAILY" }))
      assert.strictEqual(daily, 1)
    })
  )

  it("a token is renewed once for a request, whatever came before; a wait beyond patience is given up", () => {
    const expired = new HubSpotError.Unauthorized({ category: "x", detail: "x", renewable: true })
    assert.strictEqual(Retry.wait(expired, { sends: 3, rateLimited: 0, chance: 0 }), 0)
    assert.isUndefined(Retry.wait(expired, { sends: 1, rateLimited: 0, chance: 0, renewed: true }))
    const aDay = new HubSpotError.RateLimited({
      policy: "burst",
      policyName: "x",
      retryAfterMillis: 86_400_000
    })
    assert.isUndefined(Retry.wait(aDay, { sends: 0, rateLimited: 0, chance: 0 }))
  })

  it("waits are capped, jittered, and never shorter than HubSpot asks", () => {
    const refused = new HubSpotError.TransportNotSent({ failure: "refused" })
    const wait = (sends: number, chance: number) => Retry.wait(refused, { sends, rateLimited: 0, chance })
    assert.deepStrictEqual([wait(1, 0), wait(1, 1), wait(5, 1), wait(6, 1)], [0, 500, 8000, undefined])
    const locked = new HubSpotError.Locked({})
    assert.strictEqual(Retry.wait(locked, { sends: 1, rateLimited: 0, chance: 0 }), 2000)
    const long = new HubSpotError.Migrating({ retryAfterMillis: 86_400_000 })
    assert.isUndefined(Retry.wait(long, { sends: 1, rateLimited: 0, chance: 0 }))
  })
})
