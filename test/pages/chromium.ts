/**
 * One Chromium for all page files of a run. Playwright gives it a new, empty profile, and deletes it.
 */
import { chromium } from "playwright-core"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    readonly chromium: string
  }
}

const args = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

export default async ({ provide }: TestProject) => {
  const executablePath = process.env["CHROMIUM"]
  if (executablePath === undefined) throw new Error("no Chromium: run pnpm pages, or set CHROMIUM")
  const server = await chromium.launchServer({
    executablePath,
    args,
    // Chromium's sandbox refuses root.
    chromiumSandbox: process.getuid?.() !== 0,
    timeout: 0
  })
  provide("chromium", server.wsEndpoint())
  return () => server.close()
}
