/**
 * Modules that a command loads when it runs: `--help`, `--version` and the other commands do without them.
 */
import * as Effect from "effect/Effect"

/** Loads modules: `const [Jobs, Watch] = yield* load(() => [import("./Jobs.ts"), import("./Watch.ts")])`. */
export const load = <const Modules extends ReadonlyArray<Promise<unknown>>>(modules: () => Modules) =>
  Effect.promise(() => Promise.all(modules()))
