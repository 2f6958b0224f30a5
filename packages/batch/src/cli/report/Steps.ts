/**
 * What a person can do after an import, with commands to paste: into the same account, with the same database.
 */
import * as BaseUrl from "@effect-hubspot/http/BaseUrl"
import type { FileFormat } from "../../files/FileFormat.ts"
import * as Rejects from "../../files/Rejects.ts"
import * as Job from "../../jobs/Job.ts"
import type * as JobFiles from "../JobFiles.ts"
import { quote } from "../Shell.ts"
import * as Words from "../Words.ts"
import type { Step } from "./Facts.ts"
import type { Findings } from "./Findings.ts"

interface OfImport {
  readonly counts: Findings["counts"]
  readonly files: JobFiles.Paths
  readonly source: Rejects.Options["source"]
  readonly declared: FileFormat | undefined
  readonly args: ReadonlyArray<string>
}

/** After an import without a job. */
export const ofImport = ({ args, counts, declared, files, source }: OfImport): ReadonlyArray<Step> => {
  const wrong = counts.rejected + counts.invalid + counts.notSent
  const { doubts, rejects } = files
  return [
    ...(counts.inDoubt === 0
      ? []
      : [
          {
            text: `look for the rows in doubt in HubSpot before you send one again${doubts === undefined ? "" : `; ${doubts} has them`}. An import with --job can look for them itself: line-items resolve`,
            commands: []
          }
        ]),
    ...(wrong === 0
      ? []
      : rejects === undefined
        ? [
            {
              text:
                counts.created + counts.inDoubt === 0
                  ? "correct the file, and import it again: none of its rows was created"
                  : "put the corrected rows into a file of their own, and import that: the rows of this file that were created would be created again. Next time, --rejects <file> keeps them",
              commands: []
            }
          ]
        : [
            {
              text: `correct the rows in ${rejects}, and import that file`,
              commands: [Words.importOf(rejects, Rejects.formatOf(source, declared), Words.lastingOf(args))]
            }
          ])
  ]
}

/** The flags for a command on a job: where it is kept, and where its requests go. */
const flagsOf = ({ frozen: { origin } }: Job.Job, args: ReadonlyArray<string>) => {
  const kept = Words.given(args, ["--state-dir"])
  const url = origin === BaseUrl.hubspot ? [] : ["--base-url", origin]
  return {
    kept: kept.map(quote),
    /** Of a command that asks HubSpot. */
    asking: [...url, ...Words.given(args, ["--token-file"]), ...kept].map(quote)
  }
}

/** A command on a job. */
const command = (...words: ReadonlyArray<string>): string => ["line-items", ...words].join(" ")

/** After a run of a job, or between two of them. */
export const ofJob = (
  job: Job.Job,
  { args, counts, files }: Pick<OfImport, "counts" | "files" | "args">
): ReadonlyArray<Step> => {
  const { asking, kept } = flagsOf(job, args)
  const { id, state, suspension } = job
  const isOver = Job.isFinal(state)
  const wrong = counts.rejected + counts.invalid + counts.notSent
  const rejects = files.rejects ?? `${id}-rejects.${extensionOf(job)}`
  return [
    ...(state === "planning"
      ? [
          {
            text: "not all of its rows were written down, and nothing was sent: give the same command again",
            commands: []
          }
        ]
      : isOver
        ? []
        : [
            {
              text:
                suspension === undefined
                  ? "go on with the job"
                  : `${suspension.message}: go on with the job once that is over`,
              commands: [command("resume", id, ...asking)]
            },
            { text: "see how far it is", commands: [command("status", id, ...kept)] }
          ]),
    ...(counts.inDoubt === 0 || !(isOver || state === "suspended")
      ? []
      : [
          {
            text: "look for the rows in doubt: the first command only shows what it finds, the second writes it down. Neither sends a row",
            commands: [command("resolve", id, ...asking), command("resolve", id, "--apply", ...asking)]
          }
        ]),
    ...(wrong === 0 || !isOver
      ? []
      : [
          ...(files.rejects === undefined
            ? [
                {
                  text: "write the rows that were not created into a file, each with its reason",
                  commands: [command("resume", id, "--rejects", quote(rejects), ...asking)]
                }
              ]
            : []),
          {
            text: `correct them in ${rejects}, and send them again`,
            commands: [command("retry", id, quote(rejects), ...asking)]
          }
        ])
  ]
}

/** Writes the ids of a job that is over into a file. */
export const allIds = (job: Job.Job, args: ReadonlyArray<string>): string | undefined =>
  Job.isFinal(job.state)
    ? command(
        "resume",
        job.id,
        "--created",
        quote(`${job.id}-created.${extensionOf(job)}`),
        ...flagsOf(job, args).asking
      )
    : undefined

const extensionOf = ({ frozen: { format } }: Job.Job): string => (format === "csv" ? "csv" : "ndjson")

/** The import that a job is, as a command. */
export const importOf = (job: Job.Job, strategy: string, args: ReadonlyArray<string>): string => {
  const { batchSize, declared = {}, keyColumn, keyProperty, source, strategy: how } = job.frozen
  return Words.importOf(source.path ?? "-", declared, [
    "--job",
    job.id,
    "--strategy",
    strategy,
    ...(how._tag === "failVisible" && how.verifyRejections !== false ? ["--verify-rejections"] : []),
    ...(keyProperty === undefined ? [] : ["--key-property", keyProperty]),
    ...(keyColumn === undefined ? [] : ["--key-column", keyColumn]),
    ...(batchSize === 100 ? [] : ["--batch-size", String(batchSize)]),
    ...(job.frozen.origin === BaseUrl.hubspot ? [] : ["--base-url", job.frozen.origin]),
    ...Words.given(args, ["--state-dir", "--token-file"])
  ])
}
