/**
 * Creates line items in programs without Effect: any iterable of inputs in, an async iterable with exactly one outcome per
 * input out.
 *
 * A thin layer over `BulkCreate`: the same outcomes and the same limits. The outcomes report what HubSpot did; it is never
 * thrown. `connect` throws the error of a missing or malformed token. The loop throws the error of a malformed address, and that
 * of the caller's own iterable, after the outcomes of all inputs before. It uses no database, and nothing of Node.
 *
 * @since 0.1.0
 */
import { Credentials, LineItems } from "@effect-hubspot/http"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as BulkCreate from "./bulk/BulkCreate.ts"
import type * as DoubtStrategy from "./doubt/DoubtStrategy.ts"
import type { Outcome } from "./model/Outcome.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends LineItems.Options {
  /** The token of a private app, or a service key. */
  readonly token: string | Redacted.Redacted<string>
  /** The client that sends requests: any `HttpClient` without retries of its own. Default: `fetch`. */
  readonly transport?: Layer.Layer<HttpClient> | undefined
}

/**
 * How inputs are created, see `BulkCreate.Options`.
 *
 * @category options
 * @since 0.1.0
 */
export type CreateOptions = Pick<BulkCreate.Settings, "jobId" | "batchSize" | "concurrency"> &
  DoubtStrategy.Choice

/**
 * @category models
 * @since 0.1.0
 */
export type Input = BulkCreate.Input

/**
 * @category models
 * @since 0.1.0
 */
export interface Connection {
  /**
   * Creates a line item of each input. Outcomes come as batches are done, each with its input and its index. Inputs are
   * read only as outcomes are asked for. Leaving the loop stops it: nothing more is sent, and requests under way are waited for.
   * A loop on a connection that is closed throws.
   */
  readonly create: <I extends Input>(
    inputs: Iterable<I> | AsyncIterable<I>,
    options?: CreateOptions
  ) => AsyncIterable<Outcome<I>>
  /**
   * Sends nothing more and waits for requests under way. Loops under way get the outcomes of all inputs that were read, and
   * end.
   */
  readonly close: () => Promise<void>
}

/**
 * A connection to an account. The first request is that of the first input.
 *
 * **Example**
 *
 * ```ts
 * import { connect } from "@effect-hubspot/batch/promise"
 * import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
 *
 * const hubspot = connect({ token: "pat-eu1-0000", transport: Emulator.layer() })
 * const inputs = ["Chair", "Table"].map((name) => ({ properties: { name } }))
 * const said: Array<string> = []
 * for await (const outcome of hubspot.create(inputs)) {
 *   said[outcome.index] = `${outcome.source.properties.name}: ${outcome._tag}`
 * }
 * await hubspot.close()
 * said // => ["Chair: Created", "Table: Created"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const connect = ({ token, transport = FetchHttpClient.layer, ...options }: Options): Connection => {
  const checked = Effect.runSync(Credentials.check(Redacted.isRedacted(token) ? token : Redacted.make(token)))
  const credentials = Credentials.layer(checked)
  const underWay = Semaphore.makeUnsafe(mostRequests)
  const counted = Layer.effect(
    HubSpotClient,
    Effect.map(HubSpotClient, (client) => ({
      ...client,
      execute: (operation) => underWay.withPermit(client.execute(operation))
    }))
  )
  const runtime = ManagedRuntime.make(
    counted.pipe(
      Layer.provideMerge(LineItems.layer(options)),
      Layer.provide(Layer.merge(credentials, transport))
    )
  )
  const closing = Deferred.makeUnsafe<void>()
  return {
    create: <I extends Input>(inputs: Iterable<I> | AsyncIterable<I>, options?: CreateOptions) => ({
      [Symbol.asyncIterator]: () => {
        if (Deferred.isDoneUnsafe(closing)) throw new Error("the connection is closed; make another one")
        const stop = Deferred.makeUnsafe<void>()
        const outcomes = Effect.gen(function* () {
          const context = yield* runtime.contextEffect
          const closed = Effect.andThen(Deferred.await(closing), Deferred.succeed(stop, undefined))
          yield* Effect.forkScoped(closed)
          return streamOf(inputs).pipe(
            Stream.interruptWhen(Deferred.await(stop)),
            BulkCreate.outcomes({ ...options, stop }),
            Stream.provideContext(context)
          )
        })
        return stoppable(Stream.toAsyncIterable(Stream.unwrap(outcomes)), () => {
          Deferred.doneUnsafe(stop, Effect.void)
        })
      }
    }),
    close: () =>
      Effect.runPromise(
        Deferred.succeed(closing, undefined).pipe(
          Effect.andThen(underWay.withPermits(mostRequests)(Effect.void)),
          Effect.andThen(runtime.disposeEffect)
        )
      )
  }
}

/** More requests than are ever under way. */
const mostRequests = 1_000_000

const streamOf = <A>(inputs: Iterable<A> | AsyncIterable<A>): Stream.Stream<A, unknown> =>
  Stream.fromAsyncIterable(
    Predicate.hasProperty(inputs, Symbol.asyncIterator) ? inputs : oneByOne(inputs),
    (thrown) => thrown
  )

/** Reads one by one, so that no input before an error is lost. A reader that stops early closes the iterable. */
const oneByOne = <A>(inputs: Iterable<A>): AsyncIterable<A> => ({
  [Symbol.asyncIterator]: () => {
    const iterator = inputs[Symbol.iterator]()
    return {
      next: () => Promise.resolve().then(() => iterator.next()),
      return: () => Promise.resolve().then(() => iterator.return?.() ?? over)
    }
  }
})

const over = { done: true, value: undefined } as const

/** An iterator that stops when its reader leaves the loop, and is then read to its end. */
const stoppable = <A>(iterable: AsyncIterable<A>, stop: () => void): AsyncIterator<A> => {
  const iterator = iterable[Symbol.asyncIterator]()
  const drain = (): Promise<IteratorResult<A>> =>
    iterator.next().then(
      ({ done }) => (done === true ? over : drain()),
      // A reader that has left the loop gets no error of the inputs.
      () => over
    )
  // Calls run one after the other.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = (next: () => Promise<IteratorResult<A>>): Promise<IteratorResult<A>> => {
    const result = turn.then(next, next)
    turn = result
    return result
  }
  return {
    next: () => inTurn(() => iterator.next()),
    return: () => {
      stop()
      return inTurn(drain)
    }
  }
}
