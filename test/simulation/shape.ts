/**
 * What a world is like, by its number: its limit, its batches, its families, and how late things come.
 *
 * It is drawn on its own, so that a number has the same shape whatever else is drawn in its world.
 */
import { Association, type BatchRequest } from "@effect-hubspot/schema"
import { Effect, Random } from "effect"

type Input = BatchRequest.CreateInput

/** Times in milliseconds. */
export interface Shape {
  /** Requests per ten seconds, of the client and of the server: 1 to 250. */
  readonly limit: number
  readonly count: number
  readonly batchSize: number
  /** The inputs of one deal. */
  readonly family: number
  /** Whether the inputs of a deal are spread over all batches, and not one after the other. */
  readonly spread: boolean
  /** Whether the inputs of a deal are equal. */
  readonly twins: boolean
  /** How long after a doubt what was sent may still become visible: applied late, then found late. */
  readonly visible: number
  /** The part of it that is the lag of the search. */
  readonly lagShare: number
  /** The line items that the first deal has had for an hour. */
  readonly old: number
}

/** Small batches one after the other, and a limit that holds nothing back. */
export const plain: Omit<Shape, "count" | "batchSize"> = {
  limit: 190,
  family: 5,
  spread: false,
  twins: false,
  visible: 60_000,
  lagShare: 1 / 3,
  old: 0
}

/**
 * A strategy that looks three times, ten seconds apart, after a quiet period of 150 seconds must see what is visible
 * before the last look.
 */
const lastLook = 165_000

/** Numbers of all sizes alike, from 1 to `most`. */
const upTo = (most: number) => Effect.map(Random.next, (chance) => Math.floor((most + 1) ** chance))

const oneOf = <A>(all: ReadonlyArray<A>) =>
  Effect.map(Random.nextIntBetween(0, all.length - 1), (n) => all[n]!)

/** The shape of a world with at most `most` inputs. */
export const draw = (seed: number, most: number): Effect.Effect<Shape> =>
  Effect.gen(function* () {
    const limit = yield* upTo(250)
    const batchSize = yield* upTo(100)
    const batches = yield* Random.nextIntBetween(6, 12)
    const family = yield* oneOf([1, 2, 5, 13, 60])
    return {
      limit,
      batchSize,
      count: Math.min(most, Math.max(30, batchSize * batches)),
      family,
      spread: yield* Random.nextBoolean,
      twins: (yield* Random.next) < 0.3,
      // Most of them late.
      visible: Math.floor(lastLook * (1 - (yield* Random.next) ** 2)),
      lagShare: yield* Random.next,
      old: (yield* Random.next) < 0.15 ? 520 : 0
    }
  }).pipe(Random.withSeed(`shape ${seed}`))

/** Inputs of which one in twenty is rejected and one in fifty invalid; four in five have a deal. */
export const inputs = ({
  count,
  family,
  spread,
  twins
}: Pick<Shape, "count" | "family" | "spread" | "twins">): ReadonlyArray<Input> => {
  const families = Math.ceil(count / family)
  return Array.from({ length: count }, (_, n) => {
    const deal = 1000 + (spread ? n % families : Math.floor(n / family))
    return {
      properties: {
        name: twins ? `Seat of ${deal}` : `Seat ${n}`,
        ...(n % 20 === 7 && { price: "-1" }),
        ...(n % 50 === 3 && { quantity: "many" })
      },
      ...(n % 5 !== 4 && { associations: [Association.make("deal", String(deal))] })
    }
  })
}
