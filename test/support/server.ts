/**
 * A real server on a real socket that does what it is told with the request.
 */
import { Effect } from "effect"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

export interface Server {
  readonly url: string
  /** Every request that arrived. */
  readonly seen: Array<Http.IncomingMessage>
  readonly server: Http.Server
}

/** Serves until the scope ends. The listener is called when the request's body is read. */
export const serve = (listener: Http.RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const seen: Array<Http.IncomingMessage> = []
      const server = Http.createServer((request, response) => {
        seen.push(request)
        request.resume()
        request.on("end", () => listener(request, response))
      })
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server })
        )
      )
    }),
    ({ server }) =>
      Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )
