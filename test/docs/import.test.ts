/**
 * docs/import.md as a person types it: every command in a shell, in one directory, and what it prints beside what the page says.
 */
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { spawn, spawnSync } from "node:child_process"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { node, root } from "../support/binary.ts"
import { bundled } from "../support/bundle.ts"

const page = readFileSync(join(root, "docs/import.md"), "utf8")

interface Step {
  readonly command: string
  readonly output: string
}

/** The commands of the page, each with the lines below it. */
const steps: ReadonlyArray<Step> = [...page.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
  block!
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const end = text.indexOf("\n")
      return { command: text.slice(0, end), output: text.slice(end + 1) }
    })
)

/** What differs from run to run, by its form. */
const changing: ReadonlyArray<readonly [RegExp, string]> = [
  [/http:\/\/127\.0\.0\.1:\d+/g, "<url>"],
  [/\b[0-9a-f]{64}\b/g, "<admin key>"],
  [/\b\d{8,12}\b/g, "<id>"],
  [/\bin (?:\d+ min )?[\d.]+ m?s,/g, "in <time>,"],
  [/^(ok {7}Node +)\d+\.\d+\.\d+$/gm, "$1<version>"],
  [/\d+ of 1000000 left/g, "<n> of 1000000 left"]
]

const told = (text: string): string =>
  changing
    .reduce((text, [pattern, by]) => text.replace(pattern, by), text)
    // A machine that is busy shows how far it is.
    .replace(/^\S+: \d+ of \d+ rows · .*\n/gm, "")

/** For machines without it: a request as curl sends it, of the flags that the page has. */
const curl = `import { readFileSync, writeFileSync } from "node:fs"
const { parseArgs } = await import("node:util")
const { positionals: [url], values } = parseArgs({
  allowPositionals: true,
  options: { data: { type: "string", short: "d" }, header: { type: "string", short: "H", multiple: true },
    output: { type: "string", short: "o" }, silent: { type: "boolean", short: "s" } }
})
const headers = Object.fromEntries(values.header.map((text) => text.split(": ")))
const reply = await fetch(url, { method: "POST", headers, body: readFileSync(values.data.slice(1)) })
writeFileSync(values.output, await reply.text())
`

/** What HubSpot was told to create, whatever became of it afterwards. */
const ledger = (url: string, adminKey: string) =>
  HttpClientRequest.get(`${url}/_emulator/ledger`).pipe(
    HttpClientRequest.bearerToken(adminKey),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Ledger.Snapshot)),
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )

describe("docs/import.md", () => {
  it("has at most 1,200 words", () => {
    assert.isAtMost(page.split(/\s+/).length, 1200)
  })

  it("is what comes out when it is typed", async () => {
    const place = mkdtempSync(join(tmpdir(), "line-items-page-"))
    const bin = join(place, "bin")
    mkdirSync(bin)
    const program = (name: string, script: string, file: string) => {
      writeFileSync(join(bin, name), `#!/bin/sh\nexec "${node}" "${file}" "$@"\n`)
      if (script !== "") writeFileSync(file, script)
      chmodSync(join(bin, name), 0o755)
    }
    program("line-items", "", (await bundled())("line-items"))
    if (spawnSync("curl", ["--version"]).status !== 0) program("curl", curl, join(bin, "curl.mjs"))
    for (const name of ["shopify-orders.csv", "shopify-orders.json"])
      copyFileSync(join(root, "docs/examples", name), join(place, name))
    const environment: Record<string, string> = {
      PATH: `${bin}:${process.env["PATH"]}`,
      XDG_STATE_HOME: join(place, "state")
    }
    const shell = (command: string) =>
      spawn("sh", ["-c", `exec 2>&1; ${command}`], { cwd: place, env: environment })
    const run = (command: string): Promise<string> =>
      new Promise((resolve) => {
        let text = ""
        const child = shell(command)
        child.stdout.on("data", (part) => (text += part))
        child.on("close", () => resolve(text))
      })

    const [serve, ...others] = steps
    assert.match(serve!.command, /^line-items serve --port 4010 /)
    const server = shell(`exec ${serve!.command.replace("4010", "0")}`)
    try {
      const output = await new Promise<string>((resolve) => {
        let text = ""
        server.stdout.on("data", (part) => {
          text += part
          if (text.endsWith("/docs\n")) resolve(text)
        })
        server.on("close", () => resolve(text))
      })
      assert.strictEqual(told(output), told(serve!.output))
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)![0]
      for (const { command, output } of others) {
        const here = command.replaceAll("http://127.0.0.1:4010", url)
        const exported = /^export (.+)$/.exec(here)?.[1]
        if (exported !== undefined) {
          for (const word of exported.split(" "))
            environment[word.split("=")[0]!] = word.slice(word.indexOf("=") + 1)
          continue
        }
        assert.strictEqual(told(await run(here)), told(output), command)
      }
      const { created } = await ledger(url, /\b[0-9a-f]{64}\b/.exec(output)![0])
      const orders = readFileSync(join(place, "orders.json"), "utf8")
      const nameOf = (id = "") =>
        new RegExp(`"id":"${id}","properties":\\{"hs_order_name":"(#\\d+)"`).exec(orders)?.[1]
      assert.deepStrictEqual(
        created
          .map(({ associations, properties: { hs_sku, name, price, quantity } }) =>
            [nameOf(associations[0]?.to.id), name, quantity, price, hs_sku ?? ""].join(" | ")
          )
          .sort(),
        [
          "#1001 | Gift wrap | 1 | 4.50 | ",
          "#1001 | Linen cushion, 40 × 40 cm | 1 | 24.90 | LC-40",
          "#1001 | Oak chair - Natural | 2 | 149.00 | OC-01",
          '#1002 | Desk lamp "Lumen" | 4 | 59.00 | DL-7',
          "#1002 | Oak chair - Natural | 1 | 149.00 | OC-01",
          "#1003 | Shelf, 5 boards | 1 | 89.90 | SH-5",
          "#1003 | Wall hook | 6 | 3.20 | WH-1",
          "#1004 | Linen cushion, 40 × 40 cm | 2 | 24.90 | LC-40",
          "#1004 | Linen cushion, 40 × 40 cm | 2 | 24.90 | LC-40"
        ]
      )
    } finally {
      server.kill("SIGTERM")
      rmSync(place, { recursive: true, force: true })
    }
  })

  it("takes the command for the rejects from what the import prints", () => {
    const printed = /import it again with: (.+)$/m.exec(page)?.[1]
    assert.isTrue(steps.some(({ command }) => command === printed))
  })
})
