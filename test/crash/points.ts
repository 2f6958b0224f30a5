/**
 * The points C0 to C11 of docs/failures.md as places in the calls that a durable import makes.
 *
 * C0 is around `create`, `append` and before `planned`, C1 up to the first intent, C2 before `begin` and while PostgreSQL
 * commits it, C3 between `begin` and `send`, C4 amid `send`, C5 between it and `end`, C6 from there into the transaction of
 * `settle`, C7 after that and around `complete`, C9 around the opening of files and their writing, C10 around the
 * look-ups of `guard`, C11 around `renew`.
 */

/** Where a process is struck: at the `nth` call of `what`. */
export interface Point {
  /** An operation of the store or the log, `send` and `ask` of the client, `open` and `write` of the files. */
  readonly what: string
  /** `amid`: a few milliseconds after it began. `statement`: `what` is SQL, and has just been executed. */
  readonly when: "before" | "after" | "amid" | "statement"
  readonly nth: number
  /** Default SIGKILL. */
  readonly signal?: "SIGSTOP" | "SIGTSTP"
}

/** A cycle: where its processes are killed, one after the other. */
export interface Named {
  readonly name: string
  readonly points: ReadonlyArray<Point>
  readonly strategy?: "guard" | "failVisible"
  /** A lease so short that it is renewed while the import runs. */
  readonly leaseMillis?: number
}

const before = (what: string, nth = 1): Point => ({ what, when: "before", nth })
const after = (what: string, nth = 1): Point => ({ what, when: "after", nth })
const amid = (what: string, nth = 1): Point => ({ what, when: "amid", nth })
const executed = (what: string, nth = 1): Point => ({ what, when: "statement", nth })

const one = (name: string, point: Point): Named => ({ name, points: [point] })

/** Every point there is, on every database. */
export const named: ReadonlyArray<Named> = [
  one("C0 before the job is made", before("create")),
  one("C0 while the job is made", executed("INSERT INTO line_items_jobs")),
  one("C0 before its first rows", before("append")),
  one("C0 while rows are written down", executed("INSERT INTO line_items_inputs")),
  one("C0 between two portions of rows", after("append")),
  one("C0 before the plan is complete", before("planned")),
  one("C1 after the plan is complete", after("planned")),
  one("C1 before the job is taken", before("claim")),
  one("C1 after the job is taken", after("claim")),
  one("C1 while it is asked what was sent before", after("attempts")),
  one("C2 before the first intent", before("begin")),
  one("C2 before a later intent", before("begin", 8)),
  one("C2 while an intent is written", amid("begin", 6)),
  one("C3 after the first intent", after("begin")),
  one("C3 after a later intent", after("begin", 9)),
  one("C3 before a request leaves", before("send", 7)),
  one("C4 while a request is under way", amid("send", 7)),
  one("C5 when the answer comes", after("send", 7)),
  one("C5 before the first outcome is logged", before("end")),
  one("C5 before a later outcome is logged", before("end", 8)),
  one("C6 between log and outcomes", after("end", 7)),
  one("C6 before outcomes are written", before("settle", 8)),
  {
    name: "C4, C6 and C3 one after the other",
    points: [amid("send", 5), before("settle", 4), after("begin", 6)]
  },
  one("C6 while outcomes are written", executed("UPDATE line_items_batches SET settled_at", 5)),
  one("C6 before outcomes are committed", executed("line_items_outcomes", 6)),
  one("C7 after outcomes are written", after("settle", 6)),
  one("C7 before the job is over", before("complete")),
  one("C7 after the job is over", after("complete")),
  one("C9 before the rejects file", before("open")),
  one("C9 after the rejects file is made", after("open")),
  one("C9 before the rows of the rejects file", before("write", 2)),
  one("C9 between the two files", after("write", 2)),
  one("C9 in the doubts file", before("write", 4)),
  { name: "C4 under guard", points: [amid("send", 7)], strategy: "guard" },
  { name: "C10 before a look-up", points: [amid("send", 7), before("ask")], strategy: "guard" },
  { name: "C10 during a look-up", points: [amid("send", 6), amid("ask", 2)], strategy: "guard" },
  { name: "C10 after a look-up", points: [after("send", 6), after("ask", 2)], strategy: "guard" },
  { name: "C11 before the renewal", points: [before("renew", 3)], leaseMillis: 300 },
  { name: "C11 after the renewal", points: [after("renew", 3)], leaseMillis: 300 }
]
