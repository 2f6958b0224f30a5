/**
 * What a row of the database carries to notice that it is not as it was written any more: a checksum, against a disk that
 * errs, not against a person. It is kept, so it must never change.
 *
 * Texts that differ in one character never have the same; others by a chance that does not count. Effect's SHA-256 is
 * asynchronous and its MD5 takes two to three times as long, which every request would pay for.
 */

/** Of the values of a row, in an order that the caller keeps. */
export const checksum = (values: ReadonlyArray<string | number | null>): string => {
  const text = values.map((value) => value ?? "\u0000").join("\u0001")
  let [a, b] = [0x243f6a88, 0x13198a2e]
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n)
    // Each step can be undone, so what was different stays different.
    a ^= code
    a = Math.imul((a << 13) | (a >>> 19), 0x9e3779b1)
    b ^= code
    b = Math.imul((b << 19) | (b >>> 13), 0x85ebca6b)
  }
  return hex(a) + hex(b)
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0")
