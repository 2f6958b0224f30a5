/**
 * How a batch that HubSpot refused as a whole is divided: into inputs that the refusal itself refuses, and parts to send again.
 *
 * Pure. An input is refused if it is alone, if the refusal names it, or if the refusal depends on the name of a property
 * alone: one that does not exist or is read-only refuses every input that has it, one that is always required every new
 * record without it. Any other property that the refusal names only chooses the parts. A refusal that inputs share rejects
 * none of them otherwise.
 */
import type { ErrorBody } from "@effect-hubspot/schema"

/** What a refusal says: the inputs that it names, each with its problems if it has some of its own, and all problems. */
export interface Refusal {
  readonly traceIds: ReadonlyArray<string>
  readonly blamed: ReadonlyArray<{
    readonly traceIds: ReadonlyArray<string>
    readonly problem: ErrorBody.Problem
  }>
  readonly problems: ReadonlyArray<ErrorBody.Problem>
}

/** An input of the batch. */
interface Named {
  readonly objectWriteTraceId: string
}

/** How inputs are read. */
export interface Reading<A> {
  /** The properties that an input sets. */
  readonly propertiesOf: (input: A) => Readonly<Record<string, string>>
  /** Whether inputs become new records. A record that exists may have what its input lacks. */
  readonly creates: boolean
}

/** The refused inputs with their problems, and the others in parts. No part is empty, and none is the whole batch. */
export interface Division<A> {
  readonly refused: ReadonlyArray<{ readonly input: A; readonly problems: ReadonlyArray<ErrorBody.Problem> }>
  readonly parts: ReadonlyArray<ReadonlyArray<A>>
}

export const divide = <A extends Named>(
  inputs: ReadonlyArray<A>,
  refusal: Refusal,
  reading: Reading<A>
): Division<A> => {
  const refused: Array<Division<A>["refused"][number]> = []
  const others: Array<A> = []
  for (const input of inputs) {
    const problems = problemsOf(input, refusal, reading, inputs.length === 1)
    if (problems.length > 0) refused.push({ input, problems })
    else others.push(input)
  }
  if (others.length < inputs.length) return { refused, parts: others.length === 0 ? [] : [others] }
  for (const problem of refusal.problems) {
    const parts = byProperty(inputs, problem, reading)
    if (parts !== undefined) return { refused, parts }
  }
  return { refused, parts: cut(inputs, inputs.slice(0, inputs.length >> 1)) }
}

/** The problems for which an input is refused: none, if it is not. */
const problemsOf = <A extends Named>(
  input: A,
  { blamed, problems, traceIds }: Refusal,
  reading: Reading<A>,
  isAlone: boolean
): ReadonlyArray<ErrorBody.Problem> => {
  const { objectWriteTraceId: id } = input
  const own = blamed.flatMap((one) => (one.traceIds.includes(id) ? [one.problem] : []))
  if (own.length > 0) return own
  if (isAlone) return problems
  const byName = problems.filter((problem) => refuses(problem, input, reading))
  return byName.length === 0 && traceIds.includes(id) ? problems : byName
}

const byName = new Set(["PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"])

/** HubSpot says it in words where it gives no code. */
const dependsOnName = (code: string, message: string): boolean =>
  byName.has(code) || (code === "" && /^property "[^"]+" does not exist$/i.test(message))

/** The property that a problem is about. */
const nameIn = ({ message, property }: ErrorBody.Problem): string | undefined =>
  property ?? /\bproperty "([^"]+)"/i.exec(message)?.[1]

/** Whether a problem refuses an input by the name of the property alone. */
const refuses = <A>(problem: ErrorBody.Problem, input: A, { creates, propertiesOf }: Reading<A>): boolean => {
  const { code = "", message } = problem
  const property = nameIn(problem)
  if (property === undefined) return false
  const has = Object.hasOwn(propertiesOf(input), property)
  return has ? dependsOnName(code, message) : creates && isRequired(code, message)
}

/** Whether a property is required of every record. */
const isRequired = (code: string, message: string): boolean =>
  (code === "REQUIRED_PROPERTY_MISSING" || /\brequired propert(?:y|ies)\b|\bis required\b/i.test(message)) &&
  !/\b(?:when|if|unless|for)\b/i.test(message)

/** Inputs with and without the property of a problem; else those with the wrong value and the others; else by their values. */
const byProperty = <A>(
  inputs: ReadonlyArray<A>,
  problem: ErrorBody.Problem,
  { propertiesOf }: Reading<A>
): ReadonlyArray<ReadonlyArray<A>> | undefined => {
  const property = nameIn(problem)
  if (property === undefined) return undefined
  const valueOf = (input: A) => {
    const properties = propertiesOf(input)
    return Object.hasOwn(properties, property) ? properties[property] : undefined
  }
  const having = inputs.filter((input) => valueOf(input) !== undefined)
  if (having.length === 0) return undefined
  if (having.length < inputs.length) return cut(inputs, having)
  const wrong = inputs.filter((input) => valueOf(input) === problem.value)
  if (wrong.length > 0 && wrong.length < inputs.length) return cut(inputs, wrong)
  // Wrong values are often neighbours: negative ones, or texts that are too long. The same value is never in both parts.
  const sorted = inputs.toSorted((a, b) => compare(valueOf(a)!, valueOf(b)!))
  const changes = sorted.flatMap((input, n) =>
    n > 0 && valueOf(input) !== valueOf(sorted[n - 1]!) ? [n] : []
  )
  const middle = inputs.length / 2
  const [first] = changes.toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle))
  return first === undefined ? undefined : cut(inputs, sorted.slice(0, first))
}

/** Numbers by size, then texts by length. */
const compare = (a: string, b: string): number => {
  const [x, y] = [sizeOf(a), sizeOf(b)]
  return x[0] - y[0] || x[1] - y[1] || (a < b ? -1 : a > b ? 1 : 0)
}

const sizeOf = (value: string): readonly [kind: 0 | 1, size: number] => {
  const number = value.trim() === "" ? Number.NaN : Number(value)
  return Number.isFinite(number) ? [0, number] : [1, value.length]
}

/** Some of the inputs, and the others, both in the order of the batch. */
const cut = <A>(inputs: ReadonlyArray<A>, some: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const first = new Set(some)
  return [inputs.filter((input) => first.has(input)), inputs.filter((input) => !first.has(input))]
}
