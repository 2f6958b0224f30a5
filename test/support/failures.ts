/**
 * One failure, one job: thirty inputs in three batches, one after the other, and a fault that by default
 * strikes the second. The first batch shows that all was well before, the third whether the job goes on.
 *
 * Every job is checked against the emulator's ledger as it stands three hours after the end (at the end, on
 * a socket): one outcome
 * for each input and all of them true, nothing created twice, nothing in doubt sent again, and every
 * repetition the same to the byte.
 */
import { BulkCreate, DoubtStrategy, type Outcome } from "@effect-hubspot/batch"
import type * as BatchRunner from "@effect-hubspot/batch/engine/BatchRunner"
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import type * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import type { BatchRequest } from "@effect-hubspot/schema"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, it } from "@effect/vitest"
import { Clock, type Duration, Effect, Layer, Random, Redacted, type Scope, Stream } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import * as HubSpot from "./hubspot.ts"
import { inVirtualTime } from "./virtualTime.ts"

type Input = BatchRequest.CreateInput

export const good = (n: number): Input => ({ properties: { name: `Seat ${n}` } })
export const thirty: ReadonlyArray<Input> = Array.from({ length: 30 }, (_, n) => good(n))

/** Thirty good ones, but for these. */
export const thirtyBut = (others: Readonly<Record<number, Input>>): ReadonlyArray<Input> =>
  thirty.map((input, n) => others[n] ?? input)

/** HubSpot refuses a negative price. */
export const refused: Input = { properties: { name: "Seat", price: "-1" } }

/** The trace id that the engine gives to the n-th input. */
export const traceIdOf = (n: number): string => `job-${n.toString(36)}`

const creates = "*/batch/create"

/** The fault strikes these creates, counted from 1; by default the second. */
export const on = (
  fault: Faults.Fault,
  nth: number | readonly [number, ...Array<number>] = 2
): ReadonlyArray<Faults.Rule> => [{ match: { path: creates, nth }, fault }]

/** It strikes every create that fits. */
export const always = (
  fault: Faults.Fault,
  match: Omit<Faults.Match, "path"> = {}
): ReadonlyArray<Faults.Rule> => [{ match: { ...match, path: creates }, fault }]

/** Nothing is applied, and this is what is answered. */
export const before = (reply: Faults.BareReply) => ({ place: "beforeCommit", reply }) as const

/** All is applied, and this is what is answered. */
export const after = (reply: Faults.Reply) => ({ place: "afterCommit", reply }) as const

/** All is applied, and the answer is not the true one. */
export const tampered = (...tampering: readonly [Faults.Tampering, ...Array<Faults.Tampering>]) =>
  after({ kind: "tamper", tampering })

/** A status, by default with HubSpot's own body. */
export const status = (
  code: number,
  more: Partial<Extract<Faults.BareReply, { readonly kind: "status" }>> = {}
) => ({ kind: "status", status: code, ...more }) as const

/** Under `guard`, with a key property that is unique. */
export const guarded = {
  options: { strategy: DoubtStrategy.guard(), keyProperty: "import_key" },
  emulator: { uniqueProperties: ["import_key"] }
} as const

/** Under `reconcile`. */
export const reconciled = {
  options: { strategy: DoubtStrategy.reconcile(), keyProperty: "import_key" },
  emulator: { properties: ["import_key"] }
} as const

export interface Job {
  readonly faults: ReadonlyArray<Faults.Rule>
  readonly inputs?: ReadonlyArray<Input>
  readonly options?: BulkCreate.Options
  readonly emulator?: Omit<Emulator.Options, "faults">
  /** The token comes from an OAuth app with this refresh token; the right one is `refresh-token`. */
  readonly refreshToken?: string
  /** The client's timeout on a socket. By default 100 seconds: a busy machine is no failure. */
  readonly timeout?: Duration.Input
  /** What happens to the n-th create on its way to HubSpot, from 0, in process. */
  readonly line?: HubSpot.Fault
  /** The client's limit. By default 190, as the emulator's. */
  readonly limit?: number
  /** The client's wall clock jumps by so many milliseconds, so many after the start. HubSpot's does not. */
  readonly jump?: { readonly after: number; readonly by: number }
  /** Some inputs are the same, so their ids may be given to either of them. */
  readonly alike?: boolean
}

/**
 * The second batch is sent again, as under guard, after an answer that was lost; this is what the second
 * send meets.
 */
