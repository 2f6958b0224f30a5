#!/usr/bin/env node
/**
 * The executable `line-items`: says its version, and loads the command where it can run. An older Node has to be able to read
 * this file and what it imports, to report that it is too old.
 */
import { existsSync, mkdirSync } from "node:fs"
import * as Module from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"
import * as v8 from "node:v8"
import packageJson from "../package.json" with { type: "json" }

/** Compiled code is kept in a folder of the user's own: who can write to it decides what runs. It may well be read-only. */
const keepCompiled = (): void => {
  if (Module.getCompileCacheDir?.() !== undefined) return
  try {
    const folders = [join(homedir(), ".cache"), join(homedir(), ".cache/line-items")] as const
    // Not by `recursive`, which makes a missing home, and never ends in `/proc`.
    for (const folder of folders) if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
    Module.enableCompileCache(folders[1])
  } catch {
    // Without it only the start is slower.
  }
}

/**
 * Rows live for a moment, and there are many. V8 would let them fill several times the memory that is under way before it looks:
 * this makes it look earlier, for some more CPU time. It takes an import from 400 to 170 MB.
 */
const stayLean = (): void => {
  try {
    v8.setFlagsFromString("--semi-space-growth-factor=1")
    v8.setFlagsFromString("--heap-growing-percent=50")
  } catch {
    // Not Node's V8.
  }
}

/** What the command needs: undici says so, which it sends requests with. */
const needed = [22, 19] as const

/** Bun and Deno name a version of Node that they are like. They are not held to it. */
const isTooOld = (): boolean => {
  const { bun, deno, node } = process.versions
  const [major = 0, minor = 0] = node.split(".").map(Number)
  const isOlder = major < needed[0] || (major === needed[0] && minor < needed[1])
  return isOlder && bun === undefined && deno === undefined
}

const [first, ...others] = process.argv.slice(2)
if (first === "--version" && others.length === 0) {
  // The one thing that needs nothing of the command. A reader that has gone is not an error.
  process.stdout.on("error", () => undefined).write(`line-items v${packageJson.version}\n`)
} else if (isTooOld()) {
  process.stderr.write(
    `line-items: this is Node ${process.versions.node}, and Node ${needed.join(".")} or newer is needed; install one from https://nodejs.org\n`
  )
  process.exitCode = 2
} else {
  keepCompiled()
  stayLean()
  import("./cli/main.ts").catch((error: { readonly message?: string }) => {
    process.stderr.write(`line-items: cannot be loaded: ${error.message}\n`)
    process.exitCode = 70
  })
}
