import type { Reporter, TestModule } from "vitest/node"

/** So many files are named as the slowest of a whole run. */
const named = 10

/**
 * Prints the slowest files of a run and, as its last line, `N passed, N failed`. Skipped is not passed: a test that did not
 * run counts as failed, and so does a file that could not be loaded.
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
    if (modules.length > named) process.stdout.write(`\nThe slowest files:\n${slowest(modules)}`)
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  }
}

const slowest = (modules: ReadonlyArray<TestModule>): string =>
  modules
    .map((module) => ({ name: module.relativeModuleId, seconds: module.diagnostic().duration / 1000 }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, named)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}\n`)
    .join("")
