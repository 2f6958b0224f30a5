/**
 * The versions of this program, of Node, and of the Effect that it runs on: all that `--version` needs.
 */
import effectJson from "effect/package.json" with { type: "json" }
import packageJson from "../../package.json" with { type: "json" }

export const lineItems: string = packageJson.version

export const effect: string = effectJson.version

/** `line-items 0.0.0 (node 24.21.0, effect 4.1.0)` */
export const line = `line-items ${lineItems} (node ${process.versions.node}, effect ${effect})`
