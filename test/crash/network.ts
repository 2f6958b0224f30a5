/**
 * `pnpm crash --network`: the network is lost when HubSpot has executed a request and the client does not know that it
 * has arrived. The kernel then fails the connection with what it knows of the network (`read EHOSTUNREACH`): the code of
 * a connection that was never made.
 *
 * Client and HubSpot are processes on network stacks of their own (`unshare --net`) with one cable between them (veth),
 * over TLS, under HubSpot's own name. No packet leaves these stacks, and they end with their processes.
 */
import { BulkCreate, type Outcome } from "@effect-hubspot/batch"
import { Credentials, LineItems } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import type { BatchRequest } from "@effect-hubspot/schema"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { type Cause, Effect, Layer, ManagedRuntime, Queue, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Http from "node:http"
import * as Https from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import * as Line from "../support/line.ts"

const transports = { undici: NodeHttpClient.layerUndici, fetch: FetchHttpClient.layer }

/** How the network is lost, and the code with which the kernel then fails the connection. */
const losses = {
  "HubSpot's end of the cable is down": "EHOSTUNREACH",
  "the client's end of the cable is down": "ENETUNREACH",
  "what HubSpot sends is dropped": "ETIMEDOUT"
} as const

interface Case {
  readonly transport: keyof typeof transports
  readonly loss: keyof typeof losses
}

const cases = Object.keys(transports).flatMap((transport) =>
  Object.keys(losses).map((loss) => ({ transport, loss }) as Case)
)

const [client, hubspot] = ["10.77.0.1", "10.77.0.2"] as const
const inputs = 10
const batches = 3

// -----------------------------------------------------------------------------
// Processes
// -----------------------------------------------------------------------------

/** A process that answers each line with a line. */
interface Peer {
  readonly pid: number
  readonly ask: (line: string) => Promise<string>
  readonly end: () => void
}

const start = (
  command: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Peer => {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"]
  })
  // What has ended is noticed by its answer.
  child.stdin.on("error", () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid: child.pid ?? 0,
    ask: async (line) => {
      child.stdin.write(`${line}\n`)
      const { done, value } = await lines.next()
      if (done === true) throw new Error(`it ended before it answered ${line}`)
      return value
    },
    end: () => void child.kill("SIGKILL")
  }
}

/** This file in a part of its own. */
const part = (name: string, ...args: ReadonlyArray<string>) => [import.meta.filename, name, ...args] as const

const answerLines = async (answer: (line: string) => Promise<unknown>): Promise<void> => {
  for await (const line of createInterface({ input: process.stdin })) console.log(await answer(line))
  process.exit()
}

const ip = (...args: ReadonlyArray<string>): string => execFileSync("ip", args, { encoding: "utf8" })

const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

// -----------------------------------------------------------------------------
// HubSpot
// -----------------------------------------------------------------------------

/** The second create is executed, and not answered. */
const emulator = EmulatorServer.layer({
  faults: { rules: [{ match: { path: "*/batch/create", nth: 2 }, fault: { place: "replyLost" } }] }
})

const beHubSpot = async (): Promise<void> => {
  const runtime = ManagedRuntime.make(emulator)
  const { url } = await runtime.runPromise(EmulatorServer.EmulatorServer)
  const created = async () =>
    (await runtime.runPromise(Effect.flatMap(Emulator, ({ ledger }) => ledger))).created
  const identity = Line.selfSigned("api.hubapi.com", "2049")

  const listen = () => {
    ip("addr", "add", `${hubspot}/24`, "dev", "eth1")
    ip("link", "set", "eth1", "up")
    // Packets are accepted from an address to which nothing can be sent.
    for (const name of ["all", "eth1"]) writeFileSync(`/proc/sys/net/ipv4/conf/${name}/rp_filter`, "0")
    const server = Https.createServer({ cert: identity.cert, key: identity.key }, (request, response) => {
      const { host: _, ...headers } = request.headers
      const passed = Http.request(`${url}${request.url}`, { method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(response)
      })
      request.pipe(passed)
    })
    return new Promise<void>((resolve) => server.listen(443, hubspot, resolve))
  }

  await answerLines(async (line) => {
    const [word, count] = line.split(" ")
    switch (word) {
      case "listen":
        await listen()
        return JSON.stringify(identity.cert)
      case "executed":
        while ((await created()).length < Number(count)) await pause(20)
        return ""
      case "ledger":
        return JSON.stringify((await created()).map(({ objectWriteTraceId }) => objectWriteTraceId))
      default:
        return ip(...line.split(" "))
    }
  })
}

