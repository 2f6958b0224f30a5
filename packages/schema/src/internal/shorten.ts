/** A text of at most so many characters: of a longer one its beginning and `…`. */
export const shorten = (text: string, most: number): string => {
  if (text.length <= most) return text
  // A character has two units at most: so many hold one more than there is room for.
  const characters = Array.from(text.slice(0, most * 2 + 1))
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`
}
