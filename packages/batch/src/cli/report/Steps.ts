/**
 * What a person can do after an import, with commands to paste: into the same account, with the same database.
 */
import type { FileFormat } from "../../files/FileFormat.ts"
import * as Rejects from "../../files/Rejects.ts"
import * as Job from "../../jobs/Job.ts"
import type * as JobFiles from "../JobFiles.ts"
import * as Next from "../Next.ts"
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
              commands: [
                Words.importOf(rejects, Rejects.formatOf(source, declared), Next.flagsOf(args, "import"))
              ]
            }
          ])
  ]
}

/** After a run of a job, or between two of them. */
export const ofJob = (
  job: Job.Job,
  { args, counts, files }: Pick<OfImport, "counts" | "files" | "args">
): ReadonlyArray<Step> => {
  const command = (name: Parameters<typeof Next.commandOf>[1], ...words: ReadonlyArray<string>) =>
    Next.commandOf(args, name, { words, job })
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
              commands: [command("resume", id)]
            },
            { text: "see how far it is", commands: [command("status", id)] }
          ]),
    ...(counts.inDoubt === 0 || !(isOver || state === "suspended")
      ? []
      : [
          {
            text: "look for the rows in doubt: the first command only shows what it finds, the second writes it down. Neither sends a row",
            commands: [command("resolve", id), command("resolve", id, "--apply")]
          }
        ]),
    ...(wrong === 0 || !isOver
      ? []
      : [
          ...(files.rejects === undefined
            ? [
                {
                  text: "write the rows that were not created into a file, each with its reason",
                  commands: [command("resume", id, "--rejects", rejects)]
                }
              ]
            : []),
          {
            text: `correct them in ${rejects}, and send them again`,
            commands: [command("retry", id, rejects)]
          }
        ])
  ]
}

/** Writes the ids of a job that is over into a file. */
export const allIds = (job: Job.Job, args: ReadonlyArray<string>): string | undefined =>
  Job.isFinal(job.state)
    ? Next.commandOf(args, "resume", {
        words: [job.id, "--created", `${job.id}-created.${extensionOf(job)}`],
        job
      })
    : undefined

const extensionOf = ({ frozen: { format } }: Job.Job): string => (format === "csv" ? "csv" : "ndjson")
