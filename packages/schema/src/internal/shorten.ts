/** A text of at most so many UTF-16 units: of a longer one its beginning and `…`. No character is cut in two. */
export const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`
