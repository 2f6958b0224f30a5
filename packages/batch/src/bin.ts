#!/usr/bin/env node
/**
 * The executable `line-items`: loads the command, or reports the package that is missing.
 */
import("./cli/main.ts").catch((error: { readonly code?: string; readonly message?: string }) => {
  const missing = /Cannot find package '([^']+)'/.exec(error.message ?? "")?.[1]
  process.stderr.write(
    error.code === "ERR_MODULE_NOT_FOUND" && missing !== undefined
      ? `line-items: the package ${missing} is not installed; run: npm install effect@4.1.0 @effect/platform-node@4.1.0 redis\n`
      : `line-items: cannot be loaded: ${error.message}\n`
  )
  process.exitCode = 70
})