export const afterDoubt = (reply: Faults.BareReply): ReadonlyArray<Faults.Rule> => [
  ...always({ place: "replyLost" }, { onlyWithTraceId: traceIdOf(10), nth: 1 }),
  ...always(before(reply), { onlyWithTraceId: traceIdOf(10), nth: 2 })
]

/** The body of a page that is not HubSpot's. */
export const page = { body: "html" } as const

/** What came of it. */
export interface Came {
  /** Outcomes by kind, as {@link kindOf} tells them. */
  readonly outcomes: Readonly<Record<string, number>>
  /** The creates that HubSpot saw, by their number of inputs. */
  readonly sent: ReadonlyArray<number>
  /** The line items that exist three hours later. */
  readonly stored: number
}

/** As if nothing had happened. */
export const allCreated: Came = { outcomes: { Created: 30 }, sent: [10, 10, 10], stored: 30 }

/** The second batch is sent once more, and that is all. */
export const onceMore: Came = { outcomes: { Created: 30 }, sent: [10, 10, 10, 10], stored: 30 }

/** The second batch is in doubt and not sent again, and the job goes on. */
export const oneInDoubt = (reason: string, stored: number): Came => ({
  outcomes: { Created: 20, [`InDoubt: ${reason}`]: 10 },
  sent: [10, 10, 10],
  stored
})

/** Nothing is sent after the second batch, and that is not in HubSpot. */
export const ends = (reason: string): Came => ({
  outcomes: { Created: 10, [`NotSent: ${reason}`]: 20 },
  sent: [10, 10],
  stored: 10
})

/** How long the client waited before its third create, in milliseconds. */
export const waited = (atLeast: number, atMost: number) => (seen: Seen) => {
  assert.isAtLeast(seen.waits[1]!, atLeast)
  assert.isAtMost(seen.waits[1]!, atMost)
}

/** What else there is to look at. */
export interface Seen {
  readonly all: ReadonlyArray<Outcome.Outcome<Input>>
  /** The creates that HubSpot saw. */
  readonly requests: ReadonlyArray<Ledger.Request>
  /** How many creates were tried, with those that did not reach HubSpot. */
  readonly tried: number
  readonly ledger: Ledger.Snapshot
  /** The line items that existed when the job ended. */
  readonly storedAtOnce: number
  readonly events: ReadonlyArray<BatchRunner.Event>
  /** Times between creates in milliseconds: `waits[0]` is before the second. */
  readonly waits: ReadonlyArray<number>
}

/** An outcome's kind: its tag, and the reason or the evidence of it. */
const kindOf = (outcome: Outcome.Outcome<unknown>): string => {
  switch (outcome._tag) {
    case "Created":
      return outcome.via === "response" ? "Created" : `Created: ${outcome.via}`
    case "Rejected":
      return `Rejected: ${outcome.category}`
    case "Invalid":
      return "Invalid"
    case "NotSent": {
      const { reason } = outcome
      const cause = reason._tag === "Suspended" ? `${reason._tag} (${reason.cause})` : reason._tag
      return `NotSent: ${cause}${"error" in reason && reason._tag !== "Unlogged" ? ` ${reason.error.reason._tag}` : ""}`
    }
    case "InDoubt": {
      const { evidence } = outcome
      return `InDoubt: ${
        evidence._tag === "NoAnswer"
          ? evidence.error.reason._tag
          : evidence._tag === "Unaccounted"
            ? evidence.why
            : evidence._tag
      }`
    }
  }
}

const countBy = (kinds: ReadonlyArray<string>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** The creates that left the client, as they were. */
interface Sent {
  readonly body: string
  readonly traceIds: ReadonlyArray<string>
}

const isCreate = ({ path }: Ledger.Request): boolean => path.endsWith("/batch/create")

/** The client, on any transport; what it sends is noted. */
const client = (
  transport: Layer.Layer<HttpClient.HttpClient>,
  options: LineItems.Options & Pick<Job, "line" | "refreshToken"> & { readonly sent: Array<Sent> }
) => {
  const { line, refreshToken, sent, ...rest } = options
  const recording = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.make((request) =>
        Effect.suspend(() => {
          const pass = client.execute(request)
          if (!request.url.endsWith("/batch/create")) return pass
          const { inputs } = HubSpot.bodyOf(request)
          const n = sent.push({
            body: request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "",
            traceIds: inputs.map((input) => String(input.objectWriteTraceId))
          })
          return line?.(request, pass, n - 1) ?? pass
        })
      )
    )
  ).pipe(Layer.provide(transport))
  const credentials: Layer.Layer<Credentials.Credentials, unknown, HttpClient.HttpClient> =
    refreshToken === undefined
      ? Credentials.layer(Redacted.make("pat-eu1-test"))
      : Credentials.layerOAuth({
          clientId: "app",
          clientSecret: Redacted.make("client-secret"),
          refreshToken: Redacted.make(refreshToken),
          baseUrl: options.baseUrl
        })
  return LineItems.layer({ limit: 190, ...rest }).pipe(
    Layer.provide(credentials),
    Layer.provide(recording),
    Layer.orDie
  )
}

