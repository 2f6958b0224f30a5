/**
 * A run of finds over one stream of values: it collects keys until there are enough for a request, remembers the answers, and
 * gives every value the records that it names. How HubSpot is asked for keys is `RecordKey`'s.
 */
import type * as Dispatch from "@effect-hubspot/http/Dispatch"
import { Association, type InputIssue } from "@effect-hubspot/schema"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as RecordKey from "../doubt/RecordKey.ts"
import * as BatchOutcome from "../engine/BatchOutcome.ts"
import type * as Event from "../engine/Event.ts"
import * as Pipeline from "../engine/Pipeline.ts"
import { monotonicMillis } from "@effect-hubspot/http/Monotonic"
import type { NotSentReason } from "../model/Outcome.ts"

/**
 * Which record a value names: the one of type `object` whose `property` has the key. A value without a key, or with a blank one,
 * names none. `path` is how issues name the place of the key. Default: `deal.erp_number`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Find<A> {
  readonly object: RecordKey.ObjectType
  readonly property: string
  readonly keyOf: (source: A) => string | undefined
  readonly path?: string | undefined
}

/**
 * The records that a value names:
 *
 * - `Found`: as an input has them. Nothing, if the value names none.
 * - `Invalid`: a record does not exist, or more than one has the key.
 * - `NotSent`: HubSpot could not be asked. Nothing is known of the records.
 *
 * @category models
 * @since 0.1.0
 */
export type Records =
  | {
      readonly _tag: "Found"
      readonly associations: ReadonlyArray<Association.Association>
      readonly properties: Readonly<Record<string, string>>
    }
  | { readonly _tag: "Invalid"; readonly issues: ReadonlyArray<InputIssue.InputIssue> }
  | { readonly _tag: "NotSent"; readonly reason: NotSentReason }

/**
 * A value, and the records that it names.
 *
 * @category models
 * @since 0.1.0
 */
export interface Found<A> {
  readonly source: A
  readonly records: Records
}

/** A find whose property is known to exist. */
interface Prepared<A> extends RecordKey.FoundBy, Pick<Find<A>, "keyOf"> {}

/**
 * The finds of a stream, checked against the definitions of the account.
 *
 * @category models
 * @since 0.1.0
 */
export interface Finder<A> {
  readonly finds: ReadonlyArray<Prepared<A>>
  readonly quietMillis: number
  readonly capacity: number
}

/**
 * How HubSpot is asked. `onFailure` runs when it cannot be asked; what comes after is `NotSent`. `halted` ends waits and
 * requests, and its reason is that of the values that are left.
 */
export interface Asking {
  readonly services: Dispatch.Services
  readonly onEvent?: Event.Listener | undefined
  readonly halted?: Effect.Effect<NotSentReason> | undefined
  readonly onFailure?: ((reason: NotSentReason) => Effect.Effect<unknown>) | undefined
}

/** Finds the records of a stream of values, with these requests. */
export const throughWith =
  <A>(finder: Finder<A>, asking: Asking) =>
  <E, R>(values: Stream.Stream<A, E, R>): Stream.Stream<Found<A>, E, R> =>
    Stream.unwrap(
      Effect.map(begin(finder, asking), (run) =>
        Pipeline.failingLast(values, (read) =>
          Stream.concat(Stream.mapEffect(Stream.chunks(read), run.take), Stream.fromEffect(run.rest())).pipe(
            Stream.flattenIterable
          )
        )
      )
    )

/** The key of a value, by the position of its find. */
type Name = { readonly at: number } & ({ readonly key: string } | { readonly issue: InputIssue.InputIssue })

interface Waiting<A> {
  readonly source: A
  readonly names: ReadonlyArray<Name>
}

/** Values that wait until there are enough keys for a request. */
const mostWaiting = 1000

/** The answers to the last keys that were asked or used. */
const memoryOf = (capacity: number) => {
  const answers = new Map<string, RecordKey.Answer>()
  return {
    has: (key: string): boolean => answers.has(key),
    get: (key: string): RecordKey.Answer | undefined => {
      const answer = answers.get(key)
      if (answer === undefined) return undefined
      answers.delete(key)
      answers.set(key, answer)
      return answer
    },
    set: (key: string, answer: RecordKey.Answer): void => {
      answers.set(key, answer)
      if (answers.size > capacity) for (const oldest of answers.keys()) return void answers.delete(oldest)
    }
  }
}

