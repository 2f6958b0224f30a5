/**
 * The name that was probably meant. It makes a hint; nothing is read or sent because of it.
 */
import { distance } from "fastest-levenshtein"

/** A name without case, blanks and punctuation. */
const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")

/** Longer names are no misspelling of a property, and comparing them would take long. */
const longest = 100

/** What to compare a word with: the properties whose name or label could be meant. */
export interface Property {
  readonly name: string
  readonly label?: string | undefined
}

/**
 * The property whose name or label is nearest to a word, if at most a quarter of its letters differ. Undefined where two are as
 * near.
 */
export const nearest = (properties: ReadonlyArray<Property>): ((word: string) => string | undefined) => {
  const candidates = properties.map(({ label, name }) => ({
    name,
    texts: label === undefined ? [plain(name)] : [plain(name), plain(label)]
  }))
  return (word) => {
    const wanted = plain(word)
    if (wanted === "" || wanted.length > longest) return undefined
    let best = Math.max(1, Math.floor(wanted.length / 4)) + 1
    let found: string | undefined
    for (const { name, texts } of candidates) {
      let far = Infinity
      for (const text of texts) {
        // So many letters differ at least.
        if (Math.abs(text.length - wanted.length) <= best) far = Math.min(far, distance(wanted, text))
      }
      if (far > best) continue
      found = far < best ? name : undefined
      best = far
    }
    return found
  }
}
