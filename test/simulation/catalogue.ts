/**
 * The kinds of faults that worlds have, and those of each world.
 */
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { Effect, Random } from "effect"
import { readFileSync } from "node:fs"

// Statuses by which HubSpot proves that it did nothing. One that lies is outside the promise.
const refusals = new Set([
  400, 401, 403, 404, 405, 413, 414, 415, 422, 423, 429, 477, 521, 523, 525, 526, 530
])

export const lies = (fault: Faults.Fault): boolean =>
  fault.place !== "beforeCommit" &&
  "reply" in fault &&
  fault.reply.kind === "status" &&
  refusals.has(fault.reply.status)

// These end a job, as they should; a world of nothing else would be a short one.
export const ends = (fault: Faults.Fault): boolean =>
  "reply" in fault &&
  fault.reply.kind === "status" &&
  [401, 403, 404, 405, 414, 415, 477, 307].includes(fault.reply.status)

/** Every fault of the table in docs/failures.md that a server can cause. */
export const catalogue: ReadonlyArray<readonly [row: string, fault: Faults.Fault]> = readFileSync(
  new URL("../../docs/failures.md", import.meta.url),
  "utf8"
)
  .split("\n")
  .flatMap((line) => {
    const row = /^\| (F\d\d) \|/.exec(line)?.[1]
    if (row === undefined) return []
    return [...line.matchAll(/`(\{"place".*?\})`/g)].map((match) => [row, JSON.parse(match[1]!)] as const)
  })

export type Entry = (typeof catalogue)[number]

const ending = catalogue.filter(([, fault]) => ends(fault))
const lasting = catalogue.filter(([, fault]) => !ends(fault))

/** So many kinds of faults are in a world. */
const kinds = 5

/** The kinds of a world: worlds with numbers that follow each other go through all of them. */
export const kindsOf = Effect.fnUntraced(function* (seed: number) {
  const some = yield* Effect.forEach(Array.from({ length: kinds }), (_, n) => {
    const nth = seed * kinds + n
    const order = Random.shuffle(lasting).pipe(Random.withSeed(`order ${Math.floor(nth / lasting.length)}`))
    return Effect.map(order, (all): Entry => [...all][nth % lasting.length]!)
  })
  return { some, last: seed % 4 === 0 ? ending[(seed / 4) % ending.length] : undefined }
})

/** Whether it changes only replies to batches. */
export const tampers = (fault: Faults.Fault): boolean =>
  fault.place === "afterCommit" && fault.reply.kind === "tamper"

/** Whether it changes only replies with errors. */
export const tampersWithErrors = (fault: Faults.Fault): boolean =>
  fault.place === "afterCommit" &&
  fault.reply.kind === "tamper" &&
  fault.reply.tampering.every((one) =>
    ["anonymousErrors", "foreignErrors", "contextIds", "contextAsText"].includes(one.do)
  )
