import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"

/** A setting as text, without the schemas of `Config`. None if it is not set, or cannot be read. */
export const setting = (name: string): Effect.Effect<string | undefined> =>
  Effect.flatMap(ConfigProvider.ConfigProvider, (provider) => provider.load([name])).pipe(
    Effect.map((node) => node?.value),
    Effect.orElseSucceed(() => undefined)
  )
