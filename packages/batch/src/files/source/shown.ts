/**
 * Characters that cannot be seen, by their code, so that a message shows what is in a value.
 */
import { InputIssue } from "@effect-hubspot/schema"

/** Blanks that do not look different from others, and characters without a width. */
const invisible = /[\u00a0\u00ad\u034f\u061c\u1680\u180e\u2000-\u200f\u202f\u205f\u2060-\u2064\u3000\ufeff]/g

/** The code of a character: `U+200B`. */
const codeOf = (character: string): string =>
  `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`

/** Whether a text has such a character, other than those that join the letters and emoji around them. */
export const isUnseen = (text: string): boolean =>
  /[\u00a0\u00ad\u034f\u061c\u1680\u180e\u2000-\u200b\u200e\u200f\u202f\u205f\u2060-\u2064\u3000\ufeff]/.test(text)

/** The codes of the invisible characters of a text, each once. */
export const invisibleOf = (text: string): ReadonlyArray<string> => [
  ...new Set(Array.from(text.matchAll(invisible), ([character]) => codeOf(character)))
]

/** A value in quotes for a message, at most 40 characters of it, in which nothing is invisible: `"<U+200B>10"`. */
export const quote = (text: string): string =>
  InputIssue.quote(text).replace(invisible, (character) => `<${codeOf(character)}>`)
