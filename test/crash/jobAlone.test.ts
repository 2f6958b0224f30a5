import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import { NodeFileSystem } from "@effect/platform-node"
import { afterAll, assert, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { join } from "node:path"
import * as Binary from "../support/binary.ts"

afterAll(Binary.endAll)

for (const beside of ["no", "memory"] as const) {
  it.live(
    `F60 a job has the log of its store, with ${beside} log beside it: what was in flight is not sent again`,
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const { ledger, setFaults } = yield* Emulator
        const { url } = yield* EmulatorServer.EmulatorServer
        const run = () =>
          Binary.start({
            command: [
              Binary.node,
              join(import.meta.dirname, "jobAlone.ts"),
              join(directory, "jobs.sqlite"),
              url,
              beside
            ],
            cwd: directory,
            env: {}
          })

        yield* setFaults({ rules: [{ match: { path: "*/batch/create" }, fault: { place: "replyLost" } }] })
        const first = run()
        while ((yield* ledger).created.length < 10) {
          assert.strictEqual(first.code(), null)
          yield* Effect.sleep("10 millis")
        }
        first.kill("SIGKILL")
        yield* Effect.promise(() => first.finished)

        yield* setFaults({ rules: [] })
        const { stderr, stdout } = yield* Effect.promise(() => run().finished)
        assert.lengthOf((yield* ledger).created, 10)
        const { counts, end } = JSON.parse(stdout) as { end: string; counts: Record<string, number> }
        assert.deepStrictEqual([end, counts["created"], counts["inDoubt"]], ["Complete", 0, 10], stderr)
      }).pipe(Effect.provide([EmulatorServer.layer({}), NodeFileSystem.layer]))
  )
}
