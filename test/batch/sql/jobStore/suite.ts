/**
 * What every job store promises.
 */
import { DoubtStrategy, JobStore, type Source } from "@effect-hubspot/batch"
import * as AttemptLog from "@effect-hubspot/batch/engine/AttemptLog"
import type * as Frozen from "@effect-hubspot/batch/jobs/Frozen"
import * as Job from "@effect-hubspot/batch/jobs/Job"
import type * as JobBatch from "@effect-hubspot/batch/jobs/JobBatch"
import * as SqlAttemptLog from "@effect-hubspot/batch/sql/SqlAttemptLog"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Layer, Result, type Scope, Stream } from "effect"
import { SqlClient, Statement } from "effect/sql"
import { TestClock } from "effect/testing"
import { batchesOf, frozen, holder, other, rowsOf } from "./rows.ts"

type Services = JobStore.JobStore | SqlClient.SqlClient

/** Where a store is; to build the layer is to open it, as another process would. */
export type Place = Effect.Effect<Layer.Layer<Services, unknown>, never, Scope.Scope>

export { batchesOf, frozen, holder, other, rowsOf }

export const created = (index: number): Job.Entry => ({
  _tag: "Created",
  index,
  id: String(1000 + index),
  via: "response",
  possibleDuplicate: false
})

export const settlement = ({ items, number }: JobBatch.JobBatch): JobStore.Settlement => ({
  number,
  outcomes: items.map(({ index }) => created(index))
})

const defectOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? String(Cause.squash(exit.cause)) : "no defect"

/** A job with its rows written down. */
export const planned = Effect.fnUntraced(function* (
  jobs: JobStore.Service,
  rows: ReadonlyArray<Source.Row>,
  id = "a"
) {
  const claim = yield* jobs.create({ id, frozen, holder })
  const batches = yield* batchesOf(rows, { jobId: id })
  yield* jobs.append(claim, batches)
  yield* jobs.planned(claim, { digest: "d1", inputs: rows.length })
  return batches
})

const settleAll = Effect.fnUntraced(function* (jobs: JobStore.Service, claim: JobStore.Claim) {
  const open = yield* Stream.runCollect(jobs.unsettled(claim.jobId))
  yield* jobs.settle(claim, open.map(settlement))
})

/** Jobs in each state, and what their holder has to write to them. */
const inState = Effect.fnUntraced(function* (jobs: JobStore.Service, state: Job.State) {
  const id = state
  if (state === "planning") {
    const claim = yield* jobs.create({ id, frozen, holder })
    yield* jobs.append(claim, yield* batchesOf(rowsOf(1), { jobId: id }))
    return claim
  }
  yield* planned(jobs, rowsOf(1), id)
  if (state === "pending") return { jobId: id, epoch: 1, leaseMillis: 1000, job: yield* jobs.get(id) }
  const claim = yield* jobs.claim(id, { holder })
  if (state === "suspended") yield* jobs.suspend(claim, { reason: "operator", message: "stopped" })
  // Settled from here on, so that only the state can be in the way.
  yield* settleAll(jobs, claim)
  if (state === "done" || state === "canceled") yield* jobs.complete(claim, state)
  return claim
})

/** What a job of each state can do. Written down here once more, and not taken from the code. */
const legal: Readonly<Record<Job.State, ReadonlyArray<string>>> = {
  planning: ["append", "planned", "requestCancel"],
  pending: ["claim", "requestCancel"],
  running: ["settle", "suspend", "done", "canceled", "claim", "requestCancel", "revise"],
  suspended: ["settle", "resume", "claim", "claim for revision", "requestCancel", "revise"],
  done: ["claim for revision", "revise"],
  canceled: ["claim for revision", "revise"]
}

