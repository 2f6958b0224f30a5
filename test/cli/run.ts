/**
 * The command as a process of its own. Whatever is run, its output never holds the token, a stack trace
 * or an escape sequence.
 */
import { assert } from "@effect/vitest"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Schema from "effect/Schema"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../../", import.meta.url))
export const sample = join(root, "docs/examples/line-items.csv")

// The tests may themselves run on an older Node that cannot read the sources.
const node = join(root, "node_modules/.bin/node")
const bin = join(root, "packages/batch/src/bin.ts")

/** A good token that is found nowhere but in the environment of the command. */
export const canary = "pat-eu1-CANARY-7d1f09"

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  /** Written to the standard input, which is empty otherwise. */
  readonly stdin?: string | Uint8Array | undefined
  readonly cwd?: string | undefined
  /** `undefined` is an environment without a token. */
  readonly token?: string | undefined
  /** The program, if it is another than `line-items`. */
  readonly script?: string | undefined
  readonly nodeOptions?: string | undefined
  readonly uid?: number | undefined
  /** `LINE_ITEMS_DATABASE_URL` of the environment. */
  readonly databaseUrl?: string | undefined
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

export interface Started {
  readonly child: Child
  readonly finished: Promise<Finished>
  /** Resolves as soon as the standard output or error holds the text. */
  readonly seen: (stream: "stdout" | "stderr", text: string) => Promise<void>
}

const running = new Set<Child>()

/** Ends what a failed test has left behind. */
export const endAll = (): void => {
  for (const child of running) child.kill("SIGKILL")
}

export const start = (args: ReadonlyArray<string>, options: Options = {}): Started => {
  const child = spawn(node, [options.script ?? bin, ...args], {
    cwd: options.cwd ?? root,
    env: {
      // Half of a short run would be the compiling of the same modules.
      NODE_COMPILE_CACHE: join(root, "node_modules/.cache/test-cli"),
      ...(options.nodeOptions !== undefined && { NODE_OPTIONS: options.nodeOptions }),
      ...(options.databaseUrl !== undefined && { LINE_ITEMS_DATABASE_URL: options.databaseUrl }),
      ...(options.token !== undefined && { HUBSPOT_ACCESS_TOKEN: options.token })
    },
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.uid !== undefined && { uid: options.uid })
  })
  running.add(child)
  child.on("close", () => running.delete(child))
  const text = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text.stdout += part))
  child.stderr.setEncoding("utf8").on("data", (part: string) => (text.stderr += part))
  // It may end before it has read its input.
  child.stdin.on("error", () => undefined)
  if (options.stdin !== undefined) child.stdin.write(options.stdin)
  if (options.stdin !== undefined || args[1] !== "-") child.stdin.end()
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code, signal) => resolve({ code, signal, ...text }))
  })
  const checked = finished.then((finished) => {
    assertClean(finished, options.token)
    return finished
  })
  return {
    child,
    finished: checked,
    seen: (stream, wanted) =>
      new Promise((resolve, reject) => {
        const look = () => text[stream].includes(wanted) && resolve()
        child[stream].on("data", look)
        child.on("close", () => reject(new Error(`ended without ${JSON.stringify(wanted)}: ${text.stderr}`)))
        look()
      })
  }
}

export const run = (args: ReadonlyArray<string>, options: Options = {}): Promise<Finished> =>
  start(args, options).finished

const assertClean = ({ stderr, stdout }: Finished, token: string | undefined): void => {
  for (const text of [stdout, stderr]) {
    assert.notInclude(text, "CANARY")
    assert.notInclude(text, "\u001b")
    assert.notMatch(text, /^\s+at .+[:(]|Error:|node_modules|this is a bug/m)
    if (token !== undefined && token.length > 3) assert.notInclude(text, token)
  }
}

/** The one JSON value that is all of the standard output. */
export const jsonOf = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  { stdout }: Pick<Finished, "stdout">
): S["Type"] => {
  assert.match(stdout, /^\{.*\}\n$/, "one line on the standard output")
  return Schema.decodeUnknownSync(schema, { onExcessProperty: "error" })(JSON.parse(stdout))
}

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const counts = {
  inputs: Count,
  created: Count,
  rejected: Count,
  invalid: Count,
  notSent: Count,
  inDoubt: Count
}

