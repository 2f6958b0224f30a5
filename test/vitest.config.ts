import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    globalSetup: ["./support/postgresServer.ts"],
    reporters: ["default", "./support/closingLine.ts"],
    // Much of the time is spent waiting for processes and real clocks.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    // Some begin by running the command a hundred times.
    hookTimeout: 180_000
  }
})
