/**
 * What has happened: the numbers, the rolling window, requests, line items and the ledger.
 */
import type { Overview } from "../../answering/Overview.ts"
import type { Elements } from "./elements.ts"
import type { Words } from "./words.ts"

export const tables = (
  { at, list, make, say }: Elements,
  words: Words
): { readonly show: (overview: Overview) => void } => {
  /** The window's use at each of the last polls, the newest last. */
  const uses: Array<number> = []
  const cell = (name: string, ...children: ReadonlyArray<Node | string>) =>
    make("td", { class: name }, ...children)
  const small = (text: string) => make("span", { class: "small" }, text)

  const showWindow = ({ day, window: { limit, used } }: Overview): void => {
    uses.push(used)
    if (uses.length > 60) uses.shift()
    say(at("strong", "used"), words.number(used))
    say(at("span", "limit"), `of ${words.number(limit)} requests in ten seconds`)
    say(at("p", "day"), `${words.number(day.used)} of ${words.number(day.limit)} today`)
    const share = (use: number) => Math.min(100, (100 * use) / limit)
    const bars = at("div", "bars")
    bars.setAttribute(
      "aria-label",
      `Use of the limit in the last minute: now ${used} of ${limit}, at most ${Math.max(...uses)}`
    )
    while (bars.children.length < 60) bars.append(make("i", {}))
    for (const [place, bar] of [...bars.children].entries()) {
      const use = uses[place - 60 + uses.length] ?? 0
      const { style } = bar as HTMLElement
      style.height = `${share(use)}%`
      bar.className = share(use) >= 90 ? "full" : ""
    }
  }

  const request = (one: Overview["requests"]["latest"][number]): HTMLElement => {
    const { answeredAt, arrivedAt, correlationId, fault, inputs, method, path } = one
    const truth = words.truth(one)
    return make(
      "tr",
      {},
      cell("time", words.time(arrivedAt)),
      cell(
        "path",
        make("b", {}, method),
        " ",
        ...path.split(/(?<=\/)/).flatMap((step) => [step, make("wbr", {})]),
        ...(fault === null ? [] : [make("span", { class: "fault" }, fault.name ?? fault.place)])
      ),
      cell("number wide", inputs === null ? "" : words.number(inputs)),
      cell(
        "answer",
        make("span", { class: `status ${words.kind(one)}` }, words.answer(one)),
        ...(truth === "" ? [] : [small(truth)])
      ),
      cell("number wide", answeredAt === null ? "" : words.duration(answeredAt - arrivedAt)),
      cell("id widest", correlationId)
    )
  }

  const details = (title: string, entries: ReadonlyArray<readonly [string, string]>): HTMLElement =>
    make(
      "details",
      {},
      make("summary", {}, title),
      make(
        "dl",
        {},
        ...entries.flatMap(([name, value]) => [
          make("dt", {}, name),
          make("dd", {}, value === "" ? "(empty)" : value)
        ])
      )
    )

  const properties = (values: Readonly<Record<string, string>>): HTMLElement =>
    details(`${Object.keys(values).length} properties`, Object.entries(values))

  const parents = (associations: Overview["created"]["latest"][number]["associations"]): string =>
    associations
      .map(({ to, types }) => `${to.id} (type ${types.map((_) => _.associationTypeId).join(", ")})`)
      .join(", ")

  const lineItem = (one: Overview["lineItems"]["latest"][number]): HTMLElement =>
    make(
      "tr",
      one.archived ? { class: "archived" } : {},
      cell("id", one.id, ...(one.archived ? [small("archived")] : [])),
      cell("name", one.properties["name"] ?? "(no name)", properties(one.properties)),
      cell("number wide", one.properties["quantity"] ?? ""),
      cell("number", one.properties["price"] ?? ""),
      cell("wide", parents(one.associations)),
      cell("time wide", words.time(one.updatedAt))
    )

  const created = (one: Overview["created"]["latest"][number]): HTMLElement =>
    make(
      "tr",
      {},
      cell("time", words.time(one.createdAt)),
      cell("id", one.id),
      cell("id trace", one.objectWriteTraceId ?? "(none)", properties(one.properties)),
      cell("wide", parents(one.associations))
    )

  const table = <A>(
    name: string,
    { latest, total }: { readonly latest: ReadonlyArray<A>; readonly total: number },
    of: { readonly key: (value: A) => string; readonly make: (value: A) => HTMLElement }
  ): void => {
    list(at("tbody", name), latest, of)
    at("p", `${name}-none`).hidden = total > 0
    at("div", `${name}-table`).hidden = total === 0
    say(
      at("span", `${name}-count`),
      latest.length < total ? `the newest ${latest.length} of ${words.number(total)}` : words.number(total)
    )
  }

  return {
    show: (overview) => {
      showWindow(overview)
      say(at("strong", "total-items"), words.number(overview.lineItems.total))
      say(at("strong", "total-requests"), words.number(overview.requests.total))
      say(
        at("p", "unauthorized"),
        overview.unauthorized === 0 ? "" : `and ${words.number(overview.unauthorized)} without a good token`
      )
      table("requests", overview.requests, { key: (one) => one.correlationId, make: request })
      table("items", overview.lineItems, { key: (one) => one.id, make: lineItem })
      table("ledger", overview.created, { key: (one) => one.id, make: created })
    }
  }
}
