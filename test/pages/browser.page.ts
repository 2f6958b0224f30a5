import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import { serve } from "../support/server.ts"
import { looks, open, picture, readable, tabTo } from "./browser.ts"

const [narrow] = looks

const document = (body: string) =>
  `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>A page</title><main><h1>A page</h1>${body}</main></html>`

/** What opening a page with this body, and using it, is refused for. */
const refusal = (body: string, use: (page: Page) => Promise<void>) =>
  Effect.gen(function* () {
    const { url } = yield* serve((_, response) =>
      response.setHeader("content-type", "text/html").end(document(body))
    )
    return yield* Effect.promise(() =>
      open(url, narrow!, use).then(
        () => "",
        (error: unknown) => String(error) + JSON.stringify(Object(error).actual ?? "")
      )
    )
  })

describe("what every page is held to", () => {
  it.live("a good page passes", () =>
    Effect.gen(function* () {
      const said = yield* refusal("<button>Press</button>", async (page) => {
        await readable(page)
        await tabTo(page, "button")
        await picture(page, "browser", narrow!)
      })
      assert.strictEqual(said, "")
    })
  )

  const wrong: ReadonlyArray<readonly [what: string, body: string, said: string]> = [
    ["an error on the console", "<script>console.error('sour milk')</script>", "sour milk"],
    ["an error of a script", "<script>throw new Error('sour milk')</script>", "sour milk"],
    [
      "a request to elsewhere",
      "<img alt='' src='http://127.0.0.1:1/pixel'>",
      "asked for http://127.0.0.1:1/pixel"
    ],
    ["what axe objects to", "<p style='color:#ddd'>faint</p>", "color-contrast"],
    ["a body wider than the window", "<div style='width:500px'>wide</div>", "beyond the window"],
    ["what the keyboard does not reach", "<button tabindex='-1'>Press</button>", "cannot be reached by Tab"]
  ]
  for (const [what, body, expected] of wrong) {
    it.live(`refuses ${what}`, () =>
      Effect.gen(function* () {
        const said = yield* refusal(body, async (page) => {
          await readable(page)
          if (body.includes("<button")) await tabTo(page, "button")
        })
        assert.include(said, expected)
      })
    )
  }
})
