/**
 * Batches as tasks: accepted first, processed later, observed under a link.
 *
 * All of it is assumption. HubSpot's description has the statuses `PENDING`, `PROCESSING` and `CANCELED` and a map of
 * `links` in a batch reply, but no public fact says when a create returns them, or what a link leads to. The emulator
 * takes the strictest reading: nothing exists until the task is due, and then everything does. A canceled task keeps what
 * it created before.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/**
 * The course of a task. A task that `never` ends stays in `PROCESSING`. `created` is how many inputs a canceled task creates
 * before it is canceled, half way through its processing.
 *
 * @category models
 * @since 0.1.0
 */
interface Course {
  readonly pendingMillis: number
  readonly processingMillis: number
  readonly end: "complete" | "canceled" | "never"
  readonly created: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Tasks {
  /** Begins a task and returns its first reply. `work` creates the first `count` inputs, or all. */
  readonly begin: (task: {
    readonly id: string
    readonly link: string
    readonly course: Course
    readonly work: (count: number | undefined) => Effect.Effect<object>
  }) => Effect.Effect<object>
  /** The current reply of a task. */
  readonly status: (id: string) => object | undefined
}

/**
 * Tasks run in the given scope, so they end with the account. The replies of the last `keep` tasks with a changed status are
 * kept, by default of all tasks.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (scope: Scope.Scope, keep: number = Infinity): Tasks => {
  const replies = new Map<string, object>()
  const reply = (id: string, body: object): void => {
    replies.delete(id)
    replies.set(id, body)
    if (replies.size > keep) replies.delete(replies.keys().next().value!)
  }
  return {
    status: (id) => replies.get(id),
    begin: Effect.fnUntraced(function* ({ course, id, link, work }) {
      const requestedAt = yield* now
      const common = { requestedAt, links: { status: link } }
      const run = Effect.gen(function* () {
        yield* Effect.sleep(course.pendingMillis)
        const startedAt = yield* now
        reply(id, { ...common, status: "PROCESSING", results: [], startedAt })
        if (course.end === "never") return
        const canceled = course.end === "canceled"
        yield* Effect.sleep(canceled ? course.processingMillis / 2 : course.processingMillis)
        const body = yield* work(canceled ? course.created : undefined)
        const done = { ...body, ...common, startedAt, completedAt: yield* now }
        reply(id, canceled ? { ...done, status: "CANCELED" } : done)
      })
      const pending = { ...common, status: "PENDING", results: [] }
      reply(id, pending)
      yield* Effect.forkIn(run, scope)
      return pending
    })
  }
}

const now = Effect.map(DateTime.now, DateTime.formatIso)