// -----------------------------------------------------------------------------
// The client
// -----------------------------------------------------------------------------

/** "batch" gives a batch of inputs to the job, "batch and wait" answers when it has its outcomes, "end" ends the job. */
const beClient = async (transport: Case["transport"]): Promise<void> => {
  const queue = await Effect.runPromise(Queue.unbounded<BatchRequest.CreateInput, Cause.Done>())
  const outcomes: Array<Outcome.Outcome<BatchRequest.CreateInput>> = []
  const job = Stream.fromQueue(queue).pipe(
    BulkCreate.outcomes({ jobId: "network", batchSize: inputs, concurrency: 1 }),
    Stream.runForEach((outcome) => Effect.sync(() => void outcomes.push(outcome))),
    Effect.provide(
      LineItems.layer({ limit: 190 }).pipe(
        Layer.provide(Credentials.layer(Redacted.make("pat-eu1-network"))),
        Layer.provide(transports[transport])
      )
    )
  )
  const running = Effect.runPromise(job)
  let given = 0
  await answerLines(async (line) => {
    if (line === "end") {
      Queue.endUnsafe(queue)
      await running
      return JSON.stringify(outcomes.map((outcome) => [outcome.index, kindOf(outcome)]))
    }
    for (let n = 0; n < inputs; n++) {
      Queue.offerUnsafe(queue, { properties: { name: `Seat ${given++}` } })
    }
    if (line === "batch and wait") while (outcomes.length < given) await pause(5)
    return ""
  })
}

const kindOf = (outcome: Outcome.Outcome<unknown>): string =>
  outcome._tag === "InDoubt" && outcome.evidence._tag === "NoAnswer"
    ? `InDoubt: ${outcome.evidence.error.message}`
    : outcome._tag

// -----------------------------------------------------------------------------
// A case
// -----------------------------------------------------------------------------

/** Whether a connection to HubSpot is made, as the kernel sees it. */
const connected = (): boolean => {
  const established = "01"
  return readFileSync("/proc/net/tcp", "latin1")
    .split("\n")
    .some((line) => {
      const [, , remote = "", state] = line.trim().split(/\s+/)
      return remote.endsWith(":01BB") && state === established
    })
}

/** The network stack in which this runs is the client's. */
const beCase = async ({ loss, transport }: Case, folder: string): Promise<void> => {
  const server = start("unshare", ["--net", process.execPath, ...part("hubspot")])
  try {
    await server.ask("link set lo up")
    ip("link", "add", "name", "eth0", "type", "veth", "peer", "name", "eth1", "netns", String(server.pid))
    ip("addr", "add", `${client}/24`, "dev", "eth0")
    // The kernel reports an unreachable host to a socket of its own by ICMP, over "lo".
    for (const name of ["lo", "eth0"]) ip("link", "set", name, "up")
    writeFileSync("/proc/sys/net/ipv4/tcp_retries2", "5")
    const ca = join(folder, "ca.pem")
    writeFileSync(ca, JSON.parse(await server.ask("listen")) as string)
    const hosts = join(folder, "hosts")
    writeFileSync(hosts, `${hubspot} api.hubapi.com\n`)
    execFileSync("mount", ["--bind", hosts, "/etc/hosts"])

    const job = start(process.execPath, part("client", transport), { NODE_EXTRA_CA_CERTS: ca })
    try {
      await job.ask("batch and wait")
      await server.ask(`executed ${inputs}`)
      // HubSpot's acknowledgements are lost from now on, so the kernel repeats what it sends.
      await server.ask(`route add blackhole ${client}`)
      await job.ask("batch")
      await server.ask(`executed ${2 * inputs}`)
      if (loss.startsWith("HubSpot's")) await server.ask("link set eth1 down")
      if (loss.startsWith("the client's")) ip("link", "set", "eth0", "down")
      while (connected()) await pause(50)
      if (loss.startsWith("HubSpot's")) await server.ask("link set eth1 up")
      if (loss.startsWith("the client's")) ip("link", "set", "eth0", "up")
      await server.ask(`route del blackhole ${client}`)
      await job.ask("batch")
      const outcomes = JSON.parse(await job.ask("end")) as ReadonlyArray<readonly [number, string]>
      const created = JSON.parse(await server.ask("ledger")) as ReadonlyArray<string>
      console.log(JSON.stringify({ outcomes, created } satisfies Came))
    } finally {
      job.end()
    }
  } finally {
    server.end()
  }
}

