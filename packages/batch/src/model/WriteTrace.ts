/**
 * Trace ids, which identify inputs in HubSpot's answers.
 *
 * An id depends only on the job and the input's index, so an input that is sent again is the same to the byte. A trace id does
 * not keep HubSpot from creating an input twice.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/**
 * The trace id of an input: `<job>-<index>`, with the index in base 36. It has at most 64 characters of `A–Z a–z 0–9 _ -`.
 *
 * **Example**
 *
 * ```ts
 * import * as WriteTrace from "@effect-hubspot/batch/model/WriteTrace"
 *
 * const id = WriteTrace.make("q3-import", 71)
 * id // => "q3-import-1z"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (jobId: string, index: number): string => `${jobId}-${index.toString(36)}`

/**
 * Whether a text can be the id of a job: 1 to 48 characters of `A–Z a–z 0–9 _ -`.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isJobId = (text: string): boolean => /^[A-Za-z0-9_-]{1,48}$/.test(text)

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

/**
 * A random job id: 16 characters, about 82 bits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const randomJobId: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, alphabet.length - 1), 16),
  (digits) => digits.map((digit) => alphabet[digit]).join("")
)
