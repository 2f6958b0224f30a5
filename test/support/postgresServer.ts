/**
 * One PostgreSQL server for all test files of a run. It is started when the first of them asks for it, so
 * runs without it do not wait for it, and it is gone when the run is over.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** Where to ask for the port of the server. */
    readonly postgres: string
  }
}

let child: ChildProcess | undefined

const start = (): Promise<string> =>
  new Promise((resolve, reject) => {
    child = spawn(process.execPath, [join(import.meta.dirname, "postgresProcess.ts")], {
      stdio: ["pipe", "pipe", "pipe"],
      // Ctrl-C is for the run; the server ends when its standard input does.
      detached: true
    })
    let errors = ""
    child.stderr!.on("data", (chunk) => (errors += String(chunk)))
    child.stdout!.on("data", (chunk) => resolve(String(chunk).trim()))
    child.on("close", () => reject(new Error(`PostgreSQL did not start: ${errors}`)))
  })

export default (project: TestProject) =>
  new Promise<() => Promise<void>>((resolve) => {
    let port: Promise<string> | undefined
    const server = Http.createServer((_, response) => {
      port ??= start()
      port.then(
        (port) => response.end(port),
        (error) => response.writeHead(500).end(String(error))
      )
    })
    const stop = () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close()
        if (child === undefined || child.exitCode !== null) return resolve()
        child.on("close", () => resolve())
        child.stdin!.end()
      })
    server.listen(0, "127.0.0.1", () => {
      project.provide("postgres", `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      resolve(stop)
    })
  })
