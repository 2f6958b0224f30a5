import { Outcome } from "@effect-hubspot/batch"
import { assert, describe } from "@effect/vitest"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import {
  after,
  allCreated,
  always,
  before,
  type Came,
  guarded,
  on,
  oneInDoubt,
  refused,
  row,
  socketRow,
  status,
  tampered,
  thirty,
  thirtyBut
} from "../../../support/failures.ts"

/*
 * Rows F41–F54 of docs/failures.md: an answer under a status of success, or none that means anything.
 * What can be read is believed, input by input; what cannot be read, or is not said, is in doubt.
 */

/** All of the second batch is applied; so much of it is in doubt. */
const someInDoubt = (reason: string, count: number): Came => ({
  outcomes: { Created: 30 - count, [`InDoubt: ${reason}`]: count },
  sent: [10, 10, 10],
  stored: 30
})

describe("no answer to this request", () => {
  row("F41 another protocol instead of an answer is in doubt", {
    faults: on(after({ kind: "switchProtocols" })),
    ...oneInDoubt("TransportAmbiguous", 30)
  })
  socketRow("F41 another protocol instead of an answer, on a socket, is in doubt", {
    faults: on(after({ kind: "switchProtocols" })),
    ...oneInDoubt("TransportAmbiguous", 30)
  })
  for (const code of [100, 102, 103] as const) {
    socketRow(`F41 a flood of interim answers (${code}) before the true one changes nothing`, {
      faults: on(after({ kind: "informational", status: code, count: 50 })),
      ...allCreated
    })
  }
  row("F41 a 202 proves nothing, even with the true body", {
    faults: on(after({ kind: "otherStatus", status: 202 })),
    ...oneInDoubt("ProtocolViolation", 30)
  })
  for (const code of [200, 201, 202, 204, 207]) {
    row(`F41 a ${code} without a body is in doubt, applied or not`, {
      faults: [...on(after(status(code))), ...on(before(status(code)), 3)],
      outcomes: { Created: 10, "InDoubt: ProtocolViolation": 20 },
      sent: [10, 10, 10],
      stored: 20
    })
  }
  for (const code of [301, 302, 303, 307, 308]) {
    const redirected = {
      // To where it came from: who follows it is seen once more.
      faults: on(after(status(code, { headers: { location: "/crm/v3/objects/line_items/batch/create" } }))),
      outcomes: { Created: 10, "InDoubt: UnexpectedRedirect": 10, "NotSent: Halted UnexpectedRedirect": 10 },
      sent: [10, 10],
      stored: 20
    }
    row(`F42 a ${code} leaves its batch in doubt and ends the job`, redirected)
    socketRow(`F42 a ${code}, on a socket, is not followed`, redirected)
  }
})

