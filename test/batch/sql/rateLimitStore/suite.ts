/**
 * What every store of the limiter's slots promises.
 */
import type { Taken } from "@effect-hubspot/http/RateLimitStore"
import { RateLimitStore } from "@effect-hubspot/http/RateLimitStore"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Random, type Scope } from "effect"
import { Statement } from "effect/sql"

type Service = RateLimitStore["Service"]

export interface World {
  /** A store as another process has it; they share everything but the connection. */
  readonly open: Effect.Effect<Service, never, Scope.Scope>
  /** Lets the time pass that the store goes by. */
  readonly pass: (millis: number) => Effect.Effect<void>
}

export const opened = (layer: Layer.Layer<RateLimitStore, unknown>) =>
  Effect.map(Layer.build(Layer.fresh(Layer.orDie(layer))), (context) => Context.get(context, RateLimitStore))

const ask = { account: "42", pool: "burst", limit: 3, windowMillis: 1000, leaseMillis: 5000 } as const

/** The slots as they should be: written without regard to how a store does it. */
class Model {
  now = 0
  pausedUntil = 0
  readonly held = new Map<string, number>()

  take(limit: number): "Taken" | number {
    if (this.now < this.pausedUntil) return this.pausedUntil - this.now
    const ends = [...this.held.values()].filter((end) => end > this.now)
    return ends.length < limit ? "Taken" : Math.min(...ends) - this.now
  }
}

const slotOf = (taken: Taken) => {
  if (taken._tag === "Full") throw new Error(`full, ${taken.waitMillis} ms to wait`)
  return taken.slot
}

