/**
 * HubSpot for tests: the client on the in-process emulator, with faults at will between the two.
 */
import { Credentials, LineItems } from "@effect-hubspot/http"
import * as Emulator from "@effect-hubspot/http/emulator/Emulator"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { channel } from "node:diagnostics_channel"
import { PassThrough } from "node:stream"

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
): Answer => broken(request, failure(code, syscall))

/** A connection that does not come about, with a code that undici itself announces. */
export const unconnected = (request: HttpClientRequest.HttpClientRequest, code: string): Answer =>
  Effect.suspend(() => broken(request, announced(failure(code))))

const broken = (request: HttpClientRequest.HttpClientRequest, cause: unknown): Answer =>
  Effect.fail(
    new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
  )

const failure = (code: string, syscall?: string): Error =>
  Object.assign(new Error(code), { code, ...(syscall !== undefined && { syscall }) })

/**
 * As undici announces the failure of a connection that does not come about; and where it fails a request with it of
 * which something had been `written`, that too.
 */
export const announced = (error: Error, written = false): Error => {
  const request = { origin: "https://api.hubapi.com" }
  if (written) channel("undici:client:sendHeaders").publish({ request, socket: new PassThrough() })
  channel("undici:client:connectError").publish({ error })
  channel("undici:request:error").publish({ request, error })
  return error
}

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
  const server = Emulator.layer(options.emulator)
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
  return LineItems.layer({ limit: 190, ...options.client }).pipe(
    Layer.provide(Credentials.layer(Redacted.make(options.token ?? "pat-eu1-test"))),
    Layer.provideMerge(faulty)
  )
}
