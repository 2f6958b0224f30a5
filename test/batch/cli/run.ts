/**
 * The command as a person or a script runs it, in this process. Whatever is run, its output never holds the token, a stack
 * trace or an escape sequence.
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
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Binary from "../../support/binary.ts"
import { bundled } from "../../support/bundle.ts"
import * as Command from "../../support/command.ts"
import * as OutputSchema from "../../support/outputSchema.ts"

export { endAll } from "../../support/binary.ts"
export type { Finished, Started } from "../../support/command.ts"
type Finished = Command.Finished
type Started = Command.Started

export const root = Binary.root
export const sample = join(root, "docs/examples/line-items.csv")

/** A good token that is found nowhere but in the environment of the command. */
export const canary = "pat-eu1-CANARY-7d1f09"

export interface Options {
  /** Written to the standard input, which is empty otherwise. */
  readonly stdin?: string | Uint8Array | undefined
  readonly cwd?: string | undefined
  /** `undefined` is an environment without a token. */
  readonly token?: string | undefined
  /** What else is in the environment. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** `LINE_ITEMS_DATABASE_URL` of the environment. */
  readonly databaseUrl?: string | undefined
}

/** Begins the command; `import -` without `stdin` is for the caller to feed. */
export const start = (args: ReadonlyArray<string>, options: Options = {}): Started =>
  fed(Command.start({ args, cwd: options.cwd ?? root, env: envOf(options) }), args, options)

/** The same as a process of its own, for what only a process has. */
export const startProcess = async (
  args: ReadonlyArray<string>,
  options: Options & {
    readonly nodeOptions?: string | undefined
    readonly uid?: number | undefined
    /** Of a shell, around the command, which it is given as `"$@"`. */
    readonly shell?: string | undefined
  } = {}
): Promise<Started> => {
  const command = [Binary.node, (await bundled())("line-items"), ...args] as const
  return fed(
    Binary.start({
      command: options.shell === undefined ? command : ["sh", "-c", options.shell, "sh", ...command],
      cwd: options.cwd ?? root,
      env: {
        ...envOf(options),
        ...(options.nodeOptions !== undefined && { NODE_OPTIONS: options.nodeOptions })
      },
      uid: options.uid
    }),
    args,
    options
  )
}

const envOf = ({ databaseUrl, env, token }: Options) => ({
  ...env,
  ...(databaseUrl !== undefined && { LINE_ITEMS_DATABASE_URL: databaseUrl }),
  ...(token !== undefined && { HUBSPOT_ACCESS_TOKEN: token })
})

const fed = (started: Started, args: ReadonlyArray<string>, { stdin, token }: Options): Started => {
  if (stdin !== undefined) started.write(stdin)
  if (stdin !== undefined || args[1] !== "-") started.end()
  const finished = started.finished.then((finished) => {
    assertClean(finished, token)
    return finished
  })
  return { ...started, finished }
}

export const run = (args: ReadonlyArray<string>, options: Options = {}): Promise<Finished> =>
  start(args, options).finished

/** Looks until it is so. */
export const until = async <A>(look: () => Promise<A> | A, is: (found: A) => boolean): Promise<A> => {
  while (true) {
    const found = await look()
    if (is(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const runProcess = async (...given: Parameters<typeof startProcess>): Promise<Finished> =>
  (await startProcess(...given)).finished

const assertClean = ({ stderr, stdout }: Finished, token: string | undefined): void => {
  for (const text of [stdout, stderr]) {
    assert.notInclude(text, "CANARY")
    assert.notInclude(text, "\u001b")
    assert.notMatch(text, /^\s+at .+[:(]|Error:|node_modules|this is a bug/m)
    if (token !== undefined && token.length > 3) assert.notInclude(text, token)
  }
}

/** The one JSON value that is all of the standard output. */
const jsonOf = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  { stdout }: Pick<Finished, "stdout">
): S["Type"] => {
  assert.match(stdout, /^\{.*\}\n$/, "one line on the standard output")
  OutputSchema.check(stdout)
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
const Summary = Schema.Struct({
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
  /** Makes objects exist; from now on, others of this type do not. */
  readonly seed: (objectType: string, ...ids: ReadonlyArray<string>) => Promise<void>
  readonly grant: (...scopes: ReadonlyArray<string>) => Promise<void>
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

const put = (url: string, adminKey: string, name: string, body: unknown) =>
  change("PUT", url, adminKey, name, body)

const change = (method: "PUT" | "POST", url: string, adminKey: string, name: string, body: unknown) =>
  HttpClientRequest.make(method)(`${url}/_emulator/${name}`).pipe(
    HttpClientRequest.bearerToken(adminKey),
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.asVoid,
    Effect.provide(FetchHttpClient.layer)
  )

/** `line-items serve --json`, as soon as it serves. Searches find everything at once unless they are told otherwise. */
export const serve = async (...args: ReadonlyArray<string>): Promise<Server> => {
  const lag = args.includes("--search-lag") ? [] : ["--search-lag", "0s"]
  const started = start(["serve", "--json", ...lag, ...args], { token: canary })
  await started.seen("stdout", "\n")
  const { adminKey, url } = jsonOf(Served, { stdout: started.said() })
  return {
    ...started,
    url,
    ledger: () => Effect.runPromise(ledgerOf(url, adminKey)),
    fail: (plan) => Effect.runPromise(put(url, adminKey, "faults", plan)),
    seed: (objectType, ...ids) =>
      Effect.runPromise(change("POST", url, adminKey, "objects", { objectType, ids })),
    grant: (...scopes) => Effect.runPromise(put(url, adminKey, "scopes", { scopes })),
    stop: (signal = "SIGTERM") => {
      started.kill(signal)
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
