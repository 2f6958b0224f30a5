// @effect-diagnostics globalFetch:off
import { assert, describe, it } from "@effect/vitest"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import { Effect, Redacted } from "effect"
import type { Page } from "playwright-core"
import { type Look, looks, open, picture, readable, tabTo } from "./browser.ts"

const served = (options?: EmulatorServer.Options) => Effect.provide(EmulatorServer.layer(options))

/** A person opens the page of an emulator of this test, unlocked with its key. */
const unlocked = (look: Look, use: (page: Page, url: string) => Promise<void>, says?: RegExp) =>
  Effect.flatMap(EmulatorServer.EmulatorServer, ({ adminKey, url }) =>
    Effect.promise(() =>
      open(
        url,
        look,
        async (page) => {
          await page.getByLabel("Admin key").fill(Redacted.value(adminKey))
          await page.keyboard.press("Enter")
          await page.getByRole("heading", { name: "Requests" }).waitFor()
          await use(page, url)
        },
        says
      )
    )
  )

/** What a client of the emulator does, and the status that it is answered with. */
const create = async (url: string, names: ReadonlyArray<string>): Promise<number> => {
  const response = await fetch(`${url}/crm/v3/objects/line_items/batch/create`, {
    method: "POST",
    headers: { authorization: "Bearer any-token", "content-type": "application/json" },
    body: JSON.stringify({
      inputs: names.map((name, n) => ({
        objectWriteTraceId: `trace-${name.length}-${n}`,
        properties: { name, quantity: String(n + 1), price: `${n + 1}9.50` }
      }))
    })
  })
  await response.arrayBuffer()
  return response.status
}

const text = (page: Page, selector: string, wanted: string) =>
  page.locator(selector).filter({ hasText: wanted }).first().waitFor()

