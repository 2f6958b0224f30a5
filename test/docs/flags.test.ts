import { assert, describe, it } from "@effect/vitest"
import { inPage, tables } from "./flags.ts"

describe("docs/cli.md", () => {
  it("has the commands and flags as the command defines them (node test/docs/flags.ts writes them)", async () => {
    const { commands, flags } = await tables()
    assert.isAtLeast(commands.length, 16)
    assert.isAtLeast(flags.length, 40)
    assert.deepStrictEqual(inPage("commands"), commands)
    assert.deepStrictEqual(inPage("flags"), flags)
  })
})
