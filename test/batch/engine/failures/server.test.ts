import { assert, describe } from "@effect/vitest"
import {
  after,
  afterDoubt,
  always,
  before,
  ends,
  guarded,
  on,
  onceMore,
  oneInDoubt,
  page,
  row,
  status,
  waited
} from "../../../support/failures.ts"

/*
 * Rows F24 and F31–F40 of docs/failures.md: not now, or a server that fails. What says that nothing was
 * executed is waited for; everything else is in doubt, whatever one may read about pausing and retrying.
 */

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
  row("F33 a limit of the day after a doubt leaves the doubt what it is", {
    faults: afterDoubt(status(429, { body: "daily" })),
    ...guarded,
    outcomes: { Created: 20, "InDoubt: TimedOut": 10 },
    sent: [10, 10, 10, 10],
    stored: 30
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

  for (const [name, code] of [
    ["F31", 423],
    ["F35", 477]
  ] as const) {
    row(`${name} a page with status ${code} that is not HubSpot's proves nothing`, {
      faults: on(after(status(code, page))),
      ...oneInDoubt("ProtocolViolation", 30)
    })
  }
})

describe("a server that fails", () => {
  row("F24 a 408 with nothing applied is in doubt", {
    faults: on(before(status(408))),
    ...oneInDoubt("ServerFailed", 20)
  })
  row("F24 a 408 with all applied is in doubt", {
    faults: on(after(status(408))),
    ...oneInDoubt("ServerFailed", 30)
  })
  for (const [what, fault, stored] of [
    ["nothing", before(status(500)), 20],
    ["all", after(status(500)), 30]
  ] as const) {
    row(`F36 a 500 with ${what} applied is in doubt`, {
      faults: on(fault),
      ...oneInDoubt("ServerFailed", stored)
    })
  }
  row("F37 a 500 with a part applied is in doubt as a whole", {
    faults: on({ place: "partialCommit", inputs: 4, reply: status(500) }),
    ...oneInDoubt("ServerFailed", 24)
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
      ...oneInDoubt("ServerFailed", 20)
    })
    row(`F38 a ${code} with all applied is in doubt`, {
      faults: on(after(status(code, page))),
      ...oneInDoubt("ServerFailed", 30)
    })
    row(`F38 a ${code} with all applied a minute later is in doubt`, {
      faults: on({ place: "lateApply", delayMillis: 60_000, reply: status(code, page) }),
      ...oneInDoubt("ServerFailed", 30),
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
      ...oneInDoubt("ServerFailed", 30)
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