interface Came {
  readonly outcomes: ReadonlyArray<readonly [index: number, kind: string]>
  /** The trace ids of the line items. */
  readonly created: ReadonlyArray<string>
}

/** What is wrong with it. */
const judge = ({ created, outcomes }: Came, code: string): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const times = new Map<string, number>()
  for (const traceId of created) times.set(traceId, (times.get(traceId) ?? 0) + 1)
  const twice = [...times.values()].filter((count) => count > 1).length
  if (twice > 0) wrong.push(`${twice} created twice`)
  const indices = new Set(outcomes.map(([index]) => index))
  if (outcomes.length !== inputs * batches || indices.size !== outcomes.length) {
    wrong.push(`${outcomes.length} outcomes of ${indices.size} inputs`)
  }
  for (const [index, kind] of outcomes) {
    const stored = times.has(`network-${index.toString(36)}`)
    if (kind === "Created" ? !stored : stored && !kind.startsWith("InDoubt")) {
      wrong.push(`${index} is ${kind} and ${stored ? "" : "not "}stored`)
    }
  }
  const doubts = outcomes.filter(([, kind]) => kind.startsWith("InDoubt"))
  if (doubts.length !== inputs || doubts.some(([, kind]) => !kind.includes(code))) {
    wrong.push(`${doubts.length} in doubt, not ${inputs} for ${code}: ${doubts[0]?.[1] ?? "none"}`)
  }
  return wrong
}

// -----------------------------------------------------------------------------
// All of them
// -----------------------------------------------------------------------------

const needed =
  "ip link add name eth0 type veth peer name eth1 && echo 5 > /proc/sys/net/ipv4/tcp_retries2 && mount --bind /dev/null /etc/hosts"

/** How to get a network stack of one's own, or why there is none. */
const unshared = (): ReadonlyArray<string> | { readonly why: string } => {
  let why = ""
  for (const how of [
    ["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child"],
    ["--net", "--mount", "--pid", "--fork", "--kill-child"]
  ]) {
    const { error, status, stderr } = spawnSync("unshare", [...how, "sh", "-c", needed], { encoding: "utf8" })
    if (status === 0) return how
    why = error?.message ?? stderr.trim().split("\n").at(-1) ?? ""
  }
  return { why }
}

/** Runs every case and returns how many failed. Where network stacks are not allowed it says so, and none has. */
export const run = async (): Promise<number> => {
  const how = unshared()
  if ("why" in how) {
    console.log(
      `Nothing was run: this system allows no network stacks of one's own (${how.why}). The table in test/http/classify.test.ts stands alone.`
    )
    return 0
  }
  let failed = 0
  await Promise.all(
    cases.map(async ({ loss, transport }) => {
      const folder = mkdtempSync(join(tmpdir(), "line-items-network-"))
      const started = start("unshare", [...how, process.execPath, ...part("case", transport, loss, folder)])
      const tooLong = setTimeout(started.end, 120_000)
      const wrong = await started.ask("").then(
        (line) => judge(JSON.parse(line) as Came, losses[loss]),
        (error: unknown) => [String(error)]
      )
      clearTimeout(tooLong)
      rmSync(folder, { recursive: true, force: true })
      if (wrong.length > 0) failed++
      console.log(`${transport}, ${loss}: ${wrong.length === 0 ? "good" : wrong.join("; ")}`)
    })
  )
  console.log(`${cases.length} losses, ${failed} failed`)
  return failed
}

if (import.meta.main) {
  const [name, transport, loss, folder = ""] = process.argv.slice(2)
  if (name === "hubspot") await beHubSpot()
  if (name === "client") await beClient(transport as Case["transport"])
  if (name === "case") await beCase({ transport, loss } as Case, folder)
}
