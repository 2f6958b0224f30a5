/**
 * A text of at most so many characters: of a longer one its beginning and `…`. No character is cut in two.
 *
 * **Example**
 *
 * ```ts
 * import { InputIssue } from "@effect-hubspot/schema"
 *
 * const text = InputIssue.shorten("Chairs and tables", 8)
 * text // => "Chairs …"
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const shorten = (text: string, most: number): string => {
  if (text.length <= most) return text
  // A character has two units at most: so many hold one more than there is room for.
  const characters = Array.from(text.slice(0, most * 2 + 1))
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`
}
