import { ApiVersion, type BatchRequest } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"

export const url = `https://api.hubapi.com${ApiVersion.objectPath("v3", "line_items")}/batch/create`

export const token = "pat-na1-test-token"

interface Result {
  readonly id: string
  readonly properties: Readonly<Record<string, string>>
  readonly createdAt: string
  readonly updatedAt: string
  readonly archived: boolean
  readonly objectWriteTraceId: string
}

interface Failure {
  readonly status?: string
  readonly category?: string
  readonly message: string
  readonly code?: string
  readonly context: Readonly<Record<string, ReadonlyArray<string>>>
}

/** What a test may look for in an answer; which of it is there, the test says. */
interface AnswerBody {
  readonly status: string
  readonly message: string
  readonly category: string
  readonly correlationId: string | undefined
  readonly errorType?: string
  readonly groupName?: string
  readonly policyName?: string
  readonly links?: object
  readonly results: ReadonlyArray<Result>
  readonly numErrors?: number
  readonly errors: ReadonlyArray<Failure>
  readonly _tag?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly body: AnswerBody
}

/** Sends a request and reads the whole answer; `body` is there when it is said to be JSON. */
export const send = Effect.fnUntraced(function* (request: HttpClientRequest.HttpClientRequest) {
  const response = yield* HttpClient.execute(request)
  const text = yield* response.text
  const headers = response.headers as Readonly<Record<string, string>>
  const json = headers["content-type"]?.startsWith("application/json") === true
  const answer: Answer = {
    status: response.status,
    headers,
    text,
    body: (json ? JSON.parse(text) : {}) as AnswerBody
  }
  return answer
})

/** A request with a body of exactly this text. */
export const request = (text: string, headers: Record<string, string> = {}) =>
  HttpClientRequest.post(url).pipe(
    HttpClientRequest.bodyText(text, "application/json"),
    HttpClientRequest.setHeaders({ authorization: `Bearer ${token}`, ...headers })
  )

export const create = (inputs: ReadonlyArray<BatchRequest.CreateInput>) =>
  send(request(JSON.stringify({ inputs })))

/** Good inputs with trace ids t0, t1, … */
export const inputs = (count: number): ReadonlyArray<BatchRequest.CreateInput> =>
  Array.from({ length: count }, (_, index) => ({
    properties: { name: `Item ${index}`, quantity: "2", price: "19.90" },
    objectWriteTraceId: `t${index}`
  }))

export const withoutTraceIds = (
  inputs: ReadonlyArray<BatchRequest.CreateInput>
): ReadonlyArray<BatchRequest.CreateInput> => inputs.map(({ properties }) => ({ properties }))

export const bad = (traceId: string): BatchRequest.CreateInput => ({
  properties: { name: "Bad", prise: "1" },
  objectWriteTraceId: traceId
})
