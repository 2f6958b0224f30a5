import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import type { BatchRequest } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { bad, inputs, request, url, withoutTraceIds } from "./calls.ts"

export interface Case {
  readonly name: string
  readonly fault: Faults.Fault
  /** Default: three good inputs. */
  readonly inputs?: ReadonlyArray<BatchRequest.CreateInput>
  /** What the wire shows, see `observe`. */
  readonly seen: string
  /** How many line items are in the ledger when the caller has its answer. */
  readonly created: number
  /** It takes time on the emulator's clock, or for ever. */
  readonly takesTime?: true
  /** What fetch shows where it differs: it inflates bodies, and reads errors its own way. */
  readonly fetch?: string
}

const mixed = [...inputs(2), bad("x")]

const status = (status: number, more: object = {}) => ({ kind: "status", status, ...more }) as const

const before = (name: string, reply: Faults.BareReply, seen: string): Case => ({
  name: `${name}, before the commit`,
  fault: { place: "beforeCommit", reply },
  seen,
  created: 0
})

const after = (name: string, reply: Faults.Reply, seen: string, more: Partial<Case> = {}): Case => ({
  name: `${name}, after the commit`,
  fault: { place: "afterCommit", reply },
  seen,
  created: 3,
  ...more
})

const tamper = (
  tampering: readonly [Faults.Tampering, ...Array<Faults.Tampering>],
  seen: string,
  more: Partial<Case> = {}
) => after(tampering.map((_) => _.do).join(" and "), { kind: "tamper", tampering }, seen, more)

const refusals: ReadonlyArray<readonly [number, string]> = [
  [401, "INVALID_AUTHENTICATION"],
  [403, "MISSING_SCOPES"],
  [404, "REQUEST_REFUSED"],
  [405, "REQUEST_REFUSED"],
  [408, "REQUEST_REFUSED"],
  [409, "CONFLICT"],
  [413, "VALIDATION_ERROR"],
  [414, "REQUEST_REFUSED"],
  [415, "VALIDATION_ERROR"],
  [422, "VALIDATION_ERROR"],
  [423, "REQUEST_REFUSED"],
  [429, "TEN_SECONDLY_ROLLING"],
  [477, "REQUEST_REFUSED"],
  [500, "no category"],
  [503, "no category"]
]

