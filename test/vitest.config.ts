import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

/** The only limit there is, for what hangs: no machine is that slow. Tests wait for events, not for the clock. */
const hangs = 15 * 60_000

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts", "../docs/examples/*.test.ts"],
    globalSetup: ["./support/postgresServer.ts"],
    setupFiles: ["./support/atOnce.ts", "./support/seeded.ts"],
    reporters: ["default", "./support/closingLine.ts"],
    // Much of the time is spent waiting for processes and real clocks.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A module is loaded once for all files of a worker: half of a run would be loading the same ones.
    isolate: false,
    // Worlds are made and thrown away by the hundred.
    execArgv: ["--max-semi-space-size=64"],
    testTimeout: hangs,
    hookTimeout: hangs
  }
})
