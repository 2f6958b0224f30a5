import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as AttemptLog from "./AttemptLog.ts"

/**
 * The log of work that ends with its process and is never resumed: that of the context, or one in memory that forgets an
 * attempt when it ends. A durable job has the log of its store.
 */
export const inProcessLog: Effect.Effect<AttemptLog.Service> = Effect.flatMap(
  Effect.serviceOption(AttemptLog.AttemptLog),
  Option.match({ onNone: () => AttemptLog.makeMemory(), onSome: Effect.succeed })
)