/** What `import --json` prints, and nothing else. */
export const Summary = Schema.Struct({
  status: Schema.Literals(["PENDING", "PROCESSING", "CANCELED", "COMPLETE"]),
  ...counts,
  requests: Count,
  elapsedMs: Schema.Finite,
  possibleDuplicates: Schema.optionalKey(Count),
  suspended: Schema.optionalKey(
    Schema.Struct({ reason: Schema.String, resumeAt: Schema.NullOr(Schema.String) })
  )
})

/** The summary; its counts add up. */
export const summaryOf = (finished: Finished): typeof Summary.Type => {
  const summary = jsonOf(Summary, finished)
  const { created, inDoubt, inputs, invalid, notSent, rejected } = summary
  assert.strictEqual(created + rejected + invalid + notSent + inDoubt, inputs)
  return summary
}

/** The counts alone, with the status. */
export const countsOf = (finished: Finished) => {
  const { elapsedMs: _, requests: __, ...rest } = summaryOf(finished)
  return rest
}

export const counted = (
  some: Partial<Record<keyof typeof counts, number>>,
  status: "COMPLETE" | "CANCELED" | "PROCESSING" = "COMPLETE"
) => ({ status, inputs: 0, created: 0, rejected: 0, invalid: 0, notSent: 0, inDoubt: 0, ...some })

const Served = Schema.Struct({ url: Schema.String, adminKey: Schema.String })

export interface Server extends Started {
  readonly url: string
  readonly ledger: () => Promise<Ledger.Snapshot>
  readonly fail: (plan: Faults.Plan) => Promise<void>
  /** Ends it as a terminal or a supervisor does. */
  readonly stop: (signal?: "SIGINT" | "SIGTERM") => Promise<Finished>
}

const ledgerOf = (url: string, adminKey: string) =>
  HttpClientRequest.get(`${url}/_emulator/ledger`).pipe(
    HttpClientRequest.bearerToken(adminKey),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.schemaBodyJson(Ledger.Snapshot, { onExcessProperty: "error" })),
    Effect.provide(FetchHttpClient.layer)
  )

const failBy = (url: string, adminKey: string, plan: Faults.Plan) =>
  HttpClientRequest.put(`${url}/_emulator/faults`).pipe(
    HttpClientRequest.bearerToken(adminKey),
    HttpClientRequest.bodyJsonUnsafe(plan),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.asVoid,
    Effect.provide(FetchHttpClient.layer)
  )

/** `line-items serve --json`, as soon as it serves. */
export const serve = async (...args: ReadonlyArray<string>): Promise<Server> => {
  const started = start(["serve", "--json", ...args], { token: canary })
  let stdout = ""
  started.child.stdout.on("data", (part: string) => (stdout += part))
  await started.seen("stdout", "\n")
  const { adminKey, url } = jsonOf(Served, { stdout })
  return {
    ...started,
    url,
    ledger: () => Effect.runPromise(ledgerOf(url, adminKey)),
    fail: (plan) => Effect.runPromise(failBy(url, adminKey, plan)),
    stop: (signal = "SIGTERM") => {
      started.child.kill(signal)
      return started.finished
    }
  }
}

export interface Directory {
  readonly path: string
  readonly at: (name: string) => string
  readonly write: (name: string, content: string | Uint8Array) => string
  readonly read: (name: string) => string
  readonly exists: (name: string) => boolean
  readonly remove: () => void
}

/** An empty directory of a test. */
export const directory = (): Directory => {
  const path = mkdtempSync(join(tmpdir(), "line-items-"))
  const at = (name: string) => join(path, name)
  return {
    path,
    at,
    write: (name, content) => {
      writeFileSync(at(name), content)
      return name
    },
    read: (name) => readFileSync(at(name), "utf8"),
    exists: (name) => existsSync(at(name)),
    remove: () => rmSync(path, { recursive: true, force: true })
  }
}
