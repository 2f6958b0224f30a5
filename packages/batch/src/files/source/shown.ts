/**
 * Characters that cannot be seen, by their code, so that a message shows what is in a value.
 */
import { InputIssue } from "@effect-hubspot/schema"

/** Blanks that do not look different from others, and characters without a width. */
const invisible = /(?! )[\p{Zs}\p{Cf}]/gu

/** The same, without those that join the letters and emoji around them. */
const unmeant = /(?! |\u200c|\u200d|[\u{e0020}-\u{e007f}])[\p{Zs}\p{Cf}]/u

/** The code of a character: `U+200B`. */
const codeOf = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`

/** Whether a text has an invisible character, other than those that join what is around them. */
export const isUnseen = (text: string): boolean => unmeant.test(text)

/** The codes of the invisible characters of a text, each once. */
export const invisibleOf = (text: string): ReadonlyArray<string> => [
  ...new Set(Array.from(text.matchAll(invisible), ([character]) => codeOf(character)))
]

/** A value in quotes for a message, at most 40 characters of it, in which nothing is invisible: `"<U+200B>10"`. */
export const quote = (text: string): string =>
  InputIssue.quote(text).replace(invisible, (character) => `<${codeOf(character)}>`)
