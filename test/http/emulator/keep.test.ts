import * as Crm from "../../../packages/http/src/emulator/state/Crm.ts"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import * as EmulatorServer from "@effect-hubspot/http/emulator/EmulatorServer"
import * as Ledger from "@effect-hubspot/http/emulator/Ledger"
import * as Pieces from "../../../packages/http/src/emulator/passage/Pieces.ts"
import * as Refusal from "../../../packages/http/src/emulator/answering/Refusal.ts"
import * as SearchIndex from "../../../packages/http/src/emulator/state/SearchIndex.ts"
import * as Tokens from "../../../packages/http/src/emulator/state/Tokens.ts"
import { Association } from "@effect-hubspot/schema"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { api, root } from "./api.ts"
import { bad, create, inputs, request, send, url } from "./calls.ts"

const emulated = (options: Emulator.Options) => Effect.provide(Emulator.layer(options))
const ledger = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.ledger)
const journal = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.journal)

/** Batches of a hundred, one after the other; the keys are `<batch>-<n>`. */
const batches = (count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, n) => n + 1),
    (batch) =>
      Effect.gen(function* () {
        const answer = yield* create(
          inputs(100).map(({ properties }, n) => ({
            properties: { ...properties, import_key: `${batch}-${n}` },
            objectWriteTraceId: `t-${batch}-${n}`
          }))
        )
        assert.strictEqual(answer.status, 201)
        return answer.body.results
      })
  )

const unlimited = { limit: 1_000_000, uniqueProperties: ["import_key"] } as const

describe("what the emulator keeps", () => {
  it.effect("is everything, unless it is told otherwise", () =>
    Effect.gen(function* () {
      yield* batches(5)
      const { created, requests, ...rest } = yield* ledger
      assert.lengthOf(created, 500)
      assert.lengthOf(requests, 5)
      assert.deepStrictEqual(rest, {})
      assert.deepStrictEqual(Object.keys(yield* journal), ["requests"])
    }).pipe(emulated(unlimited))
  )

  it.effect("is the last line items and requests; what is forgotten is counted", () =>
    Effect.gen(function* () {
      const [first] = yield* batches(20)
      const after = yield* ledger
      assert.deepStrictEqual(
        after.created.map(({ id }) => Number(id) - 20_000_000_000),
        Array.from({ length: 150 }, (_, n) => 1851 + n)
      )
      assert.lengthOf(after.requests, 20)
      assert.deepStrictEqual(after.forgotten, { created: 1850, requests: 0, unauthorized: 0 })
      for (let n = 0; n < 200; n++) assert.strictEqual((yield* api("GET", `${root}/1`)).status, 404)
      const { forgotten, requests } = yield* ledger
      assert.lengthOf(requests, 150)
      assert.isTrue(requests.every(({ method }) => method === "GET"))
      assert.deepStrictEqual(forgotten, { created: 1850, requests: 70, unauthorized: 0 })
      const diary = yield* journal
      assert.lengthOf(diary.requests, 150)
      assert.deepStrictEqual(diary.forgotten, { requests: 70, unauthorized: 0 })
      assert.isTrue(diary.requests.every(({ status }) => status === 404))
      // It is not found any more, by any way.
      assert.strictEqual((yield* api("GET", `${root}/${first![0]!.id}`)).status, 404)
      const read = (values: ReadonlyArray<string>) =>
        Effect.map(
          api("POST", `${root}/batch/read`, {
            inputs: values.map((id) => ({ id })),
            idProperty: "import_key",
            properties: ["import_key"]
          }),
          ({ body }) => body.results.map(({ properties }) => properties["import_key"]).sort()
        )
      assert.deepStrictEqual(yield* read(["1-0", "18-99", "20-7"]), ["20-7"])
      const again = yield* create([{ properties: { name: "again", import_key: "1-0" } }])
      assert.strictEqual(again.status, 201)
    }).pipe(emulated({ ...unlimited, keep: 150 }))
  )

  it.effect("is listed and searched as if there had never been more", () =>
    Effect.gen(function* () {
      yield* batches(3)
      const pages: Array<ReadonlyArray<string>> = []
      for (let after: string | undefined = "0"; after !== undefined;) {
        const {
          body
        }: {
          readonly body: {
            readonly results: ReadonlyArray<{ readonly id: string }>
            readonly paging: { readonly next: { readonly after: string } } | undefined
          }
        } = yield* api("GET", `${root}?limit=100&after=${after}`)
        pages.push(body.results.map(({ id }) => id))
        after = body.paging?.next.after
      }
      assert.deepStrictEqual(
        pages.map(({ length }) => length),
        [100, 20]
      )
      const { created } = yield* ledger
      assert.deepStrictEqual(
        pages.flat(),
        created.map(({ id }) => id)
      )
      const { body } = yield* api("POST", `${root}/search`, { limit: 1 })
      assert.strictEqual(body.total, 120)
    }).pipe(emulated({ ...unlimited, keep: 120 }))
  )

  it.effect("is less than one batch, and the batch is answered all the same", () =>
    Effect.gen(function* () {
      const [results] = yield* batches(1)
      assert.lengthOf(results!, 100)
      assert.lengthOf((yield* ledger).created, 3)
    }).pipe(emulated({ ...unlimited, keep: 3 }))
  )

  it.effect("are the last tasks", () =>
    Effect.gen(function* () {
      const links: Array<string> = []
      for (let n = 0; n < 5; n++) {
        const { body } = yield* create(inputs(1))
        links.push((body.links as { readonly status: string }).status)
      }
      yield* TestClock.adjust("1 minute")
      const statuses = yield* Effect.forEach(links, (link) =>
        Effect.map(
          send(HttpClientRequest.get(link).pipe(HttpClientRequest.bearerToken("pat-na1-test-token"))),
          ({ status }) => status
        )
      )
      assert.deepStrictEqual(statuses, [404, 404, 200, 200, 200])
    }).pipe(emulated({ keep: 3, asynchronous: { pendingMillis: 1000, processingMillis: 1000 } }))
  )
})

