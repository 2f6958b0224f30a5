import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { HttpClient } from "effect/http"
import type { Layer, Scope } from "effect"
import { constants, type ServerHttp2Stream as Stream } from "node:http2"
import type { Socket } from "node:net"
import {
  after,
  allCreated,
  always,
  before,
  type Came,
  compare,
  guarded,
  on,
  oneInDoubt,
  overSocket,
  reconciled,
  row,
  type Seen,
  socketRow,
  type Spec,
  transports,
  waited
} from "../../../support/failures.ts"
import * as HubSpot from "../../../support/hubspot.ts"
import * as Line from "../../../support/line.ts"

/*
 * Rows F01–F14 of docs/failures.md: no whole answer came. What provably never left is sent again; of all
 * else nobody knows, and it stays in doubt.
 */

const nothingSent = (reason: string): Came => ({
  outcomes: { [`NotSent: ${reason}`]: 30 },
  sent: [],
  stored: 0
})

/** The first batch did not reach HubSpot, and the client cannot know. */
const lostOnTheWay = (reason: string): Came => ({
  outcomes: { Created: 20, [`InDoubt: ${reason}`]: 10 },
  sent: [10, 10],
  stored: 20
})

/** HubSpot has executed the first batch, and the client cannot know. */
const firstInDoubt: Came = {
  outcomes: { Created: 20, "InDoubt: TransportAmbiguous": 10 },
  sent: [10, 10, 10],
  stored: 30
}

const refusedStream = constants.NGHTTP2_REFUSED_STREAM
const internalError = constants.NGHTTP2_INTERNAL_ERROR

const tried = (times: number) => (seen: Seen) => assert.strictEqual(seen.tried, times)

/** A row on a real socket, with a line of its own and a way to dial. */
const lineRow = (
  name: string,
  transport: Layer.Layer<HttpClient.HttpClient>,
  line: ((emulatorUrl: string) => Effect.Effect<string, never, Scope.Scope>) | undefined,
  { also, outcomes, sent, stored, ...job }: Omit<Spec, "faults"> & Partial<Spec>
) =>
  it.live(name, () =>
    Effect.map(overSocket({ faults: [], ...job }, transport, line), (came) =>
      compare(came, { outcomes, sent, stored }, also)
    )
  )

const undici = transports[0][1]
const closedPort = await Effect.runPromise(Line.closedPort)

describe("no connection", () => {
  const cannot =
    (code: string, syscall: string): HubSpot.Fault =>
    (request) =>
      HubSpot.transport(request, code, syscall)
  const connections: ReadonlyArray<readonly [name: string, fails: HubSpot.Fault]> = [
    ...["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL"].map(
      (code) => [`F01 a name that is not found (${code})`, cannot(code, "getaddrinfo")] as const
    ),
    ...["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"].map(
      (code) =>
        [
          `F02 a connection that is refused, or a host that is not reached (${code})`,
          cannot(code, "connect")
        ] as const
    ),
    ["F03 a connection that takes too long (ETIMEDOUT)", cannot("ETIMEDOUT", "connect")],
    [
      "F03 a connection that takes too long (UND_ERR_CONNECT_TIMEOUT)",
      (request) => HubSpot.unconnected(request, "UND_ERR_CONNECT_TIMEOUT")
    ]
  ]
  for (const [name, fails] of connections) {
    row(`${name} twice, is tried again, and costs no input`, {
      faults: [],
      line: (request, pass, n) => (n === 1 || n === 2 ? fails(request, pass, n) : pass),
      ...allCreated,
      also: tried(5)
    })
    row(`${name} for ever, suspends the job after six tries of a batch`, {
      faults: [],
      line: fails,
      ...nothingSent("Suspended (network) TransportNotSent"),
      also: tried(6)
    })
  }

  for (const [name, dial] of [
    ["F01 a name that is not found", { hostname: "no-such-host.invalid" }],
    ["F02 a port on which nobody listens", { port: closedPort }]
  ] as const) {
    lineRow(
      `${name}, on a socket, twice, costs no input`,
      Line.dialing((n) => (n < 2 ? dial : {})),
      undefined,
      { ...allCreated, also: tried(5) }
    )
    lineRow(
      `${name}, on a socket, for ever, suspends the job`,
      Line.dialing(() => dial),
      undefined,
      { ...nothingSent("Suspended (network) TransportNotSent"), also: tried(6) }
    )
  }
  lineRow(
    "F03 a connection that takes too long, on a socket, costs no input",
    Line.dialing((n) => ({ silent: n === 0 })),
    undefined,
    { ...allCreated, also: tried(4) }
  )
})

