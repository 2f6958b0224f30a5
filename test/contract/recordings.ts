/**
 * What is recorded of HubSpot (`recordings.json`): requests, and the facts of their replies, each with its source. And the
 * questions that nobody has answered, with the requests that would.
 *
 * It asks and compares, against whatever HubSpot it is given. It keeps what it created, for who has to remove it.
 */
import * as Behaviour from "@effect-hubspot/http/emulator/Behaviour"
import { Effect, Redacted, Schema } from "effect"
import { HttpClient, HttpClientRequest, type HttpMethod } from "effect/http"
import { readFileSync } from "node:fs"
import { join } from "node:path"

const Text = Schema.Record(Schema.String, Schema.String)

/** What is asked. `{{name}}` in any text is what an earlier step kept, or `{{run}}`, which is this run alone, or `{{stamp}}`, the same for names of properties. */
const Request = Schema.Struct({
  method: Schema.Literals(["GET", "POST", "PUT", "PATCH", "DELETE"]),
  path: Schema.String,
  /** JSON. A string is the whole body as it is. */
  body: Schema.optionalKey(Schema.Unknown),
  /** Inputs are repeated so often, with `{{n}}` for the number. */
  times: Schema.optionalKey(Schema.Int),
  /** In the place of the good token: none at all, or this one. */
  token: Schema.optionalKey(Schema.NullOr(Schema.String))
})

/** The facts of a reply; paths are `errors.0.code`, and `results.*.id` is a list. */
const Facts = Schema.Struct({
  status: Schema.optionalKey(Schema.Union([Schema.Int, Schema.Array(Schema.Int)])),
  /** Headers by name: a pattern, or null for one that is not there. */
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.NullOr(Schema.String))),
  /** Fields that are exactly this. */
  fields: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  /** Texts that match these patterns. */
  words: Schema.optionalKey(Text),
  /** Fields that are there with some value, and fields that are not there. */
  has: Schema.optionalKey(Schema.Array(Schema.String)),
  lacks: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The fields of the body in this order, others between them. */
  order: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Nothing in the body. */
  empty: Schema.optionalKey(Schema.Boolean)
})

const Step = Schema.Struct({
  request: Request,
  facts: Schema.optionalKey(Facts),
  keep: Schema.optionalKey(Text),
  /** Waited before the step, in milliseconds: a search finds new records after a while. */
  wait: Schema.optionalKey(Schema.Int)
})

const Source = Schema.Struct({
  kind: Schema.Literals(["recording", "issue", "forum", "guide", "specification", "program"]),
  /** The month, or the year. */
  seen: Schema.optionalKey(Schema.String)
})

const Recording = Schema.Struct({
  name: Schema.String,
  source: Source,
  confidence: Schema.Literals(["high", "medium", "low"]),
  /** What the emulator needs to be told for it. */
  emulator: Schema.optionalKey(
    Schema.Struct({
      token: Schema.optionalKey(Schema.String),
      scopes: Schema.optionalKey(Schema.Array(Schema.String)),
      behaviour: Schema.optionalKey(Behaviour.Given)
    })
  ),
  /** Why it cannot be tried on any account. */
  notLive: Schema.optionalKey(Schema.String),
  steps: Schema.Array(Step)
})

export type Recording = typeof Recording.Type

const Unknown = Schema.Struct({
  id: Schema.String,
  question: Schema.String,
  /** What asks, and what is shown of the last reply: `status`, or a path of its body. */
  probe: Schema.optionalKey(Schema.Struct({ steps: Schema.Array(Step), show: Schema.Array(Schema.String) })),
  /** Why nothing asks. */
  notAsked: Schema.optionalKey(Schema.String)
})

export type Unknown = typeof Unknown.Type

const File = Schema.Struct({
  about: Schema.String,
  recordings: Schema.Array(Recording),
  unknowns: Schema.Array(Unknown)
})

export const file = Schema.decodeUnknownSync(File, { onExcessProperty: "error" })(
  JSON.parse(readFileSync(join(import.meta.dirname, "recordings.json"), "utf8"))
)

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly body: unknown
}

/** Where to ask. `made` is everything that was created and not removed yet. */
export interface Target {
  readonly baseUrl: string
  readonly token: Redacted.Redacted<string>
  readonly run: string
  /** The longest wait before a step, in milliseconds. */
  readonly maxWait?: number
  readonly made: Made
}