describe("tokens", () => {
  it("that have expired are forgotten, and no others", () => {
    const oauth = {
      clientId: "app",
      clientSecret: Redacted.make("secret"),
      refreshToken: Redacted.make("refresh-me"),
      expiresIn: 10
    }
    const tokens = Tokens.makeUnsafe({ oauth, keep: 3 })
    const said = (n: number, at: number) => tokens.check(`Bearer token-${n}-of-many`, at)?.body
    for (let n = 0; n < 8; n++) tokens.issue(`token-${n}-of-many`, n * 1000)
    for (let n = 0; n < 8; n++) assert.isUndefined(said(n, 7000))
    tokens.issue("token-8-of-many", 20_000)
    assert.notDeepEqual(said(7, 20_000), said(0, 20_000))
    assert.deepStrictEqual(said(5, 20_000), said(0, 20_000))
    assert.deepStrictEqual(said(0, 20_000), Refusal.noCredentials.body)
    assert.isUndefined(said(8, 20_000))
  })
})

describe("the account", () => {
  const now = (millis: number) => ({ millis, iso: new Date(millis).toISOString() })

  it("holds no more than it keeps, whatever is done to its records", () => {
    const crm = Crm.makeUnsafe({ portalId: 1, properties: [], uniqueProperties: ["import_key"], keep: 10 })
    const records: Array<Crm.LineItemRecord> = []
    for (let n = 0; n < 100; n++) {
      records.push(crm.create({ import_key: String(n) }, [Association.make("deal", String(n))], now(n)))
      assert.lengthOf(crm.links.lineItemsOf("deal", String(n)), 1)
    }
    assert.strictEqual(crm.lineItems.size(), 10)
    assert.strictEqual(crm.links.size(), 10)
    // Somebody still holds a record that is forgotten, and works on it.
    const forgotten = records[0]!
    crm.update(forgotten, { import_key: "back" }, now(200))
    crm.associate(forgotten, "7", { associationCategory: "HUBSPOT_DEFINED", associationTypeId: 20 }, now(200))
    crm.dissociate(forgotten, "deal", "7", now(200))
    crm.archive(forgotten, now(200))
    assert.strictEqual(crm.lineItems.size(), 10)
    assert.strictEqual(crm.links.size(), 10)
    assert.isUndefined(crm.holderOf("import_key", "back"))
    assert.isUndefined(crm.find(forgotten.id, 200))
    assert.isUndefined(crm.holderOf("import_key", "0"))
    assert.strictEqual(crm.holderOf("import_key", "95"), records[95]!.id)
    let last = records[99]!
    for (let n = 0; n < 100; n++) last = crm.update(last, { name: String(n) }, now(300 + n))
    assert.lengthOf(last.writes, 10)
    assert.strictEqual(last.writes.at(-1)?.properties["name"], "99")
  })

  it("is searched by an index that holds no more either, though nobody searches", () => {
    const crm: Crm.Crm = Crm.makeUnsafe({
      portalId: 1,
      properties: [],
      keep: 10,
      changed: (record, at) => index.changed(record, at)
    })
    const index = SearchIndex.makeUnsafe(
      1000,
      () => 0,
      () => crm.lineItems
    )
    for (let n = 0; n < 100_000; n++) crm.create({ name: String(n) }, [], now(n * 100))
    assert.isAtMost(index.size(), 3000)
    assert.deepStrictEqual(
      [...index.at(1e9)].map(({ properties }) => properties["name"]),
      Array.from({ length: 10 }, (_, n) => String(99_990 + n))
    )
    assert.isAtMost(index.size(), 10)
  })
})

