/**
 * The endpoint behind the links of `Tasks`: `GET <batch create>/tasks/:id/status`.
 *
 * It is not in `HubSpotApi`, because no such path is documented. It requires the same scopes as the create.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import { paths } from "../../contract/Paths.ts"
import { Served } from "../state/Account.ts"
import * as Exchange from "../passage/Exchange.ts"
import * as Requirements from "../passage/Requirements.ts"
import type * as Refusal from "./Refusal.ts"

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = () => HttpRouter.add("GET", `${paths("v3").batchCreate}/tasks/:id/status`, status)

const status = Effect.gen(function* () {
  const account = yield* Served
  const request = yield* HttpServerRequest.HttpServerRequest
  return yield* Exchange.answer(account, request, Requirements.writeByPath, () =>
    Effect.suspend(() => {
      const body = account.tasks.status(idOf(request.url))
      return body === undefined ? Effect.fail(unknownTask) : Effect.succeed({ status: 200, body })
    })
  )
})

const idOf = (url: string): string => /\/tasks\/([^/?]*)\/status/.exec(url)?.[1] ?? ""

// Assumption.
const unknownTask: Refusal.Refusal = {
  status: 404,
  body: { status: "error", message: "No such task.", category: "OBJECT_NOT_FOUND" }
}
