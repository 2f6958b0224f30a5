/**
 * `pnpm contract [--live] [--base-url URL] [--max-wait MS]`: what is recorded of HubSpot (`recordings.json`) beside an account, and which of
 * the open questions it answers.
 *
 * Without `--live` it only says what it would do. With it, it needs the access token of a test account in
 * `HUBSPOT_CONTRACT_TOKEN`, with the scopes for line items and their properties. It archives what it created, also when it
 * is interrupted. `--base-url` is for a local HubSpot (`line-items serve`), and `--max-wait` shortens the waits before
 * searches, which there find at once what is new.
 *
 * Exits 0 if the account agrees with every recording, 1 if it does not or if something could not be removed, 2 for wrong
 * usage, 130 when it was interrupted.
 */
import { BaseUrl, Credentials } from "@effect-hubspot/http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Clock, Console, Data, Effect, Exit, Redacted } from "effect"
import { parseArgs } from "node:util"
import * as Recordings from "./recordings.ts"

const { recordings, unknowns } = Recordings.file
const tried = recordings.filter(({ notLive }) => notLive === undefined)

/** An account may have 100 requests in ten seconds only, and has other programs. */
const spacingOf = (baseUrl: string) => (baseUrl === BaseUrl.hubspot ? "200 millis" : 0)

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

const options = Effect.try({
  try: () =>
    parseArgs({
      options: {
        live: { type: "boolean", default: false },
        "base-url": { type: "string", default: BaseUrl.hubspot },
        "max-wait": { type: "string", default: "60000" }
      }
    }).values,
  catch: (error) => new Usage({ message: error instanceof Error ? error.message : String(error) })
})

const dry = (baseUrl: string) =>
  Effect.gen(function* () {
    const probes = unknowns.flatMap(({ probe }) => probe ?? [])
    const requests = [...tried, ...probes].reduce((sum, { steps }) => sum + steps.length, 0)
    yield* Console.log(
      `Would send about ${requests} requests to ${baseUrl}: ${tried.length} of ${recordings.length} recordings and ${probes.length} of ${unknowns.length} open questions.`
    )
    yield* Console.log("It would create line items and a property in the account, and archive all of them.\n")
    for (const { confidence, name, notLive, source } of recordings) {
      yield* Console.log(
        `${notLive === undefined ? "try " : "skip"}  ${name}  (${[source.kind, source.seen, confidence].filter(Boolean).join(", ")}${notLive === undefined ? "" : `; ${notLive}`})`
      )
    }
    for (const { notAsked, question } of unknowns) {
      yield* Console.log(
        `${notAsked === undefined ? "ask " : "skip"}  ${question}${notAsked === undefined ? "" : `  (${notAsked})`}`
      )
    }
    yield* Console.log("\nTo do it: HUBSPOT_CONTRACT_TOKEN=<token of a test account> pnpm contract --live")
    return 0
  })

const one = (
  target: Recordings.Target,
  steps: Recordings.Recording["steps"],
  say: (outcome: {
    readonly last: Recordings.Reply
    readonly found: ReadonlyArray<string>
  }) => Effect.Effect<void>
) =>
  Recordings.runSteps(target, steps).pipe(
    Effect.tap(say),
    Effect.map(({ found }) => found.length === 0),
    Effect.catch((error) => Effect.as(Console.log(`FAIL  no reply: ${error._tag}`), false)),
    Effect.ensuring(Effect.sleep(spacingOf(target.baseUrl)))
  )

const live = (baseUrl: string, maxWait: number) =>
  Effect.gen(function* () {
    const given = process.env["HUBSPOT_CONTRACT_TOKEN"]
    if (given === undefined || given === "") {
      return yield* new Usage({
        message: "HUBSPOT_CONTRACT_TOKEN is not set: give the token of a test account"
      })
    }
    const token = Redacted.make(given)
    yield* Effect.mapError(
      Credentials.check(token, "HUBSPOT_CONTRACT_TOKEN"),
      ({ message }) => new Usage({ message })
    )
    const run = `contract-${(yield* Clock.currentTimeMillis).toString(36)}`
    const target: Recordings.Target = { baseUrl, token, run, maxWait, made: Recordings.nothingMade() }
    let disagreed = 0
    let answered = 0
    yield* Effect.gen(function* () {
      for (const { confidence, name, steps } of tried) {
        const agreed = yield* one(target, steps, ({ found }) =>
          Effect.forEach(
            found.length === 0
              ? [`agrees    ${name}`]
              : [`DISAGREES ${name} (${confidence})`, ...found.map((each) => `          ${each}`)],
            (line) => Console.log(line),
            { discard: true }
          )
        )
        if (!agreed) disagreed++
      }
      yield* Console.log("")
      for (const { notAsked, probe, question } of unknowns) {
        if (probe === undefined) {
          yield* Console.log(`not asked ${question} (${notAsked})`)
          continue
        }
        yield* one(target, probe.steps, ({ found, last }) =>
          found.length > 0
            ? Console.log(`no answer ${question} ${found.join("; ")}`)
            : Effect.andThen(
                Effect.sync(() => void answered++),
                Console.log(`answered  ${question} ${Recordings.answerOf(probe.show, last)}`)
              )
        )
      }
    }).pipe(
      Effect.ensuring(
        Effect.suspend(() =>
          Effect.flatMap(Recordings.cleanUp(target), (lines) =>
            Effect.forEach(lines, (line) => Console.log(line), { discard: true })
          )
        )
      )
    )
    yield* Console.log(
      `${tried.length - disagreed} of ${tried.length} recordings agree; ${answered} of ${unknowns.length} open questions are answered.`
    )
    const { lineItems, lost, properties } = target.made
    return disagreed === 0 && lineItems.size + properties.size + lost === 0 ? 0 : 1
  })

const program = Effect.gen(function* () {
  const { "base-url": given, live: isLive, "max-wait": wait } = yield* options
  const baseUrl = yield* Effect.mapError(
    BaseUrl.check(given),
    ({ message }) => new Usage({ message: `--base-url: ${message}` })
  )
  const maxWait = Number(wait)
  if (!(maxWait >= 0))
    return yield* new Usage({
      message: `--max-wait: ${JSON.stringify(wait)} is not a number of milliseconds`
    })
  return yield* isLive ? live(baseUrl, maxWait) : dry(baseUrl)
}).pipe(
  Effect.catchTag("Usage", ({ message }) => Effect.as(Console.error(`contract: ${message}`), 2)),
  Effect.provide(NodeHttpClient.layerUndici)
)

NodeRuntime.runMain(program, {
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? Number(exit.value) : 130)
})
