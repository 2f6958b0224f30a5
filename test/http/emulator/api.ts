import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as Effect from "effect/Effect"
import { send, token } from "./calls.ts"

/** A record or anything else in an answer; which of its fields are there, the test says. */
interface Thing {
  readonly id: string
  readonly name: string
  readonly properties: Readonly<Record<string, string | null>>
  readonly propertiesWithHistory: Readonly<Record<string, ReadonlyArray<{ readonly value: string }>>>
  readonly associations: Readonly<Record<string, { readonly results: ReadonlyArray<object> }>>
  readonly archived: boolean
  readonly archivedAt: string
  readonly new: boolean
  readonly objectWriteTraceId: string
  readonly status: string
  readonly message: string
  readonly category: string
  readonly subCategory: string
  readonly context: Readonly<Record<string, ReadonlyArray<string>>>
  readonly toObjectId: number
  readonly hasUniqueValue: boolean
}

interface ApiBody extends Thing {
  readonly results: ReadonlyArray<Thing>
  readonly errors: ReadonlyArray<Thing>
  readonly numErrors: number
  readonly total: number
  readonly paging: { readonly next: { readonly after: string; readonly link: string } } | undefined
  readonly policyName: string
  readonly access_token: string
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly body: ApiBody
}

export const root = "/crm/v3/objects/line_items"

/** Sends a request to a path, with a JSON body if one is given. */
export const api = (
  method: HttpMethod.HttpMethod,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {}
): ReturnType<typeof answered> => answered(method, path, body, headers)

const answered = Effect.fnUntraced(function* (
  method: HttpMethod.HttpMethod,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>
) {
  const bare = HttpClientRequest.make(method)(`https://api.hubapi.com${path}`).pipe(
    HttpClientRequest.setHeaders({ authorization: `Bearer ${token}`, ...headers })
  )
  const request =
    body === undefined ? bare : HttpClientRequest.bodyText(bare, JSON.stringify(body), "application/json")
  return (yield* send(request)) as unknown as ApiAnswer
})

export const get = (path: string) => api("GET", path)
export const post = (path: string, body: unknown) => api("POST", path, body)

/** Creates line items one by one, so that ids follow the order given. */
export const createAll = (
  all: ReadonlyArray<Readonly<Record<string, string>>>,
  associations: ReadonlyArray<object> = []
) =>
  Effect.forEach(all, (properties) =>
    Effect.map(post(root, { properties, associations }), ({ body }) => body.id)
  )