describe("a request without a good token", () => {
  const good = Redacted.make("the-only-good-token")
  const attack = Effect.gen(function* () {
    for (let n = 0; n < 300; n++) {
      const guess = request("{}", { authorization: `Bearer guess-${n}-guess` })
      assert.strictEqual((yield* send(guess)).status, 401)
    }
  })

  for (const keep of [undefined, 10]) {
    it.effect(
      `is counted and not kept, ${keep === undefined ? "where all else is" : "nor pushes others out"}`,
      () =>
        Effect.gen(function* () {
          const sent = send(
            request(JSON.stringify({ inputs: inputs(1) }), { authorization: "Bearer the-only-good-token" })
          )
          assert.strictEqual((yield* sent).status, 201)
          yield* attack
          const { created, forgotten, requests } = yield* ledger
          assert.lengthOf(created, 1)
          assert.deepStrictEqual(
            requests.map(({ path, status }) => [path, status]),
            [[new URL(url).pathname, 201]]
          )
          assert.deepStrictEqual(forgotten, { created: 0, requests: 0, unauthorized: 300 })
          const diary = yield* journal
          assert.lengthOf(diary.requests, 1)
          assert.deepStrictEqual(diary.forgotten, { requests: 0, unauthorized: 300 })
        }).pipe(emulated({ token: good, keep }))
    )
  }

  it.effect("is kept where HubSpot only says so: a fault is a request that was worked on", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* create([...inputs(1), bad("x")])).status, 401)
      assert.deepStrictEqual(
        (yield* ledger).requests.map(({ status }) => status),
        [401]
      )
    }).pipe(
      emulated({
        faults: { rules: [{ fault: { place: "beforeCommit", reply: { kind: "status", status: 401 } } }] }
      })
    )
  )

  it.effect("to a path that nobody knows is kept a thousand times, and with a good one always", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 1200; n++) {
        const unknown = yield* send(HttpClientRequest.get(`https://api.hubapi.com/nothing/${n}`))
        assert.strictEqual(unknown.status, 404)
      }
      assert.lengthOf((yield* ledger).requests, 1000)
      assert.lengthOf((yield* journal).requests, 1000)
      assert.strictEqual((yield* ledger).forgotten?.unauthorized, 200)
      assert.strictEqual((yield* api("GET", "/nothing")).status, 404)
      assert.lengthOf((yield* ledger).requests, 1001)
    }).pipe(emulated({}))
  )
})

