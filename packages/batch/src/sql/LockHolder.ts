/**
 * Which process keeps a SQLite file locked, in words. Linux lists the locks of files with the processes that hold them;
 * on other systems the process cannot be named.
 */
import * as Fs from "node:fs"

/** What is wrong when a statement waited for a lock in vain, and what to do. */
export const lockedBy = (file: string) => {
  const pid = holderOf(file)
  if (pid === undefined) {
    return {
      message: "the database is locked by another process",
      advice:
        "wait for it; if it is stopped (Ctrl-Z), continue it or end it. line-items status <id> names the process that runs a job"
    }
  }
  const message = `the database is locked by pid ${pid}`
  return isStopped(pid)
    ? {
        message: `${message}, which is stopped`,
        // A stopped process gets no other signal before it continues.
        advice: `continue it (kill -CONT ${pid}) or end it (kill -KILL ${pid})`
      }
    : { message, advice: `wait for it, or end it (kill ${pid}), then run the command again` }
}

/** The process that holds a write lock on one of the files of a database. */
const holderOf = (file: string): number | undefined => {
  const inodes = [`${file}-shm`, file].flatMap((path) => {
    const stat = Fs.statSync(path, { throwIfNoEntry: false, bigint: true })
    return stat === undefined ? [] : [String(stat.ino)]
  })
  for (const line of read("/proc/locks").split("\n")) {
    const [, kind, , mode, pid, where] = line.trim().split(/\s+/)
    if (kind !== "POSIX" || mode !== "WRITE" || Number(pid) === process.pid) continue
    if (inodes.includes(where?.split(":").at(-1) ?? "") && Number(pid) > 0) return Number(pid)
  }
  return undefined
}

/** `T`, or `t` if a debugger stopped it, after the name, which can contain any character. */
const isStopped = (pid: number): boolean => /\)\s+[Tt]\s[^)]*$/.test(read(`/proc/${pid}/stat`))

const read = (path: string): string => {
  try {
    return Fs.readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
