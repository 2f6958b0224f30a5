/**
 * A request as data: what to send, which limit it counts for, whether it is idempotent, and how the reply is read.
 *
 * This module sends nothing. `Operations` lists the operations on line items, and `HubSpotClient` makes an attempt.
 *
 * @since 0.1.0
 */
import type * as ApiVersion from "@effect-hubspot/schema/ApiVersion"
import type * as Option from "effect/Option"
import type * as Classify from "./internal/classify.ts"
import type { Pool } from "./RateLimitStore.ts"

/**
 * A request as data: what to send and how to read the reply.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operation<A> {
  /** Its name in spans and metrics, such as `batchCreate`. */
  readonly name: string
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE"
  /** The path with the names of its parameters, for telemetry: an id may be the value of one of the caller's properties. */
  readonly template: (version: ApiVersion.ApiVersion) => string
  /** The path with its parameters filled in and escaped: see {@link fill}. */
  readonly path: (version: ApiVersion.ApiVersion) => string
  readonly query?: ReadonlyArray<readonly [name: string, value: string]> | undefined
  /** JSON text. */
  readonly body?: string | undefined
  /** The limit it counts for. */
  readonly pool: Pool
  /** Whether executing it twice has the same effect as executing it once. */
  readonly idempotent: boolean
  /** What a success holds: JSON, or nothing at all. */
  readonly expects: Classify.Expected
  /** The inputs in the body; 1 if the request is about one thing. */
  readonly inputs: number
  /** Whether the path is that of a record, so that a 404 is about the record. */
  readonly ofRecord: boolean
  /** The value of a success. `None` means that the JSON has a wrong shape. */
  readonly read: (json: unknown) => Option.Option<A>
}

/**
 * A path with its parameters: `fill("/x/:id", { id: "7" })` is `/x/7`. Values are escaped. A value with
 * a lone surrogate is not valid text and leaves its place empty, as an empty value does. An attempt at such a path
 * fails with `InvalidRequest`.
 *
 * **Example**
 *
 * ```ts
 * import { Operation } from "@effect-hubspot/http"
 *
 * const path = Operation.fill("/line_items/:id", { id: "a/b" })
 * path // => "/line_items/a%2Fb"
 * ```
 *
 * @category paths
 * @since 0.1.0
 */
export const fill = (path: string, parameters: Readonly<Record<string, string>>): string =>
  path.replace(/:([A-Za-z]+)/g, (_, name: string) => {
    const value = parameters[name] ?? ""
    return loneSurrogate.test(value) ? "" : encodeURIComponent(value)
  })

const loneSurrogate = /\p{Surrogate}/u
