/**
 * The only way from an operation to HubSpot, which goes through the log.
 *
 * The fence sends intents, each of them once, and only writing down an attempt makes an intent. It neither decides what is
 * sent nor sends anything again.
 *
 * @since 0.1.0
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import type { Operation } from "@effect-hubspot/http/Operation"
import * as Effect from "effect/Effect"
import * as AttemptLog from "./AttemptLog.ts"

/**
 * The right to send a request once. Only {@link Fence} makes intents, after it has written the attempt down.
 *
 * @category models
 * @since 0.1.0
 */
export type Intent<A> = Written<A>

// The class is not exported as a value, so no other module can make an intent.
class Written<out A> {
  /** The number of the attempt in the log. */
  readonly id: number
  readonly #log: AttemptLog.Service
  #operation: Operation<A> | undefined

  constructor(log: AttemptLog.Service, id: number, operation: Operation<A>) {
    this.#log = log
    this.id = id
    this.#operation = operation
  }

  /** What to send, the first time. */
  static use<A>(intent: Written<A>): Operation<A> | undefined {
    const operation = intent.#operation
    intent.#operation = undefined
    return operation
  }

  /** The log that has the attempt. From now on the intent cannot be sent. */
  static close(intent: Written<unknown>): AttemptLog.Service {
    intent.#operation = undefined
    return intent.#log
  }
}

/**
 * The only way from an operation to HubSpot. What is not in the log cannot be sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fence {
  /**
   * Writes down that the operation is about to be sent, and gives the right to send it. If this is interrupted or fails,
   * nothing was sent, but the attempt may be in the log.
   */
  readonly intend: <A>(
    operation: Operation<A>,
    attempt: AttemptLog.Attempt
  ) => Effect.Effect<Intent<A>, AttemptLog.AttemptLogError>
  /** Sends an intent once. A second send, or a send after its end, is a defect. */
  readonly send: <A>(intent: Intent<A>) => Effect.Effect<A, HubSpotError>
  /** Writes down how the attempt ended. An intent that was not sent ends too, as `NotAccepted`. */
  readonly end: (
    intent: Intent<unknown>,
    end: AttemptLog.End
  ) => Effect.Effect<void, AttemptLog.AttemptLogError>
  /** Writes down that HubSpot has not finished what was sent. */
  readonly unfinished: (
    intent: Intent<unknown>,
    seen: AttemptLog.Unfinished
  ) => Effect.Effect<void, AttemptLog.AttemptLogError>
}

/**
 * The fence around a client, with the log of the context.
 *
 * **Example**
 *
 * ```ts
 * import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
 * import * as Fence from "@effect-hubspot/batch/engine/Fence"
 * import { HubSpotClient, Operations } from "@effect-hubspot/http"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 * import { Effect, Layer } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const fence = yield* Fence.make(yield* HubSpotClient.HubSpotClient)
 *   const operation = Operations.batchCreate({ inputs: [{ properties: { name: "Chair" } }] })
 *   const intent = yield* fence.intend(operation, { jobId: "import", operation: operation.name, inputs: [0] })
 *   const { results } = yield* fence.send(intent)
 *   yield* fence.end(intent, { acceptance: "Accepted", outcomes: [] })
 *   return results.length
 * })
 * const layer = Layer.merge(AttemptLog.layerMemory(), Emulator.layerLineItems())
 * await Effect.runPromise(Effect.provide(program, layer)) // => 1
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (client: HubSpotClient["Service"]): Effect.Effect<Fence, never, AttemptLog.AttemptLog> =>
  Effect.map(AttemptLog.AttemptLog, (log) => ({
    intend: (operation, attempt) => Effect.map(log.begin(attempt), (id) => new Written(log, id, operation)),
    send: (intent) =>
      Effect.suspend(() => {
        const operation = Written.use(intent)
        return operation === undefined
          ? Effect.die(new Error(`attempt ${intent.id} was sent or ended before, and is not sent again`))
          : client.execute(operation)
      }),
    end: (intent, end) => Effect.suspend(() => Written.close(intent).end(intent.id, end)),
    unfinished: (intent, seen) => Effect.suspend(() => Written.close(intent).unfinished(intent.id, seen))
  }))
