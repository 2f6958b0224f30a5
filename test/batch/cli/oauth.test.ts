import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import { Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs"
import { canary, counted, countsOf, type Directory, directory, endAll, run, summaryOf } from "./run.ts"

/** Secrets that no output may hold: see `assertClean`. */
const refreshToken = "na1-CANARY-refresh-5f2c7a10"
const clientSecret = "CANARY-client-secret-8e41"
const env = {
  HUBSPOT_CLIENT_ID: "0f5c1d2e-app",
  HUBSPOT_CLIENT_SECRET: clientSecret,
  HUBSPOT_REFRESH_TOKEN: refreshToken
}

const rows = (count: number) =>
  `name,price\n${Array.from({ length: count }, (_, n) => `Seat ${n},1\n`).join("")}`

interface World {
  readonly url: string
  readonly ledger: () => Promise<{ created: number; tokens: number; requests: number }>
}

/** An account with an OAuth app, on a port of this machine. */
const serve = async (
  oauth: { readonly expiresIn?: number; readonly rotates?: boolean } = {},
  options: Emulator.Options = {}
): Promise<World> => {
  const context = await Effect.runPromise(
    Layer.buildWithScope(
      EmulatorServer.layer({
        ...options,
        oauth: {
          clientId: env.HUBSPOT_CLIENT_ID,
          clientSecret: Redacted.make(clientSecret),
          refreshToken: Redacted.make(refreshToken),
          ...oauth
        }
      }),
      scope
    )
  )
  const { ledger } = Context.get(context, Emulator.Emulator)
  return {
    url: Context.get(context, EmulatorServer.EmulatorServer).url,
    ledger: () =>
      Effect.runPromise(
        Effect.map(ledger, ({ created, requests }) => ({
          created: created.length,
          requests: requests.length,
          tokens: requests.filter(({ path }) => path.startsWith("/oauth/")).length
        }))
      )
  }
}

const scope = Scope.makeUnsafe()
let files: Directory

beforeAll(() => {
  files = directory()
  files.write("rows.csv", rows(300))
  files.write("one.csv", rows(1))
})

afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  endAll()
  files.remove()
})

const importing = (world: World, file: string, ...args: ReadonlyArray<string>) =>
  run(["import", file, "--base-url", world.url, "--json", ...args], { cwd: files.path, env })

const keptIn = (name: string): string => JSON.parse(files.read(name)).refresh_token

