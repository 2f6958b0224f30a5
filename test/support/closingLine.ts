import type { Reporter, TestModule } from "vitest/node"

/**
 * Prints `N passed, N failed` as the last line of a run. Skipped is not passed: a test that did not run
 * counts as failed, and so does a file that could not be loaded.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      if (module.errors().length > 0) failed++
      for (const test of module.children.allTests()) {
        if (test.result().state === "passed") passed++
        else failed++
      }
    }
    if (failed > 0) process.exitCode = 1
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  }
}