/** Runs the job, and checks what holds for every one of them. */
const run = Effect.fnUntraced(function* (
  job: Job,
  sent: ReadonlyArray<Sent>,
  inTime: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
  later: Effect.Effect<void>
): Effect.fn.Return<Came & Seen, never, Emulator.Emulator | HttpServices> {
  const emulator = yield* Emulator.Emulator
  const inputs = job.inputs ?? thirty
  const events: Array<BatchRunner.Event> = []
  const all = yield* Stream.fromIterable(inputs).pipe(
    BulkCreate.outcomes({
      jobId: "job",
      batchSize: 10,
      concurrency: 1,
      ...job.options,
      onEvent: (event) => Effect.sync(() => void events.push(event))
    }),
    Stream.runCollect,
    inTime
  )
  const storedAtOnce = (yield* emulator.ledger).created.length
  yield* later
  const ledger = yield* emulator.ledger
  const requests = ledger.requests.filter(isCreate)
  if (job.faults.length > 0) {
    const journal = yield* emulator.journal
    assert.isTrue(
      journal.requests.some(({ fault }) => fault !== null),
      "the fault has struck"
    )
  }
  checkTruth(inputs, all, ledger, job.alike === true)
  checkSends(all, sent, job.options?.strategy === undefined)
  return {
    all,
    events,
    ledger,
    requests,
    storedAtOnce,
    tried: sent.length,
    outcomes: countBy(all.map(kindOf)),
    sent: requests.map(({ inputs }) => inputs ?? 0),
    stored: ledger.created.length,
    waits: requests.slice(1).map(({ at }, n) => at - requests[n]!.at)
  }
})

type HttpServices = Layer.Success<ReturnType<typeof client>>

const checkTruth = (
  inputs: ReadonlyArray<Input>,
  all: ReadonlyArray<Outcome.Outcome<Input>>,
  { created }: Ledger.Snapshot,
  alike: boolean
): void => {
  assert.deepStrictEqual(
    all.map(({ index }) => index).sort((a, b) => a - b),
    inputs.map((_, n) => n),
    "one outcome for each input"
  )
  const stored = new Map(created.map((record) => [record.objectWriteTraceId, record]))
  assert.strictEqual(stored.size, created.length, "nothing is created twice")
  const byId = new Map(created.map((record) => [record.id, record]))
  const given = new Set<string>()
  for (const outcome of all) {
    assert.strictEqual(outcome.source, inputs[outcome.index])
    if (outcome._tag === "Created") {
      assert.isFalse(given.has(outcome.id), `${outcome.id} is given to one input only`)
      given.add(outcome.id)
      const record = byId.get(outcome.id)
      assert.isDefined(record, `${outcome.id} exists`)
      if (!alike) assert.strictEqual(record!.objectWriteTraceId, outcome.objectWriteTraceId)
      for (const [name, value] of Object.entries(outcome.source.properties)) {
        assert.strictEqual(record!.properties[name], value)
      }
    } else if (outcome._tag !== "InDoubt") {
      assert.isFalse(stored.has(traceIdOf(outcome.index)), `${outcome.index} ${outcome._tag}, and not stored`)
    }
  }
}

const checkSends = (
  all: ReadonlyArray<Outcome.Outcome<Input>>,
  sent: ReadonlyArray<Sent>,
  failVisible: boolean
): void => {
  const bodies = new Map<string, string>()
  const times = new Map<string, number>()
  for (const { body, traceIds } of sent) {
    const name = traceIds.join()
    assert.strictEqual(bodies.get(name) ?? body, body, "a repetition is the same to the byte")
    bodies.set(name, body)
    for (const traceId of traceIds) times.set(traceId, (times.get(traceId) ?? 0) + 1)
  }
  if (!failVisible) return
  for (const outcome of all) {
    if (outcome._tag === "InDoubt") {
      assert.strictEqual(times.get(outcome.objectWriteTraceId), 1, "what is in doubt is sent once")
    }
  }
}

