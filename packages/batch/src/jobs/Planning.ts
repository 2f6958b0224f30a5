/**
 * Plans a job: writes rows to the store under an id, with the account, the address and a digest. Later it checks that the
 * account, the address and the rows are still those of the job.
 *
 * It sends no row, and proves no key property.
 */
import * as AccountInfo from "@effect-hubspot/http/AccountInfo"
import { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { HubSpotError } from "@effect-hubspot/http/HubSpotError"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
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
 * Why a job cannot be planned.
 *
 * @category errors
 * @since 0.1.0
 */
export type PlanError = JobStore.JobExists | JobStore.JobBusy | JobStore.Refused | HubSpotError

/**
 * The process that works on a job.
 *
 * @category options
 * @since 0.1.0
 */
export interface Holding extends Pick<JobStore.Taking, "lease"> {
  /** The process. Default: this one, by its id and the name of its host. */
  readonly holder?: Job.Holder | undefined
  /** Whether a holder is known to be gone, so that its lease need not run out. Default: no. */
  readonly isGone?: ((holder: Job.Holder) => boolean) | undefined
}

/** The settings of a new job, without its account and its address: HubSpot and the client give those. */
export interface PlanOptions<E = never, R = never> extends Holding {
  readonly id: string
  readonly frozen: Omit<Frozen.Frozen, "account" | "origin">
  /** A row's own key. Default: what its input has in the key property. */
  readonly keyOf?: ((row: Row) => string | undefined) | undefined
  /** How messages name a row. Default: `input 1`. */
  readonly where?: Plan.Where<Row> | undefined
  /** The digest of the rows' file. It is taken before and after they are read: a file that changed meanwhile has none. */
  readonly digest?: Effect.Effect<string | undefined> | undefined
  /** A check after all rows are written, before any process can run the job. */
  readonly check?: Effect.Effect<void, E, R> | undefined
}

/** Refuses the id of a job that got beyond planning. Gives the job in planning that has the id, if there is one. */
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

/** Batches in one write. */
const perWrite = 50

/** Plans a job of rows, such as those of a file; `Import.submit` does so with values. */
export const plan =
  <E2 = never, R2 = never>(options: PlanOptions<E2, R2>) =>
  <E, R>(
    rows: Stream.Stream<Row, E, R>
  ): Effect.Effect<Job.Job, E | E2 | PlanError, R | R2 | JobStore.JobStore | HubSpotClient | RateLimits> =>
    Effect.gen(function* () {
      const { check = Effect.void, digest = Effect.undefined, frozen, id, keyOf, where } = options
      const { batchSize, keyProperty: property } = frozen
      const store = yield* JobStore.JobStore
      // The lease of a process that died while planning need not run out.
      const taking = yield* takingOf(options, yield* mustBeFree(id))
      const account = yield* accountOf
      const { origin } = yield* HubSpotClient
      // Before the claim: a large file takes longer than a lease.
      const before = yield* digest
      const claim = yield* store.create({ id, ...taking, frozen: { ...frozen, account, origin } })
      const key = property === undefined ? undefined : { property, of: keyOf }
      const shape = Plan.creates<Row>({ jobId: id, toInput: (row) => row.input, where, key })
      let inputs = 0
      return yield* rows.pipe(
        Stream.tap(() => Effect.sync(() => inputs++)),
        JobBatch.fromRows({ shape, batchSize }),
        Stream.rechunk(perWrite),
        Stream.runForEachArray((batches) => store.append(claim, batches)),
        Effect.andThen(check),
        Effect.andThen(digest),
        Effect.flatMap((after) =>
          store.planned(claim, { inputs, ...(after === before && { digest: after }) })
        ),
        Effect.onError(() => Effect.ignore(store.release(claim)))
      )
    })

/** How a job is claimed: at once, where its holder is gone. */
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

/**
 * Refuses rows that are not those a job was planned with. A file with the digest of the planned one has the same; the rows of
 * another one are compared. Rows that cannot be read to their end are not the same.
 */
export const checkRows = Effect.fnUntraced(function* <E, R>(
  job: Job.Job,
  digest: string | undefined,
  rows: Stream.Stream<Row, E, R>
): Effect.fn.Return<
  void,
  Frozen.InputChanged | JobStore.JobNotFound | JobStore.JobStoreError,
  R | JobStore.JobStore
> {
  if (digest !== undefined && digest === job.digest) return
  const store = yield* JobStore.JobStore
  const changed = (at: { readonly line?: number } = {}) =>
    new Frozen.InputChanged({ name: job.frozen.source.name, ...at })
  const line = yield* store.difference(
    job.id,
    Stream.mapError(rows, () => changed())
  )
  if (line !== undefined) return yield* changed({ line })
})