export interface Made {
  readonly lineItems: Set<string>
  readonly properties: Set<string>
  /** Writes whose reply was lost, so that nobody knows what they created. */
  lost: number
}

export const nothingMade = (): Made => ({ lineItems: new Set(), properties: new Set(), lost: 0 })

/** What is at a path of a JSON value. */
export const at = (json: unknown, path: string): unknown => {
  const [name, ...rest] = path.split(".")
  if (name === undefined || name === "") return json
  if (typeof json !== "object" || json === null) return undefined
  const below = rest.join(".")
  if (name === "*") return Object.values(json).map((one) => at(one, below))
  return at((json as Record<string, unknown>)[name], below)
}

/** Every fact that a reply contradicts, in words. */
export const contradictions = (facts: typeof Facts.Type, reply: Reply): ReadonlyArray<string> => {
  const found: Array<string> = []
  const say = (what: string, seen: unknown) =>
    found.push(`${what}, but it is ${JSON.stringify(seen) ?? "absent"}`)
  const statuses = [facts.status ?? []].flat()
  if (statuses.length > 0 && !statuses.includes(reply.status)) {
    say(`status should be ${statuses.join(" or ")}`, reply.status)
  }
  for (const [name, pattern] of Object.entries(facts.headers ?? {})) {
    const value = reply.headers[name]
    if (pattern === null ? value !== undefined : value === undefined || !new RegExp(pattern).test(value)) {
      say(
        pattern === null ? `header ${name} should be absent` : `header ${name} should match ${pattern}`,
        value
      )
    }
  }
  for (const [path, expected] of Object.entries(facts.fields ?? {})) {
    const value = at(reply.body, path)
    if (JSON.stringify(value) !== JSON.stringify(expected)) {
      say(`${path} should be ${JSON.stringify(expected)}`, value)
    }
  }
  for (const [path, pattern] of Object.entries(facts.words ?? {})) {
    const value = at(reply.body, path)
    if (typeof value !== "string" || !new RegExp(pattern).test(value))
      say(`${path} should match ${pattern}`, value)
  }
  for (const path of facts.has ?? []) {
    if (at(reply.body, path) === undefined) say(`${path} should be there`, undefined)
  }
  for (const path of facts.lacks ?? []) {
    if (at(reply.body, path) !== undefined) say(`${path} should be absent`, at(reply.body, path))
  }
  const keys = Object.keys(Object(reply.body)).filter((key) => facts.order?.includes(key))
  if (facts.order !== undefined && keys.join() !== facts.order.join()) {
    say(`the order should be ${facts.order.join(", ")}`, keys)
  }
  if (facts.empty === true && reply.text !== "") say("the body should be empty", reply.text)
  return found
}

const fill = (text: string, kept: ReadonlyMap<string, string>): string =>
  text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => kept.get(name) ?? whole)

const bodyOf = ({ body, times }: typeof Request.Type, kept: ReadonlyMap<string, string>): string => {
  if (typeof body === "string") return fill(body, kept)
  const { inputs } = body as { readonly inputs?: ReadonlyArray<unknown> }
  const whole =
    times === undefined || inputs === undefined
      ? body
      : {
          ...(body as object),
          inputs: Array.from({ length: times }, (_, n) =>
            JSON.parse(JSON.stringify(inputs[0]).replaceAll("{{n}}", String(n)))
          )
        }
  return fill(JSON.stringify(whole), kept)
}

/** One request. What it creates is in `made` before anything can interrupt. */
const ask = Effect.fnUntraced(function* (
  { baseUrl, made, token }: Target,
  asked: typeof Request.Type,
  kept: ReadonlyMap<string, string>
) {
  const path = fill(asked.path, kept)
  const given = asked.token === undefined ? Redacted.value(token) : asked.token
  const bare = HttpClientRequest.make(asked.method as HttpMethod.HttpMethod)(`${baseUrl}${path}`).pipe(
    HttpClientRequest.setHeaders({
      "accept-encoding": "identity",
      ...(given !== null && { authorization: `Bearer ${given}` })
    })
  )
  const request =
    asked.body === undefined
      ? asked.method === "GET" || asked.method === "DELETE"
        ? bare
        : HttpClientRequest.setHeader(bare, "content-type", "application/json")
      : HttpClientRequest.bodyText(bare, bodyOf(asked, kept), "application/json")
  const attempt = Effect.gen(function* () {
    const response = yield* HttpClient.execute(request)
    const text = yield* response.text
    const reply: Reply = {
      status: response.status,
      headers: { ...response.headers },
      text,
      body: parse(text)
    }
    if (reply.status < 300) remember(made, asked.method, path, reply.body)
    return reply
  }).pipe(
    Effect.timeout("60 seconds"),
    Effect.tapError(() =>
      Effect.sync(() => {
        if (asked.method === "POST" && creates.test(path)) made.lost++
      })
    )
  )
  // A refusal by the limit executes nothing.
  return yield* Effect.uninterruptible(attempt).pipe(
    Effect.tap(({ status }) => (status === 429 ? Effect.sleep("10 seconds") : Effect.void)),
    Effect.repeat({ while: ({ status }) => status === 429, times: 3 })
  )
})

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const creates = /\/(?:line_items?|0-8)(?:\/batch\/(?:create|upsert))?$/

