/**
 * Why the system does not let a file be read, for people.
 */
import type { PlatformError } from "effect/PlatformError"

const causes: ReadonlyMap<string, readonly [problem: string, advice: string]> = new Map([
  ["NotFound", ["no such file", "check the path"]],
  ["PermissionDenied", ["permission denied", "make it readable for this user"]],
  ["Busy", ["it is in use", "try again later"]],
  ["TimedOut", ["the read timed out", "try again"]]
])

/** What is wrong, and what to do. */
export const of = (
  tag: PlatformError["reason"]["_tag"] | undefined
): readonly [problem: string, advice: string] =>
  causes.get(tag ?? "") ?? ["the system refused to read it", "check the path and the disk"]