/** Every kind of fault: what the wire shows, and what is true afterwards. */
export const cases: ReadonlyArray<Case> = [
  // Statuses.
  ...refusals.map(([code, category]) => before(`${code}`, status(code), `${code} error ${category}`)),
  before("400 that names nobody", status(400), "400 error VALIDATION_ERROR"),
  before("400 that names two inputs", status(400, { blame: 2 }), "400 error VALIDATION_ERROR t0,t1"),
  before("400 for a text that cannot be read", status(400, { body: "invalidJson" }), "400 error no category"),
  before("429 of the day", status(429, { body: "daily" }), "429 error DAILY"),
  before("429 of the second", status(429, { body: "secondly" }), "429 error SECONDLY"),
  before("429 without a body", status(429, { body: "empty", retryAfter: "17" }), "429 empty retry-after 17"),
  before("477 with a date", status(477, { retryAfterDate: 0, body: "empty" }), "477 empty retry-after date"),
  before(
    "503 with nonsense",
    status(503, { body: "empty", retryAfter: "soon" }),
    "503 empty retry-after soon"
  ),
  ...[502, 504, 520, 521, 522, 523, 524, 525, 526, 530].map((code) =>
    before(`${code} of the edge`, status(code, { body: "html" }), `${code} text/html`)
  ),
  after("a gateway's 502", status(502, { body: "html" }), "502 text/html"),
  after("400, a lie", status(400), "400 error VALIDATION_ERROR"),
  after("409, a lie", status(409), "409 error CONFLICT"),
  before("202", status(202), "202 empty"),
  after("204", status(204), "204 empty"),
  after("201 without a body", status(201), "201 empty"),
  before(
    "307",
    status(307, { headers: { Location: "http://127.0.0.1:1/elsewhere" } }),
    "307 empty to http://127.0.0.1:1/elsewhere"
  ),
  after("HTML under 200", status(200, { body: "html" }), "200 text/html"),
  before("a text of one's own", status(418, { body: { text: "tea" } }), "418 text/plain"),
  before(
    "JSON of one's own",
    status(500, { body: { json: { status: "error", category: "MINE" } } }),
    "500 error MINE"
  ),
  // Connections.
  before("a reset", { kind: "reset" }, "TransportError ECONNRESET"),
  after("a reset", { kind: "reset" }, "TransportError ECONNRESET"),
  before("a close", { kind: "close" }, "TransportError UND_ERR_SOCKET"),
  after("a close", { kind: "close" }, "TransportError UND_ERR_SOCKET"),
  after("101", { kind: "switchProtocols" }, "TransportError UND_ERR_SOCKET"),
  after("a body cut by a reset", { kind: "cut" }, "201 DecodeError ECONNRESET"),
  after("a body cut by a close", { kind: "cut", by: "close", keep: 0.9 }, "201 DecodeError UND_ERR_SOCKET"),
  after("headers and then a reset", { kind: "cut", keep: 0 }, "201 DecodeError ECONNRESET"),
  after(
    "a body cut before its last byte",
    { kind: "cut", keep: 1, by: "close" },
    "201 DecodeError UND_ERR_SOCKET"
  ),
  { ...before("no answer", { kind: "never" }, "nothing"), takesTime: true },
  {
    name: "a reply that is lost",
    fault: { place: "replyLost" },
    seen: "nothing",
    created: 3,
    takesTime: true
  },
  after("no answer", { kind: "never" }, "nothing", { takesTime: true }),
  after("headers that take their time", { kind: "slow", delayMillis: 250 }, "201 COMPLETE 3 results", {
    takesTime: true
  }),
  after("headers that take too long", { kind: "slow", delayMillis: 60_000 }, "nothing", { takesTime: true }),
  after("a body in drops", { kind: "drip", everyMillis: 1, bytes: 100 }, "201 COMPLETE 3 results", {
    takesTime: true
  }),
  after("a body that takes too long", { kind: "drip", everyMillis: 200 }, "nothing", { takesTime: true }),
  after("fifty 102s first", { kind: "informational", status: 102, count: 50 }, "201 COMPLETE 3 results"),
  // Late, partial, passing.
  {
    name: "a late apply behind a 504",
    fault: { place: "lateApply", delayMillis: 60_000, reply: status(504, { body: "html" }) },
    seen: "504 text/html",
    created: 0
  },
  {
    name: "a late apply behind silence",
    fault: { place: "lateApply", delayMillis: 60_000, reply: { kind: "never" } },
    seen: "nothing",
    created: 0,
    takesTime: true
  },
  {
    name: "a part and then 500",
    fault: { place: "partialCommit", inputs: 2, reply: status(500) },
    seen: "500 error no category",
    created: 2
  },
  {
    name: "none of it and then a reset",
    fault: { place: "partialCommit", inputs: 0, reply: { kind: "reset" } },
    seen: "TransportError ECONNRESET",
    created: 0
  },
  {
    name: "inputs refused for the moment",
    fault: { place: "rejectInputs", category: "RATE_LIMITS" },
    inputs: mixed,
    seen: "207 COMPLETE 0 results 3 errors of 3",
    created: 0
  },
  {
    name: "inputs without trace ids refused for the moment",
    fault: { place: "rejectInputs" },
    inputs: withoutTraceIds(inputs(2)),
    seen: "400 error VALIDATION_ERROR",
    created: 0
  },
  {
    name: "a task",
    fault: { place: "asynchronous", pendingMillis: 60_000, processingMillis: 1 },
    seen: "201 PENDING 0 results",
    created: 0
  },
  // Bodies.
  after("another status", { kind: "otherStatus", status: 202 }, "202 COMPLETE 3 results"),
  after("another type", { kind: "contentType", contentType: "text/plain" }, "201 text/plain"),
  after("JSON that ends early", { kind: "truncated" }, "201 broken JSON"),
  after("a list", { kind: "whole", json: [] }, "201 no batch"),
  after("null", { kind: "whole", json: null }, "201 no batch"),
  after("a long body", { kind: "oversize", bytes: 5_000_000 }, "201 COMPLETE 3 results 5000000 bytes"),
  after("a deep body", { kind: "deep", levels: 64 }, "201 COMPLETE 3 results 64 levels"),
  after("an encoding that lies", { kind: "encoding", encoding: "gzip" }, "201 COMPLETE 3 results as gzip", {
    fetch: "201 DecodeError Z_DATA_ERROR"
  }),
  after(
    "an encoding nobody knows",
    { kind: "encoding", encoding: "x-own" },
    "201 COMPLETE 3 results as x-own"
  ),
  after("gzip", { kind: "gzip" }, "201 broken JSON as gzip", { fetch: "201 COMPLETE 3 results as gzip" }),
  after("gzip that blows up", { kind: "gzip", inflatedBytes: 20_000_000 }, "201 broken JSON as gzip", {
    fetch: "201 COMPLETE 3 results 20000000 bytes as gzip"
  }),
  after("gzip in gzip", { kind: "gzip", layers: 2 }, "201 broken JSON as gzip, gzip", {
    fetch: "201 COMPLETE 3 results as gzip, gzip"
  }),
  // Batch replies.
  tamper([{ do: "dropTraceIds" }], "201 COMPLETE 3 results 3 anonymous"),
  tamper([{ do: "dropTraceIds", count: 1 }], "201 COMPLETE 3 results 1 anonymous"),
  tamper([{ do: "swapTraceIds" }], "201 COMPLETE 3 results"),
  tamper([{ do: "numericIds" }], "201 COMPLETE 3 results 3 numbers"),
  tamper([{ do: "numericIds", lossy: true }], "201 COMPLETE 3 results 1 ids 3 numbers"),
  tamper([{ do: "duplicateId" }], "201 COMPLETE 3 results 2 ids"),
  tamper([{ do: "repeatResult" }], "201 COMPLETE 4 results 3 ids"),
  tamper([{ do: "dropResults" }], "201 COMPLETE 2 results"),
  tamper([{ do: "dropResults", count: 9 }], "201 COMPLETE 0 results"),
  tamper([{ do: "emptyResults" }], "207 COMPLETE 0 results", { inputs: mixed, created: 2 }),
  tamper([{ do: "surplusResults" }], "201 COMPLETE 4 results t foreign-0"),
  tamper([{ do: "surplusResults", count: 2, traceId: "none" }], "201 COMPLETE 5 results 2 anonymous"),
  tamper([{ do: "contradict" }], "201 COMPLETE 3 results 1 errors of 1 contradiction"),
  tamper([{ do: "anonymousErrors" }], "207 COMPLETE 2 results 1 errors of 1 unnamed", {
    inputs: mixed,
    created: 2
  }),
  tamper([{ do: "foreignErrors" }], "207 COMPLETE 2 results 1 errors of 1 foreign-0", {
    inputs: mixed,
    created: 2
  }),
  tamper([{ do: "contextIds", ids: ["7"] }], "207 COMPLETE 2 results 1 errors of 1 beside 7", {
    inputs: mixed,
    created: 2
  }),
  tamper([{ do: "contextAsText" }], "207 COMPLETE 2 results 1 errors of 1 {objectWriteTraceId=[x]}", {
    inputs: mixed,
    created: 2
  }),
  tamper([{ do: "numErrors", value: 7 }], "207 COMPLETE 2 results 1 errors of 7", {
    inputs: mixed,
    created: 2
  }),
  tamper([{ do: "noStatus" }], "201 no status 3 results"),
  tamper([{ do: "status", value: "DEFERRED" }], "201 DEFERRED 3 results"),
  tamper([{ do: "links", links: { next: "http://127.0.0.1:1/trap" } }], "201 COMPLETE 3 results links"),
  tamper([{ do: "badEntry" }], "201 COMPLETE 3 results 2 ids 1 anonymous"),
  tamper([{ do: "noResults" }], "201 no batch"),
  tamper([{ do: "noStatus" }, { do: "dropResults" }], "201 no status 2 results")
]

