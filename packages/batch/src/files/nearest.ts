/**
 * The name that was probably meant. It makes a hint; nothing is read or sent because of it.
 */
import { distance } from "fastest-levenshtein"

/** A name without case, blanks and punctuation. */
const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")

/** Longer names are no misspelling of a property, and comparing them would take long. */
const longest = 100

/**
 * The property whose name or label is nearest to a word, if at most a quarter of its letters differ. Undefined where two are as
 * near.
 */
export const nearest = (
  word: string,
  properties: ReadonlyArray<{ readonly name: string; readonly label?: string | undefined }>
): string | undefined => {
  const wanted = plain(word)
  if (wanted === "" || wanted.length > longest) return undefined
  let best = Math.max(1, Math.floor(wanted.length / 4)) + 1
  let found: string | undefined
  for (const { label, name } of properties) {
    const far = Math.min(...[name, label ?? name].map((text) => distance(wanted, plain(text))))
    if (far > best) continue
    found = far < best ? name : undefined
    best = far
  }
  return found
}
