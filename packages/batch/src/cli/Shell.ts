/**
 * Words of a command that a person pastes into a shell.
 */

/** A word, in quotes if the shell would read it otherwise. */
export const quote = (word: string): string => {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  return /[$`"\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`
}
