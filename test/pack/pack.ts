/**
 * `pnpm pack:check`: packs the packages, installs the tarballs in an empty folder by npm, without any peer, and runs the
 * command there: it has to have all it needs.
 */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")
const folder = mkdtempSync(join(tmpdir(), "line-items-pack-"))
const token = { HUBSPOT_ACCESS_TOKEN: "pat-eu1-pack" }

const run = (command: string, args: ReadonlyArray<string>, cwd: string): string => {
  const env = { ...process.env, ...token, HOME: process.env.HOME }
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, env, encoding: "utf8" })
  if (status !== 0) {
    throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${error ?? ""}\n${stdout}${stderr}`)
  }
  return stdout
}

const check = (what: string, is: boolean): void => {
  if (!is) throw new Error(`not so: ${what}`)
  console.log(`ok  ${what}`)
}

try {
  for (const name of ["schema", "http", "batch"]) {
    run("npx", ["-y", "pnpm@12", "pack", "--pack-destination", folder], join(root, "packages", name))
  }
  const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--legacy-peer-deps"]
  run("npm", ["install", ...quiet, ...tarballs.map((name) => `./${name}`)], folder)
  check("no package of Effect's is installed", !readdirSync(join(folder, "node_modules")).includes("effect"))

  const bin = join(folder, "node_modules/.bin/line-items")
  check("--version", /^line-items \d/.test(run(bin, ["--version"], folder)))
  check("--help", run(bin, ["--help"], folder).includes("line-items <subcommand>"))
  writeFileSync(join(folder, "rows.csv"), "name,quantity,price\nSeat,2,19.90\nDesk,1,5.00\n")
  const created = (args: ReadonlyArray<string>) =>
    JSON.parse(run(bin, ["import", "rows.csv", "--json", ...args], folder)).created === 2
  check("import --emulator", created(["--emulator"]))

  const server = spawn(bin, ["serve", "--json"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] })
  try {
    const [line] = await server.stdout.take(1).toArray()
    const { url } = JSON.parse(String(line))
    check("serve", url.startsWith("http:"))
    // `spawnSync` blocks this process, not the server.
    check("import --base-url", created(["--base-url", url]))
    check("import --job", created(["--base-url", url, "--job", "pack", "--state-dir", "state"]))
    check("status", run(bin, ["status", "pack", "--state-dir", "state"], folder).includes("pack: done"))
  } finally {
    server.kill("SIGTERM")
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
