/**
 * HTML in which every text is escaped: `html` is the only way to make it, but for what this program itself has written.
 */
import { visible } from "../../files/Source.ts"

/** Text that is HTML. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a template. Nothing becomes of `undefined` and `false`. */
export type Part = Html | string | number | undefined | false | ReadonlyArray<Part>

const references = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" } as const

/** A text as it is read: control characters and marks of direction are shown, and no character is markup. */
const escape = (text: string): string =>
  visible(text.toWellFormed()).replace(
    /[&<>"']/g,
    (character) => references[character as keyof typeof references]
  )

const textOf = (part: Part): string => {
  if (part === undefined || part === false) return ""
  if (part instanceof Html) return part.text
  return typeof part === "object" ? part.map(textOf).join("") : escape(String(part))
}

/** HTML with values in it. A value in an attribute stands in quotes. */
export const html = (strings: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Html =>
  new Html(String.raw({ raw: strings }, ...parts.map(textOf)))

/** Markup that this program wrote, with nothing foreign in it. */
export const own = (markup: string): Html => new Html(markup)
