/**
 * Bytes of a declared encoding to text, strictly, with the decoder of the platform. UTF-8 has a reader of its own, which knows
 * the place of a bad byte.
 */
import type * as Pull from "./pull.ts"
import { breaks, type Failure, failure } from "./row.ts"

/** The encoding of a label, as the platform names it; UTF-16 by its mark, if the label leaves the order open. */
export const nameOf = (label: string, start: Uint8Array): string => {
  const { encoding } = new TextDecoder(label)
  return /^\s*utf-16\s*$/i.test(label) && start[0] === 0xfe && start[1] === 0xff ? "utf-16be" : encoding
}

/** The encoding that a byte order mark names. */
export const markOf = (start: Uint8Array): string | undefined =>
  start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf
    ? "utf-8"
    : start[0] === 0xff && start[1] === 0xfe
      ? "utf-16le"
      : start[0] === 0xfe && start[1] === 0xff
        ? "utf-16be"
        : undefined

/** Refuses a file whose mark says another encoding. */
export const refuse = (encoding: string, start: Uint8Array): Failure | undefined => {
  const marked = markOf(start) ?? encoding
  return marked === encoding
    ? undefined
    : failure(
        { line: 1, column: 1 },
        `the file begins with the mark of ${marked}, ${encoding} is declared`,
        `declare encoding=${marked}`
      )
}

/** Makes text of bytes, without a byte order mark at the beginning. */
export const machine = (encoding: string): Pull.Machine<Uint8Array, string, Failure> => {
  // The strict decoder tells whether there are bad bytes, and the other one where.
  const strict = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  const lenient = new TextDecoder(encoding, { ignoreBOM: true })
  let line = 1
  let cr = false
  let started = false

  const decode = (bytes: Uint8Array, stream: boolean, out: Array<string>): Failure | undefined => {
    const decoded = lenient.decode(bytes, { stream })
    let problem: string | undefined
    let end = decoded.length
    try {
      strict.decode(bytes, { stream })
    } catch {
      problem = `not valid ${encoding}`
      const at = decoded.indexOf("\ufffd")
      if (at !== -1) end = at
    }
    const nul = decoded.indexOf("\0")
    if (nul !== -1 && nul < end) {
      problem = "a NUL (U+0000)"
      end = nul
    }
    const good = decoded.slice(!started && decoded.charCodeAt(0) === 0xfeff ? 1 : 0, end)
    started ||= decoded.length > 0
    line += breaks(good) - (cr && good.startsWith("\n") ? 1 : 0)
    if (good.length > 0) {
      out.push(good)
      cr = good.endsWith("\r")
    }
    return problem === undefined
      ? undefined
      : failure(
          { line },
          `a byte of line ${line} is ${problem}`,
          "declare the encoding that the file has, or save it as UTF-8"
        )
  }
  return {
    step: (bytes, out) => decode(bytes, true, out),
    end: (out) => decode(new Uint8Array(), false, out)
  }
}
