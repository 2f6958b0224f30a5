/**
 * What an operator sees of an import that goes wrong in many ways: spans that say which job, batch and attempt they are of,
 * and never which record.
 */
import { BulkCreate, Coalescer, DoubtStrategy, Import } from "@effect-hubspot/batch"
import * as Telemetry from "@effect-hubspot/batch/engine/Telemetry"
import * as Stores from "@effect-hubspot/batch/sql/Stores"
import { LineItems } from "@effect-hubspot/http"
import { Emulator } from "@effect-hubspot/http/emulator/Emulator"
import type * as Faults from "@effect-hubspot/http/emulator/Faults"
import { Association } from "@effect-hubspot/schema"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Layer, Metric, Result, Schema, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { gateway, good, hubspot, key, rule, run, some } from "../../support/doubt.ts"
import * as HubSpot from "../../support/hubspot.ts"
import * as Spans from "../../support/spans.ts"
import { inVirtualTime } from "../../support/virtualTime.ts"

const token = "pat-eu1-canary-987654321"

type Recorded = ReturnType<typeof Spans.recorder>["spans"]

const creates = (spans: Recorded) => spans.filter(({ name }) => name === "HubSpotClient.batchCreate")

const placeOf = ({ attributes }: Recorded[number]) =>
  ["hubspot.job.id", "hubspot.batch.number", "hubspot.attempt"].map((name) => attributes.get(name))

/** All that an exporter gets of spans: the text of errors as Effect's own exporter renders it. */
const shown = (spans: Recorded): string =>
  spans
    .map(({ attributes, events, links, name, status }) => {
      const errors =
        status._tag === "Ended" && status.exit._tag === "Failure"
          ? Cause.prettyErrors(status.exit.cause, { includeCauseInStack: true }).map((error) => [
              error.name,
              error.message,
              error.stack
            ])
          : []
      return inspect([name, [...attributes], events, links, errors], { depth: 9, maxStringLength: null })
    })
    .join("\n")

