import { assert, describe } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import {
  after,
  afterDoubt,
  always,
  before,
  ends,
  good,
  guarded,
  on,
  onceMore,
  oneInDoubt,
  page,
  reconciled,
  refused,
  row,
  status,
  tampered,
  thirtyBut,
  traceIdOf
} from "../../../support/failures.ts"

/*
 * Rows F15–F30 of docs/failures.md, but for F24: HubSpot refuses the batch, or inputs of it. What it
 * says decides who is rejected; what was provably not executed may be sent again in parts.
 */

describe("a refusal of the batch", () => {
  const bad = before(status(400))
  row("F15 a refusal that names one input rejects it, and sends the others of its batch again", {
    faults: on(before(status(400, { blame: 1 }))),
    outcomes: { Created: 29, "Rejected: VALIDATION_ERROR": 1 },
    sent: [10, 10, 9, 10],
    stored: 29
  })
  row("F15 a refusal that names all inputs rejects them, and sends nothing again", {
    faults: on(before(status(400, { blame: 10 }))),
    outcomes: { Created: 20, "Rejected: VALIDATION_ERROR": 10 },
    sent: [10, 10, 10],
    stored: 20
  })
  row("F16 a refusal that names nobody halves the batch until the guilty one is found", {
    faults: always(bad, { onlyWithTraceId: traceIdOf(12) }),
    outcomes: { Created: 29, "Rejected: VALIDATION_ERROR": 1 },
    sent: [10, 10, 5, 2, 3, 1, 2, 5, 10],
    stored: 29
  })
  row("F16 a refusal that names nobody, and passes, rejects nobody", {
    faults: on(bad),
    outcomes: { Created: 30 },
    sent: [10, 10, 5, 5, 10],
    stored: 30
  })
  row("F16 a refusal that lies, all being applied, doubles nothing under guard", {
    faults: on(after(status(400))),
    ...guarded,
    outcomes: { Created: 20, "Created: conflict": 10 },
    sent: [10, 10, 5, 5, 10],
    stored: 30
  })
  row("F15 a refusal that lies and names inputs is found out under guard", {
    faults: on(after(status(400, { blame: 2 }))),
    ...guarded,
    outcomes: { Created: 20, "Created: conflict": 8, "Created: reconciled": 2 },
    sent: [10, 10, 8, 10],
    stored: 30
  })
  row("F16 a refusal of a single input that lies is found out under guard", {
    faults: on(after(status(400)), 1),
    inputs: [good(1)],
    ...guarded,
    outcomes: { "Created: reconciled": 1 },
    sent: [1],
    stored: 1
  })
  row("F17 a body that HubSpot cannot read ends the job: it is our bug", {
    faults: on(before(status(400, { body: "invalidJson" }))),
    ...ends("Halted ProtocolBug")
  })
  row("F27 a batch that is too large is halved", {
    faults: always(before(status(413)), { inputsOver: 5 }),
    outcomes: { Created: 30 },
    sent: [10, 5, 5, 10, 5, 5, 10, 5, 5],
    stored: 30
  })
  row("F27 an input that is too large alone is rejected", {
    faults: always(before(status(413)), { onlyWithTraceId: traceIdOf(10) }),
    outcomes: { Created: 29, "Rejected: REQUEST_TOO_LARGE": 1 },
    sent: [10, 10, 5, 2, 1, 1, 3, 5, 10],
    stored: 29
  })
  for (const [row_, code] of [
    ["F28", 414],
    ["F29", 415]
  ] as const) {
    row(`${row_} a ${code} ends the job: it is our bug`, {
      faults: on(before(status(code))),
      ...ends("Halted ProtocolBug")
    })
  }
  row("F30 a 422 that names one input rejects it, and sends the others of its batch again", {
    faults: on(before(status(422, { blame: 1 }))),
    outcomes: { Created: 29, "Rejected: VALIDATION_ERROR": 1 },
    sent: [10, 10, 9, 10],
    stored: 29
  })
  row("F30 a 422 that names nobody halves the batch", {
    faults: on(before(status(422))),
    outcomes: { Created: 30 },
    sent: [10, 10, 5, 5, 10],
    stored: 30
  })
})