export const suite = (name: string, world: Effect.Effect<World, never, Scope.Scope>) =>
  describe(name, () => {
    const test = (
      sentence: string,
      body: (stores: readonly [Service, Service], world: World) => Effect.Effect<void, unknown, Scope.Scope>
    ) =>
      it.effect(sentence, () =>
        Effect.scoped(
          Effect.gen(function* () {
            const made = yield* world
            yield* body([yield* made.open, yield* made.open], made)
          })
        )
      )

    test("slots are held until completion plus the window, for all who share them", ([one, two], { pass }) =>
      Effect.gen(function* () {
        const slots = [
          slotOf(yield* one.take(ask)),
          slotOf(yield* two.take(ask)),
          slotOf(yield* one.take(ask))
        ]
        assert.strictEqual(new Set(slots.map(({ id }) => id)).size, 3)
        assert.deepStrictEqual(yield* two.take(ask), { _tag: "Full", waitMillis: 5000 })
        yield* pass(300)
        yield* two.complete(slots[1]!)
        assert.deepStrictEqual(yield* one.take(ask), { _tag: "Full", waitMillis: 1000 })
        yield* pass(999)
        assert.deepStrictEqual(yield* one.take(ask), { _tag: "Full", waitMillis: 1 })
        yield* pass(1)
        slotOf(yield* one.take(ask))
        assert.strictEqual((yield* two.take(ask))._tag, "Full")
      }))

    test("a slot that nobody completes runs out with its lease", ([one, two], { pass }) =>
      Effect.gen(function* () {
        for (let n = 0; n < 3; n++) yield* one.take(ask)
        yield* pass(4999)
        assert.strictEqual((yield* two.take(ask))._tag, "Full")
        yield* pass(1)
        for (let n = 0; n < 3; n++) slotOf(yield* two.take(ask))
      }))

    test("a slot that is given back is free at once", ([one, two]) =>
      Effect.gen(function* () {
        const slots = [yield* one.take(ask), yield* one.take(ask), yield* one.take(ask)].map(slotOf)
        yield* one.giveBack(slots[0]!)
        slotOf(yield* two.take(ask))
        assert.strictEqual((yield* two.take(ask))._tag, "Full")
      }))

    test("pools and accounts do not get in each other's way", ([one, two]) =>
      Effect.gen(function* () {
        for (let n = 0; n < 3; n++) slotOf(yield* one.take(ask))
        slotOf(yield* two.take({ ...ask, pool: "search" }))
        slotOf(yield* two.take({ ...ask, account: "it's another" }))
        yield* one.pause({ account: "it's another", millis: 100 })
        slotOf(yield* two.take({ ...ask, pool: "search" }))
      }))

    test("a pause is for all, and a shorter one does not shorten it", ([one, two], { pass }) =>
      Effect.gen(function* () {
        yield* one.pause({ account: "42", millis: 700 })
        yield* two.pause({ account: "42", millis: 200 })
        assert.deepStrictEqual(yield* two.take(ask), { _tag: "Full", waitMillis: 700 })
        yield* pass(699)
        assert.deepStrictEqual(yield* one.take({ ...ask, pool: "search" }), { _tag: "Full", waitMillis: 1 })
        yield* pass(1)
        slotOf(yield* two.take(ask))
      }))

    test("what others use takes slots until its window is over, and leaves one", ([one, two], { pass }) =>
      Effect.gen(function* () {
        const seen = { account: "42", ageMillis: 0, windowMillis: 1000 }
        const first = slotOf(yield* one.take(ask))
        yield* one.complete(first)
        // One of two is ours.
        yield* two.observe({ ...seen, used: 2 })
        slotOf(yield* one.take(ask))
        assert.deepStrictEqual(yield* two.take(ask), { _tag: "Full", waitMillis: 1000 })
        // Fewer may only mean that ours were not there yet.
        yield* two.observe({ ...seen, used: 0 })
        assert.strictEqual((yield* two.take(ask))._tag, "Full")
        yield* pass(1000)
        slotOf(yield* two.take(ask))
        yield* one.observe({ ...seen, used: 99 })
        assert.strictEqual((yield* two.take({ ...ask, limit: 2 }))._tag, "Full")
        slotOf(yield* two.take({ ...ask, account: "43" }))
        yield* one.observe({ ...seen, account: "44", used: 99 })
        slotOf(yield* two.take({ ...ask, account: "44" }))
        assert.strictEqual((yield* two.take({ ...ask, account: "44" }))._tag, "Full")
      }))

    test("an answer of a while ago counts those of ours that were under way then", ([one, two], { pass }) =>
      Effect.gen(function* () {
        for (let n = 0; n < 2; n++) yield* one.complete(slotOf(yield* one.take(ask)))
        yield* pass(900)
        // Sent 900 ago, when HubSpot had counted these two.
        yield* two.observe({ account: "42", used: 2, ageMillis: 900, windowMillis: 1000 })
        yield* pass(101)
        for (let n = 0; n < 3; n++) slotOf(yield* two.take(ask))
        // Two windows are too long ago to tell.
        yield* two.observe({ account: "43", used: 3, ageMillis: 1001, windowMillis: 1000 })
        for (let n = 0; n < 3; n++) slotOf(yield* two.take({ ...ask, account: "43" }))
      }))

    test("the day is known to all until it is over", ([one, two], { pass }) =>
      Effect.gen(function* () {
        assert.isUndefined(yield* one.day("42"))
        const day = { limit: 1000, remaining: 7, endsAtMillis: 5000 }
        yield* one.setDay("42", { ...day, remaining: 9 })
        yield* one.setDay("42", day)
        assert.deepInclude(yield* two.day("42"), day)
        assert.isUndefined(yield* two.day("43"))
        yield* pass(4999)
        assert.deepInclude(yield* two.day("42"), day)
        yield* pass(1)
        assert.isUndefined(yield* two.day("42"))
      }))

    test("of many who ask at once as many get a slot as there are", ([one, two]) =>
      Effect.gen(function* () {
        const answers = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : two)),
          (store) => store.take(ask),
          { concurrency: "unbounded" }
        )
        const slots = answers.flatMap((answer) => (answer._tag === "Taken" ? [answer.slot.id] : []))
        assert.strictEqual(new Set(slots).size, 3)
        assert.lengthOf(slots, 3)
      }))

    test("nor does it help to ask between the steps of who asked before", ([store]) =>
      Effect.gen(function* () {
        const answers = yield* Effect.forEach(Array.from({ length: 10 }), () => store.take(ask), {
          concurrency: "unbounded"
        }).pipe(
          Effect.provideService(Statement.CurrentTransformer, (statement) =>
            Effect.as(Effect.yieldNow, statement)
          )
        )
        assert.lengthOf(
          answers.filter(({ _tag }) => _tag === "Taken"),
          3
        )
      }))

    for (const seed of [1, 2, 3]) {
      test(`whatever is taken, completed and given back, it is as the model says (${seed})`, (stores, {
        pass
      }) =>
        Effect.gen(function* () {
          const model = new Model()
          const open: Array<{
            readonly slot: Extract<Taken, { _tag: "Taken" }>["slot"]
            readonly key: string
          }> = []
          const taken: Array<{ readonly from: number; readonly key: string }> = []
          let full = 0
          for (let step = 0; step < 150; step++) {
            const store = stores[yield* Random.nextIntBetween(0, 1)]!
            const chance = yield* Random.next
            if (chance < 0.5) {
              const expected = model.take(ask.limit)
              const answer = yield* store.take(ask)
              assert.deepStrictEqual(
                answer._tag === "Taken" ? "Taken" : answer.waitMillis,
                expected,
                `step ${step}`
              )
              if (answer._tag === "Full") full++
              else {
                const key = String(step)
                open.push({ slot: answer.slot, key })
                taken.push({ from: model.now, key })
                model.held.set(key, model.now + ask.leaseMillis)
              }
            } else if (chance < 0.7 && open.length > 0) {
              const [{ key, slot }] = open.splice(yield* Random.nextIntBetween(0, open.length - 1), 1) as [
                (typeof open)[number]
              ]
              yield* store.complete(slot)
              // After its lease it is not held again by itself.
              if (model.held.get(key)! > model.now) model.held.set(key, model.now + ask.windowMillis)
            } else if (chance < 0.75 && open.length > 0) {
              const { key, slot } = open.pop()!
              yield* store.giveBack(slot)
              model.held.delete(key)
              taken.splice(
                taken.findIndex((one) => one.key === key),
                1
              )
            } else if (chance < 0.78) {
              yield* store.pause({ account: "42", millis: 300 })
              model.pausedUntil = Math.max(model.pausedUntil, model.now + 300)
            } else {
              const millis = yield* Random.nextIntBetween(1, 600)
              yield* pass(millis)
              model.now += millis
              // What the lease has let go of is not completed any more.
              for (const one of open.filter(({ key }) => model.held.get(key)! <= model.now)) {
                open.splice(open.indexOf(one), 1)
              }
            }
          }
          assert.isAbove(taken.length, 10)
          assert.isAbove(full, 5)
          // Sent at once and completed within no time, no window has more than the limit.
          for (const { from } of taken) {
            const within = taken.filter((one) => one.from >= from && one.from < from + ask.windowMillis)
            assert.isAtMost(within.length, ask.limit)
          }
        }).pipe(Random.withSeed(`slots ${seed}`)))
    }
  })
