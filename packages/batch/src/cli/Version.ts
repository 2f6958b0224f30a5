/**
 * The versions of this program, of Node, and of the Effect that it runs on: all that `--version` needs.
 */
import effectJson from "effect/package.json" with { type: "json" }
import packageJson from "../../package.json" with { type: "json" }

/** `line-items 0.0.0 (node 24.21.0, effect 4.1.0)` */
export const line = `line-items ${packageJson.version} (node ${process.versions.node}, effect ${effectJson.version})`
