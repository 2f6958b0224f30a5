import { defineConfig } from "vitest/config"
import shared from "../vitest.config.ts"

export default defineConfig({
  test: {
    ...shared.test,
    root: import.meta.dirname,
    include: ["**/*.page.ts"],
    globalSetup: ["./chromium.ts"],
    setupFiles: [],
    reporters: ["default", "../support/closingLine.ts"],
    maxWorkers: 1
  }
})
