/**
 * What the commands print with `--json`. Each object is encoded by its schema here, and the JSON Schemas of the package
 * (`schemas/output.json`) are made of the same ones, so neither can say what the other does not.
 */
import { BatchRequest } from "@effect-hubspot/schema"
import { BatchStatus } from "@effect-hubspot/schema/BatchStatus"
import * as Schema from "effect/Schema"
import { FileFormat } from "../files/FileFormat.ts"
import * as Job from "../jobs/Job.ts"

const optional = Schema.optionalKey
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Iso = Schema.String.check(Schema.isPattern(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/))

const outcomes = {
  inputs: Count,
  created: Count,
  rejected: Count,
  invalid: Count,
  notSent: Count,
  inDoubt: Count
}

/** `import`, `resume`, `retry`. */
export const Summary = Schema.Struct({
  status: BatchStatus,
  ...outcomes,
  requests: Count,
  elapsedMs: Schema.Finite,
  possibleDuplicates: optional(Count),
  suspended: optional(Schema.Struct({ reason: Schema.String, resumeAt: Schema.NullOr(Iso) })),
  job: optional(Schema.String)
})

/** `submit`, and `retry` where workers run the job. */
export const Submitted = Schema.Struct({
  job: Schema.String,
  status: BatchStatus,
  inputs: Count,
  invalid: Count
})

/** `status`, `cancel`, `resume` where workers run the job; `jobs` has a list of them. */
export const Status = Schema.Struct({
  job: Schema.String,
  status: BatchStatus,
  state: Job.State,
  source: Schema.String,
  strategy: Schema.String,
  account: Schema.String,
  ...outcomes,
  open: Count,
  retryOf: optional(Schema.String),
  requestedAt: Iso,
  startedAt: optional(Iso),
  completedAt: optional(Iso),
  cancelRequested: optional(Schema.Literal(true)),
  suspended: optional(
    Schema.Struct({
      reason: Job.Suspension.fields.reason,
      message: Schema.String,
      resumeAt: Schema.NullOr(Iso)
    })
  ),
  holder: optional(Schema.Struct({ pid: Schema.Int, host: Schema.String, since: Iso }))
})

export const Jobs = Schema.Array(Status)

/** `resolve`. */
export const Resolved = Schema.Struct({
  job: Schema.String,
  applied: Schema.Boolean,
  proposals: Schema.Array(
    Schema.Struct({
      line: Count,
      index: Count,
      is: Schema.Literals(["created", "absent", "later", "unknown"]),
      id: optional(Schema.String)
    })
  )
})

/** `forget`. */
export const Forgotten = Schema.Struct({ forgotten: Schema.Array(Schema.String), dryRun: Schema.Boolean })

/** `check`. */
export const Checked = Schema.Struct({
  name: Schema.String,
  format: Schema.Literals(["csv", "ndjson", "json"]),
  isSheet: Schema.Boolean,
  declared: FileFormat,
  words: Schema.Array(Schema.String),
  assumptions: Schema.Array(Schema.String),
  columns: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      why: Schema.String,
      becomes: optional(Schema.String),
      note: optional(Schema.String),
      hint: optional(Schema.String),
      values: Count
    })
  ),
  preview: Schema.Array(
    Schema.Struct({
      line: Count,
      input: BatchRequest.CreateInput,
      lookups: optional(
        Schema.Array(Schema.Struct({ object: Schema.String, property: Schema.String, value: Schema.String }))
      )
    })
  ),
  problems: Schema.Array(
    Schema.Struct({
      kind: Schema.Literals(["column", "parent", "values"]),
      column: Schema.String,
      count: Count,
      message: Schema.String,
      advice: Schema.String,
      places: Schema.Array(Schema.Struct({ line: Count, column: Count })),
      blocking: Schema.Boolean,
      decided: optional(Schema.String)
    })
  ),
  warnings: Schema.Array(Schema.String),
  rows: Count,
  invalid: Count,
  requests: Count,
  seconds: Schema.Finite,
  exact: Schema.Boolean,
  blocked: Schema.Boolean,
  command: Schema.String
})

/** `doctor`. */
export const Diagnosis = Schema.Array(
  Schema.Struct({
    name: Schema.String,
    status: Schema.Literals(["ok", "warning", "problem"]),
    detail: Schema.String,
    advice: optional(Schema.String)
  })
)

/** `undo`. */
export const Undone = Schema.Struct({
  status: Schema.Literals(["COMPLETE", "PENDING", "PROCESSING"]),
  inputs: Count,
  planned: Count,
  archived: Count,
  left: Count,
  requests: Count
})

/** `serve`. */
export const Served = Schema.Struct({ url: Schema.String, adminKey: Schema.String })

/** The first line of `worker`. */
export const Worker = Schema.Struct({
  worker: Schema.Struct({ host: Schema.String, port: Schema.Int, pid: Schema.Int })
})

/** The other lines of `worker`. */
export const Run = Schema.Struct({
  job: Schema.String,
  run: Schema.Int,
  state: Schema.Literals([
    "Running",
    "Complete",
    "Canceled",
    "Suspended",
    "Stopped",
    "Left",
    "Fenced",
    "AccountUnavailable"
  ])
})

/** What each command prints; `status --watch` and `worker` print such an object a line. */
export const commands = {
  import: Summary,
  resume: Schema.Union([Summary, Status]),
  retry: Schema.Union([Summary, Submitted]),
  submit: Submitted,
  status: Status,
  cancel: Status,
  jobs: Jobs,
  resolve: Resolved,
  forget: Forgotten,
  check: Checked,
  doctor: Diagnosis,
  undo: Undone,
  serve: Served,
  worker: Schema.Union([Worker, Run])
}

/** An object in one line. One that is not as its schema says is a bug. */
export const text = <S extends Schema.Codec<unknown, unknown>>(schema: S, value: S["Type"]): string =>
  JSON.stringify(Schema.encodeUnknownSync(schema, { onExcessProperty: "error" })(value))