/** A wall clock that is set while the monotonic one goes on. */
const jumping = (clock: Clock.Clock, { after, by }: NonNullable<Job["jump"]>): Clock.Clock => {
  const start = clock.monotonicTimeNanosUnsafe()
  const offset = () => (clock.monotonicTimeNanosUnsafe() - start < BigInt(after) * 1_000_000n ? 0 : by)
  const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() + offset()
  const currentTimeNanosUnsafe = () => clock.currentTimeNanosUnsafe() + BigInt(offset()) * 1_000_000n
  // With what a test clock has besides.
  return Object.assign(Object.create(clock), {
    currentTimeMillisUnsafe,
    currentTimeNanosUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe)
  })
}

/** The job on the emulator in this process, in virtual time. */
const inProcess = (job: Job): Effect.Effect<Came & Seen> => {
  const sent: Array<Sent> = []
  const emulator = Emulator.layer({ ...job.emulator, faults: { rules: job.faults } })
  const hubspot = Layer.unwrap(
    Effect.map(HttpClient.HttpClient, (transport) =>
      client(Layer.succeed(HttpClient.HttpClient, transport), {
        sent,
        limit: job.limit ?? 190,
        ...(job.line !== undefined && { line: job.line }),
        ...(job.refreshToken !== undefined && { refreshToken: job.refreshToken })
      })
    )
  ).pipe(Layer.provideMerge(emulator))
  return run(job, sent, inVirtualTime, TestClock.adjust("3 hours")).pipe(
    Effect.updateService(Clock.Clock, (clock) => (job.jump === undefined ? clock : jumping(clock, job.jump))),
    Effect.provide(hubspot),
    Random.withSeed("failures")
  )
}

/** The policy, without long waits. */
const quickly = { attempts: 6, rateLimited: 30, baseMillis: 1, capMillis: 2, patienceMillis: 1000 }

/** The job on the emulator at the end of a socket. `address` is where the client is sent to reach it. */
export const overSocket = (
  job: Job,
  transport: Layer.Layer<HttpClient.HttpClient>,
  address?: (emulatorUrl: string) => Effect.Effect<string, never, Scope.Scope>
): Effect.Effect<Came & Seen> => {
  const sent: Array<Sent> = []
  const hubspot = Layer.unwrap(
    Effect.gen(function* () {
      const { url } = yield* EmulatorServer.EmulatorServer
      const baseUrl = yield* address?.(url) ?? Effect.succeed(url)
      return client(transport, { baseUrl, sent, timeout: job.timeout ?? "100 seconds" })
    })
  ).pipe(
    Layer.provideMerge(EmulatorServer.layer({ ...job.emulator, faults: { rules: job.faults } })),
    Layer.orDie
  )
  return run(
    { ...job, options: { retry: quickly, ...job.options } },
    sent,
    (effect) => effect,
    Effect.void
  ).pipe(Effect.provide(hubspot))
}

export const compare = (came: Came & Seen, expected: Came, also: ((seen: Seen) => void) | undefined) => {
  const { outcomes, sent, stored } = came
  const { outcomes: kinds, sent: requests, stored: items } = expected
  assert.deepStrictEqual({ outcomes, sent, stored }, { outcomes: kinds, sent: requests, stored: items })
  also?.(came)
}

/** A job, what must come of it, and what else to look at. */
export type Spec = Job & Came & { readonly also?: (seen: Seen) => void }

/** A row of the table of failures: a job, and what must come of it. */
export const row = (name: string, { also, outcomes, sent, stored, ...job }: Spec): void =>
  it.effect(name, () => Effect.map(inProcess(job), (came) => compare(came, { outcomes, sent, stored }, also)))

export const transports = [
  ["undici", NodeHttpClient.layerUndici],
  ["fetch", FetchHttpClient.layer]
] as const

/** The same at the end of a real socket, over both transports or one of them. */
export const socketRow = (
  name: string,
  { also, outcomes, sent, stored, ...job }: Spec,
  only?: "undici" | "fetch"
): void => {
  for (const [transport, layer] of transports) {
    if (only !== undefined && only !== transport) continue
    it.live(`${name} (${transport})`, () =>
      Effect.map(overSocket(job, layer), (came) => compare(came, { outcomes, sent, stored }, also))
    )
  }
}
