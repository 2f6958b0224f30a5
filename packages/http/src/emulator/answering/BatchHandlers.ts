/**
 * The batch endpoints of line items: create, read, update, upsert and archive up to a hundred.
 *
 * A batch is decided and committed at one instant, in a random order of its inputs.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Aliases from "../../contract/Aliases.ts"
import * as Body from "../reading/Body.ts"
import type * as Crm from "../state/Crm.ts"
import type { Answer, Call, Reply } from "../passage/Exchange.ts"
import * as Json from "../reading/Json.ts"
import * as LineItems from "./LineItemsHandlers.ts"
import * as Query from "../reading/Query.ts"
import * as RecordView from "./RecordView.ts"
import * as Refusal from "./Refusal.ts"
import * as Rules from "./Rules.ts"

type Values = Readonly<Record<string, string>>

/**
 * `POST …/batch/create`.
 *
 * @category handlers
 * @since 0.1.0
 */
export const create = Effect.fnUntraced(function* (call: Call): Answer {
  const { inputs } = yield* Body.readCounted(call, Body.readInput)
  yield* Effect.fromResult(Body.checkTraceIds(inputs, call.account.crm.behaviour))
  // Specification: the oldest dated version knows 200 only.
  const ok = Aliases.versionOf(call.entry.path) === "2025-09" ? 200 : 201
  return yield* decide(call, ok, inputs, {
    check: (input) => Rules.check(call.account.crm, input),
    conflict: (input) => Rules.conflict(call.account.crm, input.properties),
    values: (input) => input.properties,
    commit: (input, now) =>
      RecordView.created(
        call.account.crm,
        LineItems.createNow(call.account, input, now),
        input.objectWriteTraceId
      ),
    orphan: (input, now) => LineItems.createNow(call.account, { ...input, associations: [] }, now)
  })
})

/**
 * `POST …/batch/update`. Observation: deleted records are left out without an error. Assumption: unknown
 * ids are left out too.
 *
 * @category handlers
 * @since 0.1.0
 */
export const update = Effect.fnUntraced(function* (call: Call): Answer {
  const { crm } = call.account
  const { inputs } = yield* Body.readCounted(call, Body.readChange)
  yield* Effect.fromResult(distinct(inputs))
  const { millis } = yield* LineItems.moment
  const found: Array<Found> = []
  for (const input of inputs) {
    const record = yield* Effect.fromResult(
      LineItems.find(crm, input.id, input.idProperty, false, millis, "update/upsert")
    )
    if (record !== undefined) found.push({ ...input, record })
  }
  return yield* decide(call, 200, found, {
    check: (input) => LineItems.checkChange(crm, input.properties, input.record),
    conflict: (input) => Rules.conflictOfUpdate(crm, input.record.id, input.properties),
    values: (input) => input.properties,
    commit: (input, now) => {
      // The account may have forgotten the record in the meantime.
      const current = crm.find(input.record.id, now.millis) ?? input.record
      const record = crm.update(current, input.properties, now)
      return RecordView.updated(crm, record, input.properties, input.objectWriteTraceId)
    }
  })
})

interface Found extends Body.Change {
  readonly record: Crm.LineItemRecord
}

/**
 * `POST …/batch/upsert`. Specification: by a unique property, without associations; `new` says which
 * records were created.
 *
 * @category handlers
 * @since 0.1.0
 */