describe("TLS", () => {
  const localhost = Line.selfSigned("localhost", "2049")
  const trusting = Line.trusting(localhost)
  lineRow("F04 a certificate that is trusted is no failure", trusting, Line.tlsLine(localhost), {
    ...allCreated,
    also: tried(3)
  })
  const expired = Line.selfSigned("localhost", "2000")
  const elsewhere = Line.selfSigned("elsewhere", "2049")
  for (const [what, transport, identity] of [
    ["nobody vouches for (undici)", undici, localhost],
    ["nobody vouches for (fetch)", transports[1][1], localhost],
    ["has expired", Line.trusting(expired), expired],
    ["is of another name", Line.trusting(elsewhere), elsewhere]
  ] as const) {
    lineRow(
      `F04 a certificate that ${what} ends the job at the first try`,
      transport,
      Line.tlsLine(identity),
      {
        ...nothingSent("Halted TlsUntrusted"),
        also: tried(1)
      }
    )
  }

  for (const [by, transport] of [
    ["undici", trusting],
    ["fetch", Line.fetchTrusting(localhost)]
  ] as const) {
    for (const [what, onFirst] of [
      ["that the server refuses", (socket: Socket) => Line.refuseHandshake(localhost, socket)],
      ["that is reset", (socket: Socket) => void socket.once("data", () => socket.resetAndDestroy())],
      ["that is closed", (socket: Socket) => void socket.once("data", () => socket.end())]
    ] as const) {
      lineRow(
        `F05 a handshake ${what} is tried again (${by})`,
        transport,
        Line.tlsLine(localhost, (socket, n, carry) => (n === 0 ? onFirst(socket) : carry())),
        { ...allCreated, also: tried(4) }
      )
    }
    lineRow(`a 100 before every answer changes nothing (${by})`, transport, Line.tlsLine(localhost), {
      faults: always(after({ kind: "informational", status: 100, count: 1 })),
      ...allCreated,
      also: tried(3)
    })
    lineRow(
      `F08 another certificate instead of the answer is in doubt, and the job goes on (${by})`,
      transport,
      Line.renegotiatingLine(localhost, Line.selfSigned("localhost", "2049")),
      { ...firstInDoubt, also: tried(3) }
    )
  }

  describe("HTTP/2, where the server prefers it", () => {
    lineRow(
      "F13 a stream that is refused once is sent again by the transport, and costs no input",
      trusting,
      Line.http2Line(localhost, (stream, n, carry) => (n === 1 ? stream.close(refusedStream) : carry())),
      { ...allCreated, also: tried(3) }
    )
    lineRow(
      "F13 a farewell that leaves a stream out has it sent again by the transport, and costs no input",
      trusting,
      Line.http2Line(localhost, (stream, n, carry) =>
        n === 1 ? stream.session!.goaway(0, stream.id! - 2) : carry()
      ),
      { ...allCreated, also: tried(3) }
    )
    lineRow(
      "F13 a stream that is refused for ever is in doubt",
      trusting,
      Line.http2Line(localhost, (stream) => stream.close(refusedStream)),
      {
        options: { batchSize: 30 },
        outcomes: { "InDoubt: TransportAmbiguous": 30 },
        sent: [],
        stored: 0,
        also: tried(1)
      }
    )
    for (const [what, reason, breakOff] of [
      [
        "a farewell that includes a stream, and then no answer,",
        "TimedOut",
        (stream: Stream) => stream.session!.goaway(0, stream.id!)
      ],
      ["a stream that is broken off", "TransportAmbiguous", (stream: Stream) => stream.close(internalError)]
    ] as const) {
      lineRow(
        `F13 ${what} is in doubt, and nobody sends it again`,
        trusting,
        Line.http2Line(localhost, (stream, n, carry) => (n === 0 ? breakOff(stream) : carry())),
        { ...lostOnTheWay(reason), timeout: "3 seconds", also: tried(3) }
      )
    }
  })
})

