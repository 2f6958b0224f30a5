import * as RateLimitStore from "@effect-hubspot/http/RateLimitStore"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { opened, suite } from "./suite.ts"

suite(
  "the limiter's slots in memory",
  Effect.map(opened(RateLimitStore.layerMemory), (store) => ({
    open: Effect.succeed(store),
    pass: TestClock.adjust
  }))
)
