/**
 * How rows become a job: under which id, for whom and where to, all of them with a digest; and whether what there is now is what
 * a job was planned with.
 *
 * It sends no row, and proves no key property.
 */
import * as AccountInfo from "@effect-hubspot/http/AccountInfo"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Row } from "../files/Source.ts"
import * as Plan from "../model/Plan.ts"
import * as Frozen from "./Frozen.ts"
import * as JobBatch from "./JobBatch.ts"
import * as Job from "./Job.ts"
import * as JobStore from "./JobStore.ts"

/**
 * The client sends to another address than the one the job was planned for.
 *
 * @category errors
 * @since 0.1.0
 */
export class OriginChanged extends Schema.TaggedError<OriginChanged>()("OriginChanged", {
  jobId: Schema.String,
  was: Schema.String,
  is: Schema.String
}) {
  override get message(): string {
    return `job "${this.jobId}" was planned for ${this.was}, not for ${this.is}; run it with a client for ${this.was}`
  }
}

/**
 * Why a job cannot be written down.
 *
 * @category errors
 * @since 0.1.0
 */
export type PlanError = JobStore.JobExists | JobStore.JobBusy | JobStore.Refused | HubSpotError

/**
 * Who works on a job.
 *
 * @category options
 * @since 0.1.0
 */
export interface Holding extends Pick<JobStore.Taking, "lease"> {
  /** Default: this process, by its id and the name of its host. */
  readonly holder?: Job.Holder | undefined
  /** Whether a holder is known to have ended, so that its lease is not waited for. Default: it is waited for. */
  readonly isGone?: ((holder: Job.Holder) => boolean) | undefined
}

/** Rows that are written down as a job. What is not known yet of what the job keeps is asked of HubSpot. */
export interface PlanOptions<E = never, R = never> extends Holding {
  readonly id: string
  readonly frozen: Omit<Frozen.Frozen, "account" | "origin">
  /** A row's own key. Default: what its input has in the key property. */
  readonly keyOf?: ((row: Row) => string | undefined) | undefined
  /** How messages name a row. Default: `input 1`. */
  readonly where?: Plan.Where<Row> | undefined
  /** Made sure of once all rows are written down, before anybody can run the job. */
  readonly check?: Effect.Effect<void, E, R> | undefined
}

/** Refuses the id of a job that got beyond planning; gives the one that did not. */
export const mustBeFree = Effect.fnUntraced(function* (
  id: string
): Effect.fn.Return<
  Job.Job | undefined,
  JobStore.JobExists | JobStore.JobNotFound | JobStore.JobStoreError,
  JobStore.JobStore
> {
  const store = yield* JobStore.JobStore
  const known = yield* Effect.orElseSucceed(store.get(id), () => undefined)
  if (known === undefined || known.state === "planning") return known
  const { inputs, open } = yield* store.counts(id)
  return yield* new JobStore.JobExists({
    jobId: id,
    done: inputs - open,
    total: inputs,
    attemptsOnly: false
  })
})

/** Batches that are written down together. */
const portion = 50

/** Writes rows down as a job, such as those of a file; `Import.submit` does so with values. */
export const plan =
  <E2 = never, R2 = never>(options: PlanOptions<E2, R2>) =>
  <E, R>(
    rows: Stream.Stream<Row, E, R>
  ): Effect.Effect<Job.Job, E | E2 | PlanError, R | R2 | JobStore.JobStore | HubSpotClient | RateLimits> =>
    Effect.gen(function* () {
      const { check = Effect.void, frozen, id, keyOf, where } = options
      const { batchSize, keyProperty: property } = frozen
      const store = yield* JobStore.JobStore
      // Who died while planning is not waited for.
      const taking = yield* takingOf(options, yield* mustBeFree(id))
      const account = yield* accountOf
      const { origin } = yield* HubSpotClient
      const claim = yield* store.create({ id, ...taking, frozen: { ...frozen, account, origin } })
      const key = property === undefined ? undefined : { property, of: keyOf }
      const shape = Plan.creates<Row>({ jobId: id, toInput: (row) => row.input, where, key })
      let inputs = 0
      const { digest, through } = yield* digesting
      return yield* through(rows).pipe(
        Stream.tap(() => Effect.sync(() => inputs++)),
        JobBatch.fromRows({ shape, batchSize }),
        Stream.rechunk(portion),
        Stream.runForEachArray((batches) => store.append(claim, batches)),
        Effect.andThen(check),
        Effect.andThen(digest),
        Effect.flatMap((digest) => store.planned(claim, { digest, inputs })),
        Effect.onError(() => Effect.ignore(store.release(claim)))
      )
    })

