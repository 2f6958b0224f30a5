import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { pathToFileURL } from "node:url"
import * as Page from "../../packages/batch/src/cli/report/Page.ts"
import { hostile, told } from "../batch/cli/report/told.ts"
import { looks, open, picture, readable, tabTo } from "./browser.ts"

/** A report as a file, as it is opened from a disk. */
const fileOf = Effect.fnUntraced(function* (rows: number, text: string) {
  const fs = yield* FileSystem.FileSystem
  const { facts, findings } = told(rows, text)
  const path = yield* fs.makeTempFileScoped({ suffix: ".html" })
  yield* fs.writeFileString(path, yield* Page.render(facts, findings))
  return pathToFileURL(path).href
})

describe("the report's page", () => {
  for (const look of looks) {
    it.live(`is readable at ${look.width} px, ${look.scheme}, with all of it open`, () =>
      Effect.gen(function* () {
        const url = yield* fileOf(2000, "items.csv: what HubSpot says of it")
        yield* Effect.promise(() =>
          open(url, look, async (page) => {
            assert.include(await page.locator(".verdict").innerText(), "1,956 of 2,000 rows are line items")
            const shown = await page.locator("figure svg:visible").count()
            assert.strictEqual(shown, 3, "plots that are shown")
            await picture(page, "report", look)
            await page.evaluate(() => {
              for (const details of document.querySelectorAll("details")) details.open = true
            })
            await readable(page)
          })
        )
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
    )
  }

  it.live("shows what others wrote as they wrote it, and runs none of it", () =>
    Effect.gen(function* () {
      const url = yield* fileOf(300, hostile)
      yield* Effect.promise(() =>
        open(url, looks[0]!, async (page) => {
          assert.strictEqual(await page.locator("script, img, iframe, link").count(), 0)
          assert.include(await page.locator("h1").innerText(), "<script>alert(1)</script>")
          await readable(page)
        })
      )
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("is used with the keyboard alone", () =>
    Effect.gen(function* () {
      const url = yield* fileOf(300, "plain")
      yield* Effect.promise(() =>
        open(url, looks[2]!, async (page) => {
          await tabTo(page, 'nav a[href="#ids"]')
          await page.keyboard.press("Enter")
          assert.include(page.url(), "#ids")
          await page.reload()
          await tabTo(page, "section:has(#time) summary")
          await page.keyboard.press("Enter")
          await page.locator('[aria-label="Outcomes over time, as a table"]').waitFor()
          await tabTo(page, '[aria-label="Outcomes over time, as a table"]')
        })
      )
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("is printed in whole: rows of closed causes, light, and without what is only for a screen", () =>
    Effect.gen(function* () {
      const url = yield* fileOf(300, "plain")
      yield* Effect.promise(() =>
        open(url, looks[3]!, async (page) => {
          await page.emulateMedia({ media: "print", colorScheme: "dark" })
          assert.isFalse(await page.locator("nav").isVisible())
          assert.strictEqual(
            await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
            "rgb(255, 255, 255)"
          )
          const closed = page.locator("details:not([open]) table").first()
          assert.isAbove((await closed.boundingBox())?.height ?? 0, 0)
        })
      )
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
