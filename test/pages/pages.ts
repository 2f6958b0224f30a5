/**
 * Runs `test/pages/*.page.ts`, the tests of the project's pages in a real Chromium. Takes `CHROMIUM`, or the system's, or
 * installs Debian's where it can. Prints, as its last line, `N passed, N failed`. Without a Chromium nothing is run, and it
 * says so.
 */
import { spawnSync } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { startVitest } from "vitest/node"

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"]

const executable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const ofSystem = (): string | undefined => {
  const directories = (process.env["PATH"] ?? "").split(delimiter)
  return names.flatMap((name) => directories.map((directory) => join(directory, name))).find(executable)
}

/** Debian's package, for who may install it. What apt prints goes to stderr. */
const install = (): void => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return
  const apt = (...args: ReadonlyArray<string>) =>
    spawnSync("apt-get", ["-qq", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", 2, 2],
      // A mirror that does not answer must not hold up what does not need it.
      timeout: 5 * 60_000
    }).status === 0
  if (apt("update")) apt("install", "-y", "--no-install-recommends", "chromium")
}

const find = (): string | undefined => {
  if (process.env["CHROMIUM"] !== undefined) return process.env["CHROMIUM"]
  const found = ofSystem()
  if (found !== undefined) return found
  install()
  return ofSystem()
}

const chromium = find()
if (chromium === undefined) {
  console.log("pages: not run, no Chromium\n\n0 passed, 0 failed")
} else {
  process.env["CHROMIUM"] = chromium
  const vitest = await startVitest("test", process.argv.slice(2), {
    run: true,
    config: join(import.meta.dirname, "vitest.config.ts")
  })
  await vitest.close()
}
