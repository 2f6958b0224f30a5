/**
 * `client.ts <variant>[:parts] <url> <batches> [limit]`: creates batches of 100 line items, ten at once, without a limit of its own
 * unless one is given, and prints what that cost. What comes before, half as many batches, is not counted: code is compiled
 * then. With a limit nothing comes before. In parts: so many durable jobs, or accounts for the engine, at once, which share the
 * batches.
 */
import * as BulkCreate from "@effect-hubspot/batch/bulk/BulkCreate"
import * as DoubtStrategy from "@effect-hubspot/batch/doubt/DoubtStrategy"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import * as JobBatch from "@effect-hubspot/batch/jobs/JobBatch"
import * as JobRunner from "@effect-hubspot/batch/jobs/JobRunner"
import * as JobStore from "@effect-hubspot/batch/jobs/JobStore"
import * as Plan from "@effect-hubspot/batch/model/Plan"
import type * as Source from "@effect-hubspot/batch/files/Source"
import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import Undici from "@effect/platform-node/Undici"
import { Effect, Layer, ManagedRuntime, Redacted, Result, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { measure } from "./measure.ts"

const [chosen = "", url = "", count = "", limit] = process.argv.slice(2)
const [variant = "", parts = "1"] = chosen.split(":")
const batches = Number(count)
const ids = Array.from({ length: Number(parts) }, (_, n) => n)
/** The batches of a part. */
const share = (total: number) => Math.ceil(total / ids.length)
const size = 100
const atOnce = 10
const token = "pat-eu1-bench"

const inputOf = (index: number) => ({
  properties: { name: `Seat ${index}`, price: "19.90", quantity: "1" },
  associations: [
    {
      to: { id: String(4000 + (index % 900)) },
      types: [{ associationCategory: "HUBSPOT_DEFINED" as const, associationTypeId: 20 }]
    }
  ]
})

/** The inputs of a batch, each with its trace id. */
const inputsOf = (batch: number) =>
  Array.from({ length: size }, (_, n) => {
    const index = batch * size + n
    return { ...inputOf(index), objectWriteTraceId: `bench-${index}` }
  })

/** Calls for every batch, ten of them at once. */
const eachBatch = async (total: number, call: (batch: number) => Promise<unknown>): Promise<void> => {
  let next = 0
  const worker = async () => {
    while (next < total) await call(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

const hubspot = LineItems.layer({ baseUrl: url, limit: Number(limit ?? 10_000_000) }).pipe(
  Layer.provide(Layer.merge(NodeHttpClient.layerUndici, Credentials.layer(Redacted.make(token)))),
  Layer.orDie
)

type Variant = (batches: number) => Promise<unknown>

const floor = (): Variant => {
  const agent = new Undici.Agent()
  return (total) =>
    eachBatch(total, async (batch) => {
      const { body, statusCode } = await Undici.request(`${url}/crm/v3/objects/line_items/batch/create`, {
        method: "POST",
        dispatcher: agent,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ inputs: inputsOf(batch) })
      })
      const { results } = JSON.parse(await body.text()) as { readonly results: ReadonlyArray<unknown> }
      if (statusCode !== 201 || results.length !== size) throw new Error("not created")
    })
}

const sdk = async (): Promise<Variant> => {
  const { Client } = await import("@hubspot/api-client")
  const client = new Client({ accessToken: token, basePath: url })
  type Inputs = Parameters<typeof client.crm.lineItems.batchApi.create>[0]["inputs"]
  return (total) =>
    eachBatch(total, async (batch) => {
      const { results } = await client.crm.lineItems.batchApi.create({
        inputs: inputsOf(batch) as unknown as Inputs
      })
      if (results.length !== size) throw new Error("not created")
    })
}

const createBatch = (): Variant => {
  const runtime = ManagedRuntime.make(hubspot)
  return (total) =>
    runtime.runPromise(
      Effect.flatMap(LineItems.LineItems, (lineItems) =>
        Effect.forEach(
          {
            length: total,
            *[Symbol.iterator]() {
              for (let n = 0; n < total; n++) yield n
            }
          },
          (batch) =>
            Effect.map(lineItems.createBatch({ inputs: inputsOf(batch) }), ({ results }) => {
              if (results.length !== size) throw new Error("not created")
            }),
          { concurrency: atOnce, discard: true }
        )
      )
    )
}

const counted = <E, R>(outcomes: Stream.Stream<{ readonly _tag: string }, E, R>, wanted: number) =>
  Effect.map(
    Stream.runFold(
      outcomes,
      () => 0,
      (sum, { _tag }) => (_tag === "Created" ? sum + 1 : sum)
    ),
    (created) => {
      if (created !== wanted) throw new Error(`${created} of ${wanted} created`)
    }
  )

const engine = (): Variant => {
  const runtimes = ids.map(() => ManagedRuntime.make(hubspot))
  return (total) =>
    Promise.all(
      runtimes.map((runtime) =>
        runtime.runPromise(
          counted(
            Stream.range(0, share(total) * size - 1).pipe(
              Stream.map(inputOf),
              BulkCreate.outcomes({ concurrency: atOnce })
            ),
            share(total) * size
          )
        )
      )
    )
}

/** The job is planned before it is measured, so there is one for each run. */
const durable = async (): Promise<Variant> => {
  const stateDir = mkdtempSync(join(tmpdir(), "line-items-bench-durable-"))
  process.on("exit", () => rmSync(stateDir, { recursive: true, force: true }))
  const runtime = ManagedRuntime.make(Layer.merge(Stores.layerLocal({ stateDir }), hubspot))
  const holder = { pid: process.pid, host: "bench" }
  const row = (index: number): Source.Row => {
    const input = inputOf(index)
    return {
      index,
      line: index + 2,
      original: { _tag: "Csv", cells: [input.properties.name, "19.90", "1", input.associations[0]!.to.id] },
      input: Result.succeed(input)
    }
  }
  const plan = (jobId: string, total: number) =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const claim = yield* store.create({
        id: jobId,
        holder,
        frozen: {
          source: { name: "bench" },
          format: "csv",
          header: ["name", "price", "quantity", "deal_id"],
          batchSize: size,
          strategy: DoubtStrategy.failVisible,
          account: "1",
          origin: url
        }
      })
      yield* Stream.range(0, share(total) * size - 1).pipe(
        Stream.map(row),
        JobBatch.fromRows({
          shape: Plan.creates<Source.Row>({ jobId, toInput: ({ input }) => input }),
          batchSize: size
        }),
        Stream.rechunk(50),
        Stream.runForEachArray((some) => store.append(claim, some))
      )
      yield* store.planned(claim, { digest: "bench", inputs: share(total) * size })
    })
  const planAll = (name: string, total: number) => Effect.forEach(ids, (id) => plan(`${name}-${id}`, total))
  if (limit === undefined) await runtime.runPromise(planAll("warm", warm))
  await runtime.runPromise(planAll("job", batches))
  const run = (jobId: string) =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const end = yield* JobRunner.run(yield* store.claim(jobId, { holder }), { concurrency: atOnce })
      if (end._tag !== "Complete") throw new Error(end._tag)
    }).pipe(Effect.scoped)
  return (total) => {
    const name = total === batches ? "job" : "warm"
    return runtime.runPromise(Effect.forEach(ids, (id) => run(`${name}-${id}`), { concurrency: ids.length }))
  }
}

const warm = Math.max(100, Math.ceil(batches / 2))
const variants: Readonly<Record<string, () => Variant | Promise<Variant>>> = {
  floor,
  sdk,
  createBatch,
  engine,
  durable
}
const run = await variants[variant]!()
if (limit === undefined) await run(warm)
process.stdout.write(`${JSON.stringify(await measure(() => run(batches)))}\n`)
process.exit(0)
