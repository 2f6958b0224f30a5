/**
 * A HubSpot that costs next to nothing: it says who the account is and which properties it has, knows every record, and
 * creates whatever it is sent, without keeping it.
 * `server.ts answer|hold [port]` prints its port, and then when each create arrived that it did not answer.
 */
import * as StandardProperties from "@effect-hubspot/schema/StandardProperties"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

const hold = process.argv[2] === "hold"

const account = JSON.stringify({
  portalId: 25012345,
  accountType: "STANDARD",
  timeZone: "UTC",
  companyCurrency: "EUR",
  additionalCurrencies: [],
  utcOffset: "+00:00",
  utcOffsetMilliseconds: 0,
  uiDomain: "app.hubspot.com",
  dataHostingLocation: "eu1"
})

const properties = JSON.stringify({ results: StandardProperties.lineItems })

const at = "2026-11-23T12:00:00.000Z"
let id = 10_000_000

interface Input {
  readonly properties: { readonly name: string }
  readonly objectWriteTraceId: string
}

const created = (body: string): string => {
  const { inputs } = JSON.parse(body) as { readonly inputs: ReadonlyArray<Input> }
  const results = inputs.map(({ objectWriteTraceId, properties: { name } }) => {
    const number = String(++id)
    return `{"id":"${number}","properties":{"name":"${name}","price":"19.90","quantity":"1","hs_object_id":"${number}","hs_createdate":"${at}","hs_lastmodifieddate":"${at}"},"createdAt":"${at}","updatedAt":"${at}","archived":false,"objectWriteTraceId":"${objectWriteTraceId}"}`
  })
  return `{"status":"COMPLETE","results":[${results.join(",")}],"startedAt":"${at}","completedAt":"${at}"}`
}

const found = (body: string): string => {
  const { inputs } = JSON.parse(body) as { readonly inputs: ReadonlyArray<{ readonly id: string }> }
  const results = inputs.map(({ id }) => ({
    id,
    properties: {},
    createdAt: at,
    updatedAt: at,
    archived: false
  }))
  return JSON.stringify({ status: "COMPLETE", results, startedAt: at, completedAt: at })
}

/** The answer to a request other than a create. */
const answered = (url: string, body: string): string =>
  url.endsWith("/batch/read") ? found(body) : url.includes("/properties/") ? properties : account

const headers = {
  "content-type": "application/json;charset=utf-8",
  "x-hubspot-ratelimit-max": "1000000",
  "x-hubspot-ratelimit-remaining": "999999",
  "x-hubspot-ratelimit-interval-milliseconds": "10000"
}

const server = Http.createServer((request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    const isCreate = request.url?.endsWith("/batch/create") === true
    if (isCreate && hold) return void process.stdout.write(`${performance.timeOrigin + performance.now()}\n`)
    const body = Buffer.concat(chunks).toString()
    response
      .writeHead(isCreate ? 201 : 200, headers)
      .end(isCreate ? created(body) : answered(request.url ?? "", body))
  })
})
server.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () =>
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
)
