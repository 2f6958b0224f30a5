/**
 * The checksum of a row in the database: it shows that a row is no longer as it was written. It protects against faulty
 * disks, not against people. Checksums are stored, so the function must never change.
 *
 * Texts that differ in one character never have the same checksum; for other texts the chance is negligible. Effect's
 * SHA-256 is asynchronous, and its MD5 takes two to three times as long, in every request.
 */

/** The checksum of the values of a row, which the caller always gives in the same order. */
export const checksum = (values: ReadonlyArray<string | number | null>): string => {
  const text = values.map((value) => value ?? "\u0000").join("\u0001")
  let [a, b] = [0x243f6a88, 0x13198a2e]
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n)
    // Each step is reversible, so different values stay different.
    a ^= code
    a = Math.imul((a << 13) | (a >>> 19), 0x9e3779b1)
    b ^= code
    b = Math.imul((b << 19) | (b >>> 13), 0x85ebca6b)
  }
  return hex(a) + hex(b)
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0")