describe("a batch that succeeds in part", () => {
  const inputs = thirtyBut({ 12: refused, 13: refused })
  row("F18 errors that name their inputs reject these, and the others are created", {
    faults: [],
    inputs,
    outcomes: { Created: 28, "Rejected: VALIDATION_ERROR": 2 },
    sent: [10, 10, 10],
    stored: 28
  })
  row("F18 an id beside a trace id names nobody, though it is the key of another input", {
    faults: on(
      tampered(
        { do: "dropResults", count: 8 },
        { do: "contextIds", ids: Array.from({ length: 10 }, (_, n) => `job:${n + 10}`) }
      )
    ),
    inputs,
    options: { keyProperty: "import_key" },
    emulator: { uniqueProperties: ["import_key"] },
    outcomes: { Created: 20, "Rejected: VALIDATION_ERROR": 2, "InDoubt: missing": 8 },
    sent: [10, 10, 10],
    stored: 28
  })
  row("F18 an error that names several inputs says of each what it says of that one", {
    faults: on(
      after({
        kind: "whole",
        json: {
          status: "COMPLETE",
          results: [],
          errors: [
            {
              category: "VALIDATION_ERROR",
              message: "Some inputs were not valid",
              context: { objectWriteTraceId: [traceIdOf(0)] },
              errors: [
                { message: "-1 is too small", context: { objectWriteTraceId: [traceIdOf(1)] } },
                { message: "-2 is too small", context: { objectWriteTraceId: [traceIdOf(2)] } }
              ]
            }
          ]
        }
      }),
      1
    ),
    inputs: [refused, refused, refused],
    outcomes: { "Rejected: VALIDATION_ERROR": 3 },
    sent: [3],
    stored: 0,
    also: ({ all }) =>
      assert.deepStrictEqual(
        all
          .toSorted((a, b) => a.index - b.index)
          .map((outcome) =>
            outcome._tag === "Rejected" ? outcome.problems.map(({ message }) => message) : []
          ),
        [["Some inputs were not valid"], ["-1 is too small"], ["-2 is too small"]]
      )
  })
  row("F18 a refusal for the moment is a rejection: it is HubSpot's last word", {
    faults: on({ place: "rejectInputs" }),
    outcomes: { Created: 20, "Rejected: TRANSIENT_ERROR": 10 },
    sent: [10, 10, 10],
    stored: 20
  })
  for (const [what, tampering] of [
    ["name no input", "anonymousErrors"],
    ["name inputs that were not sent", "foreignErrors"]
  ] as const) {
    row(`F19 errors that ${what} leave the inputs nobody speaks of in doubt`, {
      faults: on(tampered({ do: tampering })),
      inputs,
      outcomes: { Created: 28, "InDoubt: missing": 2 },
      sent: [10, 10, 10],
      stored: 28,
      also: ({ events }) =>
        assert.deepStrictEqual(
          events.flatMap((event) => (event._tag === "Unattributed" ? [event.messages.length] : [])),
          [2]
        )
    })
  }
  row("F25 a conflict of some inputs rejects these", {
    faults: on({ place: "rejectInputs", category: "CONFLICT", message: "The value is in use." }),
    outcomes: { Created: 20, "Rejected: CONFLICT": 10 },
    sent: [10, 10, 10],
    stored: 20
  })
  row("F25 a conflict with what an answer that was lost had created is created under guard", {
    faults: on({ place: "replyLost" }),
    ...guarded,
    outcomes: { Created: 20, "Created: conflict": 10 },
    sent: [10, 10, 10, 10],
    stored: 30
  })
})

describe("a conflict of the whole batch", () => {
  const conflict = on(before(status(409)))
  row("F26 a conflict of the whole batch proves nothing, and is not sent again", {
    faults: conflict,
    ...oneInDoubt("Conflict", 20)
  })
  row("F26 a conflict of the whole batch, all being applied, is as much in doubt", {
    faults: on(after(status(409))),
    ...oneInDoubt("Conflict", 30)
  })
  row("F26 a conflict of one input is a refusal", {
    inputs: [good(0)],
    faults: on(before(status(409)), 1),
    outcomes: { "Rejected: CONFLICT": 1 },
    sent: [1],
    stored: 0
  })
  row("F26 a conflict of the whole batch is sent again under guard", {
    faults: conflict,
    ...guarded,
    ...onceMore
  })
  row("F26 a conflict of the whole batch is looked for, and sent again if absent, under reconcile", {
    faults: conflict,
    ...reconciled,
    outcomes: { Created: 30 },
    sent: [10, 10, 10, 10],
    stored: 30
  })
})