describe("the command with OAuth", () => {
  it("refuses before the first request what it cannot do", async () => {
    const world = await serve()
    const args = ["import", "one.csv", "--base-url", world.url]
    const refusal = async (env: Readonly<Record<string, string>>, ...more: ReadonlyArray<string>) => {
      const { code, stderr, stdout } = await run([...args, ...more], { cwd: files.path, env })
      assert.deepStrictEqual([code, stdout], [5, ""])
      assert.match(stderr, /^line-items: .*\n$/)
      return stderr
    }
    assert.include(await refusal(env), "OAuth needs --token-file <file>")
    const { HUBSPOT_CLIENT_SECRET: _, ...secretless } = env
    assert.include(
      await refusal(secretless, "--token-file", "t.json"),
      "OAuth needs HUBSPOT_CLIENT_SECRET; set it"
    )
    const { HUBSPOT_REFRESH_TOKEN: __, ...tokenless } = env
    assert.include(
      await refusal(tokenless, "--token-file", "t.json"),
      "HUBSPOT_REFRESH_TOKEN is not set, and t.json"
    )
    assert.include(
      await refusal({ ...env, HUBSPOT_ACCESS_TOKEN: canary }, "--token-file", "t.json"),
      "HUBSPOT_ACCESS_TOKEN and HUBSPOT_REFRESH_TOKEN are both given"
    )
    assert.include(await refusal(env, "--token-file", "none/t.json"), "cannot be written (no such directory)")
    files.write("wide.json", JSON.stringify({ refresh_token: "CANARY-wide", rotated_from: "" }))
    chmodSync(files.at("wide.json"), 0o640)
    assert.include(await refusal(env, "--token-file", "wide.json"), "mode 640); run: chmod 600 wide.json")
    chmodSync(files.at("rows.csv"), 0o600)
    assert.include(
      await refusal(env, "--token-file", "rows.csv"),
      "rows.csv: is not a token file of this command"
    )
    assert.strictEqual(files.read("rows.csv"), rows(300))
    assert.deepStrictEqual(await world.ledger(), { created: 0, requests: 0, tokens: 0 })
    assert.isEmpty(readdirSync(files.path).filter((name) => name.endsWith(".new")))
  })

  it("gets an access token, and keeps nothing as long as the refresh token stays the same", async () => {
    const world = await serve()
    const end = await importing(world, "one.csv", "--token-file", "same.json")
    assert.deepStrictEqual([end.code, countsOf(end)], [0, counted({ inputs: 1, created: 1 })], end.stderr)
    assert.isFalse(files.exists("same.json"))
  })

  it("keeps a replaced refresh token for its owner alone, and goes on with it", async () => {
    const world = await serve({ rotates: true })
    const first = await importing(world, "one.csv", "--token-file", "kept.json")
    assert.strictEqual(first.code, 0, first.stderr)
    assert.strictEqual(statSync(files.at("kept.json")).mode & 0o777, 0o600)
    const kept = keptIn("kept.json")
    assert.match(kept, /^emulated-refresh-/)
    assert.notInclude(files.read("kept.json"), refreshToken)
    // The one in the environment is worthless now.
    const second = await importing(world, "one.csv", "--token-file", "kept.json")
    assert.strictEqual(second.code, 0, second.stderr)
    assert.notStrictEqual(keptIn("kept.json"), kept)
    assert.strictEqual((await world.ledger()).created, 2)
    // Without the file it is refused.
    const lost = await importing(world, "one.csv", "--token-file", "lost.json")
    assert.strictEqual(lost.code, 5)
    assert.match(lost.stderr, /BAD_REFRESH_TOKEN.*connect the account again/)
    // The file alone is enough.
    const { HUBSPOT_REFRESH_TOKEN: _, ...rest } = env
    const third = await run(["import", "one.csv", "--base-url", world.url, "--token-file", "kept.json"], {
      cwd: files.path,
      env: rest
    })
    assert.strictEqual(third.code, 0, third.stderr)
    for (const { stderr, stdout } of [first, second, lost, third]) {
      assert.notInclude(stderr + stdout, "emulated-")
    }
    assert.isEmpty(readdirSync(files.path).filter((name) => name.endsWith(".new")))
  })

  it("a refresh token that the file's is no successor of is a newer one, and is used", async () => {
    files.write(
      "old.json",
      JSON.stringify({ refresh_token: "of-another-installation", rotated_from: "0".repeat(64) })
    )
    chmodSync(files.at("old.json"), 0o600)
    const world = await serve({ rotates: true })
    const end = await importing(world, "one.csv", "--token-file", "old.json")
    assert.strictEqual(end.code, 0, end.stderr)
    assert.match(keptIn("old.json"), /^emulated-refresh-/)
  })

  it("a token that expires in the middle of an import is renewed, and each row is created once", async () => {
    const world = await serve({ expiresIn: 2, rotates: true }, { latency: { min: 300, max: 500 } })
    const end = await importing(
      world,
      "rows.csv",
      "--token-file",
      "short.json",
      "--batch-size",
      "10",
      "--concurrency",
      "2"
    )
    assert.deepStrictEqual([end.code, countsOf(end)], [0, counted({ inputs: 300, created: 300 })], end.stderr)
    const { created, tokens } = await world.ledger()
    assert.strictEqual(created, 300)
    assert.isAtLeast(tokens, 2)
  })

  it("two imports that share the file both come to their end", async () => {
    const world = await serve({ expiresIn: 2, rotates: true }, { latency: { min: 200, max: 300 } })
    await importing(world, "one.csv", "--token-file", "shared.json")
    const one = () =>
      importing(world, "rows.csv", "--token-file", "shared.json", "--batch-size", "20", "--concurrency", "1")
    const first = one()
    await new Promise((resolve) => setTimeout(resolve, 700))
    const ends = [await one(), await first]
    for (const end of ends) assert.strictEqual(end.code, 0, end.stderr)
    assert.strictEqual((await world.ledger()).created, 601)
  })

  it("a revoked refresh token ends an import with 5; no row is in doubt, and a durable one goes on later", async () => {
    const world = await serve({ rotates: true })
    const job = ["--job", "revoked", "--state-dir", "jobs"]
    // Another program takes the refresh token, and the one here is worthless.
    await importing(world, "one.csv", "--token-file", "thief.json")
    const end = await importing(world, "rows.csv", "--token-file", "revoked.json", "--rejects", "rest.csv")
    assert.strictEqual(end.code, 5)
    assert.deepInclude(summaryOf(end), { created: 0, inDoubt: 0, notSent: 0 })
    const durable = await importing(world, "rows.csv", "--token-file", "thief.json", ...job)
    assert.strictEqual(durable.code, 0, durable.stderr)
    for (const name of readdirSync(files.at("jobs"), { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue
      const bytes = readFileSync(`${name.parentPath}/${name.name}`, "latin1")
      for (const secret of [refreshToken, clientSecret, keptIn("thief.json"), "emulated-"]) {
        assert.isFalse(bytes.includes(secret), `${name.name} holds ${secret}`)
      }
    }
    for (const command of ["resume", "resolve"]) {
      const { code, stderr } = await run(
        [
          command,
          "revoked",
          "--state-dir",
          "jobs",
          "--base-url",
          world.url,
          "--token-file",
          "thief.json",
          "--json"
        ],
        { cwd: files.path, env }
      )
      assert.strictEqual(code, 0, stderr)
    }
    const { code, stderr } = await run(
      ["setup-key", "--key-property", "import_key", "--base-url", world.url, "--token-file", "thief.json"],
      { cwd: files.path, env }
    )
    assert.strictEqual(code, 0, stderr)
  })
})