export const upsert = Effect.fnUntraced(function* (call: Call): Answer {
  const { crm } = call.account
  const { inputs } = yield* Body.readCounted(call, Body.readChange)
  for (const { idProperty } of inputs) {
    if (idProperty === undefined) return yield* Effect.fail(Refusal.missingFields("idProperty"))
    if (!crm.isUnique(idProperty)) {
      return yield* Effect.fail(Refusal.notUnique("update/upsert", idProperty, crm.portalId))
    }
  }
  yield* Effect.fromResult(distinct(inputs))
  // Assumption: a value among the properties replaces the value that names the record.
  const valuesOf = (input: Body.Change): Values => ({ [input.idProperty!]: input.id, ...input.properties })
  return yield* decide(call, 200, inputs, {
    check: (input) => {
      const holder = crm.holderOf(input.idProperty!, input.id)
      return holder === undefined
        ? Rules.checkNew(crm, valuesOf(input))
        : Rules.checkProperties(crm, valuesOf(input), crm.lineItems.get(holder)?.properties ?? {})
    },
    conflict: (input) => {
      const holder = crm.holderOf(input.idProperty!, input.id)
      return holder === undefined
        ? Rules.conflict(crm, valuesOf(input))
        : Rules.conflictOfUpdate(crm, holder, input.properties)
    },
    values: valuesOf,
    commit: (input, now) => {
      const holder = crm.holderOf(input.idProperty!, input.id)
      if (holder === undefined) {
        const record = LineItems.createNow(
          call.account,
          { ...input, properties: valuesOf(input), associations: [] },
          now
        )
        return { ...RecordView.created(crm, record, input.objectWriteTraceId), new: true }
      }
      const record = crm.update(crm.find(holder, now.millis)!, input.properties, now)
      return { ...RecordView.updated(crm, record, valuesOf(input), input.objectWriteTraceId), new: false }
    }
  })
})

// Observation of updates; for upserts an assumption.
const distinct = (inputs: ReadonlyArray<Body.Change>): Json.Reading<void> => {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { id, idProperty } of inputs) {
    const key = `${idProperty ?? ""}/${id}`
    if (seen.has(key)) twice.add(id)
    seen.add(key)
  }
  return twice.size === 0 ? Result.succeed(undefined) : Result.fail(Refusal.duplicateIds([...twice]))
}

/**
 * What is done with each input of a batch of writes. `conflict` and `commit` see the inputs committed before. `orphan` creates
 * what is left of an input whose associations are bad.
 */
interface Writing<A> {
  readonly check: (input: A) => Refusal.Rejection | undefined
  readonly conflict: (input: A) => Refusal.Rejection | undefined
  readonly values: (input: A) => Values
  readonly commit: (input: A, now: Crm.Moment) => object
  readonly orphan?: (input: A, now: Crm.Moment) => unknown
}

const decide = Effect.fnUntraced(function* <A extends { readonly objectWriteTraceId: string | undefined }>(
  call: Call,
  ok: 200 | 201,
  inputs: ReadonlyArray<A>,
  { check, commit, conflict, orphan, values }: Writing<A>
): Answer {
  const { crm } = call.account
  const { behaviour } = crm
  const checked = inputs.map((input) => ({ input, rejection: check(input) }))
  const first = (rejects: (rejection: Refusal.Rejection) => boolean = () => true) =>
    checked.find(({ rejection }) => rejection !== undefined && rejects(rejection))?.rejection
  // Documentation for creates: without a unique trace id on every input there is no partial success.
  // Observation: nothing is created, and the first problem is reported. Assumption: the same for updates and upserts.
  const firstConflict = () =>
    inputs.map(conflict).find(Predicate.isNotUndefined) ?? Rules.conflictWithin(crm, inputs.map(values))
  const isTraced =
    Body.haveUniqueTraceIds(inputs) ||
    (behaviour.someTraceIds === "traced" && inputs.some((input) => input.objectWriteTraceId))
  const whole = isTraced
    ? ((behaviour.badAssociation === "batch" ? first(({ about }) => about === "association") : undefined) ??
      (behaviour.duplicateInBatch === "batch" ? firstConflict() : undefined))
    : (first() ?? firstConflict())
  // One report contradicts: the good inputs are created all the same.
  const isLie = whole !== undefined && behaviour.refusedBatch === "goodInputs"
  if (whole !== undefined && !isLie) return yield* Effect.fail(Refusal.invalidInput(whole))
  const now = yield* LineItems.moment
  const results: Array<object> = []
  const errors: Array<object> = []
  let last: Refusal.Rejection | undefined
  // Observation: the order of results is not that of the inputs. Ids are assigned in the order of results, so that they
  // say nothing about the inputs; and of two inputs with the same unique value, either may be created.
  for (const { input, rejection: own } of behaviour.resultOrder === "sent"
    ? checked
    : yield* Random.shuffle(checked)) {
    const rejection = own ?? conflict(input)
    if (rejection === undefined) results.push(commit(input, now))
    else {
      if (LineItems.leavesOrphan(crm, rejection)) orphan?.(input, now)
      last = rejection
      const traceId = input.objectWriteTraceId
      errors.push(
        RecordView.rejected(rejection, traceId === undefined ? {} : { objectWriteTraceId: [traceId] })
      )
    }
  }
  const refused =
    whole ?? (results.length === 0 && behaviour.allInvalid === "refused" ? (first() ?? last) : undefined)
  return refused === undefined
    ? reply(call, ok, now, results, errors)
    : yield* Effect.fail(Refusal.invalidInput(refused))
})

