import { assert, describe } from "@effect/vitest"
import { Redacted } from "effect"
import {
  after,
  always,
  before,
  guarded,
  on,
  reconciled,
  refused,
  row,
  type Seen,
  status,
  tampered,
  thirtyBut,
  traceIdOf
} from "../../support/failures.ts"

/*
 * Rows F15–F40 of docs/failures.md: an answer with a status that is none of success. What it proves
 * decides: what was refused is taken apart or sent again, what is in doubt stays so.
 */

const createdBefore = { Created: 10 }

/** The batch is not sent again, and the job goes on with the next. */
const oneInDoubt = (reason: string) => ({
  outcomes: { Created: 20, [`InDoubt: ${reason}`]: 10 },
  sent: [10, 10, 10]
})

/** The batch is sent a second time, and that is all. */
const onceMore = { outcomes: { Created: 30 }, sent: [10, 10, 10, 10], stored: 30 }

/** Nothing is sent after the refusal. */
const ends = (reason: string) => ({
  outcomes: { ...createdBefore, [`NotSent: ${reason}`]: 20 },
  sent: [10, 10],
  stored: 10
})

const waited = (atLeast: number, atMost: number) => (seen: Seen) => {
  assert.isAtLeast(seen.waits[1]!, atLeast)
  assert.isAtMost(seen.waits[1]!, atMost)
}

const page = { body: "html" } as const

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
    ...oneInDoubt("Conflict"),
    stored: 20
  })
  row("F26 a conflict of the whole batch, all being applied, is as much in doubt", {
    faults: on(after(status(409))),
    ...oneInDoubt("Conflict"),
    stored: 30
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
    ["F30", 422],
    ["F31", 423],
    ["F35", 477]
  ] as const) {
    row(`${name} a page with status ${code} that is not HubSpot's proves nothing`, {
      faults: on(after(status(code, page))),
      ...oneInDoubt("ProtocolViolation"),
      stored: 30
    })
  }
})

describe("not now", () => {
  const limited = (body: "burst" | "secondly" | "daily") => before(status(429, { body }))

  row("F31 a lock is waited for, two seconds at least", {
    faults: on(before(status(423))),
    ...onceMore,
    also: waited(2000, 4000)
  })
  row("F31 a lock that stays is given up after six sends of a batch and ten repetitions of the job", {
    faults: always(before(status(423))),
    outcomes: { "NotSent: RetriesExhausted Locked": 30 },
    sent: Array.from({ length: 6 + 6 + 1 }, () => 10),
    stored: 0
  })
  row("F32 a limit of ten seconds is waited for, ten seconds at least", {
    faults: on(limited("burst")),
    ...onceMore,
    also: waited(10_000, 12_000)
  })
  row("F32 a limit of a second is waited for, a second at least", {
    faults: on(limited("secondly")),
    ...onceMore,
    also: waited(1000, 3000)
  })
  row("F32 a limit that refuses twenty times costs no input", {
    faults: on(limited("burst"), [2, ...Array.from({ length: 19 }, (_, n) => n + 3)]),
    outcomes: { Created: 30 },
    sent: Array.from({ length: 23 }, () => 10),
    stored: 30
  })
  row("F32 a limit that refuses everything suspends the job", {
    faults: always(limited("burst")),
    outcomes: { "NotSent: Suspended (quota) RateLimited": 30 },
    sent: Array.from({ length: 31 }, () => 10),
    stored: 0
  })
  row("F33 a limit of the day suspends the job at once", {
    faults: on(limited("daily")),
    ...ends("Suspended (quota) RateLimited")
  })
  for (const body of ["empty", "html"] as const) {
    row(`F34 a limit that says nothing (${body}) is waited for, ten seconds at least`, {
      faults: on(before(status(429, { body, retryAfter: "soon" }))),
      ...onceMore,
      also: waited(10_000, 12_000)
    })
  }
  row("F34 a limit that names a wait is waited for just as long", {
    faults: on(before(status(429, { body: "empty", retryAfter: "45" }))),
    ...onceMore,
    also: waited(45_000, 47_000)
  })
  row("F34 a limit that names an hour suspends the job", {
    faults: on(before(status(429, { body: "empty", retryAfter: "3600" }))),
    ...ends("Suspended (quota) RateLimited")
  })

  const migrating = (more: object) => on(before(status(477, more)))
  row("F35 a migration of a minute is waited for", {
    faults: migrating({ retryAfter: "60" }),
    ...onceMore,
    also: waited(60_000, 62_000)
  })
  row("F35 a migration of a minute, told as a date, is waited for", {
    faults: migrating({ retryAfterDate: 60_000 }),
    ...onceMore,
    also: waited(59_000, 62_000)
  })
  for (const retryAfter of ["86400", "90001", "-5", "soon"]) {
    row(`F35 a migration with the wait "${retryAfter}" suspends the job`, {
      faults: migrating({ retryAfter }),
      ...ends("Suspended (migration) Migrating")
    })
  }
  row("F35 a migration that names no wait suspends the job", {
    faults: migrating({}),
    ...ends("Suspended (migration) Migrating")
  })
})

