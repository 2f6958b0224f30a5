/**
 * Operations on records that exist: how their inputs name a record, that each input names another one, and the way from a
 * stream of inputs to their outcomes. Requests and replies are the business of each operation.
 */
import type { HubSpotClient } from "@effect-hubspot/http/HubSpotClient"
import type { RateLimits } from "@effect-hubspot/http/RateLimits"
import { type BatchRequest, InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { BatchOperation } from "../engine/BatchOperation.ts"
import type { BatchRunner } from "../engine/BatchRunner.ts"
import * as Bulk from "../engine/Pipeline.ts"
import type * as Correlation from "../model/Correlation.ts"
import type { Outcome, Success } from "../model/Outcome.ts"
import type { Item, Shape, Unique } from "../model/Plan.ts"

/** The name of a record: its id, or with `idProperty` its value of a property with unique values. */
interface Named {
  readonly id: string
  readonly idProperty?: string
}

/** By the trace id it was sent with, by its name, and by the properties that a record under that trace id must show. */
export const identityOf = ({
  input,
  objectWriteTraceId
}: Item<unknown, Named & Pick<Correlation.Identity, "properties">>): Correlation.Identity => ({
  objectWriteTraceId,
  properties: input.properties,
  ...nameOf(input)
})

/** By its name alone. */
export const nameOf = ({ id, idProperty }: Named): Correlation.Identity =>
  idProperty === undefined ? { id } : { key: { property: idProperty, value: id } }

/** An input as it is sent, or its issues. */
export const prepared = <In>(input: In, issues: ReadonlyArray<InputIssue.InputIssue>) =>
  issues.length > 0 ? Result.fail(issues) : Result.succeed({ input, key: undefined })

export const unique = ({ input: { id, idProperty = "id" } }: Item<unknown, Named>): Unique => ({
  path: "id",
  what: idProperty,
  value: id,
  advice: "give each record once"
})

/** The shape of inputs that are names, and nothing else. */
export const byId =
  (idProperty?: string) =>
  (jobId: string): Shape<string, typeof BatchRequest.IdInput.Type> => ({
    jobId,
    toInput: (id) => Result.succeed({ id }),
    read: (given) =>
      Result.map(InputIssue.readFields(given, ["id"]), ({ id }) => ({
        // The value of a property is exact, an id is not.
        id: idProperty === undefined ? id.trim() : id
      })),
    prepare: ({ id }) =>
      prepared({ id }, InputIssue.ofRecord({ id, ...(idProperty !== undefined && { idProperty }) })),
    unique
  })

/** The outcomes of a stream of inputs. By default nothing is left to do once a batch has its outcomes. */
export const outcomes =
  <I, In, S extends Success>(
    options: Bulk.Options,
    operation: BatchOperation<In, S>,
    shape: (jobId: string) => Shape<I, In>,
    resolver: (runner: BatchRunner<In, S>, job: Bulk.Job) => Bulk.Resolver<In, S> = Bulk.final
  ) =>
  <E, R>(inputs: Stream.Stream<I, E, R>): Stream.Stream<Outcome<I, S>, E, R | HubSpotClient | RateLimits> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const job = yield* Bulk.job(options)
        return Bulk.outcomes(inputs, job, shape(job.jobId), resolver(yield* job.runner(operation), job))
      })
    )
