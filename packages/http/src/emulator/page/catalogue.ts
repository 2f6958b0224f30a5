/**
 * Faults that a person can switch on with a name, without writing a plan. `docs/failures.md` has them all.
 */
import type * as Faults from "../Faults.ts"

/** A fault, what it is called, and where in the list it stands. */
export interface Entry {
  readonly group: string
  readonly name: string
  readonly fault: Faults.Fault
}

const status = (status: number, more: object = {}) => ({ kind: "status", status, ...more }) as const

const group = (
  group: string,
  faults: ReadonlyArray<readonly [name: string, fault: Faults.Fault]>
): ReadonlyArray<Entry> => faults.map(([name, fault]) => ({ group, name, fault }))

const before = (reply: Faults.BareReply): Faults.Fault => ({ place: "beforeCommit", reply })

const after = (reply: Faults.Reply): Faults.Fault => ({ place: "afterCommit", reply })

const tampered = (...tampering: readonly [Faults.Tampering, ...Array<Faults.Tampering>]): Faults.Fault =>
  after({ kind: "tamper", tampering })

export const catalogue: ReadonlyArray<Entry> = [
  ...group("Nothing is stored", [
    ["F08 connection reset", before({ kind: "reset" })],
    ["F10 no answer", before({ kind: "never" })],
    ["F15 400 that names one input", before(status(400, { blame: 1 }))],
    ["F16 400 that names no input", before(status(400))],
    ["F20 401, the token is refused", before(status(401))],
    ["F21 403, a scope is missing", before(status(403))],
    ["F26 409, conflict", before(status(409))],
    ["F31 423, locked", before(status(423))],
    ["F32 429, the limit of ten seconds", before(status(429, { body: "burst" }))],
    ["F33 429, the limit of the day", before(status(429, { body: "daily" }))],
    ["F35 477, wait five seconds", before(status(477, { retryAfter: "5" }))],
    ["F36 500", before(status(500))],
    ["F40 521, HubSpot is down", before(status(521, { body: "html" }))]
  ]),
  ...group("All is stored, and the answer is wrong", [
    ["F08 connection reset, stored", after({ kind: "reset" })],
    ["F09 connection breaks in the body", after({ kind: "cut" })],
    ["F11 no answer, stored", { place: "replyLost" }],
    ["F11 the answer takes five seconds", after({ kind: "slow", delayMillis: 5000 })],
    ["F36 500, stored", after(status(500))],
    ["F38 502 of a gateway, stored", after(status(502, { body: "html" }))],
    ["F39 503, stored", after(status(503, { body: "empty" }))],
    ["F44 JSON that ends too early", after({ kind: "truncated" })],
    ["F48 two results with one id", tampered({ do: "duplicateId" })],
    ["F50 a result is left out", tampered({ do: "dropResults" })],
    ["F53 results without trace ids", tampered({ do: "dropTraceIds" })]
  ]),
  ...group("Some is stored, or later", [
    [
      "F12 504 now, stored ten seconds later",
      { place: "lateApply", delayMillis: 10_000, reply: status(504, { body: "html" }) }
    ],
    ["F18 each input is refused once", { place: "rejectInputs" }],
    ["F37 500, the first two inputs are stored", { place: "partialCommit", inputs: 2, reply: status(500) }],
    [
      "F55 accepted, done three seconds later",
      { place: "asynchronous", pendingMillis: 1000, processingMillis: 2000 }
    ],
    [
      "F57 accepted, canceled half way",
      { place: "asynchronous", pendingMillis: 1000, processingMillis: 2000, end: "canceled" }
    ]
  ])
]
