/**
 * The flags that commands share. Each is checked when it is read: a wrong one is reported in one line and
 * nothing begins.
 */
import * as DoubtStrategy from "../doubt/DoubtStrategy.ts"
import { mostAtOnce } from "../engine/Bounds.ts"
import * as WriteTrace from "../model/WriteTrace.ts"
import * as BatchRequest from "@effect-hubspot/schema/BatchRequest"
import * as Properties from "@effect-hubspot/schema/Properties"
import * as BaseUrl from "@effect-hubspot/http/BaseUrl"
import { highestLimit } from "@effect-hubspot/http/Settings"
import * as Behaviour from "@effect-hubspot/http/emulator/Behaviour"
import * as Argument from "effect/cli/Argument"
import * as CliError from "effect/cli/CliError"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** What each flag and argument takes, for the message about a missing value. */
export const expectations = new Map<string, string>([
  ["<input>", 'a file, or "-" for the standard input'],
  ["<file>", "the rejects of the job, corrected"],
  ["<created>", "a file that --created wrote"],
  ["<job>", "the id of a job; line-items jobs lists them"]
])

/** Stands for a value that is not to be shown. */
export const hidden = "(hidden)"

/** A flag whose text is read by `read`; `undefined` means that it cannot be. */
const checked = <A>(name: string, expected: string, read: (text: string) => A | undefined): Flag.Flag<A> => {
  expectations.set(name, expected)
  return Flag.String(name).pipe(
    Flag.mapEffect((text) => {
      const value = read(text)
      return value === undefined
        ? Effect.fail(new CliError.InvalidValue({ option: name, value: text, expected, kind: "flag" }))
        : Effect.succeed(value)
    })
  )
}

const wholeNumber =
  (from: number, to: number) =>
  (text: string): number | undefined =>
    /^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to ? Number(text) : undefined

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `500ms`, `5s`, `2m`, `12h`, `30d`, and Effect's own `5 seconds`. A bare number has no unit and is refused. */
const readDuration = (text: string): Duration.Duration | undefined => {
  const short = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text)
  if (short !== null) return Duration.millis(Number(short[1]) * units[short[2] as keyof typeof units])
  return /^\d{1,9} [a-z]+$/.test(text)
    ? Option.getOrUndefined(Duration.fromInput(text as Duration.Input))
    : undefined
}

const second = 1000

export const limit = checked(
  "limit",
  `a whole number of requests per 10 seconds from 1 to ${highestLimit}, or auto`,
  (text) => (text === "auto" ? ("auto" as const) : wholeNumber(1, highestLimit)(text))
).pipe(
  Flag.withDefault("auto" as const),
  Flag.withMetavar("n|auto"),
  Flag.withDescription("Requests per 10 s, 1 to 250; auto (default): 100, then what the account advertises")
)

export const drawnLimit = checked(
  "limit",
  `a whole number of requests per 10 seconds from 1 to ${highestLimit}`,
  wholeNumber(1, highestLimit)
).pipe(
  Flag.optional,
  Flag.withMetavar("n"),
  Flag.withDescription("The limit per 10 s to draw, which a job does not keep (default: none)")
)

export const serverLimit = checked(
  "limit",
  "a whole number of requests per 10 seconds from 1 to 100000",
  wholeNumber(1, 100_000)
).pipe(
  Flag.withDefault(190),
  Flag.withMetavar("n"),
  Flag.withDescription("Requests per 10 s that the emulator allows (default 190)")
)

export const concurrency = checked("concurrency", `a whole number from 1 to ${mostAtOnce}, or auto`, (text) =>
  text === "auto" ? ("auto" as const) : wholeNumber(1, mostAtOnce)(text)
).pipe(
  Flag.withDefault("auto" as const),
  Flag.withMetavar("n|auto"),
  Flag.withDescription(
    "Requests at once, 1 to 64; auto (default): from 1 up to 10, more if latency asks for it"
  )
)

export const batchSize = checked(
  "batch-size",
  `a whole number from 1 to ${BatchRequest.maxInputs}`,
  wholeNumber(1, BatchRequest.maxInputs)
).pipe(
  Flag.withDefault(BatchRequest.maxInputs),
  Flag.withMetavar("n"),
  Flag.withDescription("Rows per request, 1 to 100 (default 100)")
)

export const timeout = checked("timeout", "from 1s to 10m, with its unit, such as 30s", (text) => {
  const duration = readDuration(text)
  if (duration === undefined) return undefined
  const millis = Duration.toMillis(duration)
  return millis >= second && millis <= 600 * second ? duration : undefined
}).pipe(
  Flag.withDefault(Duration.seconds(110)),
  Flag.withMetavar("duration"),
  Flag.withDescription("How long one request may take, 1s to 10m (default 110s)")
)

export const olderThan = checked("older-than", "a time with its unit, such as 30d or 12h", (text) =>
  readDuration(text)
).pipe(
  Flag.withMetavar("duration"),
  Flag.withDescription("How long ago a job must have ended, such as 30d or 12h")
)

