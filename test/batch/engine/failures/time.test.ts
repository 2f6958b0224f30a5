import { assert, describe } from "@effect/vitest"
import {
  allCreated,
  before,
  type Came,
  guarded,
  on,
  onceMore,
  oneInDoubt,
  reconciled,
  row,
  type Seen,
  status,
  tampered,
  waited
} from "../../../support/failures.ts"

/*
 * Rows F55–F58 of docs/failures.md: HubSpot is not done when it answers, or the client's clock is set.
 */

const unfinished = (count: number, stored: number): Came => ({
  outcomes: { Created: 30 - count, "InDoubt: unfinished": count },
  sent: [10, 10, 10],
  stored
})

/** What was created before is found by its keys; the rest is sent again after the deadline. */
const completed: Came = { outcomes: { Created: 30 }, sent: [10, 10, 10, 6], stored: 30 }

describe("a batch that HubSpot accepts and works on later", () => {
  const task = { place: "asynchronous", pendingMillis: 1000, processingMillis: 2000 } as const

  row("F55 a batch that is pending is in doubt, and is not sent again", {
    faults: on(task),
    ...unfinished(10, 30),
    also: ({ storedAtOnce }) => assert.strictEqual(storedAtOnce, 20)
  })
  for (const code of [200, 202]) {
    row(`F55 a batch that is pending under a ${code} is in doubt`, {
      faults: on({ ...task, status: code }),
      ...unfinished(10, 30),
      ...(code === 202 && { outcomes: { Created: 20, "InDoubt: ProtocolViolation": 10 } })
    })
  }
  row("F55 what is told of a batch that is at work is believed, the rest is in doubt", {
    faults: on(tampered({ do: "status", value: "PROCESSING" }, { do: "dropResults", count: 6 })),
    ...unfinished(6, 30)
  })
  row("F55 a batch that is pending is found when it is done, under reconcile", {
    faults: on(task),
    ...reconciled,
    ...allCreated
  })
  row("F55 a batch that is pending is looked at by its keys under guard, and not sent again", {
    faults: on(task),
    ...guarded,
    ...allCreated
  })
  row("F56 a batch that is pending for ever is in doubt", {
    faults: on({ ...task, end: "never" }),
    ...unfinished(10, 20)
  })
  row("F56 a batch that is pending, without a link to ask, is in doubt", {
    faults: on(
      tampered({ do: "emptyResults" }, { do: "status", value: "PENDING" }, { do: "links", links: {} })
    ),
    ...unfinished(10, 30)
  })
  row("F56 a batch that is pending for ever is looked for, and sent again, under reconcile", {
    faults: on({ ...task, end: "never" }),
    ...reconciled,
    ...onceMore
  })
  row("F57 a batch that is canceled half way after it was accepted is in doubt", {
    faults: on({ ...task, end: "canceled", createdBeforeCancel: 4 }),
    ...unfinished(10, 24)
  })
  row("F57 of a batch that was canceled what is told is created, and the rest in doubt", {
    faults: on(tampered({ do: "status", value: "CANCELED" }, { do: "dropResults", count: 6 })),
    ...unfinished(6, 30)
  })
  row("F57 a batch that is canceled half way is completed under guard", {
    faults: on({ ...task, end: "canceled", createdBeforeCancel: 4 }),
    ...guarded,
    ...completed
  })
  row("F57 a batch that is canceled half way is completed under reconcile", {
    faults: on({ ...task, end: "canceled", createdBeforeCancel: 4 }),
    ...reconciled,
    ...completed
  })
})

describe("a clock that is set", () => {
  const day = 86_400_000

  for (const [what, by] of [
    ["ahead", day],
    ["back", -day]
  ] as const) {
    row(
      `F58 a clock that is set ${what} by a day lets no request through before its time, and holds none up`,
      {
        faults: [],
        limit: 2,
        emulator: { limit: 2 },
        jump: { after: 5000, by },
        ...allCreated,
        also: (seen: Seen) => {
          assert.isTrue(seen.requests.every(({ status }) => status === 201))
          assert.isAtLeast(seen.requests[2]!.at - seen.requests[0]!.at, 10_000)
          assert.isAtMost(seen.requests[2]!.at - seen.requests[0]!.at, 12_000)
        }
      }
    )
    row(`F58 a clock that is set ${what} by a day ends no request that is under way`, {
      faults: [],
      emulator: { latency: { min: 60_000, max: 60_000 } },
      jump: { after: 30_000, by },
      ...allCreated
    })
    row(`F58 a clock that is set ${what} by a day does not keep a request from its timeout`, {
      faults: on(before({ kind: "never" })),
      jump: { after: 30_000, by },
      ...oneInDoubt("TimedOut", 20),
      also: waited(110_000, 112_000)
    })
    row(`F58 a clock that is set ${what} by a day makes no wait longer or shorter`, {
      faults: on(before(status(429, { body: "burst" }))),
      jump: { after: 5000, by },
      ...onceMore,
      also: waited(10_000, 12_000)
    })
  }
})
