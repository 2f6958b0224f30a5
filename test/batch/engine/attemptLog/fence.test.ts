import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import * as Fence from "@effect-hubspot/batch/engine/Fence"
import { HubSpotClient, HubSpotError, Operations } from "@effect-hubspot/http"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import { batch, defectOf, end } from "./suite.ts"

const operation = Operations.batchCreate({ inputs: [] })

/** A client that remembers what the log held at the moment of every send. */
const clientOn = (log: AttemptLog.Service, failure?: HubSpotError.HubSpotError) => {
  const sends: Array<ReadonlyArray<AttemptLog.Logged>> = []
  const client = HubSpotClient.HubSpotClient.of({
    ready: Effect.void,
    execute: (operation) =>
      Effect.flatMap(Effect.orDie(log.attempts("job")), (attempts) => {
        sends.push(attempts)
        return failure === undefined
          ? Effect.succeed(Option.getOrThrow(operation.read({ results: [] })))
          : Effect.fail(failure)
      }),
    timeout: Duration.minutes(1),
    apiVersion: "v3",
    origin: "https://api.hubapi.com"
  })
  return { client, sends }
}

const fenced = (options: { failure?: HubSpotError.HubSpotError; log?: Partial<AttemptLog.Service> } = {}) =>
  Effect.gen(function* () {
    const log = { ...(yield* AttemptLog.makeMemory({ keep: true })), ...options.log }
    const { client, sends } = clientOn(log, options.failure)
    const fence = yield* Effect.provideService(Fence.make(client), AttemptLog.AttemptLog, log)
    return { fence, log, sends }
  })

describe("the fence", () => {
  it.effect("what is sent is in the log before, without an end, and with it after", () =>
    Effect.gen(function* () {
      const { fence, log, sends } = yield* fenced()
      const intent = yield* fence.intend(operation, batch)
      assert.lengthOf(sends, 0)
      const response = yield* fence.send(intent)
      assert.deepStrictEqual(response.results, [])
      assert.deepStrictEqual(sends, [[{ ...batch, id: intent.id, begunAtMillis: 0 }]])
      yield* fence.end(intent, end)
      assert.deepStrictEqual(yield* log.attempts("job"), [
        { ...batch, id: intent.id, begunAtMillis: 0, end: { ...end, endedAtMillis: 0 } }
      ])
    })
  )

  it.effect("an intent is sent once, also if the first send failed or the same effect runs again", () =>
    Effect.gen(function* () {
      const failure = new HubSpotError.HubSpotError({
        reason: new HubSpotError.ServerFailed({ kind: "gateway", status: 502 }),
        operation: "batchCreate"
      })
      const { fence, sends } = yield* fenced({ failure })
      const intent = yield* fence.intend(operation, batch)
      const send = fence.send(intent)
      assert.strictEqual((yield* Effect.flip(send)).acceptance, "InDoubt")
      assert.include(defectOf(yield* Effect.exit(send)), "is not sent again")
      assert.include(defectOf(yield* Effect.exit(fence.send(intent))), "is not sent again")
      assert.lengthOf(sends, 1)
    })
  )

  it.effect("an intent that has ended is not sent any more", () =>
    Effect.gen(function* () {
      const { fence, log, sends } = yield* fenced()
      const intent = yield* fence.intend(operation, batch)
      yield* fence.end(intent, { acceptance: "NotAccepted", outcomes: [] })
      assert.include(defectOf(yield* Effect.exit(fence.send(intent))), "is not sent again")
      assert.lengthOf(sends, 0)
      assert.strictEqual((yield* log.attempts("job"))[0]!.end!.acceptance, "NotAccepted")
    })
  )

  it.effect("what cannot be written down gives no intent, so nothing leaves", () =>
    Effect.gen(function* () {
      const failure = new AttemptLog.AttemptLogError({ reason: "Unwritable", detail: "disk is full" })
      const { fence, sends } = yield* fenced({ log: { begin: () => Effect.fail(failure) } })
      const error = yield* Effect.flip(Effect.flatMap(fence.intend(operation, batch), fence.send))
      assert.strictEqual(error, failure)
      assert.lengthOf(sends, 0)
    })
  )

  it.effect("an intent ends in the log in which it began", () =>
    Effect.gen(function* () {
      const one = yield* fenced()
      const other = yield* fenced()
      const intent = yield* one.fence.intend(operation, batch)
      yield* other.fence.intend(operation, batch)
      yield* other.fence.end(intent, end)
      assert.isDefined((yield* one.log.attempts("job"))[0]!.end)
      assert.isUndefined((yield* other.log.attempts("job"))[0]!.end)
    })
  )

  it.effect("what only looks like an intent is not sent", () =>
    Effect.gen(function* () {
      const { fence, sends } = yield* fenced()
      const intent = yield* fence.intend(operation, batch)
      const forged = Object.assign(Object.create(Object.getPrototypeOf(intent)), { id: intent.id })
      assert.include(defectOf(yield* Effect.exit(fence.send(forged))), "TypeError")
      assert.lengthOf(sends, 0)
    })
  )
})