describe("a body that cannot be read", () => {
  row("F43 a page under a 200 is in doubt", {
    faults: on(after(status(200, { body: "html" }))),
    ...oneInDoubt("ProtocolViolation", 30)
  })
  row("F43 the true body as plain text is read, as a proxy may send it", {
    faults: on(after({ kind: "contentType", contentType: "text/plain" })),
    outcomes: { Created: 30 },
    sent: [10, 10, 10],
    stored: 30
  })
  row("F43 the true body as a page is in doubt", {
    faults: on(after({ kind: "contentType", contentType: "text/html" })),
    ...oneInDoubt("ProtocolViolation", 30)
  })
  row("F43 what is shown of a page is short and without control characters", {
    faults: on(after(status(200, { body: { text: `<b>\u001b[2J\r\n${"x".repeat(1000)}` } }))),
    ...oneInDoubt("ProtocolViolation", 30),
    also: ({ all }) => {
      const doubt = all.find((outcome) => outcome._tag === "InDoubt")!
      assert(doubt.evidence._tag === "NoAnswer")
      assert.isAtMost(doubt.evidence.error.message.length, 300)
      assert.notMatch(doubt.evidence.error.message, /\p{Cc}/u)
    }
  })
  for (const keep of [0.01, 0.7, 0.99]) {
    row(`F44 JSON that ends after ${keep * 100} percent is in doubt as a whole`, {
      faults: on(after({ kind: "truncated", keep })),
      ...oneInDoubt("ResponseTruncated", 30)
    })
  }
  for (const [what, json] of [
    ["a list", []],
    ["nothing", null],
    ["a text", "COMPLETE"],
    ["results of no kind", { status: "COMPLETE", results: "10" }]
  ] as const) {
    row(`F45 JSON that is ${what} is in doubt as a whole`, {
      faults: on(after({ kind: "whole", json })),
      ...oneInDoubt("ProtocolViolation", 30)
    })
  }
  row("F45 one result of a wrong shape leaves its input in doubt, and no other", {
    faults: on(tampered({ do: "badEntry" })),
    ...someInDoubt("missing", 1)
  })
  row("F45 an answer without results is in doubt as a whole", {
    faults: on(tampered({ do: "noResults" })),
    ...oneInDoubt("ProtocolViolation", 30)
  })
  row("F46 an answer larger than is read is in doubt", {
    faults: on(after({ kind: "oversize", bytes: 5_000_000 })),
    ...oneInDoubt("ResponseTooLarge", 30)
  })
  row("F46 an answer deeper than is read is in doubt", {
    faults: on(after({ kind: "deep", levels: 64 })),
    ...oneInDoubt("ProtocolViolation", 30)
  })
  socketRow("F46 an answer larger than is read is in doubt, on a socket", {
    faults: on(after({ kind: "oversize", bytes: 5_000_000 })),
    ...oneInDoubt("ResponseTooLarge", 30)
  })
  socketRow("F47 a small answer that inflates to more than is read is in doubt", {
    faults: on(after({ kind: "gzip", inflatedBytes: 5_000_000 })),
    ...oneInDoubt("ResponseTooLarge", 30)
  })
  socketRow("F47 an answer that is encoded in spite of what was asked for is read", {
    faults: on(after({ kind: "gzip" })),
    ...allCreated
  })
  const stacked = on(after({ kind: "gzip", layers: 3 }))
  socketRow(
    "F47 an answer that is encoded three times is in doubt",
    { faults: stacked, ...oneInDoubt("ProtocolViolation", 30) },
    "undici"
  )
  socketRow(
    "F47 an answer that is encoded three times is read by fetch itself",
    { faults: stacked, ...allCreated },
    "fetch"
  )
  const lying = on(after({ kind: "encoding", encoding: "gzip" }))
  socketRow("F47 an answer that only says it is encoded is read", { faults: lying, ...allCreated }, "undici")
  socketRow(
    "F47 an answer that only says it is encoded is refused by fetch itself, and in doubt",
    { faults: lying, ...oneInDoubt("ResponseTruncated", 30) },
    "fetch"
  )
})