export const baseUrl = Flag.String("base-url").pipe(
  Flag.mapEffect((text) =>
    Effect.mapError(
      BaseUrl.check(text),
      (error) =>
        new CliError.InvalidValue({ option: "base-url", value: text, expected: error.message, kind: "flag" })
    )
  ),
  Flag.optional,
  Flag.withMetavar("url"),
  Flag.withDescription("HubSpot or an emulator on this machine (default https://api.hubapi.com)")
)

export const port = checked("port", "a whole number from 0 to 65535", wholeNumber(0, 65_535)).pipe(
  Flag.withDefault(0),
  Flag.withMetavar("n"),
  Flag.withDescription("The port to listen on (default 0: any free one)")
)

export const latency = checked("latency", "milliseconds as min-max, such as 20-400", (text) => {
  const match = /^(\d{1,6})-(\d{1,6})$/.exec(text)
  if (match === null) return undefined
  const [min, max] = [Number(match[1]), Number(match[2])]
  return min <= max && max <= 600_000 ? { min, max } : undefined
}).pipe(
  Flag.optional,
  Flag.withMetavar("min-max"),
  Flag.withDescription("Milliseconds the emulator takes for a request, such as 20-400")
)

export const keep = checked("keep", "a whole number from 1 to 999999999", wholeNumber(1, 999_999_999)).pipe(
  Flag.optional,
  Flag.withMetavar("n"),
  Flag.withDescription(
    "How many of the last line items and requests the emulator keeps; without it all, in memory"
  )
)

/** The default is an assumption: people saw seconds, HubSpot says a few moments. */
export const searchLag = checked("search-lag", "a time with its unit, such as 3s, or 0s for none", (text) => {
  const duration = readDuration(text)
  return duration === undefined ? undefined : Duration.toMillis(duration)
}).pipe(
  Flag.withDefault(3 * second),
  Flag.withMetavar("duration"),
  Flag.withDescription(
    "How long until a search of the emulator finds a new or changed line item (default 3s)"
  )
)

const uniqueProperty = checked("unique", "the internal name of a property", (text) =>
  Properties.isPropertyName(text) ? text : undefined
)

export const uniqueProperties = uniqueProperty.pipe(
  Flag.atLeast(0),
  Flag.withMetavar("name"),
  Flag.withDescription("A custom property of the emulator with unique values; can be given several times")
)

export const emulatorProperties = Flag.String("emulator-properties").pipe(
  Flag.optional,
  Flag.withMetavar("file"),
  Flag.withDescription("Custom properties of the emulator: a JSON array of definitions as HubSpot has them")
)

export const faults = Flag.String("faults").pipe(
  Flag.optional,
  Flag.withMetavar("file"),
  Flag.withDescription("A fault plan: a JSON file that says what goes wrong, and for which requests")
)

const settings: Readonly<Record<string, ReadonlyArray<string>>> = Behaviour.settings

export const behaviour = checked(
  "behaviour",
  `a setting of the emulator and its value: ${Object.entries(settings)
    .map(([name, values]) => `${name}=${values.join("|")}`)
    .join(", ")}`,
  (text): Behaviour.Given | undefined => {
    const [name = "", value = ""] = text.split("=", 2)
    return Object.hasOwn(settings, name) && settings[name]!.includes(value) ? { [name]: value } : undefined
  }
).pipe(
  Flag.atLeast(0),
  Flag.withMetavar("name=value"),
  Flag.withDescription(
    "How the emulator behaves where HubSpot is not known, see docs/emulator.md; can be given several times"
  )
)

/** `hs_sku`, or `hs_sku:recurringbillingfrequency=monthly`. */
export const required = checked(
  "required",
  "a property, or a property, a colon and the condition property=value",
  (text): Behaviour.Required | undefined => {
    const found = /^([a-z][a-z0-9_]{0,99})(?::([a-z][a-z0-9_]{0,99})=(.+))?$/.exec(text)
    if (found === null) return undefined
    const [, name = "", other, value = ""] = found
    return other === undefined ? { name } : { name, when: { name: other, value } }
  }
).pipe(
  Flag.atLeast(0),
  Flag.withMetavar("name[:name=value]"),
  Flag.withDescription(
    "A property that the emulator requires of a new line item, if another has a value; can be given several times"
  )
)

export const keepGoing = Flag.Boolean("keep-going").pipe(
  Flag.withDefault(false),
  Flag.withDescription(
    "Go on also if the first rows are all rejected for one cause (default: stop after two batches)"
  )
)

export const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("One JSON object on the standard output, all else on the standard error")
)

export const format = Flag.Literals("format", ["csv", "ndjson", "json"]).pipe(
  Flag.optional,
  Flag.withDescription("What the input is, whatever its name says")
)

/** What to do about rows in doubt, by its name on the command line. */
export const strategies = {
  "fail-visible": DoubtStrategy.failVisible,
  "at-least-once": DoubtStrategy.atLeastOnce(),
  reconcile: DoubtStrategy.reconcile(),
  "reconcile-by-parent": DoubtStrategy.reconcileByParent(),
  guard: DoubtStrategy.guard(),
  upsert: DoubtStrategy.upsert()
} as const