describe("the spans of batches", () => {
  it.effect("have the job, the number of the batch, and the attempt", () => {
    const { spans, tracer } = Spans.recorder()
    return Effect.gen(function* () {
      const { counts } = yield* Effect.withTracer(run(some(250), { concurrency: 1 }), tracer)
      assert.deepStrictEqual(counts, { response: 250 })
      assert.deepStrictEqual(creates(spans).map(placeOf), [
        ["job", 0, 1],
        ["job", 0, 2],
        ["job", 1, 1],
        ["job", 2, 1]
      ])
      assert.deepStrictEqual(
        creates(spans).map(({ attributes }) => attributes.get("hubspot.inputs")),
        [100, 100, 100, 50]
      )
      assert.deepStrictEqual(
        creates(spans).map(({ attributes }) => attributes.get("http.response.status_code")),
        [429, 201, 201, 201]
      )
    }).pipe(
      Effect.provide(
        hubspot([rule({ place: "beforeCommit", reply: { kind: "status", status: 429, body: "burst" } })])
      )
    )
  })

  it.effect("are those of a durable job as well, and name its batches as the job does", () => {
    const { spans, tracer } = Spans.recorder()
    return Effect.gen(function* () {
      yield* Stream.range(0, 4).pipe(
        Import.submit({ id: "a", codec: Schema.Int, batchSize: 2, toInput: (n) => Result.succeed(good(n)) })
      )
      yield* Import.run("a", { concurrency: 1 }).pipe(Effect.withTracer(tracer), inVirtualTime)
      assert.deepStrictEqual(creates(spans).map(placeOf), [
        ["a", 0, 1],
        ["a", 1, 1],
        ["a", 2, 1]
      ])
    }).pipe(Effect.provide(Layer.merge(hubspot([]), Stores.layerMemory)))
  })

  it.effect("outcomes are counted", () =>
    Effect.gen(function* () {
      yield* run([...some(3), { properties: {} }, { properties: { name: "bad", price: "-1" } }], {})
      const valueOf = (outcome: string) =>
        Effect.map(
          Metric.value(Metric.withAttributes(Telemetry.outcomes, { "hubspot.outcome": outcome })),
          ({ count }) => Number(count)
        )
      assert.deepStrictEqual(
        yield* Effect.forEach(["Created", "Rejected", "Invalid", "InDoubt"], valueOf),
        [3, 1, 1, 0]
      )
    }).pipe(Effect.provide(hubspot([])), Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})

/** A refusal whose words name a record and a value. */
const talkative = {
  kind: "status",
  status: 400,
  body: {
    json: {
      status: "error",
      category: "VALIDATION_ERROR",
      correlationId: "aeb5f871-7f07-4993-9211-075dc63e7cbf",
      message: `Line item 918273645 of Canary Ltd cannot be written with ${token}`
    }
  }
} as const

const rules: ReadonlyArray<Faults.Rule> = [
  rule({ place: "partialCommit", inputs: 5, reply: gateway }),
  rule(
    { place: "beforeCommit", reply: { kind: "status", status: 429, body: "burst" } },
    {
      path: "*/batch/create",
      nth: 2
    }
  ),
  rule({ place: "replyLost" }, { path: "*/batch/create", nth: 4 }),
  rule({ place: "beforeCommit", reply: talkative }, { path: "*/batch/create", nth: 5 }),
  rule({ place: "beforeCommit", reply: { kind: "reset" } }, { path: "*/search", nth: 2 }),
  rule(
    { place: "beforeCommit", reply: { kind: "status", status: 503, body: "html" } },
    {
      path: "*/batch/read",
      nth: 1
    }
  ),
  rule({ place: "beforeCommit", reply: talkative }, { path: "*/line_items/*", method: "PATCH" })
]

/** A HubSpot whose third reply to a create has neither trace ids nor properties, so that its records are read back. */
const bare = Layer.suspend(() => {
  let creates = 0
  return HubSpot.layer({
    emulator: { faults: { rules }, uniqueProperties: [key] },
    token,
    fault: (request, pass) =>
      request.url.endsWith("/batch/create") && ++creates === 3
        ? Effect.gen(function* () {
            const { status, json } = yield* pass
            const body = (yield* Effect.orDie(json)) as { readonly results?: ReadonlyArray<{ id: string }> }
            const results = (body.results ?? []).map(({ id }) => ({ id, properties: {} }))
            return yield* HubSpot.answer(request, status, { ...body, results })
          })
        : pass
  })
})

describe("no id and no token", () => {
  const world = Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "spans-"))),
    (stateDir) => Effect.sync(() => rmSync(stateDir, { recursive: true }))
  ).pipe(Effect.map((stateDir) => Layer.merge(bare, Stores.layerLocal({ stateDir }))))

  const everything = Effect.gen(function* () {
    const emulator = yield* Emulator
    const lineItems = yield* LineItems.LineItems
    const deal = "7364519283"
    yield* emulator.seedObjects("deals", [deal])
    const toInput = (n: number) =>
      Result.succeed({ ...good(n), associations: [Association.make("deal", deal)] })
    // A durable job: doubts that are looked up by key, a reply that does not say whose ids it has, a refusal.
    yield* Stream.range(1000, 1039).pipe(
      Import.submit({
        id: "spans",
        codec: Schema.Int,
        batchSize: 10,
        toInput,
        strategy: DoubtStrategy.guard(),
        keyProperty: key
      })
    )
    yield* Import.run("spans")
    const { counts } = yield* Import.status("spans")
    // The same by search and by parent, and callers of a coalescer.
    for (const options of [
      { strategy: DoubtStrategy.reconcile({ quiet: "5 seconds" }), keyProperty: key },
      { strategy: DoubtStrategy.reconcileByParent({ quiet: "5 seconds" }) }
    ]) {
      yield* emulator.setFaults({ rules })
      yield* Stream.range(1, 30).pipe(
        Stream.map((n) => ({ ...good(n), associations: [Association.make("deal", deal)] })),
        BulkCreate.outcomes({ ...options, jobId: `b${options.strategy._tag}`, batchSize: 10 }),
        Stream.runDrain
      )
    }
    yield* emulator.setFaults({ rules: [rule({ place: "beforeCommit", reply: talkative })] })
    const coalescer = yield* Coalescer.make({})
    yield* Effect.exit(coalescer.create(good(1)))
    // The client itself, where it fails.
    const { created } = yield* emulator.ledger
    const { id } = created.at(-1)!
    yield* Effect.exit(lineItems.get("918273645"))
    yield* emulator.setFaults({ rules })
    yield* Effect.exit(lineItems.update(id, { properties: { name: "Table" } }))
    yield* lineItems.get(id)
    yield* Effect.exit(lineItems.associate({ id, toObjectType: "deals", toObjectId: "918273645" }))
    yield* lineItems.archive(id)
    const { created: all } = yield* emulator.ledger
    const { requests } = yield* emulator.ledger
    return {
      counts,
      requests,
      ids: [
        deal,
        "918273645",
        "Canary",
        ...all.map(({ id }) => id),
        ...all.flatMap(({ objectWriteTraceId, properties }) =>
          [objectWriteTraceId, properties[key]].filter((id) => id !== null && id !== undefined)
        )
      ]
    }
  })

  it.effect("is in any span of an import with doubts, looks, reads and retries", () => {
    const { spans, tracer } = Spans.recorder()
    return Effect.gen(function* () {
      const { counts, ids, requests } = yield* everything.pipe(
        Effect.provide(yield* world),
        Effect.withTracer(tracer),
        inVirtualTime
      )
      // All of it has taken place.
      assert.isAbove(counts.created, 20)
      const paths = new Set(requests.map(({ path }) => path.split("/").slice(-2).join("/")))
      for (const path of ["batch/create", "batch/read", "line_items/search"])
        assert.isTrue(paths.has(path), path)
      const names = new Set(spans.map(({ name }) => name))
      for (const name of [
        "Import.run",
        "ReadBack",
        "Lookup.byKeys",
        "LineItems.update",
        "Coalescer.create",
        "HubSpotClient.search",
        "sql.transaction"
      ]) {
        assert.isTrue(names.has(name), `${name} of ${[...names].join()}`)
      }
      const text = shown(spans)
      assert.include(text, "ValidationFailed (NotAccepted)")
      assert.isAbove(ids.length, 60)
      const found = ids.filter((id) => text.includes(id))
      assert.deepStrictEqual(
        found.slice(0, 5),
        [],
        found
          .slice(0, 1)
          .map((id) => text.slice(text.indexOf(id) - 300, text.indexOf(id) + 60))
          .join()
      )
      assert.notInclude(text, token)
    })
  })
})