export const suite = (name: string, place: Place) =>
  describe(name, () => {
    const test = (
      sentence: string,
      body: (
        jobs: JobStore.Service,
        again: Effect.Effect<JobStore.Service, never, Scope.Scope>
      ) => Effect.Effect<void, unknown, SqlClient.SqlClient | Scope.Scope>
    ) =>
      it.effect(sentence, () =>
        Effect.gen(function* () {
          const layer = Layer.orDie(yield* place)
          const open = Layer.build(Layer.fresh(layer))
          const context = yield* open
          const again = Effect.map(open, (context) => Context.get(context, JobStore.JobStore))
          yield* Effect.provide(body(Context.get(context, JobStore.JobStore), again), context)
        }).pipe(Effect.scoped)
      )

    test("a job comes back as it was planned, whatever is in it", (jobs, again) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(123_456)
        const strategies = [
          DoubtStrategy.failVisible,
          DoubtStrategy.failVisibleVerified({ quiet: "1 minute" }),
          DoubtStrategy.atLeastOnce({ resends: 7 }),
          DoubtStrategy.reconcile({ spacing: "1 second" }),
          DoubtStrategy.reconcileByParent(),
          DoubtStrategy.guard(),
          DoubtStrategy.upsert({ quiet: 1500 })
        ]
        for (const [n, strategy] of strategies.entries()) {
          const odd = {
            ...frozen,
            source: { name: `it's "odd"\u0000\ud800 ; --` },
            header: ["näme", "\u0000"],
            strategy,
            keyProperty: "sku",
            keyColumn: "SKU"
          }
          const claim = yield* jobs.create({ id: `s${n}`, frozen: odd, holder })
          yield* jobs.planned(claim, { digest: "d1", inputs: 0 })
          assert.deepStrictEqual(yield* (yield* again).get(`s${n}`), {
            id: `s${n}`,
            state: "pending",
            frozen: odd,
            digest: "d1",
            inputs: 0,
            createdAtMillis: 123_456,
            cancelRequested: false,
            epoch: 1
          })
        }
        const missing = yield* Effect.flip(jobs.get("none"))
        assert.strictEqual(missing.message, 'there is no job "none"; list the jobs to see their ids')
        const bad = yield* Effect.exit(jobs.create({ id: "../x", frozen, holder }))
        assert.include(defectOf(bad), "a job id is")
      }))

    test("batches come back to the byte, with the rows they are of", (jobs, again) =>
      Effect.gen(function* () {
        const odd: ReadonlyArray<Source.Row["input"]> = [
          Result.succeed({
            // In this order on the wire.
            properties: { price: "1", name: `it's "odd"\n\t💥`, sku: "own" },
            associations: [
              {
                to: { id: "7" },
                types: [{ associationTypeId: 20, associationCategory: "HUBSPOT_DEFINED" }]
              }
            ]
          }),
          Result.succeed({ properties: { name: "with a trace id" }, objectWriteTraceId: "mine" }),
          Result.succeed({ properties: { name: "control \u0000" } }),
          Result.fail([{ line: 5, column: 1, path: "", message: "broken\u0000\ud800", advice: "mend it" }]),
          Result.succeed({ properties: { name: "the key is made" } })
        ]
        const rows = odd.map((input, index): Source.Row => ({
          index,
          line: index * 3 + 2,
          original:
            index % 2 === 0
              ? { _tag: "Csv", cells: ["\u0000", "\ud800", 'a "b"'] }
              : { _tag: "Json", text: '{"n": 1.50}' },
          input
        }))
        const id = "bytes"
        const batches = yield* batchesOf(rows, { jobId: id, batchSize: 2, key: { property: "sku" } })
        assert.deepStrictEqual(
          batches.map(({ invalid, items }) => [items.length, invalid.length]),
          [
            [2, 0],
            [1, 2]
          ]
        )
        const claim = yield* jobs.create({ id, frozen: { ...frozen, keyProperty: "sku" }, holder })
        yield* jobs.append(claim, batches)
        yield* jobs.planned(claim, { digest: "d", inputs: 5 })
        const back = yield* Stream.runCollect((yield* again).unsettled(id))
        assert.deepStrictEqual(back, batches)
        // Equal objects may still be written in another order.
        assert.strictEqual(
          JSON.stringify(back.flatMap(({ items }) => items.map(({ input }) => input))),
          JSON.stringify(batches.flatMap(({ items }) => items.map(({ input }) => input)))
        )
      }))

    for (const state of Object.keys(legal) as ReadonlyArray<Job.State>) {
      test(`a job that is ${state} does what it may and nothing else`, (jobs) =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const operations = (
            claim: JobStore.Claim
          ): Readonly<Record<string, Effect.Effect<unknown, unknown>>> => ({
            append: jobs.append(claim, []),
            planned: jobs.planned(claim, { digest: "d", inputs: 1 }),
            settle: jobs.settle(claim, []),
            suspend: jobs.suspend(claim, { reason: "quota", message: "m", resumeAtMillis: 7 }),
            resume: jobs.resume(claim),
            done: jobs.complete(claim, "done"),
            canceled: jobs.complete(claim, "canceled"),
            revise: jobs.revise(claim, { outcomes: [], who: "w", why: "y" }),
            claim: jobs.claim(claim.jobId, { holder, insteadOf: claim.epoch }),
            "claim for revision": jobs.claim(claim.jobId, { holder, insteadOf: claim.epoch, to: "revision" }),
            requestCancel: jobs.requestCancel(claim.jobId)
          })
          for (const name of Object.keys(operations({} as JobStore.Claim))) {
            const claim = yield* inState(jobs, state)
            assert.strictEqual((yield* jobs.get(state)).state, state)
            const exit = yield* Effect.exit(operations(claim)[name]!)
            const after = yield* jobs.get(state)
            if (legal[state].includes(name)) assert.isTrue(Exit.isSuccess(exit), `${name}: ${String(exit)}`)
            else {
              const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
              assert.instanceOf(error, Job.IllegalTransition, name)
              assert.strictEqual(error.from, state)
              assert.notInclude(error.message, "\n")
              assert.strictEqual(after.state, state, name)
            }
            yield* sql`DELETE FROM line_items_jobs`
          }
        }))
    }

    test("a job of which rows are missing, or too many are there, is not planned", (jobs) =>
      Effect.gen(function* () {
        const claim = yield* jobs.create({ id: "a", frozen, holder })
        let appended = 0
        for (const batch of yield* batchesOf(rowsOf(5, [2]))) {
          for (const inputs of [0, appended - 1, appended + 1, 5].filter((one) => one !== appended)) {
            const exit = yield* Effect.exit(jobs.planned(claim, { digest: "d", inputs }))
            const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
            assert.instanceOf(defect, RangeError, `${inputs} of ${appended}`)
          }
          yield* jobs.append(claim, [batch])
          appended += batch.items.length + batch.invalid.length
        }
        assert.strictEqual((yield* jobs.get("a")).state, "planning")
        yield* jobs.planned(claim, { digest: "d", inputs: 5 })
        assert.strictEqual((yield* jobs.get("a")).state, "pending")
      }))

    test("a suspension is there when the store is opened again, and gone after it", (jobs, again) =>
      Effect.gen(function* () {
        yield* planned(jobs, rowsOf(1))
        const claim = yield* jobs.claim("a", { holder })
        const suspension = {
          reason: "quota",
          message: "the day is over\u0000",
          resumeAtMillis: 86_400_000
        } as const
        yield* jobs.suspend(claim, suspension)
        yield* jobs.release(claim)
        const second = yield* again
        const next = yield* second.claim("a", { holder: other })
        // Who takes it does not begin before the time either.
        assert.deepStrictEqual([next.job.state, next.job.suspension], ["suspended", suspension])
        const resumed = yield* second.resume(next)
        assert.deepStrictEqual([resumed.state, resumed.suspension], ["running", undefined])
        assert.strictEqual(Job.statusOf(resumed.state), "PROCESSING")
      }))

    test("a job is over when all is settled and not before, and the first end stays", (jobs) =>
      Effect.gen(function* () {
        const batches = yield* planned(jobs, rowsOf(5))
        const claim = yield* jobs.claim("a", { holder })
        yield* jobs.settle(claim, [settlement(batches[1]!)])
        for (const as of ["done", "canceled"] as const) {
          const open = yield* Effect.flip(jobs.complete(claim, as))
          assert.strictEqual(
            open.message,
            `job "a" is running and cannot become ${as}; 2 of its batches have no outcomes; record their outcomes first`
          )
        }
        yield* TestClock.adjust(500)
        yield* settleAll(jobs, claim)
        const ends = yield* Effect.forEach(
          ["done", "canceled"] as const,
          (as) => Effect.exit(jobs.complete(claim, as)),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(ends.filter(Exit.isSuccess), 1)
        const job = yield* jobs.get("a")
        assert.strictEqual(job.state, Exit.isSuccess(ends[0]!) ? "done" : "canceled")
        assert.deepStrictEqual([job.startedAtMillis, job.completedAtMillis, job.holder], [0, 500, undefined])
      }))

    // -------------------------------------------------------------------------
    // Holding
    // -------------------------------------------------------------------------

    test("a job that is held is busy, for the same process too, and says by whom", (jobs, again) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(43_380_000)
        yield* planned(jobs, rowsOf(1))
        const claim = yield* jobs.claim("a", { holder, lease: "10 seconds" })
        yield* TestClock.adjust("9 seconds")
        for (const store of [jobs, yield* again]) {
          const busy = yield* Effect.flip(store.claim("a", { holder }))
          assert.instanceOf(busy, JobStore.JobBusy)
          assert.strictEqual(
            busy.message,
            'job "a" is held by pid 4711 on host a since 1970-01-01T12:03:00.000Z; wait for it, or stop it and try again; if it is gone, the job is free at 1970-01-01T12:03:10.000Z'
          )
          assert.strictEqual(busy.epoch, claim.epoch)
        }
        yield* jobs.renew(claim)
        yield* TestClock.adjust("9 seconds")
        assert.instanceOf(yield* Effect.flip(jobs.claim("a", { holder })), JobStore.JobBusy)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* jobs.claim("a", { holder: other })).epoch, claim.epoch + 1)
      }))

    test("who was taken over writes nothing any more, however the clocks go", (jobs, again) =>
      Effect.gen(function* () {
        const batches = yield* planned(jobs, rowsOf(4))
        const old = yield* jobs.claim("a", { holder, lease: 1000 })
        yield* jobs.settle(old, [settlement(batches[0]!)])
        yield* TestClock.adjust(1000)
        // The lease alone takes nothing from anybody.
        yield* jobs.renew(old)
        yield* TestClock.adjust(1000)
        const second = yield* again
        const taken = yield* second.claim("a", { holder: other, lease: 1000 })
        yield* TestClock.setTime(0)
        const suspension = { reason: "network", message: "m" } as const
        for (const write of [
          jobs.settle(old, [settlement(batches[1]!)]),
          jobs.suspend(old, suspension),
          jobs.complete(old, "done"),
          jobs.renew(old),
          jobs.revise(old, { outcomes: [], who: "w", why: "y" })
        ]) {
          const error = yield* Effect.flip(write as Effect.Effect<unknown, { readonly message: string }>)
          assert.instanceOf(error, JobStore.JobFenced)
          assert.strictEqual(
            error.message,
            `run 2 of job "a" was taken over by run 3; let that run go on, or stop it and resume the job`
          )
        }
        yield* jobs.release(old)
        assert.strictEqual((yield* jobs.get("a")).holder?.pid, other.pid)
        assert.strictEqual((yield* jobs.counts("a")).created, 2)
        yield* second.settle(taken, [settlement(batches[1]!)])
      }))

    test("as soon as a job is taken over, its old run begins no attempt", (jobs) =>
      Effect.gen(function* () {
        const log = yield* Effect.provide(AttemptLog.AttemptLog, SqlAttemptLog.layer)
        yield* planned(jobs, rowsOf(2))
        const old = yield* jobs.claim("a", { holder })
        const attempt = { jobId: "a", operation: "batchCreate", inputs: [0, 1] }
        yield* log.begin({ ...attempt, epoch: old.epoch })
        const taken = yield* jobs.claim("a", { holder: other, insteadOf: old.epoch })
        const fenced = yield* Effect.flip(log.begin({ ...attempt, epoch: old.epoch }))
        assert.strictEqual(fenced.reason, "Fenced")
        assert.lengthOf(yield* log.attempts("a"), 1)
        yield* log.begin({ ...attempt, epoch: taken.epoch })
      }))

    test("of many who take a job at once one gets it", (jobs, again) =>
      Effect.gen(function* () {
        yield* planned(jobs, rowsOf(1))
        const stores = [jobs, yield* again, yield* again]
        const exits = yield* Effect.forEach(
          Array.from({ length: 12 }, (_, n) => stores[n % 3]!),
          (store, n) => Effect.exit(store.claim("a", { holder: { pid: n, host: "h" } })),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(exits.filter(Exit.isSuccess), 1)
        assert.strictEqual((yield* jobs.get("a")).epoch, 2)
      }))

    test("a job that was let go of can be taken at once; its old holder cannot renew it", (jobs) =>
      Effect.gen(function* () {
        yield* planned(jobs, rowsOf(1))
        const claim = yield* jobs.claim("a", { holder })
        yield* jobs.release(claim)
        const error = yield* Effect.flip(jobs.renew(claim))
        assert.include(error.message, 'run 2 of job "a" has given it up')
        assert.strictEqual((yield* jobs.claim("a", { holder: other })).epoch, 3)
      }))

    test("who knows that the holder is gone does not wait, and nobody else jumps in", (jobs) =>
      Effect.gen(function* () {
        yield* planned(jobs, rowsOf(1))
        const dead = yield* jobs.claim("a", { holder })
        assert.instanceOf(
          yield* Effect.flip(jobs.claim("a", { holder: other, insteadOf: dead.epoch - 1 })),
          JobStore.JobBusy
        )
        const exits = yield* Effect.forEach(
          [1, 2, 3],
          () => Effect.exit(jobs.claim("a", { holder: other, insteadOf: dead.epoch })),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(exits.filter(Exit.isSuccess), 1)
      }))

    test("a lease written by a clock that was far ahead is not waited for", (jobs) =>
      Effect.gen(function* () {
        yield* planned(jobs, rowsOf(1))
        yield* TestClock.setTime(10_000_000)
        yield* jobs.claim("a", { holder, lease: "10 minutes" })
        yield* TestClock.setTime(9_999_999)
        yield* jobs.claim("a", { holder: other })
        const long = yield* Effect.exit(jobs.claim("a", { holder, lease: "11 minutes" }))
        assert.include(defectOf(long), "lease")
      }))

    test("a request to cancel is told to who renews, and to who takes the job", (jobs) =>
      Effect.gen(function* () {
        yield* planned(jobs, rowsOf(1))
        const claim = yield* jobs.claim("a", { holder })
        assert.isFalse((yield* jobs.renew(claim)).cancelRequested)
        yield* jobs.requestCancel("a")
        assert.isTrue((yield* jobs.renew(claim)).cancelRequested)
        yield* jobs.release(claim)
        const next = yield* jobs.claim("a", { holder })
        assert.isTrue(next.job.cancelRequested)
        yield* settleAll(jobs, next)
        assert.strictEqual((yield* jobs.complete(next, "canceled")).state, "canceled")
      }))

    // -------------------------------------------------------------------------
    // Planning
    // -------------------------------------------------------------------------

    test("a job that exists is not planned again, and says how far it is", (jobs) =>
      Effect.gen(function* () {
        const batches = yield* planned(jobs, rowsOf(7, [3]))
        const claim = yield* jobs.claim("a", { holder })
        yield* jobs.settle(claim, [settlement(batches[0]!)])
        const error = yield* Effect.flip(jobs.create({ id: "a", frozen, holder, insteadOf: claim.epoch }))
        assert.instanceOf(error, JobStore.JobExists)
        assert.strictEqual(
          error.message,
          'job "a" exists (3 of 7 done); resume it, or choose another id for other rows'
        )
      }))

    test("a job whose planning ended halfway is replaced, when nobody plans it any more", (jobs, again) =>
      Effect.gen(function* () {
        const old = yield* jobs.create({ id: "a", frozen, holder, lease: 1000 })
        yield* jobs.append(old, yield* batchesOf(rowsOf(9, [1, 2])))
        yield* TestClock.adjust(999)
        // Writing prolongs the lease.
        yield* jobs.append(old, [])
        yield* TestClock.adjust(999)
        const second = yield* again
        assert.instanceOf(yield* Effect.flip(second.create({ id: "a", frozen, holder })), JobStore.JobBusy)
        yield* TestClock.adjust(1)
        const next = yield* second.create({ id: "a", frozen: { ...frozen, account: "43" }, holder: other })
        assert.strictEqual(next.epoch, 2)
        assert.instanceOf(yield* Effect.flip(jobs.append(old, [])), JobStore.JobFenced)
        yield* second.append(next, yield* batchesOf(rowsOf(3)))
        assert.instanceOf(
          yield* Effect.flip(jobs.planned(old, { digest: "d", inputs: 3 })),
          JobStore.JobFenced
        )
        yield* second.planned(next, { digest: "d2", inputs: 3 })
        const job = yield* second.get("a")
        assert.deepStrictEqual([job.digest, job.frozen.account], ["d2", "43"])
        assert.deepStrictEqual(yield* jobs.counts("a"), {
          inputs: 3,
          created: 0,
          rejected: 0,
          invalid: 0,
          notSent: 0,
          inDoubt: 0,
          possibleDuplicates: 0,
          open: 3,
          batches: 2,
          settledBatches: 0
        })
        assert.deepStrictEqual(yield* Stream.runCollect(jobs.outcomes("a")), [])
      }))

    test("an id under which requests were sent is not used again", (jobs) =>
      Effect.gen(function* () {
        const log = yield* Effect.provide(AttemptLog.AttemptLog, SqlAttemptLog.layer)
        yield* log.begin({ jobId: "a", operation: "batchCreate", inputs: [0] })
        const error = yield* Effect.flip(jobs.create({ id: "a", frozen, holder }))
        assert.strictEqual(error.message, 'requests of a job "a" were sent before; choose another id')
        assert.instanceOf(yield* Effect.flip(jobs.get("a")), JobStore.JobNotFound)
      }))

    test("batches with gaps, out of order or miscounted are defects, and nothing is written", (jobs) =>
      Effect.gen(function* () {
        const claim = yield* jobs.create({ id: "a", frozen, holder })
        const [first, second, third] = yield* batchesOf(rowsOf(6))
        for (const wrong of [
          [second!],
          [first!, third!],
          [first!, first!],
          [{ ...first!, items: [] }],
          [{ ...first!, items: [first!.items[0]!, second!.items[0]!] }]
        ]) {
          assert.include(defectOf(yield* Effect.exit(jobs.append(claim, wrong))), "RangeError")
        }
        assert.strictEqual((yield* jobs.counts("a")).batches, 0)
        yield* jobs.append(claim, [first!])
        yield* jobs.append(claim, [second!, third!])
        const short = yield* Effect.exit(jobs.planned(claim, { digest: "d", inputs: 5 }))
        assert.include(defectOf(short), "5 inputs were not appended")
        assert.strictEqual((yield* jobs.get("a")).state, "planning")
        yield* jobs.planned(claim, { digest: "d", inputs: 6 })
      }))

    test("the first row that is not as planned is found", (jobs) =>
      Effect.gen(function* () {
        const rows = rowsOf(90, [4])
        yield* planned(jobs, rows)
        const line = (rows: ReadonlyArray<Source.Row>) => jobs.difference("a", Stream.fromIterable(rows))
        assert.isUndefined(yield* line(rows))
        assert.strictEqual(yield* line(rows.slice(0, 80)), 82)
        assert.strictEqual(yield* line([...rows, rowsOf(91)[90]!]), 92)
        const changed = { ...rows[75]!, original: { _tag: "Csv", cells: ["Seat 75", "19.9", ""] } } as const
        assert.strictEqual(yield* line(rows.map((row) => (row.index === 75 ? changed : row))), 77)
      }))

    // -------------------------------------------------------------------------
    // Outcomes
    // -------------------------------------------------------------------------

    const kinds: ReadonlyArray<(index: number) => Job.Entry> = [
      created,
      (index) => ({
        ...(created(index) as Extract<Job.Entry, { _tag: "Created" }>),
        possibleDuplicate: true
      }),
      (index) => ({
        _tag: "Rejected",
        index,
        category: "VALIDATION_ERROR",
        problems: [{ message: `it's "no"\u0000\ud800`, code: "X", property: "price" }],
        verifiedAbsent: false
      }),
      (index) => ({ _tag: "NotSent", index, reason: { _tag: "Suspended", text: "not sent: quota" } }),
      (index) => ({ _tag: "InDoubt", index, evidence: { _tag: "NoAnswer", text: "HTTP 502" } })
    ]

    test("outcomes come back letter by letter, all of them, in the order of the inputs", (jobs, again) =>
      Effect.gen(function* () {
        const wrong = [0, 5, 6, 7, 8, 9, 10, 44, 99]
        const batches = yield* planned(jobs, rowsOf(100, wrong))
        const claim = yield* jobs.claim("a", { holder })
        const expected = batches.flatMap(({ invalid, items }) => [
          ...items.map(({ index }) => kinds[index % kinds.length]!(index)),
          ...invalid.map(Job.entry)
        ])
        // The last first, and within a batch backwards.
        for (const { items, number } of batches.toReversed()) {
          if (items.length === 0) continue
          const outcomes = items.toReversed().map(({ index }) => kinds[index % kinds.length]!(index))
          yield* jobs.settle(claim, [{ number, outcomes }])
        }
        yield* jobs.complete(claim, "done")
        const second = yield* again
        const back = yield* Stream.runCollect(second.outcomes("a"))
        assert.deepStrictEqual(
          back,
          [...expected].sort((a, b) => a.index - b.index)
        )
        const of = (tag: Job.Entry["_tag"]) => expected.filter(({ _tag }) => _tag === tag).length
        assert.deepStrictEqual(yield* second.counts("a"), {
          inputs: 100,
          created: of("Created"),
          rejected: of("Rejected"),
          invalid: wrong.length,
          notSent: of("NotSent"),
          inDoubt: of("InDoubt"),
          possibleDuplicates: expected.filter((entry) => entry._tag === "Created" && entry.possibleDuplicate)
            .length,
          open: 0,
          batches: batches.length,
          settledBatches: batches.length
        })
        const rows = yield* Stream.runCollect(second.rows("a"))
        assert.deepStrictEqual(
          rows.map(({ row }) => row),
          rowsOf(100, wrong)
        )
        assert.deepStrictEqual(
          rows.map(({ outcome }) => outcome),
          back
        )
        const some = yield* Stream.runCollect(second.rows("a", ["Invalid", "InDoubt"]))
        assert.deepStrictEqual(
          some.map(({ outcome }) => outcome),
          back.filter(({ _tag }) => _tag === "Invalid" || _tag === "InDoubt")
        )
        assert.isTrue(
          some.every(({ item, outcome }) => (item === undefined) === (outcome?._tag === "Invalid"))
        )
      }))

    test("what is wrong in itself is settled with the plan, and counts from the beginning", (jobs) =>
      Effect.gen(function* () {
        yield* planned(
          jobs,
          rowsOf(
            2500,
            Array.from({ length: 2500 }, (_, n) => n)
          )
        )
        const { batches, invalid, open, settledBatches } = yield* jobs.counts("a")
        assert.deepStrictEqual([batches, settledBatches, invalid, open], [3, 3, 2500, 0])
        assert.deepStrictEqual(yield* Stream.runCollect(jobs.unsettled("a")), [])
        const claim = yield* jobs.claim("a", { holder })
        yield* jobs.complete(claim, "done")
        assert.strictEqual(yield* Stream.runCount(jobs.outcomes("a")), 2500)
      }))

    test("the history of a job has its attempts with their ends, and the counts of its batches", (jobs, again) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1000)
        const batches = yield* planned(jobs, rowsOf(5, [4]))
        const claim = yield* jobs.claim("a", { holder })
        const attempt = (inputs: ReadonlyArray<number>) =>
          jobs.log.begin({ jobId: "a", operation: "batchCreate", inputs, epoch: claim.epoch })
        const first = yield* attempt([0, 1])
        yield* attempt([2, 3])
        yield* TestClock.setTime(1500)
        yield* jobs.log.end(first, { acceptance: "NotAccepted", reason: "RateLimited", outcomes: [] })
        yield* jobs.settle(claim, [settlement(batches[0]!)])
        const none = { Created: 0, Rejected: 0, Invalid: 0, NotSent: 0, InDoubt: 0 }
        const history = yield* Stream.runCollect((yield* again).history("a"))
        assert.deepStrictEqual(
          history.filter(({ _tag }) => _tag === "Attempted"),
          [
            {
              _tag: "Attempted",
              begunAtMillis: 1000,
              inputs: 2,
              end: { acceptance: "NotAccepted", reason: "RateLimited", endedAtMillis: 1500 }
            },
            { _tag: "Attempted", begunAtMillis: 1000, inputs: 2 }
          ]
        )
        const settled = history.filter(({ _tag }) => _tag === "Settled")
        assert.lengthOf(settled, batches.length)
        assert.deepStrictEqual(settled[0], {
          _tag: "Settled",
          atMillis: 1500,
          counts: { ...none, Created: 2 }
        })
        assert.deepInclude(settled[1], { counts: none })
        assert.deepInclude(settled.at(-1), { counts: { ...none, Invalid: 1 } })
        const error = yield* Effect.flip(Stream.runDrain(jobs.history("none")))
        assert.strictEqual(error._tag, "JobNotFound")
      }))

    test("a batch is settled once, and a settlement is all or nothing", (jobs, again) =>
      Effect.gen(function* () {
        const [first, second] = yield* planned(jobs, rowsOf(4))
        const claim = yield* jobs.claim("a", { holder })
        const stores = [jobs, yield* again]
        const exits = yield* Effect.forEach(
          [...stores, ...stores],
          (store) => Effect.exit(store.settle(claim, [settlement(first!)])),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(exits.filter(Exit.isSuccess), 1)
        const error = yield* Effect.flip(
          jobs.settle(claim, [
            settlement(second!),
            { number: 0, outcomes: [0, 1].map((index) => kinds[3]!(index)) }
          ])
        )
        assert.instanceOf(error, JobStore.AlreadySettled)
        assert.strictEqual(
          error.message,
          'batch 0 of job "a" has its outcomes already; they stay as they are'
        )
        const counts = yield* jobs.counts("a")
        assert.deepStrictEqual([counts.created, counts.notSent, counts.open], [2, 0, 2])
        assert.deepStrictEqual(
          (yield* Stream.runCollect(jobs.unsettled("a"))).map(({ number }) => number),
          [1]
        )
      }))

    test("outcomes for other inputs than a batch's items are a defect, and nothing is settled", (jobs) =>
      Effect.gen(function* () {
        const [batch] = yield* planned(jobs, rowsOf(3, [1]))
        assert.lengthOf(batch!.invalid, 1)
        const claim = yield* jobs.claim("a", { holder })
        const invalid: Job.Entry = { _tag: "Invalid", index: 2, issues: [] }
        for (const outcomes of [
          [],
          [created(0)],
          [created(0), created(1)],
          [created(0), created(2), created(2)],
          [created(0), invalid]
        ]) {
          const exit = yield* Effect.exit(jobs.settle(claim, [{ number: 0, outcomes }]))
          assert.include(defectOf(exit), "not those of its items")
        }
        const none = yield* Effect.exit(jobs.settle(claim, [{ number: 7, outcomes: [] }]))
        assert.include(defectOf(none), "has no batch 7")
        assert.strictEqual((yield* jobs.counts("a")).settledBatches, 0)
      }))

    test("outcomes change as the table says, with a trail", (jobs, again) =>
      Effect.gen(function* () {
        const batches = yield* planned(jobs, rowsOf(7, [6]))
        const run = yield* jobs.claim("a", { holder })
        yield* jobs.settle(
          run,
          batches.slice(0, 3).map(({ items, number }) => ({
            number,
            outcomes: items.map(({ index }) => kinds[(index + 1) % kinds.length]!(index))
          }))
        )
        yield* jobs.complete(run, "done")
        // 0 possible duplicate, 1 rejected, 2 not sent, 3 in doubt, 4 created, 5 duplicate, 6 invalid
        const claim = yield* jobs.claim("a", { holder, to: "revision" })
        const revise = (...outcomes: ReadonlyArray<Job.Entry>) =>
          jobs.revise(claim, { outcomes, who: "anna", why: "looked\u0000in HubSpot" })
        yield* TestClock.setTime(77)
        const before = yield* Stream.runCollect(jobs.outcomes("a"))
        for (const illegal of [
          [kinds[3]!(2), kinds[2]!(0)],
          [created(3), created(6)],
          [created(4)],
          [kinds[2]!(3)],
          [created(7)]
        ]) {
          assert.instanceOf(yield* Effect.flip(revise(...illegal)), Job.IllegalRevision)
        }
        assert.deepStrictEqual(yield* Stream.runCollect(jobs.outcomes("a")), before)
        assert.deepStrictEqual(yield* jobs.revisions("a"), [])
        yield* revise(created(3), created(1), kinds[4]!(2))
        const store = yield* again
        assert.deepStrictEqual(
          (yield* Stream.runCollect(store.outcomes("a"))).map(({ _tag }) => _tag),
          ["Created", "Created", "InDoubt", "Created", "Created", "Created", "Invalid"]
        )
        const { created: sum, inDoubt, invalid, open, possibleDuplicates } = yield* store.counts("a")
        assert.deepStrictEqual([sum, inDoubt, invalid, open, possibleDuplicates], [5, 1, 1, 0, 2])
        assert.deepStrictEqual(yield* store.revisions("a"), [
          { was: before[3]!, became: created(3), who: "anna", why: "looked in HubSpot", atMillis: 77 },
          { was: before[1]!, became: created(1), who: "anna", why: "looked in HubSpot", atMillis: 77 },
          { was: before[2]!, became: kinds[4]!(2), who: "anna", why: "looked in HubSpot", atMillis: 77 }
        ])
      }))

    test("changes of one batch at once are all kept", (jobs) =>
      Effect.gen(function* () {
        const [batch] = yield* planned(jobs, rowsOf(2))
        const claim = yield* jobs.claim("a", { holder })
        yield* jobs.settle(claim, [
          { number: 0, outcomes: batch!.items.map(({ index }) => kinds[4]!(index)) }
        ])
        yield* Effect.forEach(
          [0, 1],
          (index) => jobs.revise(claim, { outcomes: [created(index)], who: "w", why: "y" }),
          { concurrency: "unbounded" }
        )
        assert.strictEqual((yield* jobs.counts("a")).created, 2)
        assert.deepStrictEqual(yield* Stream.runCollect(jobs.outcomes("a")), [created(0), created(1)])
      }))

    // -------------------------------------------------------------------------
    // Many
    // -------------------------------------------------------------------------

    test("of ten thousand batches with eight thousand settled, the first open one is read alone", (jobs) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const claim = yield* jobs.create({ id: "a", frozen: { ...frozen, batchSize: 1 }, holder })
        const batches = yield* batchesOf(rowsOf(10_000), { batchSize: 1 })
        for (let n = 0; n < 10; n++) yield* jobs.append(claim, batches.slice(n * 1000, n * 1000 + 1000))
        yield* jobs.planned(claim, { digest: "d", inputs: 10_000 })
        yield* sql`UPDATE line_items_batches SET settled_at = 1, created = 1 WHERE number < 8000`
        const sent: Array<{ readonly text: string; readonly params: ReadonlyArray<unknown> }> = []
        const [first] = yield* jobs.unsettled("a").pipe(
          Stream.take(1),
          Stream.runCollect,
          Effect.provideService(Statement.CurrentTransformer, (statement) =>
            Effect.sync(() => {
              const [text, params] = statement.compile()
              if (text.includes("line_items_batches")) sent.push({ text, params })
              return statement
            })
          )
        )
        assert.strictEqual(first?.number, 8000)
        assert.lengthOf(sent, 1)
        const { params, text } = sent[0]!
        const found = yield* sql.unsafe<{ readonly number: unknown }>(text, params)
        assert.lengthOf(found, 20)
        const plan = yield* sql.onDialectOrElse({
          pg: () => sql.unsafe(`EXPLAIN (ANALYZE, BUFFERS OFF) ${text}`, params),
          orElse: () => sql.unsafe(`EXPLAIN QUERY PLAN ${text}`, params)
        })
        const said = JSON.stringify(plan)
        assert.include(said, "line_items_batches_unsettled")
        assert.notMatch(said, /SCAN|Seq Scan|TEMP B-TREE|Rows Removed|Sort/)
      }))

    test("jobs are listed from the newest, with their counts", (jobs) =>
      Effect.gen(function* () {
        for (const [n, id] of ["one", "two", "three"].entries()) {
          yield* TestClock.setTime(n * 1000)
          yield* planned(jobs, rowsOf(n + 2, [0]), id)
        }
        const listed = yield* jobs.list()
        assert.deepStrictEqual(
          listed.map(({ counts, job }) => [job.id, job.createdAtMillis, counts.inputs, counts.invalid]),
          [
            ["three", 2000, 4, 1],
            ["two", 1000, 3, 1],
            ["one", 0, 2, 1]
          ]
        )
        assert.deepStrictEqual(
          (yield* jobs.list({ limit: 1 })).map(({ job }) => job.id),
          ["three"]
        )
      }))

    test("old jobs are forgotten with all that belongs to them, and unfinished ones never", (jobs) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const log = yield* Effect.provide(AttemptLog.AttemptLog, SqlAttemptLog.layer)
        assert.deepStrictEqual(yield* jobs.forget({ olderThan: 0 }), [])
        for (const state of Object.keys(legal) as ReadonlyArray<Job.State>) {
          yield* inState(jobs, state)
          yield* log.begin({ jobId: state, operation: "batchCreate", inputs: [0] })
        }
        yield* planned(jobs, rowsOf(1), "held")
        const held = yield* jobs.claim("held", { holder })
        yield* settleAll(jobs, held)
        yield* jobs.complete(held, "done")
        const done = yield* jobs.claim("done", { holder, to: "revision" })
        yield* jobs.settle(done, []).pipe(Effect.flip)
        yield* jobs.release(done)
        yield* TestClock.adjust("1 hour")
        yield* jobs.claim("held", { holder, to: "revision", lease: "5 minutes" })
        assert.deepStrictEqual(yield* jobs.forget({ olderThan: "61 minutes" }), [])
        assert.deepStrictEqual([...(yield* jobs.forget({ olderThan: "1 hour" }))].sort(), [
          "canceled",
          "done"
        ])
        for (const table of ["batches", "inputs", "outcomes", "revisions", "attempts"]) {
          const left = yield* sql<{ n: unknown }>`SELECT COUNT(*) AS n FROM ${sql(`line_items_${table}`)}
            WHERE job_id IN ('done', 'canceled')`
          assert.strictEqual(Number(left[0]!.n), 0, table)
        }
        assert.deepStrictEqual((yield* jobs.list()).map(({ job }) => job.id).sort(), [
          "held",
          "pending",
          "planning",
          "running",
          "suspended"
        ])
        assert.lengthOf(yield* log.attempts("running"), 1)
        yield* planned(jobs, rowsOf(1), "done")
      }))

    test("a job and its retries are one family, and forgotten together or not at all", (jobs) =>
      Effect.gen(function* () {
        const over = Effect.fnUntraced(function* (id: string, retryOf?: Frozen.RetryOf) {
          const planning = yield* jobs.create({
            id,
            frozen: { ...frozen, ...(retryOf !== undefined && { retryOf }) },
            holder
          })
          yield* jobs.planned(planning, { digest: "d", inputs: 0 })
          const claim = yield* jobs.claim(id, { holder })
          yield* jobs.complete(claim, "done")
          yield* TestClock.adjust("1 hour")
        })
        const familyOf = (id: string) => Effect.map(jobs.family(id), (some) => some.map(({ id }) => id))
        yield* over("a")
        yield* over("b")
        yield* over("a-1", { job: "a", first: "a" })
        yield* over("a-2", { job: "a-1", first: "a" })
        for (const id of ["a", "a-1", "a-2"]) {
          assert.deepStrictEqual(yield* familyOf(id), ["a", "a-1", "a-2"])
        }
        assert.deepStrictEqual(yield* familyOf("b"), ["b"])
        assert.deepStrictEqual((yield* jobs.get("a-2")).frozen.retryOf, { job: "a-1", first: "a" })

        // The last retry ended an hour ago.
        assert.deepStrictEqual(yield* jobs.forget({ olderThan: "90 minutes", dryRun: true }), ["b"])
        assert.lengthOf(yield* jobs.list(), 4)
        assert.deepStrictEqual(yield* jobs.forget({ olderThan: "90 minutes" }), ["b"])
        const open = yield* jobs.create({
          id: "a-3",
          frozen: { ...frozen, retryOf: { job: "a", first: "a" } },
          holder
        })
        yield* TestClock.adjust("1 day")
        assert.deepStrictEqual(yield* jobs.forget({ olderThan: 0 }), [])
        assert.deepStrictEqual(yield* familyOf("a"), ["a", "a-1", "a-2", "a-3"])
        yield* jobs.planned(open, { digest: "d", inputs: 0 })
        yield* jobs.complete(yield* jobs.claim("a-3", { holder }), "done")
        assert.deepStrictEqual(yield* jobs.forget({ olderThan: 0 }), ["a", "a-1", "a-2", "a-3"])
        assert.deepStrictEqual(yield* jobs.list(), [])
      }))

    test("what cannot be understood is an error that names it", (jobs) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const [batch] = yield* planned(jobs, rowsOf(2))
        const claim = yield* jobs.claim("a", { holder })
        const read = <A, E>(stream: Stream.Stream<A, E>) => Effect.flip(Stream.runCollect(stream))
        yield* sql`UPDATE line_items_inputs SET items = REPLACE(items, '19.90', '29.90')`
        const changed = yield* read(jobs.unsettled("a"))
        assert.strictEqual(
          changed.message,
          'job store: batch 0 of job "a" is garbled; restore the database, or check in HubSpot what was created'
        )
        yield* jobs.settle(claim, [settlement(batch!)])
        yield* sql`UPDATE line_items_outcomes SET outcomes = '[{"_tag":"Created"}]'`
        assert.include((yield* read(jobs.outcomes("a"))).message, "the outcomes of batch 0")
        yield* sql`UPDATE line_items_jobs SET frozen = '{}'`
        assert.include((yield* Effect.flip(jobs.get("a"))).message, 'job "a" is garbled')
      }))

    test("an attempt that is missing, or is not as it was written, is missed", (jobs) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const log = yield* Effect.provide(AttemptLog.AttemptLog, SqlAttemptLog.layer)
        yield* planned(jobs, rowsOf(6))
        const claim = yield* jobs.claim("a", { holder })
        const begin = (...inputs: ReadonlyArray<number>) =>
          log.begin({ jobId: "a", operation: "batchCreate", inputs, epoch: claim.epoch })
        yield* log.verify("a")
        const first = yield* begin(0, 1)
        const last = yield* begin(2, 3)
        yield* log.end(first, { acceptance: "Accepted", outcomes: [] })
        yield* log.begin({ jobId: "b", operation: "batchCreate", inputs: [0] })
        yield* log.verify("a")
        const garbled = `attempt ${last} is garbled`
        for (const change of [
          sql`UPDATE line_items_attempts SET inputs = '2-2' WHERE id = ${last}`,
          sql`UPDATE line_items_attempts SET inputs = '2-3', first_input = 9 WHERE id = ${last}`,
          sql`UPDATE line_items_attempts SET first_input = 2, last_input = 2 WHERE id = ${last}`,
          sql`UPDATE line_items_attempts SET last_input = 3, epoch = NULL WHERE id = ${last}`
        ]) {
          yield* change
          const error = yield* Effect.flip(log.verify("a"))
          assert.deepStrictEqual([error.reason, error.detail], ["Unreadable", garbled])
        }
        yield* sql`UPDATE line_items_attempts SET epoch = ${claim.epoch} WHERE id = ${last}`
        yield* log.verify("a")
        yield* sql`UPDATE line_items_attempts SET acceptance = 'NotAccepted' WHERE id = ${first}`
        assert.strictEqual((yield* Effect.flip(log.attempts("a"))).detail, `attempt ${first} is garbled`)
        for (const lost of [
          sql`UPDATE line_items_attempts SET job_id = 'c' WHERE id = ${last}`,
          sql`DELETE FROM line_items_attempts WHERE id = ${last}`
        ]) {
          yield* lost
          const error = yield* Effect.flip(log.verify("a"))
          assert.strictEqual(error.detail, 'it has 1 of the 2 attempts of job "a"')
        }
        yield* log.verify("b")
        yield* settleAll(jobs, claim)
        yield* jobs.complete(claim, "done")
        yield* jobs.forget({ olderThan: 0 })
        yield* log.verify("a")
      }))

    test("what became of a batch is counted only if it is as it was written", (jobs) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const [batch] = yield* planned(jobs, rowsOf(6, [1]))
        const claim = yield* jobs.claim("a", { holder })
        yield* jobs.settle(claim, [settlement(batch!)])
        const before = yield* jobs.counts("a")
        for (const [change, back] of [
          [
            sql`UPDATE line_items_batches SET settled_at = 0 WHERE number = 1`,
            sql`UPDATE line_items_batches SET settled_at = NULL WHERE number = 1`
          ],
          [
            sql`UPDATE line_items_batches SET created = 3 WHERE number = 0`,
            sql`UPDATE line_items_batches SET created = 2 WHERE number = 0`
          ],
          [
            sql`UPDATE line_items_batches SET sendable = '4' WHERE number = 1`,
            sql`UPDATE line_items_batches SET sendable = '3-4' WHERE number = 1`
          ]
        ] as const) {
          yield* change
          const { message } = yield* Effect.flip(jobs.counts("a"))
          assert.include(message, '1 of the batches of job "a" are garbled; restore the database')
          yield* back
          assert.deepStrictEqual(yield* jobs.counts("a"), before)
        }
        yield* sql`UPDATE line_items_outcomes SET outcomes = REPLACE(outcomes, '"1000"', '"1001"')`
        const told = yield* Effect.flip(Stream.runCollect(jobs.outcomes("a")))
        assert.include(told.message, 'the outcomes of batch 0 of job "a" are garbled')
        yield* sql`UPDATE line_items_jobs SET frozen = REPLACE(frozen, 'failVisible', 'failvisible')`
        assert.include((yield* Effect.flip(jobs.get("a"))).message, 'job "a" is garbled')
      }))

    test("one that cannot be understood keeps nobody from the others", (jobs) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* planned(jobs, rowsOf(2))
        const other = yield* jobs.create({ id: "b", frozen, holder })
        yield* jobs.planned(other, { digest: "d", inputs: 0 })
        // As a later version may write it.
        yield* sql`UPDATE line_items_jobs SET frozen = '{"strategy":{"_tag":"later"}}' WHERE id = 'a'`
        assert.deepStrictEqual(
          (yield* jobs.due).map(({ id }) => id),
          ["b"]
        )
        // It is not over, as far as anybody knows.
        assert.deepStrictEqual(
          (yield* jobs.current({ overFor: 0 })).map(({ id }) => id),
          ["a", "b"]
        )
      }))
  })
