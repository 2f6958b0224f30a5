/**
 * What can be changed: faults and scopes. And the definitions, which are read when they are opened.
 */
// @effect-diagnostics asyncFunction:off
import type { Overview } from "../../answering/Overview.ts"
import type { Plan, Rule } from "../../Faults.ts"
import type { Entry } from "../catalogue.ts"
import type { Elements } from "./elements.ts"
import type { Words } from "./words.ts"

/** Asks the admin API. The answer is the body, or the sentence that says why there is none. */
export type Ask = (
  method: string,
  path: string,
  body?: unknown
) => Promise<{ readonly json: unknown } | string>

interface Property {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly hasUniqueValue?: boolean
  readonly hubspotDefined?: boolean
  readonly options?: ReadonlyArray<unknown>
  readonly modificationMetadata?: { readonly readOnlyValue?: boolean }
}

export const controls = (
  { at, list, make, say }: Elements,
  words: Words,
  ask: Ask,
  catalogue: ReadonlyArray<Entry>
): { readonly show: (overview: Overview) => void } => {
  let faults: Overview["faults"] = []
  let defined = -1
  let properties: ReadonlyArray<Property> = []

  const change = async (
    error: "fault-error" | "scope-error",
    method: string,
    path: string,
    body?: unknown
  ) => {
    const answer = await ask(method, path, body)
    say(at("p", error), typeof answer === "string" ? answer : "")
  }

  /**
   * Sets the rules that can still strike, changed. They are read anew: one may have struck since. A new plan counts from the
   * beginning, so that a rule keeps the times it has left.
   */
  const setRules = async (
    changed: (rules: ReadonlyArray<Rule>, indexes: ReadonlyArray<number>) => Plan["rules"]
  ) => {
    const answer = await ask("GET", "overview")
    if (typeof answer === "string") return say(at("p", "fault-error"), answer)
    const left = (answer.json as Overview).faults.flatMap(({ rule, struck }, index) => {
      const times = rule.match?.times
      if (times === undefined) return [{ index, rule }]
      if (struck >= times) return []
      return [{ index, rule: { ...rule, match: { ...rule.match, times: times - struck } } }]
    })
    const rules = changed(
      left.map(({ rule }) => rule),
      left.map(({ index }) => index)
    )
    await change("fault-error", "PUT", "faults", { rules })
  }

  const rule = ({
    index,
    met,
    rule,
    struck
  }: Overview["faults"][number] & { readonly index: number }): HTMLElement => {
    const name = rule.name ?? rule.fault.place
    const isSpent = struck >= (rule.match?.times ?? Infinity)
    const off = make(
      "button",
      { type: "button", class: "quiet", "aria-label": `Switch off ${name}` },
      "Switch off"
    )
    off.addEventListener("click", () => {
      void setRules((rules, indexes) => rules.filter((_, place) => indexes[place] !== index))
      at("select", "fault").focus()
    })
    return make(
      "li",
      {},
      make(
        "div",
        {},
        make("b", {}, name),
        make("span", { class: "small" }, words.place(rule.fault)),
        make("span", { class: "small" }, words.match(rule.match)),
        make(
          "span",
          { class: "small" },
          `Struck ${words.number(struck)} of ${words.number(met)} requests${isSpent ? ", and strikes no more" : ""}`
        )
      ),
      off
    )
  }

  const scope = ({ granted, name }: { readonly name: string; readonly granted: boolean }): HTMLElement => {
    const box = make("input", { type: "checkbox", name: "scope", value: name })
    box.checked = granted
    return make("li", {}, make("label", {}, box, ` ${name}`))
  }

  const property = (one: Property): HTMLElement =>
    make(
      "tr",
      {},
      make("td", { class: "id" }, one.name),
      make("td", {}, one.label),
      make("td", {}, one.type),
      make(
        "td",
        { class: "wide" },
        [
          one.hasUniqueValue === true ? "unique" : "",
          one.modificationMetadata?.readOnlyValue === true ? "read-only" : "",
          one.hubspotDefined === true ? "" : "custom",
          one.options === undefined || one.options.length === 0 ? "" : `${one.options.length} options`
        ]
          .filter((word) => word !== "")
          .join(", ")
      )
    )

  const filter = at("input", "filter")
  const showDefinitions = (): void => {
    const wanted = filter.value.trim().toLowerCase()
    list(
      at("tbody", "properties"),
      properties.filter(({ label, name }) => `${name} ${label}`.toLowerCase().includes(wanted)),
      { key: ({ name }) => name, make: property }
    )
  }
  const readDefinitions = async () => {
    const answer = await ask("GET", "definitions")
    if (typeof answer === "string") return
    properties = (answer.json as { readonly results: ReadonlyArray<Property> }).results
    showDefinitions()
  }
  filter.addEventListener("input", showDefinitions)
  const definitions = at("details", "definitions")
  definitions.addEventListener("toggle", () => definitions.open && void readDefinitions())

  const chosen = at("select", "fault")
  for (const name of new Set(catalogue.map(({ group }) => group))) {
    const entries = [...catalogue.entries()].filter(([, { group }]) => group === name)
    chosen.append(
      make(
        "optgroup",
        { label: name },
        ...entries.map(([index, { name }]) => make("option", { value: String(index) }, name))
      )
    )
  }
  at("form", "switch-on").addEventListener("submit", (event) => {
    event.preventDefault()
    const { fault, name } = catalogue[Number(chosen.value)]!
    const match = {
      ...JSON.parse(at("select", "which").value),
      ...JSON.parse(at("select", "often").value)
    }
    void setRules((rules) => [...rules, { name, match, fault }])
  })
  at("button", "all-off").addEventListener("click", () => void change("fault-error", "DELETE", "faults"))

  const plan = at("details", "plan")
  const json = at("textarea", "json")
  plan.addEventListener("toggle", () => {
    if (plan.open) json.value = JSON.stringify({ rules: faults.map(({ rule }) => rule) }, undefined, 2)
  })
  at("form", "set-plan").addEventListener("submit", (event) => {
    event.preventDefault()
    void change("fault-error", "PUT", "faults", json.value)
  })

  const scopes = at("ul", "scopes")
  scopes.addEventListener("change", () => {
    const boxes = [...scopes.querySelectorAll("input")]
    void change("scope-error", "PUT", "scopes", {
      scopes: boxes.filter((box) => box.checked).map((box) => box.value)
    })
  })

  return {
    show: (overview) => {
      faults = overview.faults
      list(
        at("ul", "rules"),
        faults.map((one, index) => ({ ...one, index })),
        { key: ({ index }) => String(index), make: rule }
      )
      at("p", "no-rules").hidden = faults.length > 0
      at("button", "all-off").hidden = faults.length === 0
      const { granted, known } = overview.scopes
      list(
        scopes,
        known.map((name) => ({ name, granted: granted.includes(name) })),
        { key: ({ name }) => name, make: scope }
      )
      say(at("span", "definitions-count"), words.number(overview.definitions))
      if (definitions.open && defined !== overview.definitions) void readDefinitions()
      defined = overview.definitions
    }
  }
}
