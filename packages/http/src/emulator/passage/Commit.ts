/**
 * How much of a request is committed under a fault, and when.
 *
 * Total over the places of `Faults`: each place decides whether the handlers get the request, a part of it, or get it
 * later. `Delivery` makes what the caller receives.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import { paths } from "../../contract/Paths.ts"
import type { Account } from "../state/Account.ts"
import * as Body from "../reading/Body.ts"
import * as Delivery from "./Delivery.ts"
import type * as FaultPlan from "./FaultPlan.ts"
import type * as Faults from "../Faults.ts"
import * as Inputs from "../reading/Inputs.ts"
import type * as Journal from "../Journal.ts"
import * as Refusal from "../answering/Refusal.ts"

/**
 * The true decision, if a fault did not prevent it, and the reply that the caller receives instead.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome =
  | { readonly decided: Delivery.Message; readonly reply: Faults.Reply | undefined }
  | { readonly decided: undefined; readonly reply: Faults.BareReply }

/**
 * A request whose body has arrived. `decide` acts upon the account. `task` is the rule that makes the batch a task.
 *
 * @category models
 * @since 0.1.0
 */
export interface Received {
  readonly account: Pick<Account, "crm" | "scope" | "tasks">
  readonly strike: FaultPlan.Strike | undefined
  readonly task: FaultPlan.Strike | undefined
  readonly text: string
  readonly origin: string
  readonly taskId: Effect.Effect<string>
  readonly entry: Journal.Open
  readonly decide: (text: string, entry: Journal.Open) => Effect.Effect<Delivery.Message>
  /** An answer with HubSpot's headers. */
  readonly message: (reply: Pick<Delivery.Message, "status" | "body">) => Delivery.Message
}

/**
 * The outcome if no fault strikes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const untouched = (decided: Delivery.Message, reply?: Faults.Reply): Outcome => ({ decided, reply })

/**
 * Commits what the fault lets through. What is applied later runs in the scope of the account.
 *
 * @category committing
 * @since 0.1.0
 */
export const run = Effect.fnUntraced(function* (received: Received): Effect.fn.Return<Outcome> {
  const { account, entry, strike, text } = received
  const fault = strike?.rule.fault
  if (strike === undefined || fault === undefined) return untouched(yield* accept(received, text))
  const inputs = Inputs.read(text)
  switch (fault.place) {
    case "beforeCommit":
      entry.inputs = countOf(inputs)
      return { decided: undefined, reply: fault.reply }
    case "afterCommit":
      return { decided: yield* accept(received, text), reply: fault.reply }
    case "replyLost":
      return { decided: yield* accept(received, text), reply: { kind: "never" } }
    case "asynchronous":
      return untouched(yield* accept(received, text))
    case "lateApply":
      entry.inputs = countOf(inputs)
      yield* Effect.sleep(fault.delayMillis).pipe(
        Effect.andThen(received.decide(text, { ...entry })),
        Effect.forkIn(account.scope)
      )
      return { decided: undefined, reply: fault.reply }
    case "partialCommit":
      entry.inputs = countOf(inputs)
      if (fault.inputs > 0) yield* decideSome(received, inputs.slice(0, fault.inputs))
      return { decided: undefined, reply: fault.reply }
    case "rejectInputs":
      return untouched(yield* reject(received, inputs, fault, strike.refusedBefore))
  }
})

/**
 * The status that is sent, 0 for none.
 *
 * @category reading
 * @since 0.1.0
 */
export const wireStatus = ({ decided, reply }: Outcome): number => {
  switch (reply?.kind) {
    case "never":
    case "reset":
    case "close":
    case "switchProtocols":
      return 0
    case "status":
    case "otherStatus":
      return reply.status
    default:
      return decided?.status ?? 0
  }
}

/**
 * What the caller receives.
 *
 * @category delivering
 * @since 0.1.0
 */
export const deliver = (outcome: Outcome, about: Delivery.About): Effect.Effect<Delivery.Delivery> =>
  outcome.decided === undefined
    ? Delivery.bare(outcome.reply, about)
    : outcome.reply === undefined
      ? Effect.succeed(Delivery.plain(outcome.decided))
      : Delivery.make(outcome.reply, outcome.decided, about)

