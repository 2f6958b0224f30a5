/**
 * Bytes to text, strictly: what is no UTF-8, holds a NUL or is compressed is refused with its line and
 * byte. Text before the bad byte is put out first, however the bytes were cut.
 */
import * as Pull from "./pull.ts"
import { type Failure, failure } from "./row.ts"

const starts = (bytes: Uint8Array, ...magic: ReadonlyArray<number>): boolean =>
  magic.every((byte, index) => bytes[index] === byte)

/** The most bytes {@link refuse} wants to see. */
export const prefixLength = 10

/** What the first bytes say that no line of text will: compressed, or UTF-16. */
export const refuse = (prefix: Uint8Array): Failure | undefined => {
  const compressed = (kind: string) =>
    failure({}, `${kind}: compressed input is not accepted`, "unpack it first")
  if (starts(prefix, 0x1f, 0x8b)) return compressed("a gzip file")
  if (starts(prefix, 0x50, 0x4b, 0x03, 0x04) || starts(prefix, 0x50, 0x4b, 0x05, 0x06)) {
    return failure(
      {},
      "a zip or Excel file: compressed input is not accepted",
      "unpack it first, or save the sheet as CSV UTF-8"
    )
  }
  if (starts(prefix, 0x28, 0xb5, 0x2f, 0xfd)) return compressed("a zstd file")
  if (starts(prefix, 0x42, 0x5a, 0x68) && starts(prefix.subarray(4), 0x31, 0x41, 0x59, 0x26, 0x53, 0x59)) {
    return compressed("a bzip2 file")
  }
  if (starts(prefix, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return compressed("an xz file")
  if (starts(prefix, 0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c)) return compressed("a 7z file")
  if (starts(prefix, 0xd0, 0xcf, 0x11, 0xe0)) {
    return failure({}, "an old Excel or Word file, not text", "save the sheet as CSV UTF-8")
  }
  const utf16 =
    starts(prefix, 0xff, 0xfe) ||
    starts(prefix, 0xfe, 0xff) ||
    (prefix.length >= 4 &&
      ((prefix[1] === 0 && prefix[3] === 0) || (prefix[0] === 0 && prefix[2] === 0)) &&
      prefix.some((byte) => byte !== 0))
  if (utf16) {
    return failure(
      { line: 1, column: 1 },
      "UTF-16 text, byte 1 of line 1 is not valid UTF-8",
      "save the file as UTF-8"
    )
  }
  return undefined
}

/** How many bytes at the end belong to a character that goes on in the next chunk. */
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

/** Where the first sequence begins that is no UTF-8; the length if there is none. */
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

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

const empty = new Uint8Array()

/** The machine that makes text of bytes. A byte order mark at the beginning is dropped. */
export const machine = (): Pull.Machine<Uint8Array, string, Failure> => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  let held = empty
  let started = false
  let line = 1
  let offset = 0 // in the line, of the first byte of the next chunk
  let cr = false // the last byte was a CR: a LF that follows belongs to it

  /** Moves the position over bytes that are good. */
  const pass = (bytes: Uint8Array): void => {
    let from = -1 // the last break
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
    return nul
      ? failure(
          { line, column },
          `byte ${column} of line ${line} is a NUL (U+0000)`,
          "remove it, or save the file as UTF-8"
        )
      : failure(
          { line, column },
          `byte ${column} of line ${line} is not valid UTF-8`,
          "save the file as UTF-8"
        )
  }

  const decode = (bytes: Uint8Array, out: Array<string>): Failure | undefined => {
    const nul = bytes.indexOf(0)
    const whole = nul === -1 ? bytes : bytes.subarray(0, nul)
    let good = whole
    let text: string
    // The decoder does not say where.
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