describe("a server that fails", () => {
  row("F24 a 408 with nothing applied is in doubt", {
    faults: on(before(status(408))),
    ...oneInDoubt("ServerFailed"),
    stored: 20
  })
  row("F24 a 408 with all applied is in doubt", {
    faults: on(after(status(408))),
    ...oneInDoubt("ServerFailed"),
    stored: 30
  })
  for (const [what, fault, stored] of [
    ["nothing", before(status(500)), 20],
    ["all", after(status(500)), 30]
  ] as const) {
    row(`F36 a 500 with ${what} applied is in doubt`, {
      faults: on(fault),
      ...oneInDoubt("ServerFailed"),
      stored
    })
  }
  row("F37 a 500 with a part applied is in doubt as a whole", {
    faults: on({ place: "partialCommit", inputs: 4, reply: status(500) }),
    ...oneInDoubt("ServerFailed"),
    stored: 24
  })
  row("F37 a 500 with a part applied is settled under guard, each input by itself", {
    faults: on({ place: "partialCommit", inputs: 4, reply: status(500) }),
    ...guarded,
    outcomes: { Created: 26, "Created: conflict": 4 },
    sent: [10, 10, 10, 10],
    stored: 30
  })
  for (const code of [502, 504, 520, 522, 524]) {
    row(`F38 a ${code} with nothing applied is in doubt`, {
      faults: on(before(status(code, page))),
      ...oneInDoubt("ServerFailed"),
      stored: 20
    })
    row(`F38 a ${code} with all applied is in doubt`, {
      faults: on(after(status(code, page))),
      ...oneInDoubt("ServerFailed"),
      stored: 30
    })
    row(`F38 a ${code} with all applied a minute later is in doubt`, {
      faults: on({ place: "lateApply", delayMillis: 60_000, reply: status(code, page) }),
      ...oneInDoubt("ServerFailed"),
      stored: 30,
      also: ({ storedAtOnce }) => assert.strictEqual(storedAtOnce, 20)
    })
  }
  for (const [what, body] of [
    ["a page", "html"],
    ["nothing", "empty"],
    ["HubSpot's own words", "hubspot"]
  ] as const) {
    row(`F39 a 503 with ${what} is in doubt`, {
      faults: on(after(status(503, { body, retryAfter: "1" }))),
      ...oneInDoubt("ServerFailed"),
      stored: 30
    })
  }
  for (const code of [521, 523, 525, 526, 530]) {
    row(`F40 a ${code} once is sent again`, {
      faults: on(before(status(code, page))),
      ...onceMore
    })
    row(`F40 a ${code} for ever suspends the job after six sends`, {
      faults: always(before(status(code, page))),
      outcomes: { "NotSent: Suspended (network) EdgeUnreachable": 30 },
      sent: [10, 10, 10, 10, 10, 10],
      stored: 0
    })
  }
})
