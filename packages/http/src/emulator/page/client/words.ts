/**
 * How the page says what it shows: times, numbers, requests and rules.
 */
// @effect-diagnostics globalDate:off
import type * as Faults from "../../Faults.ts"
import type * as Journal from "../../Journal.ts"

export interface Words {
  readonly number: (value: number) => string
  /** The time of day, with milliseconds for what is given in them. */
  readonly time: (at: number | string) => string
  readonly duration: (millis: number) => string
  /** How an answer went, for its colour. */
  readonly kind: (request: Journal.Entry) => "good" | "mixed" | "bad" | "none"
  readonly answer: (request: Journal.Entry) => string
  /** What is true, where it is not what was answered. */
  readonly truth: (request: Journal.Entry) => string
  readonly place: (fault: Faults.Fault) => string
  readonly match: (match: Faults.Match | undefined) => string
}

export const words = (): Words => {
  const grouped = new Intl.NumberFormat("en-US")
  const two = (value: number): string => String(value).padStart(2, "0")
  const times = (count: number): string => (count === 1 ? "once" : `${count} times`)
  const places: { readonly [Place in Faults.Fault["place"]]: string } = {
    beforeCommit: "Nothing is stored",
    afterCommit: "All is stored, then the answer goes wrong",
    replyLost: "All is stored, no answer is sent",
    lateApply: "Stored after the answer",
    partialCommit: "A part is stored",
    rejectInputs: "Inputs are refused for now",
    asynchronous: "The batch becomes a task"
  }
  return {
    number: (value) => grouped.format(value),
    time: (at) => {
      const date = new Date(at)
      const seconds = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")
      return typeof at === "number"
        ? `${seconds}.${String(date.getMilliseconds()).padStart(3, "0")}`
        : seconds
    },
    duration: (millis) =>
      millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(millis < 10_000 ? 1 : 0)} s`,
    kind: ({ decided, status }) =>
      status === 0 ? "none" : status >= 400 ? "bad" : status === 207 || decided !== status ? "mixed" : "good",
    answer: ({ decidedAt, status }) => (status > 0 ? String(status) : decidedAt === null ? "…" : "none"),
    truth: ({ decided, decidedAt, fault, status }) =>
      decidedAt === null || decided === status
        ? ""
        : decided !== null
          ? `in truth ${decided}`
          : fault === null
            ? ""
            : "not decided",
    place: (fault) => places[fault.place],
    match: (match = {}) =>
      [
        `${match.method ?? "Every method"} ${match.path ?? "every path"}`,
        match.nth === undefined ? "" : `number ${[match.nth].flat().join(", ")}`,
        match.every === undefined ? "" : `one in ${match.every}`,
        match.chance === undefined ? "" : `${Math.round(match.chance * 100)} % by chance`,
        match.inputsOver === undefined ? "" : `more than ${match.inputsOver} inputs`,
        match.onlyWithTraceId === undefined ? "" : `trace id ${match.onlyWithTraceId}`,
        match.from === undefined && match.to === undefined
          ? ""
          : `${match.from ?? 0} to ${match.to ?? "∞"} ms after it was set`,
        match.times === undefined ? "" : times(match.times)
      ]
        .filter((part) => part !== "")
        .join(", ")
  }
}
