import { assert, describe, it } from "@effect/vitest"
import { type Bundler, type Program, bundlers, programs } from "./bundles.ts"

/** Node's own modules, databases, the cluster and the emulator. */
const unwanted = /^node:|\/emulator\/|\/src\/(?:sql|jobs|cluster|cli)\/|@effect\/|\/(?:sql|cluster)\//

const names = Object.keys(programs) as ReadonlyArray<Program>

for (const bundler of Object.keys(bundlers) as ReadonlyArray<Bundler>) {
  const bundle = bundlers[bundler]
  describe(`a bundle by ${bundler}`, () => {
    for (const name of names) {
      const { source } = programs[name]
      const most = programs[name].most?.[bundler]
      it(most === undefined ? name : `${name} has at most ${most} kB`, async () => {
        const { kilobytes, modules } = await bundle(name, source)
        console.log(`${name}, ${bundler}: ${kilobytes.toFixed(1)} kB gzip`)
        assert.isNotEmpty(modules)
        assert.deepStrictEqual(
          modules.filter((module) => unwanted.test(module)),
          []
        )
        assert.isAtMost(kilobytes, most ?? Number.POSITIVE_INFINITY)
      })
    }

    it("sees what is unwanted, and takes nothing that it cannot find", async () => {
      const { modules } = await bundle(
        "an emulator",
        `import * as Emulator from "@effect-hubspot/http/emulator/Emulator"\nconsole.log(Emulator.layer())`
      )
      assert.isNotEmpty(modules.filter((module) => unwanted.test(module)))
      const rejected = await bundle(
        "node",
        `import { readFileSync } from "node:fs"\nconsole.log(readFileSync)`
      ).then(
        ({ modules }) => modules.some((module) => unwanted.test(module)),
        () => true
      )
      assert.isTrue(rejected)
    })
  })
}
