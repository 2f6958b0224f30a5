/**
 * Bytes to text, strictly: bytes that are not UTF-8, a NUL, and compressed files are refused, with line and byte. The text
 * before a bad byte comes first, however the bytes were cut into chunks. It corrects nothing.
 */
import * as Hex from "effect/encoding/Hex"
import type * as Pull from "./pull.ts"
import { type Failure, failure } from "./row.ts"

/** {@link refuse} needs at most so many bytes. */
export const prefixLength = 10

const compressed = (what: string, advice = "unpack it first") =>
  [`${what}: compressed input is not accepted`, advice] as const

const asCsv = "the sheet as CSV UTF-8"

/** Files that are no text, by their first bytes in hex. */
const foreign: ReadonlyArray<readonly [prefix: RegExp, problem: string, advice: string]> = [
  [/^1f8b/, ...compressed("a gzip file")],
  [/^504b0(?:304|506)/, ...compressed("a zip or Excel file", `unpack it first, or save ${asCsv}`)],
  [/^28b52ffd/, ...compressed("a zstd file")],
  [/^425a68..314159265359/, ...compressed("a bzip2 file")],
  [/^fd377a585a00/, ...compressed("an xz file")],
  [/^377abcaf271c/, ...compressed("a 7z file")],
  [
    /^d0cf11e0/,
    "an old Excel file (.xls), or one with a password",
    `save it as .xlsx without a password, or ${asCsv}`
  ]
]

/** By its mark, or by every other byte being zero. */
const utf16 = /^(?:fffe|feff|(?=.*[1-9a-f])(?:..00..00|00..00..))/

/** Refuses files that are compressed or UTF-16, by their first bytes. */
export const refuse = (prefix: Uint8Array): Failure | undefined => {
  const hex = Hex.encode(prefix)
  const found = foreign.find(([prefix]) => prefix.test(hex))
  if (found !== undefined) return failure({}, found[1], found[2])
  return utf16.test(hex)
    ? failure(
        { line: 1, column: 1 },
        "UTF-16 text, byte 1 of line 1 is not valid UTF-8",
        "save the file as UTF-8"
      )
    : undefined
}

/** Counts the bytes at the end that belong to a character of the next chunk. */
const unfinished = (bytes: Uint8Array): number => {
  const length = bytes.length
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] as number
    if (byte < 0x80) return 0
    if (byte >= 0xc0) {
      const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return wanted > back ? back : 0
    }
  }
  return 0
}

/** The offset of the first sequence that is not UTF-8; the length if there is none. */
const firstInvalid = (bytes: Uint8Array): number => {
  const at = (index: number): number => bytes[index] ?? 0
  const continues = (index: number, low = 0x80, high = 0xbf): boolean => at(index) >= low && at(index) <= high
  let i = 0
  while (i < bytes.length) {
    const byte = at(i)
    if (byte < 0x80) i++
    else if (byte >= 0xc2 && byte <= 0xdf && continues(i + 1)) i += 2
    else if (
      byte >= 0xe0 &&
      byte <= 0xef &&
      continues(i + 1, byte === 0xe0 ? 0xa0 : 0x80, byte === 0xed ? 0x9f : 0xbf) &&
      continues(i + 2)
    ) {
      i += 3
    } else if (
      byte >= 0xf0 &&
      byte <= 0xf4 &&
      continues(i + 1, byte === 0xf0 ? 0x90 : 0x80, byte === 0xf4 ? 0x8f : 0xbf) &&
      continues(i + 2) &&
      continues(i + 3)
    ) {
      i += 4
    } else return i
  }
  return i
}

export const concat = (...chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    all.set(chunk, offset)
    offset += chunk.length
  }
  return all
}

const empty = new Uint8Array()

/** Makes text of bytes, without a byte order mark at the beginning. */
export const machine = (): Pull.Machine<Uint8Array, string, Failure> => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  let held = empty
  let started = false
  let line = 1
  let offset = 0 // of the next chunk, in its line
  let cr = false // the last byte was a CR, so a LF that follows belongs to it

  /** Moves the position over valid bytes. */
  const pass = (bytes: Uint8Array): void => {
    let from = -1 // of the last line break
    if (cr && bytes[0] === 10) {
      from = 0
      offset = 0
    }
    if (bytes.includes(13)) {
      for (let i = from + 1; i < bytes.length; i++) {
        const byte = bytes[i]
        if (byte === 13 || byte === 10) {
          if (byte === 13 || bytes[i - 1] !== 13 || i === 0) line++
          from = i
        }
      }
    } else {
      for (let i = bytes.indexOf(10, from + 1); i !== -1; i = bytes.indexOf(10, i + 1)) {
        line++
        from = i
      }
    }
    offset = from === -1 ? offset + bytes.length : bytes.length - from - 1
    if (bytes.length > 0) cr = bytes[bytes.length - 1] === 13
  }

  const bad = (good: Uint8Array, nul: boolean): Failure => {
    pass(good)
    const column = offset + 1
    const [what, advice] = nul
      ? ["a NUL (U+0000)", "remove it, or save the file as UTF-8"]
      : ["not valid UTF-8", "save the file as UTF-8"]
    return failure({ line, column }, `byte ${column} of line ${line} is ${what}`, advice)
  }

  const decode = (bytes: Uint8Array, out: Array<string>): Failure | undefined => {
    const nul = bytes.indexOf(0)
    const whole = nul === -1 ? bytes : bytes.subarray(0, nul)
    let good = whole
    let text: string
    // The decoder does not report the place.
    try {
      text = decoder.decode(whole)
    } catch {
      good = whole.subarray(0, firstInvalid(whole))
      text = decoder.decode(good)
    }
    if (!started && text.length > 0) {
      started = true
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
    }
    if (text.length > 0) out.push(text)
    if (good.length === bytes.length) {
      pass(bytes)
      return undefined
    }
    return bad(good, good.length === whole.length)
  }

  return {
    step: (chunk, out) => {
      const bytes = held.length === 0 ? chunk : concat(held, chunk)
      const tail = unfinished(bytes)
      held = bytes.slice(bytes.length - tail)
      return decode(bytes.subarray(0, bytes.length - tail), out)
    },
    end: (out) => decode(held, out)
  }
}
