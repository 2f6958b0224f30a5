/**
 * What the pages show of a terminal, as a person types it: the commands of a page one after the other, in one directory, and
 * what they print beside what the page says. `pnpm vitest docs/console -u` writes what they print into the pages.
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
import { node } from "../support/binary.ts"
import { bundled } from "../support/bundle.ts"
import * as Command from "../support/command.ts"
import { freePort } from "../support/freePort.ts"
import * as Postgres from "../support/postgres.ts"
import { blocksOf, pages, read, root } from "./pages.ts"

interface Step {
  readonly command: string
  readonly output: string
  /** Where its output begins in the page. */
  readonly at: number
}

/** The commands of a page, each with the lines below it. */
const stepsOf = (page: string): ReadonlyArray<Step> =>
  blocksOf(page)
    .filter(({ language }) => language === "console")
    .flatMap(({ at, text }) =>
      [...text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)].map((match) => ({
        command: match[1]!,
        output: match[2]!,
        at: at + match.index + "$ ".length + match[1]!.length + 1
      }))
    )

/** What differs from run to run, by its form. */
const changing: ReadonlyArray<readonly [RegExp, string]> = [
  [/127\.0\.0\.1:\d+/g, "<address>"],
  [/\b[0-9a-f]{64}\b/g, "<admin key>"],
  [/\b\d{8,12}\b/g, "<id>"],
  [/\bin (?:\d+ min )?[\d.]+ m?s,/g, "in <time>,"],
  [/"elapsedMs":\d+/g, '"elapsedMs":<time>'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<instant>"],
  [/\bpid \d+ on \S+/g, "<process>"],
  [/^(ok {7}Node +)\d+\.\d+\.\d+$/gm, "$1<version>"],
  [/\d+ of 1000000 left/g, "<n> of 1000000 left"]
]

const told = (text: string): string =>
  changing
    .reduce((text, [pattern, by]) => text.replace(pattern, by), text)
    // How far it is, more often on a machine that is busy.
    .replace(/^\S+: (?:(?:pending|running) · )?\d+ of \d+ rows · .*\n/gm, "")

/** For machines without it: a request as curl sends it, of the flags that the pages have. */
const curl = `import { readFileSync, writeFileSync } from "node:fs"
const { parseArgs } = await import("node:util")
const { positionals: [url], values } = parseArgs({
  allowPositionals: true,
  options: { data: { type: "string", short: "d" }, header: { type: "string", short: "H", multiple: true },
    output: { type: "string", short: "o" }, request: { type: "string", short: "X" },
    silent: { type: "boolean", short: "s" } }
})
const headers = Object.fromEntries((values.header ?? []).map((text) => text.split(": ")))
const { data, request: method = data === undefined ? "GET" : "POST" } = values
const body = data?.startsWith("@") ? readFileSync(data.slice(1)) : data
const text = await (await fetch(url, { method, headers, body })).text()
if (values.output === undefined) process.stdout.write(text)
else writeFileSync(values.output, text)
`

/** The words of a command line that a shell would make no more of: quotes and variables, nothing else. */
const wordsOf = (
  line: string,
  environment: Readonly<Record<string, string>>
): ReadonlyArray<string> | undefined => {
  const value = (text: string) => text.replace(/\$(\w+)/g, (_, name: string) => environment[name] ?? "")
  const words: Array<string> = []
  let rest = line
  while (rest !== "") {
    const found = /^(?:"[^"`\\]*"|'[^']*'|[^\s"'`\\|&;<>()*?#]+)+(?: +|$)/.exec(rest)?.[0]
    if (found === undefined) return undefined
    rest = rest.slice(found.length)
    words.push(
      [...found.trimEnd().matchAll(/"([^"]*)"|'([^']*)'|([^"']+)/g)]
        .map(([, double, single, bare]) => single ?? value(double ?? bare!))
        .join("")
    )
  }
  return words
}

/** Commands that run until they are stopped. */
const isService = (words: ReadonlyArray<string>) => words[1] === "serve" || words[1] === "worker"

/** A place to type commands in. */
const terminal = async () => {
  const place = mkdtempSync(join(tmpdir(), "line-items-page-"))
  const bin = join(place, "bin")
  mkdirSync(bin)
  const program = (name: string, file: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec "${node}" "${file}" "$@"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  if (spawnSync("curl", ["--version"]).status !== 0) {
    writeFileSync(join(bin, "curl.mjs"), curl)
    program("curl", join(bin, "curl.mjs"))
  }
  for (const name of ["shopify-orders.csv", "shopify-orders.json"])
    copyFileSync(join(root, "docs/examples", name), join(place, name))
  const environment: Record<string, string> = {
    PATH: `${bin}:${process.env["PATH"]}`,
    XDG_STATE_HOME: join(place, "state")
  }
  const services: Array<Command.Started> = []
  /** What the pages say, and what it is here. */
  const here = new Map<string, string>()
  let served = ""

  const shell = async (command: string): Promise<string> => {
    if (command.includes("line-items ")) program("line-items", (await bundled())("line-items"))
    return new Promise((resolve) => {
      let text = ""
      const child = spawn("sh", ["-c", `exec 2>&1; ${command}`], { cwd: place, env: environment })
      child.stdout.on("data", (part) => (text += part))
      child.on("close", () => resolve(text))
    })
  }

  const replaced = (command: string) =>
    [...here].reduce((text, [said, is]) => text.replaceAll(said, is), command)
  const restored = (text: string) => [...here].reduce((text, [said, is]) => text.replaceAll(is, said), text)

  const type = async ({ command, output }: Step): Promise<string> => {
    if (command.includes("postgres://") && here.size < 3) {
      const { name, port } = await Effect.runPromise(Postgres.emptyDatabase)
      const said = /postgres:\/\/\S+/.exec(command)![0]
      here.set(said, `postgres://postgres:${Postgres.password}@127.0.0.1:${port}/${name}`)
      here.set("34431", String(await Effect.runPromise(freePort)))
    }
    const line = replaced(command)
    const exported = /^export (.+)$/.exec(line)?.[1]
    if (exported !== undefined) {
      for (const word of exported.split(" "))
        environment[word.split("=")[0]!] = word.slice(word.indexOf("=") + 1)
      return ""
    }
    const words = wordsOf(line, environment)
    if (words?.[0] !== "line-items") return shell(line)
    const args = words.slice(1)
    if (!isService(words)) {
      const started = Command.start({ args, cwd: place, env: environment })
      started.end()
      await started.finished
      return started.said()
    }
    const port = /--port (\d+)/.exec(command)?.[1]
    const service = Command.start({
      args: words[1] === "serve" ? args.map((word) => (word === port ? "0" : word)) : args,
      cwd: place,
      env: environment
    })
    services.push(service)
    // Its last line, up to what differs.
    const [last = ""] = told(/([^\n]*)\n$/.exec(output)?.[1] ?? "").split("<")
    await service.seen("stdout", last === "" ? "\n" : last)
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(service.said())?.[0]
    if (url !== undefined) {
      here.set(`http://127.0.0.1:${port}`, url)
      served = service.said()
    }
    // A page may leave out what a service prints.
    return output === "" ? "" : service.said()
  }

  return {
    /** What it prints, with the names of the page. */
    type: async (step: Step) => restored(await type(step)),
    place,
    /** What HubSpot was told to create, whatever became of it afterwards. */
    ledger: () =>
      HttpClientRequest.get(`${/http:\/\/127\.0\.0\.1:\d+/.exec(served)![0]}/_emulator/ledger`).pipe(
        HttpClientRequest.bearerToken(/\b[0-9a-f]{64}\b/.exec(served)![0]),
        HttpClient.execute,
        Effect.flatMap(HttpClientResponse.schemaBodyJson(Ledger.Snapshot)),
        Effect.provide(FetchHttpClient.layer),
        Effect.runPromise
      ),
    close: async () => {
      for (const service of services.toReversed()) {
        service.kill("SIGTERM")
        await service.finished
      }
      rmSync(place, { recursive: true, force: true })
    }
  }
}

type Terminal = Awaited<ReturnType<typeof terminal>>

/** The page with what its commands print here, where that is not what it says. */
const typed = async (text: string, { type }: Terminal): Promise<string> => {
  let made = ""
  let from = 0
  for (const step of stepsOf(text)) {
    const { at, output } = step
    const printed = await type(step)
    made += text.slice(from, at) + (told(printed) === told(output) ? output : printed)
    from = at + output.length
  }
  return made + text.slice(from)
}

/** What is true in the end, beyond what is printed. */
const afterwards: Readonly<Record<string, (terminal: Terminal) => Promise<void>>> = {
  "docs/import.md": async ({ ledger, place }) => {
    const { created } = await ledger()
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
  }
}

const withSteps = pages.filter((page) => stepsOf(read(page)).length > 0)

describe.concurrent("what the pages show of a terminal", () => {
  it("is there", () => {
    assert.includeMembers([...withSteps], ["README.md", "docs/import.md"])
    for (const page of Object.keys(afterwards)) assert.include(withSteps, page)
  })

  for (const page of withSteps) {
    it(`${page} is what comes out when it is typed`, async ({ expect }) => {
      const here = await terminal()
      try {
        await expect(await typed(read(page), here)).toMatchFileSnapshot(join(root, page))
        await afterwards[page]?.(here)
      } finally {
        await here.close()
      }
    })
  }

  it("has the command for the rejects as the import prints it", () => {
    const page = read("docs/import.md")
    const printed = /import it again with: (.+)$/m.exec(page)?.[1]
    assert.isTrue(stepsOf(page).some(({ command }) => command === printed))
  })
})

describe("shell blocks that are not typed here", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> }

  it("name scripts and packages of this repository, which have checks of their own", () => {
    for (const page of pages) {
      for (const { language, text } of blocksOf(read(page))) {
        if (!["sh", "bash", "shell"].includes(language)) continue
        for (const line of text.trim().split("\n")) {
          const [command = ""] = line.split(" #")
          const script = /^(?:npx -y pnpm@12|pnpm) ([\w:]+)/.exec(command)?.[1]
          const isInstall =
            /^npm install(?: --global)?(?: (?:effect|redis|@effect\/[\w-]+|@effect-hubspot\/\w+))+ *$/.test(
              command
            )
          assert.isTrue(isInstall || Object.hasOwn(scripts, script ?? ""), `${page}: ${line}`)
        }
      }
    }
  })
})
