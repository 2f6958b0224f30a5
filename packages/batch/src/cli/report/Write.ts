/**
 * Writes a report's page: as a whole or not at all, for its owner only, and never over another file.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Rejects from "../../files/Rejects.ts"
import { load } from "../load.ts"
import { Process } from "../Process.ts"
import * as Version from "../Version.ts"
import * as WholeFile from "../WholeFile.ts"
import type { Facts } from "./Facts.ts"
import type { Findings } from "./Findings.ts"

/** The versions that write it. */
export const versions = Effect.map(Process, ({ nodeVersion }) => ({
  lineItems: Version.lineItems,
  node: nodeVersion,
  effect: Version.effect
}))

/** Writes the page. The program that draws plots is loaded only here. */
export const write = Effect.fnUntraced(function* (
  path: string,
  facts: Facts,
  findings: Findings
): Effect.fn.Return<void, Rejects.RejectsError, FileSystem.FileSystem> {
  const [Page] = yield* load(() => [import("./Page.ts")])
  const text = yield* Page.render(facts, findings)
  yield* Effect.mapError(WholeFile.create(path, text), Rejects.failedOn(path))
})
