/**
 * Asks for the admin key once, and then, every second, for what has happened. The key stays in this tab: it is in its session
 * storage and in the header of its requests, nowhere else.
 */
// @effect-diagnostics asyncFunction:off globalFetch:off globalTimers:off
import type { Overview } from "../../answering/Overview.ts"
import type { Entry } from "../catalogue.ts"
import type { controls } from "./controls.ts"
import type { Ask } from "./controls.ts"
import type { elements } from "./elements.ts"
import type { tables } from "./tables.ts"
import type { words } from "./words.ts"

export const start = (
  parts: {
    readonly elements: typeof elements
    readonly words: typeof words
    readonly tables: typeof tables
    readonly controls: typeof controls
  },
  catalogue: ReadonlyArray<Entry>
): void => {
  const page = parts.elements()
  const { at, say } = page
  const words = parts.words()
  const stored = "emulator-admin-key"
  let key = sessionStorage.getItem(stored)
  /** An answer that was asked for before a change must not be shown after it. */
  let changes = 0
  let next: ReturnType<typeof setTimeout> | undefined

  const lock = (because: string): void => {
    key = null
    sessionStorage.removeItem(stored)
    clearTimeout(next)
    at("div", "app").hidden = true
    at("form", "ask").hidden = false
    at("button", "forget").hidden = true
    say(at("p", "refused"), because)
    say(at("span", "state"), "locked")
    at("span", "state").className = "locked"
    at("input", "key").focus()
  }

  const ask: Ask = async (method, path, body) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" }
    const text = typeof body === "string" ? body : JSON.stringify(body)
    try {
      const response = await fetch(`/_emulator/${path}`, {
        method,
        headers,
        cache: "no-store",
        ...(body !== undefined && { body: text })
      })
      if (response.status === 401) {
        lock(
          "This is not the admin key of this emulator. It is new at every start: line-items serve prints it."
        )
        return "the key is refused"
      }
      const answered = await response.text()
      const json = answered === "" ? undefined : JSON.parse(answered)
      if (method !== "GET") {
        changes++
        void poll()
      }
      return response.ok ? { json } : String(json?.message ?? `the emulator answered ${response.status}`)
    } catch {
      return "the emulator cannot be reached"
    }
  }

  const tables = parts.tables(page, words)
  const controls = parts.controls(page, words, ask, catalogue)

  const poll = async () => {
    clearTimeout(next)
    const asked = changes
    if (key === null) return
    const answer = document.hidden ? undefined : await ask("GET", "overview")
    if (key === null || asked !== changes) return
    clearTimeout(next)
    next = setTimeout(() => void poll(), 1000)
    if (answer === undefined) return
    const state = at("span", "state")
    say(state, typeof answer === "string" ? answer : "live")
    state.className = typeof answer === "string" ? "away" : "live"
    if (typeof answer === "string") return
    at("form", "ask").hidden = true
    at("button", "forget").hidden = false
    at("div", "app").hidden = false
    const overview = answer.json as Overview
    tables.show(overview)
    controls.show(overview)
  }

  for (const origin of document.querySelectorAll(".origin")) say(origin, location.origin)
  at("form", "ask").addEventListener("submit", (event) => {
    event.preventDefault()
    key = at("input", "key").value.trim()
    at("input", "key").value = ""
    sessionStorage.setItem(stored, key)
    void poll()
  })
  at("button", "forget").addEventListener("click", () => lock(""))
  document.addEventListener("visibilitychange", () => void (document.hidden || poll()))
  if (key === null) lock("")
  else void poll()
}
