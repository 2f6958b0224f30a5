/**
 * Somebody between the command and HubSpot prints what it got into its answers. The access token is in nothing that the
 * command writes: not on its streams, not in its files, not in its database.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { createServer, type Server as HttpServer } from "node:http"
import { type AddressInfo, createServer as createSocketServer } from "node:net"
import { join } from "node:path"
import * as Canary from "../../support/canary.ts"
import { type Directory, directory, endAll, type Finished, run } from "./run.ts"

const { canary } = Canary

interface Input {
  readonly objectWriteTraceId: string
  readonly properties: Record<string, string>
}

interface Reply {
  readonly status: number
  readonly body: string
  readonly headers?: Record<string, string>
}

const json = (status: number, body: unknown): Reply => ({ status, body: JSON.stringify(body) })
const refusal = (status: number, fields: Record<string, unknown>): Reply =>
  json(status, {
    status: "error",
    message: "no",
    category: "VALIDATION_ERROR",
    correlationId: "c",
    ...fields
  })
const inHeader = (text: string): string => text.replace(/\s+/g, " ").replace(/[^\u0020-\u00ff]/g, "")

/** As HubSpot answers, but for what it says beside. */
const created = (input: Input, id: string, echo: string): Reply =>
  json(201, {
    status: "COMPLETE",
    results: [
      {
        id,
        objectWriteTraceId: input.objectWriteTraceId,
        properties: { ...input.properties, hs_sku: echo },
        url: echo
      }
    ]
  })

type Kind = (echo: string, input: Input) => Reply

/** Each is followed by an answer without fault: after too many without any, nothing would be sent. */
const kinds: ReadonlyArray<readonly [name: string, reply: Kind]> = [
  [
    "a page",
    (echo) => ({ status: 200, body: `<html>${echo}</html>`, headers: { "content-type": "text/html" } })
  ],
  [
    "a content type",
    (echo) => ({ status: 200, body: "x", headers: { "content-type": `text/${inHeader(echo)}` } })
  ],
  [
    "a page that refuses",
    (echo) => ({ status: 400, body: `<html>${echo}</html>`, headers: { "content-type": "text/html" } })
  ],
  ["a message", (echo) => refusal(400, { message: echo })],
  [
    "a detail",
    (echo) => refusal(400, { errors: [{ message: echo, code: echo, context: { propertyName: [echo] } }] })
  ],
  [
    "problems in the message",
    (echo) =>
      refusal(400, {
        message: `Property values were not valid: ${JSON.stringify([{ message: echo, error: echo, name: echo }])}`
      })
  ],
  ["a conflict", (echo) => refusal(409, { message: echo, correlationId: echo })],
  [
    "a correlation id",
    (echo) => ({ status: 500, body: "", headers: { "x-hubspot-correlation-id": inHeader(echo) } })
  ],
  ["a size", (echo) => refusal(413, { message: echo })],
  [
    "an error of the row",
    (echo, { objectWriteTraceId }) =>
      json(207, {
        status: "COMPLETE",
        results: [],
        errors: [
          {
            message: echo,
            category: echo,
            subCategory: echo,
            context: { objectWriteTraceId: [objectWriteTraceId] }
          }
        ]
      })
  ],
  [
    "an error of no row",
    (echo) =>
      json(207, {
        status: "COMPLETE",
        results: [],
        errors: [{ message: echo, category: echo, context: { ids: [echo] } }]
      })
  ],
  ["an id", (echo, input) => created(input, echo, echo)],
  ["an id that is the token", (_, input) => created(input, canary.slice(8, 70), "")],
  ["a trace id", (echo, input) => created({ ...input, objectWriteTraceId: echo }, "77", echo)],
  [
    "JSON that is cut",
    (echo, input) => ({ status: 201, body: created(input, "78", echo).body.slice(0, -9) })
  ],
  [
    "a redirect, which ends the job",
    (echo) => ({
      status: 302,
      body: "",
      headers: { location: `https://${inHeader(echo).replaceAll(" ", "")}/` }
    })
  ]
]

let files: Directory
let server: HttpServer
let url: string
/** The answers that were given, by their kind. */
let given: Array<string>
/** With which form the first answer begins. */
let firstForm = 0

const forms = Canary.forms(canary)

const answer = (path: string, text: string): Reply => {
  if (path.endsWith("/batch/create")) {
    const [input] = (JSON.parse(text) as { inputs: ReadonlyArray<Input> }).inputs
    const turn = given.length
    if (turn % 2 === 0) {
      given.push("created")
      return created(input!, String(1000 + turn), forms[(firstForm + turn) % forms.length]![1])
    }
    const [name, reply] = kinds[(turn - 1) / 2]!
    given.push(name)
    return reply(forms[(firstForm + turn) % forms.length]![1], input!)
  }
  if (path.startsWith("/account-info/")) {
    return json(200, { portalId: 62515, timeZone: "UTC", companyCurrency: "EUR", uiDomain: canary })
  }
  if (path.includes("/properties/")) {
    return json(200, { results: [{ name: "name", label: canary, type: "string", description: canary }] })
  }
  if (path.endsWith("/batch/read")) {
    return json(200, {
      status: "COMPLETE",
      results: [{ id: canary, createdAt: new Date().toISOString(), properties: { name: "Seat 1" } }]
    })
  }
  // What a parent holds.
  if (path.includes("/associations/")) return json(200, { results: [{ toObjectId: canary }] })
  return refusal(404, { message: canary })
}