describe("a connection that breaks", () => {
  row("F06 a reset while connecting is proof, and is tried again", {
    faults: [],
    line: (request, pass, n) => (n === 1 ? HubSpot.transport(request, "ECONNRESET", "connect") : pass),
    ...allCreated,
    also: tried(4)
  })
  for (const code of ["EHOSTUNREACH", "ENETUNREACH", "ECONNREFUSED", "ETIMEDOUT"]) {
    row(`F08 a way to HubSpot that is lost under way (read ${code}), with all applied, is in doubt`, {
      faults: [],
      line: (request, pass, n) =>
        n === 1 ? Effect.andThen(pass, HubSpot.transport(request, code, "read")) : pass,
      ...oneInDoubt("TransportAmbiguous", 30)
    })
  }
  lineRow(
    // The same code of a connection that had come about: nobody tells how much of the request had left.
    "F06 a reset of a new connection before HubSpot read from it is in doubt",
    undici,
    Line.line((socket, n, carry) =>
      n === 0 ? void socket.once("data", () => socket.resetAndDestroy()) : carry()
    ),
    { ...lostOnTheWay("TransportAmbiguous"), also: tried(3) }
  )
  lineRow(
    "F07 a reset of a kept connection under the next request is in doubt, and nobody sends it again",
    undici,
    Line.lineKeptOnce,
    { ...lostOnTheWay("TransportAmbiguous"), also: tried(3) }
  )
  row("F07 a close of a kept connection under the next request is in doubt", {
    faults: on(before({ kind: "close" })),
    ...oneInDoubt("TransportAmbiguous", 20)
  })
  socketRow("F07 a close of a kept connection under the next request, on a socket, is in doubt", {
    faults: on(before({ kind: "close" })),
    ...oneInDoubt("TransportAmbiguous", 20)
  })
  for (const [what, fault, stored] of [
    ["nothing", before({ kind: "reset" }), 20],
    ["all", after({ kind: "reset" }), 30]
  ] as const) {
    const came = { faults: on(fault), ...oneInDoubt("TransportAmbiguous", stored) }
    row(`F08 a reset after the request, with ${what} applied, is in doubt`, came)
    socketRow(`F08 a reset after the request, with ${what} applied, on a socket, is in doubt`, came)
  }
  for (const by of ["reset", "close"] as const) {
    const came = { faults: on(after({ kind: "cut", by, keep: 0.9 })), ...oneInDoubt("ResponseTruncated", 30) }
    row(`F09 a ${by} in the body of the answer is in doubt as a whole`, came)
    socketRow(`F09 a ${by} in the body of the answer, on a socket, is in doubt as a whole`, came)
  }
})

describe("no answer in time", () => {
  const afterTheTimeout = waited(110_000, 112_000)
  row("F10 no answer, and nothing applied, is in doubt after 110 seconds", {
    faults: on(before({ kind: "never" })),
    ...oneInDoubt("TimedOut", 20),
    also: afterTheTimeout
  })
  socketRow("F10 no answer, and nothing applied, on a socket, is in doubt", {
    timeout: "3 seconds",
    faults: on(before({ kind: "never" })),
    ...oneInDoubt("TimedOut", 20)
  })
  row("F11 no answer, and all applied, is in doubt after 110 seconds", {
    faults: on({ place: "replyLost" }),
    ...oneInDoubt("TimedOut", 30),
    also: afterTheTimeout
  })
  row("F11 an answer that comes too late is in doubt", {
    faults: on(after({ kind: "slow", delayMillis: 200_000 })),
    ...oneInDoubt("TimedOut", 30),
    also: afterTheTimeout
  })
  row("F11 an answer that comes just in time is an answer", {
    faults: on(after({ kind: "slow", delayMillis: 100_000 })),
    ...allCreated
  })

  const late = (delayMillis: number) => on({ place: "lateApply", delayMillis, reply: { kind: "never" } })
  row("F12 what is applied after the client gave up is in doubt", {
    faults: late(300_000),
    ...oneInDoubt("TimedOut", 30),
    also: ({ storedAtOnce }) => assert.strictEqual(storedAtOnce, 20)
  })
  row("F12 what is applied within the quiet period is found, and not sent again, under reconcile", {
    faults: late(240_000),
    ...reconciled,
    outcomes: { Created: 20, "Created: reconciled": 10 },
    sent: [10, 10, 10],
    stored: 30
  })
  row("F12 what is applied after it was sent again is refused by HubSpot, under guard", {
    faults: late(300_000),
    ...guarded,
    outcomes: { Created: 30 },
    sent: [10, 10, 10, 10],
    stored: 30
  })
  row("F14 a body that drips is given up after 110 seconds, and in doubt", {
    faults: on(after({ kind: "drip", everyMillis: 1000 })),
    ...oneInDoubt("TimedOut", 30),
    also: afterTheTimeout
  })
  socketRow("F14 a body that drips, on a socket, is given up, and in doubt", {
    timeout: "3 seconds",
    faults: on(after({ kind: "drip", everyMillis: 50 })),
    ...oneInDoubt("TimedOut", 30)
  })
  row("F14 a body that is slow, and ends in time, is an answer", {
    faults: on(after({ kind: "drip", everyMillis: 1000, bytes: 100 })),
    ...allCreated
  })
})
