/**
 * The report of an import that leaves nothing behind but its files: what it needs is taken down while the import runs.
 */
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Stdio from "effect/Stdio"
import * as DoubtStrategy from "../../doubt/DoubtStrategy.ts"
import type * as BatchRunner from "../../engine/BatchRunner.ts"
import type { FileFormat } from "../../files/FileFormat.ts"
import type * as Rejects from "../../files/Rejects.ts"
import type * as Source from "../../files/Source.ts"
import * as Job from "../../jobs/Job.ts"
import type * as Outcome from "../../model/Outcome.ts"
import type * as JobFiles from "../JobFiles.ts"
import type { Process } from "../Process.ts"
import { Secrets } from "../Secrets.ts"
import { quote } from "../Shell.ts"
import * as Words from "../Words.ts"
import * as Facts from "./Facts.ts"
import * as Findings from "./Findings.ts"
import * as Steps from "./Steps.ts"
import * as Write from "./Write.ts"

export interface Options {
  readonly path: string
  readonly files: JobFiles.Paths
  readonly source: Source.Source
  readonly declared: FileFormat | undefined
  readonly account: string | undefined
  readonly strategy: DoubtStrategy.DoubtStrategy
  readonly isEmulated: boolean
}

export interface Recording {
  readonly outcomes: (outcomes: ReadonlyArray<Outcome.Outcome<Source.Row>>) => Effect.Effect<void>
  readonly event: (event: BatchRunner.Event) => Effect.Effect<void>
  /** Writes the page, with how many rows were read. */
  readonly write: (inputs: number) => Effect.Effect<void, Rejects.RejectsError>
}

/** Begins a report. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<
  Recording,
  never,
  FileSystem.FileSystem | Stdio.Stdio | HubSpotClient | RateLimits | Process | Secrets
> {
  const { account, declared, files, isEmulated, path, source, strategy } = options
  const { redact } = yield* Secrets
  const { origin } = yield* HubSpotClient
  const args = yield* Effect.flatMap(Stdio.Stdio, ({ args }) => args)
  const services = yield* Effect.context<FileSystem.FileSystem>()
  const { limit } = yield* RateLimits
  const versions = yield* Write.versions
  const startedAtMillis = yield* Clock.currentTimeMillis
  const growing = Findings.make(startedAtMillis, redact)
  return {
    outcomes: (outcomes) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        for (const outcome of outcomes) {
          const entry = Job.entry(outcome)
          const traceId = outcome._tag === "InDoubt" ? outcome.objectWriteTraceId : undefined
          growing.settled(Findings.kindOf[entry._tag], 1, now)
          growing.row({ row: outcome.source, entry, traceId })
        }
      }),
    event: (event) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (event._tag === "Waiting") growing.waited(event.inputs, event.millis, event.why)
        if (event._tag !== "Requested") return
        const { error, inputs, millis } = event
        growing.attempted({
          begunAtMillis: now - millis,
          // Of an answer that was not waited for, no time is known.
          ...(millis > 0 && { millis }),
          inputs,
          acceptance: error?.acceptance ?? "Accepted",
          reason: error?.reason._tag
        })
      }),
    write: Effect.fnUntraced(function* (inputs) {
      const now = yield* Clock.currentTimeMillis
      const findings = growing.findings()
      const { counts } = findings
      const facts = {
        source: Facts.clipped(source.name, redact),
        account,
        origin: isEmulated ? "the emulator in the process" : origin,
        strategy: Words.ofStrategy(strategy),
        promise: DoubtStrategy.promise(strategy),
        inputs,
        open: Math.max(
          0,
          Findings.kinds.reduce((open, kind) => open - counts[kind], inputs)
        ),
        startedAtMillis,
        endedAtMillis: now,
        writtenAtMillis: now,
        limit: yield* limit,
        command: Facts.clipped(["line-items", ...args.map(quote)].join(" "), redact),
        reading: Facts.readingOf({ ...source, declared }, redact),
        createdFile: files.created === undefined ? undefined : Facts.clipped(files.created, redact),
        steps: Steps.ofImport({ args, counts, declared, files, source }).map(Facts.stepWithout(redact)),
        versions
      }
      yield* Write.write(path, facts, findings)
    }, Effect.provide(services))
  }
})
