import type * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import type * as Plan from "@effect-hubspot/batch/model/Plan"
import { assert, describe, it } from "@effect/vitest"
import { recover } from "../../../packages/batch/src/jobs/Recovery.ts"

const item = (index: number): Plan.Item<string> => ({
  source: `row ${index}`,
  index,
  input: { properties: { name: `Seat ${index}` }, objectWriteTraceId: `t-${index}` },
  objectWriteTraceId: `t-${index}`,
  key: undefined
})

let id = 0
const attempt = (inputs: ReadonlyArray<number>, end?: AttemptLog.End): AttemptLog.Logged => ({
  jobId: "a",
  operation: "batchCreate",
  inputs,
  id: ++id,
  begunAtMillis: 1000 * id,
  ...(end !== undefined && { end: { ...end, endedAtMillis: 0 } })
})

const created = (index: number): AttemptLog.Entry => ({
  _tag: "Created",
  index,
  id: `${100 + index}`,
  via: "response",
  possibleDuplicate: false
})
const rejected = (index: number): AttemptLog.Entry => ({
  _tag: "Rejected",
  index,
  category: "VALIDATION_ERROR",
  problems: [{ message: "no" }],
  verifiedAbsent: false
})
const accepted = (...outcomes: ReadonlyArray<AttemptLog.Entry>): AttemptLog.End => ({
  acceptance: "Accepted",
  outcomes
})
const refused: AttemptLog.End = { acceptance: "NotAccepted", reason: "Locked", outcomes: [] }
const unanswered: AttemptLog.End = { acceptance: "InDoubt", reason: "TimedOut", outcomes: [] }

/** What becomes of input 0: its outcome, or that it may be sent. */
const fate = (attempts: ReadonlyArray<AttemptLog.Logged>, resendsDoubts = false): string => {
  const { known, open } = recover([item(0)], attempts, resendsDoubts)
  assert.strictEqual(known.length + open.length, 1)
  const outcome = known[0]?.outcome
  if (outcome === undefined) return "may be sent"
  if (outcome._tag === "InDoubt") return `InDoubt ${outcome.evidence._tag}`
  if (outcome._tag === "Created") return `Created ${outcome.id}${outcome.possibleDuplicate ? "?" : ""}`
  return outcome._tag
}

describe("what the log says of an input", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<AttemptLog.Logged>, string]> = [
    ["nothing was begun", [], "may be sent"],
    ["it was about others", [attempt([7], accepted(created(7)))], "may be sent"],
    ["it was refused, as often as you like", [attempt([0], refused), attempt([0], refused)], "may be sent"],
    ["it was begun, and did not end", [attempt([0])], "InDoubt Recovered"],
    ["it was not answered", [attempt([0], unanswered)], "InDoubt Recovered"],
    ["it was answered without a word of it", [attempt([0, 1], accepted(created(1)))], "InDoubt Recovered"],
    ["it was created", [attempt([0], accepted(created(0)))], "Created 100"],
    ["it was rejected", [attempt([0], accepted(rejected(0)))], "Rejected"],
    ["refused, then created", [attempt([0], refused), attempt([0], accepted(created(0)))], "Created 100"],
    ["in doubt, then created", [attempt([0]), attempt([0], accepted(created(0)))], "Created 100"],
    ["created, then begun again", [attempt([0], accepted(created(0))), attempt([0])], "Created 100"],
    ["in doubt, then rejected", [attempt([0]), attempt([0], accepted(rejected(0)))], "InDoubt Unverified"],
    ["in doubt, then refused", [attempt([0], unanswered), attempt([0], refused)], "InDoubt Recovered"],
    ["rejected, then begun again", [attempt([0], accepted(rejected(0))), attempt([0])], "InDoubt Recovered"]
  ]
  for (const [what, attempts, expected] of cases) {
    it(`${what}: ${expected}`, () => assert.strictEqual(fate(attempts), expected))
  }

  it("what was in doubt and sent again may be there twice, where doubts are sent again", () => {
    const twice = [attempt([0]), attempt([0], accepted(created(0)))]
    assert.strictEqual(fate(twice, true), "Created 100?")
    assert.strictEqual(fate([attempt([0], refused), attempt([0], accepted(created(0)))], true), "Created 100")
  })

  it("the first send of an input is remembered", () => {
    const attempts = [attempt([0]), attempt([0])]
    assert.strictEqual(recover([item(0)], attempts, false).doubts[0]?.sinceMillis, attempts[0]!.begunAtMillis)
  })

  it("goes on waiting for what HubSpot had not finished, and for nothing that is known by now", () => {
    const unfinished: AttemptLog.Unfinished = { status: "PENDING" }
    const waiting = { ...attempt([0, 1, 2, 3]), unfinished }
    const items = [0, 1, 2, 3, 4].map(item)
    const of = (attempts: ReadonlyArray<AttemptLog.Logged>) =>
      recover(items, attempts, false).unfinished.map(({ attempt, items }) => [
        attempt.id,
        items.map(({ index }) => index)
      ])
    assert.deepStrictEqual(of([waiting]), [[waiting.id, [0, 1, 2, 3]]])
    // Found, sent again, and ended since.
    assert.deepStrictEqual(of([waiting, attempt([1], accepted(created(1))), attempt([2])]), [
      [waiting.id, [0, 3]]
    ])
    assert.deepStrictEqual(of([{ ...waiting, end: { ...accepted(), endedAtMillis: 0 } }]), [])
    assert.deepStrictEqual(of([attempt([0])]), [])
  })
})
