import * as Faults from "@effect-hubspot/http/emulator/Faults"
import faultPlan from "@effect-hubspot/http/schemas/fault-plan.json" with { type: "json" }
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import { Effect, Exit } from "effect"
import { readFileSync } from "node:fs"
import { canary, type Directory, directory, endAll, run, serve } from "../batch/cli/run.ts"
import * as OutputSchema from "../support/outputSchema.ts"
import { files, pathOf } from "./schemas.ts"

describe("the JSON Schemas of the packages", () => {
  for (const [file, make] of Object.entries(files)) {
    it(`${file} is as the code has it (node test/docs/schemas.ts writes it)`, () => {
      assert.strictEqual(readFileSync(pathOf(file), "utf8"), make())
    })
  }

  it.effect("a fault plan is one for the schema where it is one for the emulator", () => {
    const isPlan = new Ajv({ strict: false }).compile(faultPlan)
    const rule = { fault: { place: "replyLost" } }
    const plans = [
      { rules: [] },
      { rules: [rule, { match: { nth: [1, 2], path: "*/batch/create" }, ...rule }] },
      {
        rules: [{ fault: { place: "beforeCommit", reply: { kind: "status", status: 429, body: "daily" } } }]
      },
      { rules: [{ fault: { place: "nowhere" } }] },
      { rules: [{ macth: {}, ...rule }] },
      { rules: [{ match: { nth: 0 }, ...rule }] },
      { rules: [{ fault: { place: "beforeCommit", reply: { kind: "cut" } } }] },
      []
    ]
    return Effect.gen(function* () {
      const decoded = yield* Effect.forEach(plans, (plan) => Effect.exit(Faults.decode(plan)))
      assert.deepStrictEqual(
        plans.map((plan) => isPlan(plan)),
        decoded.map(Exit.isSuccess)
      )
      assert.isTrue(decoded.some(Exit.isSuccess) && decoded.some(Exit.isFailure))
    })
  })
})

describe("what the commands print with --json", () => {
  let dir: Directory
  let url: string
  beforeAll(async () => {
    dir = directory()
    dir.write("items.csv", "name,price\nChair,12.50\nStool,x\n")
    dir.write(
      "plan.json",
      JSON.stringify({ rules: [{ fault: { place: "replyLost" }, match: { nth: 9999 } }] })
    )
    dir.write("wrong.json", JSON.stringify({ rules: [{ fault: { place: "nowhere" } }] }))
    ;({ url } = await serve("--faults", dir.at("plan.json")))
  })
  afterAll(() => {
    endAll()
    dir.remove()
  })

  it("fits the schema of each command", async () => {
    const at = ["--base-url", url, "--state-dir", "state"]
    const created = ["--rejects", "rejects.csv", "--created", "created.csv"]
    for (const [command, ...args] of [
      ["check", "items.csv", "--emulator"],
      ["doctor", ...at],
      ["import", "items.csv", "--job", "a", ...at, ...created],
      ["status", "a", "--state-dir", "state"],
      ["jobs", "--state-dir", "state"],
      ["resume", "a", ...at],
      ["resolve", "a", ...at],
      ["undo", "created.csv", "--yes", "--base-url", url],
      ["forget", "--older-than", "1d", "--dry-run", "--state-dir", "state"]
    ] as const) {
      const { stderr, stdout } = await run([command, ...args, "--json"], { cwd: dir.path, token: canary })
      assert.isNotEmpty(stdout, `${command}: ${stderr}`)
      OutputSchema.check(stdout, command)
    }
  })

  it("a wrong fault plan in a file is one line that names the file and the place", async () => {
    const { code, stderr } = await run(["serve", "--faults", dir.at("wrong.json")], { cwd: dir.path })
    assert.strictEqual(code, 2)
    assert.match(
      stderr,
      /^line-items: --faults .*wrong\.json: fault plan at rules\[0\]\.fault\.place: "nowhere" is given; it must be [^\n]+\n$/
    )
  })
})