export const strategy = Flag.Literals("strategy", [
  "fail-visible",
  "at-least-once",
  "reconcile",
  "reconcile-by-parent",
  "guard",
  "upsert"
]).pipe(
  Flag.withDefault("fail-visible" as const),
  Flag.withDescription("What to do about rows in doubt; see docs/strategies.md (default fail-visible)")
)

export const verifyRejections = Flag.Boolean("verify-rejections").pipe(
  Flag.withDefault(false),
  Flag.withDescription(
    "Look for rejected rows in HubSpot before they are reported; for fail-visible, with --key-property"
  )
)

export const keyProperty = checked("key-property", "the internal name of a property", (text) =>
  Properties.isPropertyName(text) ? text : undefined
).pipe(
  Flag.withMetavar("name"),
  Flag.withDescription(
    "The property that holds a row's key, for reconcile, guard, upsert and --verify-rejections"
  )
)

export const keyColumn = Flag.String("key-column").pipe(
  Flag.withMetavar("name"),
  Flag.withDescription(
    "The column with the row's key (default: the one named as the key property, if there is one)"
  )
)

/** The form of a job's id, for people. */
const jobIdForm = 'letters, digits, "-" and "_", 1 to 48 of them'

const jobIdFlag = checked("job", jobIdForm, (text) => (WriteTrace.isJobId(text) ? text : undefined))

export const requiredJobId = jobIdFlag.pipe(
  Flag.withMetavar("id"),
  Flag.withDescription("The id of the job, for status, cancel and resume")
)

export const jobId = jobIdFlag.pipe(
  Flag.optional,
  Flag.withMetavar("id"),
  Flag.withDescription("Write the import down under this id, so that it survives the process")
)

export const job = Argument.String("job").pipe(
  Argument.withDescription("The id that the import was given with --job"),
  Argument.filter(
    (text) => WriteTrace.isJobId(text),
    () => `the id of a job: ${jobIdForm}`
  )
)

export const stateDir = Flag.String("state-dir").pipe(
  Flag.optional,
  Flag.withMetavar("dir"),
  Flag.withDescription(
    "Where jobs are kept (default: the platform's directory for state, such as ~/.local/state/line-items)"
  )
)

const isDatabaseUrl = (text: string): boolean => /^postgres(ql)?:\/\/[^/\s]/.test(text) && URL.canParse(text)

export const databaseVariable = "LINE_ITEMS_DATABASE_URL"
const databaseForm = "an address such as postgres://user:password@host:5432/name"
expectations.set("database-url", `${databaseForm}, best in ${databaseVariable}`)

/** A database, and whether the environment named it: then `--state-dir` takes precedence. */
export interface Database {
  readonly url: Redacted.Redacted
  readonly isAmbient: boolean
}

/** The address may hold a password, so no message shows it. */
export const databaseUrl = Flag.Redacted("database-url").pipe(
  Flag.map((url): Database => ({ url, isAmbient: false })),
  Flag.withFallbackConfig(
    Config.map(Config.Redacted(databaseVariable), (url): Database => ({ url, isAmbient: true }))
  ),
  Flag.mapEffect((database) =>
    isDatabaseUrl(Redacted.value(database.url))
      ? Effect.succeed(database)
      : Effect.fail(
          new CliError.InvalidValue({
            option: database.isAmbient ? databaseVariable : "--database-url",
            value: hidden,
            expected: databaseForm,
            kind: "flag"
          })
        )
  ),
  Flag.withMetavar("url"),
  Flag.withDescription(
    "The PostgreSQL database of the jobs; better in LINE_ITEMS_DATABASE_URL, where process lists do not show it"
  )
)

/** Where jobs are kept. */
export const kept = { stateDir, databaseUrl: Flag.optional(databaseUrl) }

export const host = checked("host", "a host name or an address", (text) =>
  /^[A-Za-z0-9.:_-]{1,253}$/.test(text) ? text : undefined
).pipe(
  Flag.withDefault("127.0.0.1"),
  Flag.withMetavar("name"),
  Flag.withDescription("Where the other workers reach this one (default 127.0.0.1: all on this machine)")
)

export const listenHost = checked("listen", "a host name or an address", (text) =>
  /^[A-Za-z0-9.:_-]{1,253}$/.test(text) ? text : undefined
).pipe(
  Flag.optional,
  Flag.withMetavar("name"),
  Flag.withDescription("The address to listen on (default: that of --host)")
)

export const workerPort = checked("port", "a whole number from 1 to 65535", wholeNumber(1, 65_535)).pipe(
  Flag.withDefault(34_431),
  Flag.withMetavar("n"),
  Flag.withDescription(
    "The port for the other workers (default 34431); each worker of a machine needs its own"
  )
)

export const tokenFile = Flag.String("token-file").pipe(
  Flag.optional,
  Flag.withMetavar("file"),
  Flag.withDescription(
    "Where OAuth's refresh token is kept when HubSpot replaces it, for you alone; see docs/security.md"
  )
)

/** A file to write. */
export const file = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.optional, Flag.withMetavar("file"), Flag.withDescription(description))

export const report = file(
  "report",
  "Write a page to this file, such as report.html: what came of the rows, with plots, causes and ids"
)
