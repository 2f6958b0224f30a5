import { assert, it } from "@effect/vitest"
import { HubSpotError, ServerFailed } from "@effect-hubspot/http/HubSpotError"
import * as Report from "../../../packages/batch/src/cli/Report.ts"

const error = new HubSpotError({
  reason: new ServerFailed({ kind: "gateway", status: 502 }),
  operation: "batchCreate"
})

it("the summary says when a suspended import goes on, as it is written down", () => {
  const at = (resumeAtMillis?: number) =>
    Report.summarize(
      Report.zero,
      {
        interrupted: false,
        reason: { _tag: "Suspended", cause: "outage", error },
        isJob: true,
        resumeAtMillis,
        unreadable: false,
        unwritable: false
      },
      { elapsedMs: 1, nowMillis: 0 }
    ).suspended
  assert.deepStrictEqual(at(60_000), { reason: "outage", resumeAt: "1970-01-01T00:01:00.000Z" })
  assert.deepStrictEqual(at(), { reason: "outage", resumeAt: null })
})
