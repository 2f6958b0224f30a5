/**
 * How the page makes and changes what it shows. Values become text nodes, never markup.
 *
 * The functions of this folder run in the browser, as their own text: none refers to anything outside itself.
 */
export interface Elements {
  /** The element of the document with this id. */
  readonly at: <K extends keyof HTMLElementTagNameMap>(tag: K, id: string) => HTMLElementTagNameMap[K]
  readonly make: <K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Readonly<Record<string, string>>,
    ...children: ReadonlyArray<Node | string>
  ) => HTMLElementTagNameMap[K]
  readonly say: (element: Element, text: string) => void
  /**
   * Makes the children of an element be those of the values. A child stays while its key and what it shows are the same;
   * one that is made anew keeps the focus, and stays open.
   */
  readonly list: <A>(
    parent: Element,
    values: ReadonlyArray<A>,
    of: { readonly key: (value: A) => string; readonly make: (value: A) => HTMLElement }
  ) => void
}

export const elements = (): Elements => {
  const known = new WeakMap<Element, Map<string, { shown: string; child: HTMLElement }>>()
  const make: Elements["make"] = (tag, attributes, ...children) => {
    const element = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    element.append(...children)
    return element
  }
  return {
    at: (tag, id) => {
      const element = document.getElementById(id)
      if (element?.localName !== tag) throw new Error(`no <${tag} id=${id}>`)
      return element as HTMLElementTagNameMap[typeof tag]
    },
    make,
    say: (element, text) => {
      if (element.textContent !== text) element.textContent = text
    },
    list: (parent, values, of) => {
      const before = known.get(parent)
      const now: typeof before = new Map()
      for (const [place, value] of values.entries()) {
        const key = of.key(value)
        const shown = JSON.stringify(value)
        const old = before?.get(key)
        const child = old?.shown === shown ? old.child : of.make(value)
        now.set(key, { shown, child })
        if (old !== undefined && old.child !== child) {
          const focused = old.child.contains(document.activeElement)
          const opened = old.child.querySelector("details")?.open === true
          old.child.replaceWith(child)
          if (opened) child.querySelector("details")?.setAttribute("open", "")
          if (focused) child.querySelector<HTMLElement>("button, input, summary")?.focus()
        }
        const there = parent.children[place] ?? null
        if (there !== child) parent.insertBefore(child, there)
      }
      while (parent.children.length > values.length) parent.lastElementChild!.remove()
      known.set(parent, now)
    }
  }
}