// Documentation: 201 or 200 if all inputs succeed, 207 if some do. Assumption: 207 if none does. Specification of 2026-09:
// no 207, the errors are in the plain reply.
const reply = (
  { account, entry }: Call,
  ok: 200 | 201,
  now: Crm.Moment,
  results: ReadonlyArray<object>,
  errors: ReadonlyArray<object>
): Reply => {
  const version = Aliases.versionOf(entry.path)
  // Assumption: the oldest dated version is like the newest one.
  const isNewest = version === "2026-09" || version === "2025-09"
  const isFolded = isNewest && account.crm.behaviour.partialIn202609 === "folded"
  return {
    status: errors.length === 0 || isFolded ? ok : 207,
    body: RecordView.completed(now, results, errors)
  }
}

/**
 * `POST …/batch/read`. Observation: one error entry for all ids that are not found. Assumption: an id
 * that is given twice is answered once.
 *
 * @category handlers
 * @since 0.1.0
 */
export const read = Effect.fnUntraced(function* (call: Call): Answer {
  const { crm } = call.account
  const { fields, inputs } = yield* Body.readCounted(call, Body.readId, Body.boundOfRead)
  const properties = yield* Effect.fromResult(Json.readList(fields.properties, Json.readText))
  const propertiesWithHistory = yield* Effect.fromResult(
    Json.readList(fields.propertiesWithHistory, Json.readText)
  )
  const idProperty = yield* Effect.fromResult(Json.optionalText(fields.idProperty))
  const { archived } = Query.fromUrl(call.request.url)
  const now = yield* LineItems.moment
  // Documentation: a batch read has no associations.
  const wanted = { properties, propertiesWithHistory, associations: [] }
  const results: Array<object> = []
  const missing: Array<string> = []
  for (const id of yield* Random.shuffle(new Set(inputs))) {
    const found = LineItems.find(crm, id, idProperty, archived, now.millis, "read")
    if (Result.isFailure(found)) return yield* Effect.fail(found.failure)
    if (found.success === undefined) missing.push(id)
    else results.push(RecordView.read(crm, found.success, wanted))
  }
  const error = RecordView.rejected(Refusal.notRead, { ids: missing })
  return reply(call, 200, now, results, missing.length === 0 ? [] : [error])
})

/**
 * `POST …/batch/archive`. Specification: 204, also for unknown ids.
 *
 * @category handlers
 * @since 0.1.0
 */
export const archive = Effect.fnUntraced(function* (call: Call): Answer {
  const { inputs } = yield* Body.readCounted(call, Body.readId)
  const now = yield* LineItems.moment
  for (const id of inputs) LineItems.archiveNow(call.account.crm, id, now)
  return { status: 204 }
})