describe("credentials", () => {
  const unauthorized = before(status(401))
  row("F20 a token that HubSpot does not take, and that cannot be renewed, ends the job", {
    faults: on(unauthorized),
    ...ends("Halted Unauthorized")
  })
  const oauth = {
    refreshToken: "refresh-token",
    emulator: {
      oauth: {
        clientId: "app",
        clientSecret: Redacted.make("client-secret"),
        refreshToken: Redacted.make("refresh-token")
      }
    }
  }
  row("F20 a token that can be renewed is renewed, once, and the batch sent again", {
    faults: on(unauthorized),
    ...oauth,
    ...onceMore,
    also: ({ ledger }) =>
      assert.lengthOf(
        ledger.requests.filter(({ path }) => path.includes("/oauth/")),
        2
      )
  })
  row("F20 a renewed token that HubSpot does not take either ends the job", {
    faults: on(unauthorized, [2, 3]),
    ...oauth,
    ...ends("Halted Unauthorized"),
    sent: [10, 10, 10]
  })
  row("F20 a refresh token that HubSpot does not take ends the job before anything is sent", {
    faults: [],
    ...oauth,
    refreshToken: "another-token",
    outcomes: { "NotSent: Halted TokenRefused": 30 },
    sent: [],
    stored: 0
  })
  row("F20 without an answer of the token endpoint it waits, asks again, and goes on", {
    faults: [{ match: { path: "*/token", nth: 1 }, fault: before(status(503)) }],
    ...oauth,
    outcomes: { Created: 30 },
    sent: [10, 10, 10],
    stored: 30
  })
  row("F20 without any answer of the token endpoint the job is suspended", {
    faults: [{ match: { path: "*/token" }, fault: before(status(503)) }],
    ...oauth,
    outcomes: { "NotSent: Suspended (network) TokenUnavailable": 30 },
    sent: [],
    stored: 0
  })
  row("F21 a scope that is missing ends the job, and is named", {
    faults: on(before(status(403))),
    ...ends("Halted Forbidden"),
    also: ({ all }) => {
      const last = all.at(-1)!
      assert(last._tag === "NotSent" && last.reason._tag === "Halted")
      const { reason } = last.reason.error
      assert.deepStrictEqual(reason._tag === "Forbidden" && reason.missingScopes, [
        "crm.objects.line_items.write"
      ])
    }
  })
})

describe("requests under way when the job ends", () => {
  row("F21 a scope that is missing lets requests under way finish, and no other begin", {
    faults: [
      ...always(before(status(403)), { onlyWithTraceId: traceIdOf(9) }),
      ...always(after({ kind: "slow", delayMillis: 5000 }))
    ],
    // The job began with one request, then two; of these three the one that is refused comes last.
    line: (_, pass, n) => (n === 3 ? Effect.delay(pass, "1 second") : pass),
    options: { batchSize: 3, concurrency: 3 },
    outcomes: { Created: 15, "NotSent: Halted Forbidden": 15 },
    sent: [3, 3, 3, 3, 3, 3],
    stored: 15
  })
})

describe("an endpoint that is not there", () => {
  row("F22 a path that HubSpot does not serve ends the job", {
    faults: on(before(status(404))),
    ...ends("Halted EndpointNotFound")
  })
  for (const code of [405, 406, 410, 451]) {
    row(`F23 a ${code} ends the job`, {
      faults: on(before(status(code))),
      ...ends("Halted EndpointRefused")
    })
  }
  for (const [name, code] of [
    ["F20", 401],
    ["F21", 403],
    ["F22", 404],
    ["F23", 405],
    ["F27", 413],
    ["F30", 422]
  ] as const) {
    row(`${name} a page with status ${code} that is not HubSpot's proves nothing`, {
      faults: on(after(status(code, page))),
      ...oneInDoubt("ProtocolViolation", 30)
    })
  }
})

describe("a refusal after a doubt", () => {
  row("F20 a token that is not taken after a doubt leaves the doubt what it is", {
    faults: afterDoubt(status(401)),
    ...guarded,
    outcomes: { Created: 20, "InDoubt: TimedOut": 10 },
    sent: [10, 10, 10, 10],
    stored: 30
  })
  row("F15 a refusal that names all inputs after a doubt is looked up, and they are found", {
    faults: afterDoubt(status(400, { blame: 10 })),
    ...guarded,
    outcomes: { Created: 20, "Created: reconciled": 10 },
    sent: [10, 10, 10, 10],
    stored: 30
  })
})
