/** Properties draw the same in every run: what fails is the change, not the day. `SEED=2 pnpm vitest` draws something else. */
import * as Arbitrary from "effect/Arbitrary"

Arbitrary.configureGlobal({ check: { seed: process.env["SEED"] ?? "1" } })