describe("results that do not fit", () => {
  const tamperedBy = (...tampering: readonly [Faults.Tampering, ...Array<Faults.Tampering>]) =>
    on(tampered(...tampering))

  row("F48 one id for two inputs is given to neither", {
    faults: tamperedBy({ do: "duplicateId" }),
    ...someInDoubt("duplicateId", 2)
  })
  row("F48 a result that comes twice is one result", {
    faults: tamperedBy({ do: "repeatResult" }),
    ...allCreated
  })
  row("F49 an input among results and errors is in doubt", {
    faults: tamperedBy({ do: "contradict" }),
    ...someInDoubt("contradiction", 1)
  })
  const swapped: Parameters<typeof row>[1] = {
    faults: tamperedBy({ do: "swapTraceIds" }),
    ...someInDoubt("contradiction", 2),
    also: ({ all, ledger: { created } }) => {
      const ids = new Map(created.map(({ id, objectWriteTraceId }) => [objectWriteTraceId, id]))
      const doubts = all.flatMap((outcome) => (outcome._tag === "InDoubt" ? [outcome] : []))
      for (const doubt of doubts) {
        const other = doubts.find(({ index }) => index !== doubt.index)!
        const text = Outcome.describe(doubt)
        assert.include(text, `id ${ids.get(doubt.objectWriteTraceId)} came with its`)
        assert.include(text, `id ${ids.get(other.objectWriteTraceId)} came under its trace id with the`)
        assert.include(text, `of ${other.objectWriteTraceId}`)
      }
    }
  }
  row("F49 two inputs whose trace ids came on each other's record are in doubt, with what was seen", swapped)
  row("F49 two inputs whose trace ids came on each other's record are in doubt by their keys", {
    ...swapped,
    inputs: thirty.map(() => thirty[0]!),
    options: { keyProperty: "import_key" },
    emulator: { uniqueProperties: ["import_key"] }
  })
  row("F49 trace ids that came on each other's record are found out under guard", {
    faults: tamperedBy({ do: "swapTraceIds" }),
    ...guarded,
    outcomes: { Created: 28, "Created: conflict": 2 },
    sent: [10, 10, 10, 2],
    stored: 30
  })
  row("F49 trace ids that came on the record of an equal input are as good as right", {
    faults: tamperedBy({ do: "swapTraceIds" }),
    inputs: thirty.map(() => thirty[0]!),
    alike: true,
    ...allCreated
  })
  row("F50 inputs that the answer leaves out are in doubt", {
    faults: tamperedBy({ do: "dropResults", count: 3 }),
    ...someInDoubt("missing", 3)
  })
  row("F50 a complete answer of nothing leaves all in doubt", {
    faults: tamperedBy({ do: "emptyResults" }),
    ...oneInDoubt("missing", 30)
  })
  for (const [what, traceId] of [
    ["a foreign trace id", "foreign"],
    ["no trace id", "none"]
  ] as const) {
    row(`F51 results that nobody asked for, with ${what}, are told, and take nothing from the others`, {
      faults: tamperedBy({ do: "surplusResults", count: 2, traceId }),
      ...allCreated,
      also: ({ events }) =>
        assert.deepStrictEqual(
          events.flatMap((event) => (event._tag === "Surplus" ? event.ids : [])),
          ["90000000001", "90000000002"]
        )
    })
  }
  row("F51 a result that nobody asked for is not taken for one that is missing", {
    faults: tamperedBy({ do: "dropResults" }, { do: "surplusResults" }),
    ...someInDoubt("missing", 1)
  })
  row("F52 results in another order go to their inputs", {
    faults: [],
    ...allCreated
  })
  row("F53 without trace ids the content decides", {
    faults: tamperedBy({ do: "dropTraceIds" }),
    ...allCreated
  })
  row("F53 without some trace ids the content decides for these", {
    faults: tamperedBy({ do: "dropTraceIds", count: 4 }),
    ...allCreated
  })
  row("F53 without trace ids inputs that are the same have an id each", {
    faults: tamperedBy({ do: "dropTraceIds" }),
    inputs: thirty.map(() => thirty[0]!),
    alike: true,
    ...allCreated
  })
  row("F53 without trace ids a result that may be of either of two inputs is of neither", {
    faults: always(
      after({
        kind: "whole",
        // It repeats all that the first input has, too.
        json: { status: "COMPLETE", results: [{ id: "1", properties: { name: "Chair", quantity: "2" } }] }
      })
    ),
    inputs: [{ properties: { name: "Chair" } }, { properties: { name: "Chair", quantity: "2" } }],
    outcomes: { "InDoubt: ambiguous": 2 },
    sent: [2],
    stored: 2
  })
})

describe("numbers where text should be", () => {
  row("F54 ids that are numbers are ids", {
    faults: on(tampered({ do: "numericIds" })),
    ...allCreated
  })
  row("F54 ids that are numbers are ids of results without trace ids, too", {
    faults: on(tampered({ do: "numericIds" }, { do: "dropTraceIds" })),
    ...allCreated
  })
  row("F54 a number that has lost digits is no id: that there is a line item is said, and not where", {
    faults: on(tampered({ do: "numericIds", lossy: true })),
    ...someInDoubt("noId", 10)
  })
})

describe("fields about the whole", () => {
  const inputs = thirtyBut({ 12: refused })
  const asEver: Came = {
    outcomes: { Created: 29, "Rejected: VALIDATION_ERROR": 1 },
    sent: [10, 10, 10],
    stored: 29
  }
  for (const value of [0, 7, -1]) {
    row(`F54 a count of ${value} errors is not believed`, {
      faults: on(tampered({ do: "numErrors", value })),
      inputs,
      ...asEver
    })
  }
  row("F54 without a status all is told all the same", {
    faults: on(tampered({ do: "noStatus" })),
    inputs,
    ...asEver
  })
  row("F54 errors whose context is text name their inputs", {
    faults: on(tampered({ do: "contextAsText" })),
    inputs,
    ...asEver
  })
  row("F54 a status that nobody knows changes nothing of what is told", {
    faults: on(tampered({ do: "status", value: "DEFERRED" })),
    inputs,
    ...asEver
  })
  row("F54 under a status that nobody knows what is not told is unfinished", {
    faults: on(tampered({ do: "status", value: "DEFERRED" }, { do: "dropResults" })),
    ...someInDoubt("unfinished", 1)
  })
})
