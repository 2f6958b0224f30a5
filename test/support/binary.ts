/**
 * The command as a process of its own, for what only a process has: a user, limits of the system, pipes, an exit code.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Finished, Started } from "./command.ts"

export const root = fileURLToPath(new URL("../../", import.meta.url))

// The tests may themselves run on an older Node that cannot read the sources.
export const node = join(root, "node_modules/.bin/node")

export interface Options {
  /** The program and its arguments. */
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly uid?: number | undefined
}

const running = new Set<ChildProcess>()

/** Kills what a failed test has left behind. */
export const endAll = (): void => {
  for (const child of running) child.kill("SIGKILL")
}

export const start = ({ command: [program, ...args], cwd, env, uid }: Options): Started => {
  const child = spawn(program, args, {
    cwd,
    // Half of a short run would be the compiling of the same modules.
    env: { NODE_COMPILE_CACHE: join(root, "node_modules/.cache/test-cli"), ...env },
    stdio: ["pipe", "pipe", "pipe"],
    ...(uid !== undefined && { uid })
  })
  running.add(child)
  const text = { stdout: "", stderr: "", both: "" }
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (part: string) => {
      text[stream] += part
      text.both += part
    })
  }
  // It may end before it has read its input.
  child.stdin.on("error", () => undefined)
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code, signal) => {
      running.delete(child)
      resolve({ code, signal, stdout: text.stdout, stderr: text.stderr })
    })
  })
  return {
    pid: child.pid ?? 0,
    code: () => child.exitCode,
    finished,
    said: () => text.both,
    seen: (stream, wanted) =>
      new Promise((resolve, reject) => {
        const look = () => text[stream].includes(wanted) && resolve()
        child[stream].on("data", look)
        child.on("close", () => reject(new Error(`ended without ${JSON.stringify(wanted)}: ${text.stderr}`)))
        look()
      }),
    write: (part) => void child.stdin.write(part),
    end: () => void child.stdin.end(),
    closeStdout: () => void child.stdout.destroy(),
    kill: (signal) => void child.kill(signal)
  }
}