/** The code of a failure, wherever a transport keeps it. */
const codeOf = (error: unknown): string => {
  for (
    let cause: unknown = error, depth = 0;
    depth < 6 && typeof cause === "object" && cause !== null;
    depth++
  ) {
    if ("code" in cause && typeof cause.code === "string") return cause.code
    cause = "cause" in cause ? cause.cause : undefined
  }
  return "no code"
}

const failure = (error: HttpClientError) => `${error.reason._tag} ${codeOf(error.reason)}`

/** Sends inputs and says in a line what came back. */
export const observe = Effect.fnUntraced(function* (
  sent: ReadonlyArray<BatchRequest.CreateInput>,
  options: { readonly url?: string; readonly timeout?: number } = {}
) {
  const call = Effect.gen(function* () {
    const response = yield* HttpClient.execute(
      request(JSON.stringify({ inputs: sent })).pipe(HttpClientRequest.setUrl(options.url ?? url))
    )
    const text = yield* Stream.mkString(Stream.decodeText(response.stream)).pipe(
      // A body of no bytes is none for some transports.
      Effect.catchReason("HttpClientError", "EmptyBodyError", () => Effect.succeed("")),
      Effect.catchTag("HttpClientError", (error) => Effect.succeed(error))
    )
    if (typeof text !== "string") return `${response.status} ${failure(text)}`
    return describe(response.status, response.headers, text)
  }).pipe(Effect.catchTag("HttpClientError", (error) => Effect.succeed(failure(error))))
  return options.timeout === undefined
    ? yield* call
    : Option.getOrElse(yield* Effect.timeoutOption(call, options.timeout), () => "nothing")
})