const remember = (made: Made, method: string, path: string, body: unknown): void => {
  const [bare = ""] = path.split("?", 1)
  if (method !== "POST") return
  const name = at(body, "name")
  if (bare.includes("/properties/") && typeof name === "string") made.properties.add(name)
  if (!creates.test(bare) || bare.includes("/properties/")) return
  for (const id of [at(body, "id"), at(body, "results.*.id")].flat()) {
    if (typeof id === "string") made.lineItems.add(id)
  }
}

/** Runs the steps one after the other. The last reply, and every contradiction on the way. */
export const runSteps = Effect.fnUntraced(function* (target: Target, steps: ReadonlyArray<typeof Step.Type>) {
  const kept = new Map([
    ["run", target.run],
    // A property's name has no hyphen.
    ["stamp", target.run.replaceAll("-", "_")]
  ])
  const found: Array<string> = []
  let last: Reply | undefined
  for (const { facts, keep, request, wait } of steps) {
    if (wait !== undefined) yield* Effect.sleep(Math.min(wait, target.maxWait ?? Infinity))
    last = yield* ask(target, request, kept)
    const filled = JSON.parse(fill(JSON.stringify(facts ?? {}), kept)) as typeof Facts.Type
    for (const one of contradictions(filled, last)) {
      found.push(`${request.method} ${fill(request.path, kept)}: ${one}`)
    }
    for (const [name, path] of Object.entries(keep ?? {})) {
      const value = at(last.body, path)
      if (typeof value === "string" || typeof value === "number") kept.set(name, String(value))
    }
  }
  return { last: last!, found }
})

/** What a probe's last reply answers, in one line. */
export const answerOf = (show: ReadonlyArray<string>, reply: Reply): string =>
  show
    .map((path) =>
      path === "status"
        ? `status ${reply.status}`
        : path === "body"
          ? `body ${reply.text.slice(0, 300)}`
          : `${path} ${JSON.stringify(at(reply.body, path)) ?? "absent"}`
    )
    .join(", ")

/** Removes what was created. What could not be removed is said, and stays in `made`. */
export const cleanUp = Effect.fnUntraced(function* (target: Target) {
  const { made } = target
  const said: Array<string> = []
  const all = [...made.lineItems]
  const counts = `${all.length} line items, ${made.properties.size} properties`
  const outcome = (request: typeof Request.Type) =>
    ask(target, request, new Map()).pipe(
      Effect.map(({ status }) => (status < 300 ? "" : `status ${status}`)),
      Effect.catch((error) => Effect.succeed(error._tag as string))
    )
  for (let start = 0; start < all.length; start += 100) {
    const ids = all.slice(start, start + 100)
    const problem = yield* outcome({
      method: "POST",
      path: "/crm/v3/objects/line_items/batch/archive",
      body: { inputs: ids.map((id) => ({ id })) }
    })
    if (problem === "") for (const id of ids) made.lineItems.delete(id)
    else said.push(`could not archive line items ${ids.join(", ")}: ${problem}`)
  }
  for (const name of made.properties) {
    const problem = yield* outcome({ method: "DELETE", path: `/crm/v3/properties/line_items/${name}` })
    if (problem === "") made.properties.delete(name)
    else said.push(`could not remove property ${name}: ${problem}`)
  }
  if (made.lost > 0) {
    said.push(`${made.lost} creates got no reply: look for line items with ${target.run} in their names`)
  }
  return [`cleaned up: ${counts}`, ...said]
})
