/**
 * A page in the Chromium of the run, held to what every page of the project promises: no error on its console, nothing
 * loaded from elsewhere, nothing that axe objects to, and no need to scroll sideways.
 *
 */
import { assert } from "@effect/vitest"
import Axe from "axe-core"
import { join } from "node:path"
import { type Browser, chromium, type Page } from "playwright-core"
import { afterAll, inject } from "vitest"

/** How a reader looks at a page. */
export interface Look {
  readonly width: 360 | 1440
  readonly scheme: "light" | "dark"
}

export const looks: ReadonlyArray<Look> = [
  { width: 360, scheme: "light" },
  { width: 360, scheme: "dark" },
  { width: 1440, scheme: "light" },
  { width: 1440, scheme: "dark" }
]

/** The only limit there is, for what hangs: no machine is that slow. What was waited for is then named. */
const hangs = Number(process.env["PAGES_HANG"] ?? 3 * 60_000)

let connected: Promise<Browser> | undefined

afterAll(async () => {
  await (await connected)?.close()
  connected = undefined
})

/**
 * Opens the url in a context of its own, uses the page, and asserts that its console has no error and that it asked
 * nothing of any other origin; a page that is a file asks for no other file either. `says` is what the console may say:
 * Chromium reports every refused request there.
 */
export const open = async (
  url: string,
  { scheme, width }: Look,
  use: (page: Page) => Promise<void>,
  says?: RegExp
): Promise<void> => {
  connected ??= chromium.connect(inject("chromium"), { timeout: 0 })
  const context = await (
    await connected
  ).newContext({
    viewport: { width, height: width === 360 ? 740 : 900 },
    colorScheme: scheme,
    reducedMotion: "reduce"
  })
  context.setDefaultTimeout(hangs)
  const wrong: Array<string> = []
  const own = url.startsWith("file:") ? url : `${new URL(url).origin}/`
  try {
    const page = await context.newPage()
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type()) || says?.test(message.text()) === true) return
      wrong.push(message.text())
    })
    page.on("pageerror", (error) => wrong.push(error.message))
    page.on("request", (request) => {
      const asked = request.url()
      if (!asked.startsWith(own) && !asked.startsWith("data:")) wrong.push(`asked for ${asked}`)
    })
    await page.goto(url)
    await use(page)
  } finally {
    await context.close()
  }
  assert.deepStrictEqual(wrong, [])
}

/** Asserts what a reader needs of the page as it is now, at this width and in these colours. */
export const readable = async (page: Page): Promise<void> => {
  // Evaluated by the debugger, so that the page's own policy stays as strict as it is.
  await page.evaluate(Axe.source)
  const violations = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: typeof Axe }).axe
    const { violations } = await axe.run(document, { preload: false, resultTypes: ["violations"] })
    return violations.map(
      ({ help, id, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`
    )
  })
  assert.deepStrictEqual(violations, [])
  const beyond = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth
  )
  assert.strictEqual(beyond, 0, "pixels beyond the window's right edge")
}

/** Presses Tab until the element that the selector describes has the focus, as a reader without a mouse does. */
export const tabTo = async (page: Page, selector: string): Promise<void> => {
  const there = page.locator(selector)
  await there.waitFor()
  for (let rounds = 0; !(await there.evaluate((element) => element === document.activeElement));) {
    await page.keyboard.press("Tab")
    // Behind the last element comes the page itself.
    if (await page.evaluate(() => document.activeElement === document.body)) rounds++
    assert.isBelow(rounds, 2, `${selector} cannot be reached by Tab`)
  }
}

/** Leaves a picture of the whole page in `test/.pages`, for people. */
export const picture = async (page: Page, name: string, { scheme, width }: Look): Promise<void> => {
  await page.screenshot({
    path: join(import.meta.dirname, `../.pages/${name}-${width}-${scheme}.png`),
    fullPage: true
  })
}