describe("a request for a token", () => {
  const oauth = {
    clientId: "app",
    clientSecret: Redacted.make("secret"),
    refreshToken: Redacted.make("refresh-me")
  }
  const ask = (secret: string) =>
    send(
      HttpClientRequest.post("https://api.hubapi.com/oauth/2026-09/token").pipe(
        HttpClientRequest.bodyUrlParams({
          grant_type: "refresh_token",
          client_id: "app",
          client_secret: secret,
          refresh_token: "refresh-me"
        })
      )
    )

  it.effect("is kept where it is granted, and a thousand times where it is in vain", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 1100; n++) assert.strictEqual((yield* ask("secret")).status, 200)
      assert.lengthOf((yield* ledger).requests, 1100)
      for (let n = 0; n < 1200; n++) assert.strictEqual((yield* ask(`guess-${n}`)).status, 400)
      assert.lengthOf((yield* ledger).requests, 2100)
      assert.lengthOf((yield* journal).requests, 2100)
      assert.deepStrictEqual((yield* ledger).forgotten, { created: 0, requests: 0, unauthorized: 200 })
    }).pipe(emulated({ oauth }))
  )
})

describe("the ledger over the admin API", () => {
  const reading = Effect.fnUntraced(function* (name: "ledger" | "journal", origin = "http://127.0.0.1") {
    const { adminKey } = yield* Emulator.Emulator
    return yield* HttpClient.execute(
      HttpClientRequest.get(`${origin}/_emulator/${name}`).pipe(HttpClientRequest.bearerToken(adminKey))
    )
  })

  it.effect("comes in pieces, and is to the byte what it was when it was asked for", () =>
    Effect.gen(function* () {
      yield* batches(20)
      for (const name of ["ledger", "journal"] as const) {
        const snapshot = JSON.stringify(yield* name === "ledger" ? ledger : journal)
        const pull = yield* Stream.toPull((yield* reading(name)).stream)
        const pieces = [...(yield* pull)]
        // What happens while somebody reads is not in it.
        yield* batches(1).pipe(Effect.exit)
        yield* Effect.forever(Effect.map(pull, (more) => pieces.push(...more))).pipe(Effect.exit)
        if (name === "ledger") assert.isAtLeast(pieces.length, 5)
        assert.isTrue(pieces.every(({ length }) => length < 100_000))
        const decoder = new TextDecoder()
        const text = pieces.map((piece) => decoder.decode(piece, { stream: true })).join("")
        assert.isTrue(text === snapshot)
      }
    }).pipe(Effect.scoped, emulated({ ...unlimited, keep: 1500 }))
  )

  it.live("over a socket too, without its length", () =>
    Effect.gen(function* () {
      const { url } = yield* EmulatorServer.EmulatorServer
      const response = yield* reading("ledger", url)
      assert.isUndefined(response.headers["content-length"])
      assert.match(response.headers["content-type"] ?? "", /^application\/json/)
      const json = yield* response.json
      assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(Ledger.Snapshot)(json), yield* ledger)
    }).pipe(Effect.provide(Layer.merge(EmulatorServer.layer(), NodeHttpClient.layerUndici)))
  )

  it("is made piece by piece, as pieces are asked for", () => {
    let made = 0
    const item = { toJSON: () => (made++, { text: "é".repeat(1000) }) }
    const value = {
      first: Array.from({ length: 1000 }, () => item),
      second: [],
      third: { n: 1 },
      none: undefined
    }
    const pieces = Pieces.fromObject(value)[Symbol.iterator]()
    const first = pieces.next()
    assert.isFalse(first.done)
    assert.isAtMost(made, 100)
    const rest = [...{ [Symbol.iterator]: () => pieces }]
    assert.strictEqual([first.value, ...rest].join(""), JSON.stringify(value))
    assert.strictEqual([...Pieces.fromObject({})].join(""), "{}")
    assert.strictEqual(
      [...Pieces.fromObject({ a: undefined, b: [null, undefined, 1] })].join(""),
      '{"b":[null,null,1]}'
    )
  })
})
