/**
 * HubSpot for tests: the client on the in-process emulator, with faults at will between the two.
 */
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"

type Answer = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** What happens to the n-th request, from 0; `pass` lets it through to the emulator. */
export type Fault = (request: HttpClientRequest.HttpClientRequest, pass: Answer, n: number) => Answer

/** An answer that did not come from the emulator. */
export const answer = (
  request: HttpClientRequest.HttpClientRequest,
  status: number,
  body: unknown,
  headers: Record<string, string> = {}
): Answer =>
  Effect.succeed(
    HttpClientResponse.fromWeb(
      request,
      new Response(typeof body === "string" ? body : JSON.stringify(body), {
        status,
        headers: { "content-type": "application/json", ...headers }
      })
    )
  )

/** A connection that does not come about, or breaks, with a system's error code and the call that had it. */
export const transport = (
  request: HttpClientRequest.HttpClientRequest,
  code: string,
  syscall?: string
): Answer =>
  Effect.fail(
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.TransportError({
        request,
        cause: Object.assign(new Error(code), { code, ...(syscall !== undefined && { syscall }) })
      })
    })
  )

/** The JSON of a request's body. */
export const bodyOf = (
  request: HttpClientRequest.HttpClientRequest
): { inputs: Array<Record<string, unknown>> } =>
  request.body._tag === "Uint8Array"
    ? JSON.parse(new TextDecoder().decode(request.body.body))
    : { inputs: [] }

export const layer = (
  options: {
    readonly emulator?: Emulator.Options
    readonly client?: LineItems.Options
    readonly fault?: Fault
    readonly token?: string
  } = {}
) => {
  const { fault } = options
  const server = Emulator.Emulator.layer(options.emulator)
  const faulty =
    fault === undefined
      ? server
      : Layer.effect(
          HttpClient.HttpClient,
          Effect.map(HttpClient.HttpClient, (client) => {
            let n = 0
            return HttpClient.make((request) => fault(request, client.execute(request), n++))
          })
        ).pipe(Layer.provideMerge(server))
  return LineItems.LineItems.layer({ limit: 190, ...options.client }).pipe(
    Layer.provide(Credentials.Credentials.layer(Redacted.make(options.token ?? "pat-eu1-test"))),
    Layer.provideMerge(faulty)
  )
}