/**
 * The rule that struck, for the journal.
 *
 * @category reading
 * @since 0.1.0
 */
export const describe = ({ index, rule }: FaultPlan.Strike): NonNullable<Journal.Entry["fault"]> => ({
  rule: index,
  name: rule.name ?? null,
  place: rule.fault.place,
  reply: "reply" in rule.fault ? rule.fault.reply.kind : null
})

const countOf = (inputs: ReadonlyArray<unknown>): number | null =>
  inputs.length === 0 ? null : inputs.length

// The entry keeps the count of the whole request, however many inputs the handlers get.
const decideSome = (
  { decide, entry }: Received,
  inputs: ReadonlyArray<unknown>
): Effect.Effect<Delivery.Message> => decide(Inputs.write(inputs), { ...entry })

const { batchCreate } = paths("v3")

/**
 * Whether this is the path of a batch create in the contract. Only batch creates can become tasks.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isBatchCreate = (path: string): boolean => path === batchCreate

// Decides the request at once, or as a task.
const accept = Effect.fnUntraced(function* (
  received: Received,
  text: string
): Effect.fn.Return<Delivery.Message> {
  const { account, decide, entry, origin, task, taskId } = received
  const fault = task?.rule.fault
  if (fault?.place !== "asynchronous") return yield* decide(text, entry)
  const inputs = Inputs.read(text)
  // A batch that is refused before its inputs are decided is refused at once.
  if (Result.isFailure(Body.readBatch(text, Body.readInput, account.crm.behaviour).inputs))
    return yield* decide(text, entry)
  entry.inputs = inputs.length
  const id = yield* taskId
  const body = yield* account.tasks.begin({
    id,
    link: `${origin}${entry.path}/tasks/${id}/status`,
    course: {
      pendingMillis: fault.pendingMillis,
      processingMillis: fault.processingMillis,
      end: fault.end ?? "complete",
      created: fault.createdBeforeCancel ?? Math.floor(inputs.length / 2)
    },
    work: (count) =>
      count === 0
        ? Effect.succeed({ results: [] })
        : Effect.map(decideSome(received, count === undefined ? inputs : inputs.slice(0, count)), asBatch)
  })
  return received.message({ status: fault.status ?? 201, body })
})

// A batch that is refused as a whole when the task runs can only report it in this way.
const asBatch = ({ body = {}, status }: Delivery.Message): object =>
  status < 300 ? body : { status: "CANCELED", results: [], numErrors: 1, errors: [body] }

const reject = Effect.fnUntraced(function* (
  received: Received,
  inputs: ReadonlyArray<unknown>,
  fault: Extract<Faults.Fault, { readonly place: "rejectInputs" }>,
  refusedBefore: Set<string>
): Effect.fn.Return<Delivery.Message> {
  const {
    category = "TRANSIENT_ERROR",
    chance = 1,
    message = "This input cannot be handled right now."
  } = fault
  const refused: Array<unknown> = []
  const rest: Array<unknown> = []
  for (const input of inputs) {
    const key = Inputs.key(input)
    const again = refusedBefore.has(key)
    if (again || (chance < 1 && (yield* Random.next) >= chance)) rest.push(input)
    else {
      refusedBefore.add(key)
      refused.push(input)
    }
  }
  if (refused.length === 0) return yield* accept(received, received.text)
  received.entry.inputs = inputs.length
  const traceIds = new Set(inputs.flatMap((input) => Inputs.traceId(input) ?? []))
  if (traceIds.size < inputs.length) {
    return received.message(Refusal.invalidInput({ category: "VALIDATION_ERROR", message, errors: [] }))
  }
  const decided: Delivery.Message =
    rest.length === 0
      ? received.message({ status: 207, body: { status: "COMPLETE", results: [] } })
      : yield* decideSome(received, rest)
  const body = decided.body
  if (!Predicate.isObject(body) || !Array.isArray(body.results)) return decided
  const errors = [
    ...(Array.isArray(body.errors) ? body.errors : []),
    ...refused.map((input) => ({
      status: "error",
      category,
      message,
      context: { objectWriteTraceId: [Inputs.traceId(input)] }
    }))
  ]
  return { ...decided, status: 207, body: { ...body, numErrors: errors.length, errors } }
})