/** A run over one stream. */
const begin = Effect.fnUntraced(function* <A>(finder: Finder<A>, asking: Asking) {
  const { capacity, finds, quietMillis } = finder
  const {
    halted = Effect.never,
    onEvent = () => Effect.void,
    onFailure = () => Effect.void,
    services
  } = asking
  const quietFrom = (yield* monotonicMillis) + quietMillis
  const memories = finds.map(() => memoryOf(capacity))
  let waiting: Array<Waiting<A>> = []
  let fresh = finds.map(() => new Set<string>())
  let ended: NotSentReason | undefined

  const namesOf = (source: A) =>
    finds.flatMap((find, at): ReadonlyArray<Name> => {
      const read = RecordKey.read(find, find.keyOf(source))
      return read === undefined ? [] : [{ at, ...read }]
    })

  const recordsOf = (
    names: ReadonlyArray<Name>,
    answerOf: (at: number, key: string) => RecordKey.Answer | undefined
  ): Records => {
    const issues: Array<InputIssue.InputIssue> = []
    const associations: Array<Association.Association> = []
    const properties: Record<string, string> = {}
    let isOpen = false
    for (const name of names) {
      const find = finds[name.at]!
      const answer = "key" in name ? answerOf(name.at, name.key) : undefined
      if ("issue" in name) issues.push(name.issue)
      else if (answer === undefined) isOpen = true
      else if (typeof answer !== "string") issues.push(RecordKey.issueOf(find, name.key, answer))
      else if (find.object === "product") properties["hs_product_id"] = answer
      else associations.push(Association.make(find.object, answer))
    }
    if (issues.length > 0) return { _tag: "Invalid", issues }
    return isOpen
      ? { _tag: "NotSent", reason: ended ?? { _tag: "Stopped" } }
      : { _tag: "Found", associations, properties }
  }

  /** Asks for all keys that are not known, and again for those that a search may find later. */
  const ask = Effect.fnUntraced(function* (
    some: ReadonlyArray<Waiting<A>>,
    answers: ReadonlyArray<Map<string, RecordKey.Answer>>
  ) {
    const look = (at: number, keys: ReadonlyArray<string>) =>
      Effect.map(RecordKey.lookUp(services, finds[at]!, keys), (found) => {
        for (const [key, answer] of found) {
          answers[at]!.set(key, answer)
          memories[at]!.set(key, answer)
        }
      })
    const lookAll = (keys: ReadonlyArray<ReadonlySet<string>>) =>
      Effect.forEach(keys, (own, at) => (own.size === 0 ? Effect.void : look(at, [...own])), {
        concurrency: "unbounded",
        discard: true
      })
    const unknown = finds.map(() => new Set<string>())
    for (const { names } of some) {
      for (const name of names) {
        if ("issue" in name) continue
        const known = memories[name.at]!.get(name.key)
        if (known === undefined) unknown[name.at]!.add(name.key)
        else answers[name.at]!.set(name.key, known)
      }
    }
    yield* lookAll(unknown)
    const missing = unknown.map((keys, at) =>
      finds[at]!.isUnique
        ? new Set<string>()
        : new Set([...keys].filter((key) => answers[at]!.get(key) === RecordKey.nothing))
    )
    const millis = quietFrom - (yield* monotonicMillis)
    if (millis <= 0 || missing.every(({ size }) => size === 0)) return
    const isMissing = (name: Name) => "key" in name && missing[name.at]!.has(name.key)
    const inputs = some.filter(({ names }) => names.some(isMissing)).length
    yield* onEvent({ _tag: "Waiting", inputs, millis, why: "search" })
    yield* Effect.sleep(millis)
    yield* lookAll(missing)
  })

  const resolve = Effect.fnUntraced(function* (): Effect.fn.Return<ReadonlyArray<Found<A>>> {
    const some = waiting
    waiting = []
    fresh = finds.map(() => new Set())
    const answers = finds.map(() => new Map<string, RecordKey.Answer>())
    if (ended === undefined && some.length > 0) {
      ended = yield* Effect.raceFirst(
        Effect.match(ask(some, answers), { onFailure: BatchOutcome.reasonOf, onSuccess: () => undefined }),
        halted
      )
      // What was not found before the run ended might be found later.
      if (ended !== undefined) {
        for (const own of answers)
          for (const [key, answer] of own) if (answer === RecordKey.nothing) own.delete(key)
        yield* onFailure(ended)
      }
    }
    return some.map(({ names, source }) => ({
      source,
      records: recordsOf(names, (at, key) => answers[at]!.get(key))
    }))
  })

  const take = Effect.fnUntraced(function* (
    values: ReadonlyArray<A>
  ): Effect.fn.Return<ReadonlyArray<Found<A>>> {
    const found: Array<Found<A>> = []
    for (const source of values) {
      const names = namesOf(source)
      const isKnown = names.every((name) => "issue" in name || memories[name.at]!.has(name.key))
      if (waiting.length === 0 && (isKnown || ended !== undefined)) {
        found.push({ source, records: recordsOf(names, (at, key) => memories[at]!.get(key)) })
        continue
      }
      waiting.push({ source, names })
      for (const name of names) {
        if ("key" in name && !memories[name.at]!.has(name.key)) fresh[name.at]!.add(name.key)
      }
      if (waiting.length < mostWaiting && fresh.every(({ size }) => size < RecordKey.perRequest)) continue
      for (const one of yield* resolve()) found.push(one)
    }
    return found
  })

  return { take, rest: resolve }
})