describe("the emulator's page", () => {
  for (const look of looks) {
    it.live(`is readable at ${look.width} px, ${look.scheme}`, () =>
      Effect.gen(function* () {
        const { url } = yield* EmulatorServer.EmulatorServer
        yield* Effect.promise(() =>
          open(url, look, async (page) => {
            await page.getByLabel("Admin key").waitFor()
            await readable(page)
            await picture(page, "emulator-locked", look)
          })
        )
        yield* unlocked(look, async (page, url) => {
          await text(page, "#requests-none", "None yet")
          await readable(page)
          await picture(page, "emulator-empty", look)
          for (let n = 0; n < 30; n++) await create(url, [`Shelf ${n}`, `Bracket ${n}`])
          for (const name of ["F38 502 of a gateway, stored", "F08 connection reset, stored"]) {
            await page.getByLabel("What goes wrong").selectOption({ label: name })
            await page.getByRole("button", { name: "Switch on" }).click()
            await text(page, "#rules", name)
          }
          await create(url, ["Oak desk, 180 × 80 cm", "Office chair"])
          await create(url, ["Lamp"]).catch(() => 0)
          await page
            .getByLabel("What goes wrong")
            .selectOption({ label: "F32 429, the limit of ten seconds" })
          await page.getByRole("button", { name: "Switch on" }).click()
          await text(page, "#rules", "F32")
          await create(url, ["Sofa"])
          await create(url, ["Sofa"])
          await text(page, "#requests", "429")
          await page.locator("#definitions summary").click()
          await page.getByLabel("Find a property").fill("unit price")
          await page.locator("#properties tr").first().waitFor()
          await page.locator("#items details summary").first().click()
          await readable(page)
          await picture(page, "emulator", look)
        })
      }).pipe(served({ limit: 40 }))
    )
  }

  const [, , light] = looks

  it.live("shows what a client does as it happens, and asks for the key once", () =>
    unlocked(light!, async (page, url) => {
      assert.strictEqual(await create(url, ["Desk"]), 201)
      await text(page, "#items", "Desk")
      await text(page, "#requests", "/crm/v3/objects/line_items/batch/create")
      await text(page, "#ledger", "trace-4-0")
      await text(page, "#used", "1")
      assert.strictEqual(new URL(page.url()).search + new URL(page.url()).hash, "")
      await page.reload()
      await text(page, "#items", "Desk")
      await page.getByRole("button", { name: "Forget the key" }).click()
      await page.getByLabel("Admin key").waitFor()
      assert.isFalse(await page.locator("#app").isVisible())
      assert.isNull(await page.evaluate(() => sessionStorage.getItem("emulator-admin-key")))
    }).pipe(served())
  )

  it.live("switches a fault on and off with the keyboard, and shows where it struck", () =>
    unlocked(light!, async (page, url) => {
      await tabTo(page, "#fault")
      await page.keyboard.type("F38")
      await tabTo(page, "#often")
      await page.keyboard.type("every")
      await tabTo(page, "#switch-on button")
      await page.keyboard.press("Enter")
      await text(page, "#rules", "F38 502 of a gateway, stored")
      assert.strictEqual(await create(url, ["Desk"]), 502)
      await text(page, "#requests", "F38 502 of a gateway, stored")
      await text(page, "#requests .answer", "in truth 201")
      await text(page, "#ledger", "trace-4-0")
      await text(page, "#rules", "Struck 1 of 1 requests")
      await tabTo(page, "#rules button")
      await page.keyboard.press("Space")
      await page.locator("#no-rules").waitFor()
      assert.strictEqual(await create(url, ["Chair"]), 201)
    }).pipe(served())
  )

  it.live("refuses a wrong key, and shows nothing", () =>
    Effect.flatMap(EmulatorServer.EmulatorServer, ({ url }) =>
      Effect.promise(() =>
        open(
          url,
          light!,
          async (page) => {
            await create(url, ["Desk"])
            await page.getByLabel("Admin key").fill("wrong")
            await page.getByRole("button", { name: "Open" }).click()
            await text(page, "#refused", "This is not the admin key of this emulator.")
            assert.isFalse(await page.locator("#app").isVisible())
            assert.notInclude(await page.content(), "Desk")
            assert.isNull(await page.evaluate(() => sessionStorage.getItem("emulator-admin-key")))
          },
          /status of 401/
        )
      )
    ).pipe(served())
  )

  it.live("says what is wrong with a plan", () =>
    unlocked(
      light!,
      async (page, url) => {
        await page.getByText("The plan as JSON").click()
        await page.locator("#json").fill('{"rules":[{"match":{"pth":"*"},"fault":{"place":"replyLost"}}]}')
        await page.getByRole("button", { name: "Set this plan" }).click()
        await text(page, "#fault-error", "pth")
        assert.strictEqual(await create(url, ["Desk"]), 201)
      },
      /status of 400/
    ).pipe(served())
  )

  it.live("sets a plan", () =>
    unlocked(light!, async (page, url) => {
      await page.getByText("The plan as JSON").click()
      const plan = page.locator("#json")
      await plan.fill(
        '{"rules":[{"name":"tea","fault":{"place":"beforeCommit","reply":{"kind":"status","status":418}}}]}'
      )
      await page.getByRole("button", { name: "Set this plan" }).click()
      await text(page, "#rules", "tea")
      assert.strictEqual(await create(url, ["Desk"]), 418)
    }).pipe(served())
  )

  it.live("takes a scope away, which HubSpot then asks for", () =>
    unlocked(light!, async (page, url) => {
      for (const scope of ["crm.objects.line_items.write", "e-commerce"]) {
        const done = page.waitForResponse((response) => response.url().endsWith("/_emulator/scopes"))
        await page.getByLabel(scope).uncheck()
        await done
      }
      assert.strictEqual(await create(url, ["Desk"]), 403)
      await text(page, "#requests .status.bad", "403")
    }).pipe(served())
  )

  it.live("shows hostile values as text", () =>
    unlocked(light!, async (page, url) => {
      const hostile = `<img src=x onerror="document.title='struck'"><script>document.title='struck'</script>`
      assert.strictEqual(await create(url, [hostile]), 201)
      await text(page, "#items", hostile)
      assert.strictEqual(await page.locator("#app img, #app script").count(), 0)
      assert.strictEqual(await page.title(), "HubSpot emulator")
    }).pipe(served())
  )
})