/** Rows on their way, and the digest of those that went by, as they were written, portion by portion. */
const digesting = Effect.map(Digest.Digest, ({ digestHex }) => {
  let digest = ""
  const through = <E, R>(rows: Stream.Stream<Row, E, R>): Stream.Stream<Row, E, R> =>
    rows.pipe(
      Stream.rechunk(1000),
      Stream.mapArrayEffect((some) => {
        const written = JSON.stringify(some.map(({ line, original }) => [line, original]))
        return Effect.map(
          digestHex(Digest.sha256, new TextEncoder().encode(`${digest}${written}`)),
          (next) => {
            digest = next
            return some
          }
        )
      })
    )
  return { through, digest: Effect.sync(() => digest) }
}).pipe(Effect.provide(Digest.layerWebCrypto))

/** What a job is taken with. One whose holder is gone is taken at once. */
export const takingOf = ({ holder, isGone, lease }: Holding, known: Job.Job | undefined) =>
  Effect.map(holder === undefined ? thisProcess : Effect.succeed(holder), (holder): JobStore.Taking => ({
    holder,
    lease,
    ...(known?.holder !== undefined && isGone?.(known.holder) === true && { insteadOf: known.epoch })
  }))

const thisProcess = Effect.map(
  Effect.promise(() => import("node:os")),
  ({ hostname }): Job.Holder => ({ pid: process.pid, host: hostname() })
)

/** The account of the token. */
const accountOf = Effect.flatMap(AccountInfo.AccountInfo, ({ details }) => details).pipe(
  Effect.map(({ portalId }) => String(portalId)),
  Effect.provide(AccountInfo.layer)
)

/** Refuses a job of another account, or for another address. */
export const checkAccount = Effect.fnUntraced(function* (
  job: Job.Job
): Effect.fn.Return<void, OriginChanged | Frozen.AccountChanged | HubSpotError, HubSpotClient | RateLimits> {
  const { account: was, origin: planned } = job.frozen
  const { origin } = yield* HubSpotClient
  if (origin !== planned) return yield* new OriginChanged({ jobId: job.id, was: planned, is: origin })
  const account = yield* accountOf
  if (account !== was) return yield* new Frozen.AccountChanged({ was, is: account })
})

/** Refuses rows that are not those a job was planned with. Rows that cannot be read to their end are not the same. */
export const checkRows = Effect.fnUntraced(function* <E, R>(
  job: Job.Job,
  rows: Stream.Stream<Row, E, R>
): Effect.fn.Return<void, Frozen.InputChanged, R | JobStore.JobStore> {
  const store = yield* JobStore.JobStore
  const { digest, through } = yield* digesting
  const is = yield* Effect.orElseSucceed(
    Effect.andThen(Stream.runDrain(through(rows)), digest),
    () => "unreadable"
  )
  if (is === job.digest) return
  const line = yield* Effect.orElseSucceed(store.difference(job.id, rows), () => undefined)
  const { name } = job.frozen.source
  return yield* new Frozen.InputChanged({
    name,
    was: job.digest ?? "",
    is,
    ...(line !== undefined && { line })
  })
})
