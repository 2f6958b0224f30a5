/**
 * A port of this machine that nobody listens on at this moment.
 */
import { Effect } from "effect"
import * as Net from "node:net"

export const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = Net.createServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as Net.AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})
