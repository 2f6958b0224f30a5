/**
 * The texts of a workbook, which its cells name by number. They are held in blocks, because a million small strings would take
 * several times their length.
 */
import type * as Pull from "../pull.ts"
import { type Failure, failure, size } from "../row.ts"
import { local, type Node } from "./archive.ts"

/** The most characters that are held, each text counted as 8 more. */
const maxTexts = 64 * 1024 * 1024

const perBlock = 1024

/** The text of a number. */
export type Texts = (index: number) => string | undefined

/** Characters that XML cannot have are written as `_x000D_`. */
export const unescaped = (text: string): string =>
  text.includes("_x")
    ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text

/** Collects the text of an item: of all its runs, without what says how it is spoken. */
export const collector = () => {
  let text = ""
  let inside = false
  let phonetic = 0
  return {
    /** Passes a node on, by its name without a prefix. */
    step: (name: string, node: Node): void => {
      if (node._tag === "Text") {
        if (inside) text += node.text
      } else if (name === "rPh") phonetic += node._tag === "StartElement" ? 1 : -1
      else if (name === "t") inside = node._tag === "StartElement" && phonetic === 0
    },
    /** The text so far; the next one begins. */
    take: (): string => {
      const taken = unescaped(text)
      text = ""
      return taken
    }
  }
}

/** Reads the part of the shared texts. */
export const make = () => {
  const blocks: Array<{ readonly text: string; readonly ends: Uint32Array }> = []
  let pending: Array<string> = []
  let held = 0
  const close = (): void => {
    let end = 0
    blocks.push({ text: pending.join(""), ends: Uint32Array.from(pending, (text) => (end += text.length)) })
    pending = []
  }
  const texts: Texts = (index) => {
    const block = blocks[Math.floor(index / perBlock)]
    const at = index % perBlock
    const end = block?.ends[at]
    return end === undefined
      ? pending[index - blocks.length * perBlock]
      : block?.text.slice(block.ends[at - 1] ?? 0, end)
  }
  const machine = (): Pull.Machine<Node, never, Failure> => {
    const item = collector()
    return {
      step: (node) => {
        const name = node._tag === "Text" ? "" : local(node.name)
        if (name !== "si" || node._tag !== "EndElement") {
          item.step(name, node)
          return undefined
        }
        const text = item.take()
        held += text.length + 8
        if (held > maxTexts) {
          return failure(
            {},
            `the texts of the workbook are longer than ${size(maxTexts)}`,
            "split it into several files, or save the sheet as CSV UTF-8"
          )
        }
        pending.push(text)
        if (pending.length === perBlock) close()
        return undefined
      }
    }
  }
  return { texts, machine }
}