interface Body {
  readonly status?: string
  readonly category?: string
  readonly policyName?: string
  readonly links?: object
  readonly nested?: unknown
  readonly numErrors?: number
  readonly results?: ReadonlyArray<{ readonly id: unknown; readonly objectWriteTraceId?: string }>
  readonly errors?: ReadonlyArray<{
    readonly context?:
      | string
      | { readonly objectWriteTraceId?: ReadonlyArray<string>; readonly ids?: ReadonlyArray<string> }
  }>
}

const describe = (
  status: number,
  headers: Readonly<Record<string, string | undefined>>,
  text: string
): string => {
  const encoding = headers["content-encoding"] === undefined ? [] : [`as ${headers["content-encoding"]}`]
  if (text === "") {
    const after = headers["retry-after"]
    return [
      `${status} empty`,
      ...(after === undefined ? [] : [`retry-after ${after.endsWith("GMT") ? "date" : after}`]),
      ...(headers.location === undefined ? [] : [`to ${headers.location}`])
    ].join(" ")
  }
  const type = headers["content-type"]!.split(";")[0]!
  if (type !== "application/json") return `${status} ${type}`
  let body: Body | null
  try {
    body = JSON.parse(text)
  } catch {
    return [`${status} broken JSON`, ...encoding].join(" ")
  }
  if (body?.status === "error") {
    const blamed = (body.errors ?? []).flatMap((_) =>
      typeof _.context === "object" ? (_.context.objectWriteTraceId ?? []) : []
    )
    return [
      `${status} error ${body.category ?? body.policyName ?? "no category"}`,
      ...(blamed.length > 0 ? [blamed.join()] : [])
    ].join(" ")
  }
  if (!Array.isArray(body?.results)) return `${status} no batch`
  const results = body.results as NonNullable<Body["results"]>
  const ids = new Set(results.flatMap((_) => _.id ?? [])).size
  const numbers = results.filter((_) => typeof _.id === "number").length
  const anonymous = results.filter((_) => _.objectWriteTraceId === undefined).length
  const foreign = results.flatMap((_) =>
    _.objectWriteTraceId?.startsWith("foreign") ? _.objectWriteTraceId : []
  )
  const errors = body.errors?.map(({ context }) =>
    typeof context === "string" ? context : (context?.objectWriteTraceId?.[0] ?? "unnamed")
  )
  const named = new Set(results.map((_) => _.objectWriteTraceId))
  let levels = 0
  for (let inner = body.nested; Array.isArray(inner); inner = inner[0]) levels++
  return [
    `${status} ${body.status ?? "no status"} ${results.length} results`,
    ...(ids === results.length ? [] : [`${ids} ids`]),
    ...(numbers === 0 ? [] : [`${numbers} numbers`]),
    ...(anonymous === 0 ? [] : [`${anonymous} anonymous`]),
    ...foreign.map((id) => `t ${id}`),
    ...(errors === undefined ? [] : [`${errors.length} errors of ${body.numErrors}`]),
    ...(errors ?? []).flatMap((id) =>
      /^(unnamed|foreign|\{)/.test(id) ? [id] : named.has(id) ? ["contradiction"] : []
    ),
    ...(body.errors ?? []).flatMap(({ context }) =>
      typeof context === "object" && context.ids !== undefined ? [`beside ${context.ids.join()}`] : []
    ),
    ...(body.links === undefined || body.status === "PENDING" ? [] : ["links"]),
    ...(text.length > 100_000 ? [`${text.length} bytes`] : []),
    ...(levels > 0 ? [`${levels} levels`] : []),
    ...encoding
  ].join(" ")
}
