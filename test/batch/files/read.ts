import * as Source from "@effect-hubspot/batch/files/Source"
import type { BatchRequest } from "@effect-hubspot/schema"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

export interface Reading {
  readonly source: Source.Source | undefined
  readonly rows: ReadonlyArray<Source.Row>
  /** The error that ended the reading, in its one line. */
  readonly error: string | undefined
}

export interface ReadOptions extends Source.Options {
  readonly name?: string
  /** Where the bytes are cut. */
  readonly cuts?: ReadonlyArray<number>
}

const encoder = new TextEncoder()

export const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? encoder.encode(content) : content

const cut = (bytes: Uint8Array, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const places = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((place, index) => bytes.slice(place, places[index] ?? bytes.length))
}

/** Reads all that can be read. */
export const read = (content: string | Uint8Array, options: ReadOptions = {}): Effect.Effect<Reading> =>
  Effect.scoped(
    Effect.gen(function* () {
      const chunks = cut(bytesOf(content), options.cuts ?? [])
      const rows: Array<Source.Row> = []
      let source: Source.Source | undefined
      const exit = yield* Effect.exit(
        Effect.gen(function* () {
          source = yield* Source.fromBytes(
            options.name ?? "items.csv",
            Stream.fromArrays(...chunks.map((chunk) => [chunk])),
            options
          )
          yield* Stream.runForEach(source.rows, (row) => Effect.sync(() => rows.push(row)))
        })
      )
      const error = Exit.isFailure(exit) ? yield* oneLine(exit.cause) : undefined
      return { source, rows, error }
    })
  )

/** The message of a typed error; all else is a bug and stays one. */
const oneLine = (cause: Cause.Cause<Source.SourceError>): Effect.Effect<string> =>
  Option.match(Cause.findErrorOption(cause), {
    onNone: () => Effect.failCause(cause as Cause.Cause<never>),
    onSome: (error) => Effect.succeed(error.message)
  })

export const inputs = ({ rows }: Reading): ReadonlyArray<BatchRequest.CreateInput | "invalid"> =>
  rows.map(({ input }) => Result.getOrElse(input, () => "invalid" as const))

/** The issues of all rows, one line each. */
export const issues = ({ rows, source }: Reading): ReadonlyArray<string> =>
  rows.flatMap(({ input }) =>
    Result.isFailure(input)
      ? input.failure.map((issue) => Source.format({ name: source?.name ?? "" }, issue))
      : []
  )

/** Runs a property and says what falsified it. */
export const holds = <A>(
  arbitrary: Arbitrary.Arbitrary<A>,
  property: (value: A) => boolean | Effect.Effect<boolean>,
  options: Arbitrary.CheckOptions = {}
): Effect.Effect<void> =>
  Effect.flatMap(Arbitrary.checkEffect(arbitrary, property, { runs: 200, ...options }), (result) => {
    const failed = Arbitrary.formatCheckFailure(result)
    return failed === undefined ? Effect.void : Effect.die(new Error(failed))
  })

/** Places where a file may be cut. */
export const cuts = Arbitrary.array(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 400 }))),
  {
    maxLength: 12
  }
)