beforeAll(async () => {
  files = directory()
  files.write("rows.csv", `name,deal_id\n${Array.from({ length: 40 }, (_, n) => `Seat ${n},501\n`).join("")}`)
  server = createServer((request, response) => {
    let text = ""
    request.setEncoding("utf8").on("data", (part: string) => (text += part))
    request.on("end", () => {
      const { body, headers, status } = answer(request.url ?? "", text)
      response
        .writeHead(status, { "content-type": "application/json", "x-echo": canary, ...headers })
        .end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  endAll()
  server.closeAllConnections()
  server.close()
  files.remove()
})

const command = (...args: ReadonlyArray<string>) =>
  run([...args, "--base-url", url], { cwd: files.path, token: canary })

/** What holds something of the token. */
const leaky = (written: ReadonlyArray<readonly [what: string, text: string]>) =>
  written.flatMap(([what, text]) => (Canary.leaks(text, canary).length > 0 ? [what] : []))

const streamsOf = (ends: Readonly<Record<string, Finished>>) =>
  Object.entries(ends).flatMap(([name, { stderr, stdout }]) => [
    [`standard output of ${name}`, stdout] as const,
    [`standard error of ${name}`, stderr] as const
  ])

const filesOf = (...names: ReadonlyArray<string>) => names.map((name) => [name, files.read(name)] as const)

const importing = ["import", "rows.csv", "--batch-size", "1", "--concurrency", "1", "--limit", "250"]

const importedAll = () =>
  assert.deepStrictEqual([...new Set(given)].sort(), ["created", ...kinds.map(([name]) => name)].sort())

describe("a token that is handed back", () => {
  it("is in nothing that an import writes", async () => {
    given = []
    firstForm = 0
    const end = await command(...importing, "--rejects", "rejects.csv", "--doubts", "doubts.csv")
    importedAll()
    const written = filesOf("rejects.csv", "doubts.csv")
    assert.deepStrictEqual(leaky([...streamsOf({ import: end }), ...written]), [])
    for (const [name, text] of [["standard error", end.stderr] as const, ...written]) {
      assert.include(text, "<redacted>", name)
    }
  })

  it("is in nothing that a durable import and the commands after it write", async () => {
    given = []
    firstForm = 17
    const kept = ["--state-dir", "state"]
    const debug = ["--log-level", "debug"]
    const doubts = ["--rejects", "r.csv", "--doubts", "d.csv"]
    const ends = {
      import: await command(...importing, "--job", "echo", "--json", ...doubts, ...debug, ...kept),
      status: await run(["status", "echo", "--json", ...kept], { cwd: files.path, token: canary }),
      resolve: await command("resolve", "echo", "--json", ...debug, ...kept)
    }
    importedAll()
    // A record whose id is the token is nobody's.
    const { created } = JSON.parse(ends.import.stdout) as { readonly created: number }
    assert.strictEqual(created, given.filter((name) => name === "created").length)
    assert.notInclude(ends.resolve.stdout, "created")
    const database = readdirSync(files.at("state")).map(
      (name) => [name, readFileSync(join(files.at("state"), name), "latin1")] as const
    )
    assert.deepStrictEqual(leaky([...streamsOf(ends), ...filesOf("r.csv", "d.csv"), ...database]), [])
    assert.isTrue(database.some(([, bytes]) => bytes.includes("<redacted>")))
  })
})

describe("a secret in a place where it does not belong", () => {
  it("is not printed", async () => {
    files.write("token.csv", `name,price\nChair,${canary}\n`)
    const options = { cwd: files.path, token: canary }
    const ends = {
      "one argument too many": await run(["import", "rows.csv", canary], options),
      "a value": await run(["import", "rows.csv", "--job", canary], options),
      "a cell": await run(["import", "token.csv", "--emulator"], options)
    }
    assert.deepStrictEqual(leaky(streamsOf(ends)), [])
    for (const [name, { stderr }] of Object.entries(ends)) assert.include(stderr, "<redacted>", name)
  })

  it("is not printed when it is a password that a database hands back", async () => {
    const password = canary.slice(8)
    const message = (type: string, ...body: ReadonlyArray<number>) =>
      Buffer.from([type.charCodeAt(0), 0, 0, (body.length + 4) >> 8, (body.length + 4) & 255, ...body])
    // It asks for the password as it is, and refuses it in words that end in the middle of it.
    const database = createSocketServer((socket) => {
      socket
        .on("error", () => undefined)
        .on("data", (data) => {
          if (data[0] === 0x70) {
            const words = `${"no ".repeat(60)}${data.subarray(5, -1).toString()}`
            socket.end(message("E", ...Buffer.from(`SFATAL\0VFATAL\0C28P01\0M${words}\0\0`)))
          } else if (data.readInt32BE(4) === 80_877_103) socket.write("N")
          else socket.write(message("R", 0, 0, 0, 3))
        })
    })
    await new Promise<void>((resolve) => database.listen(0, "127.0.0.1", resolve))
    const { port } = database.address() as AddressInfo
    const end = await run(["jobs", "--log-level", "debug"], {
      cwd: files.path,
      databaseUrl: `postgres://user:${password}@127.0.0.1:${port}/jobs`
    })
    database.close()
    assert.strictEqual(end.code, 74)
    assert.match(end.stderr, /no no no .*<redacted>/)
    assert.deepStrictEqual(Canary.leaks(end.stdout + end.stderr, password), [])
  })
})
