/**
 * Removes secrets from foreign text. A proxy may print a request into its answer, in a form of its own, and cut.
 *
 * A secret is found in upper and lower case, in base64 (both alphabets, after any other bytes) and in hex. It is found
 * with its characters escaped as in addresses, HTML or JSON, also several times over, and with blanks, line breaks, soft
 * hyphens or characters of no width inside.
 *
 * Any 16 of its characters in a row are enough, and so are its first 8: the text may have been cut after them. Innocent
 * texts may hold a common beginning, so some secrets need more. Tokens of a kind begin alike (`pat-eu1-`) and need 4
 * characters after that. A secret that begins with letters needs the character after them. A secret of 8 to 15
 * characters is found whole. A shorter one is not looked for.
 *
 * Redact a text before you shorten it. A secret that is reversed, encrypted, or encoded twice is not found.
 *
 * @since 0.1.0
 */
import * as Base64 from "effect/encoding/Base64"
import * as Hex from "effect/encoding/Hex"
import * as Redacted from "effect/Redacted"

/**
 * Makes a function that removes these secrets from a text. Valid JSON stays valid.
 *
 * **Example**
 *
 * ```ts
 * import { Redaction } from "@effect-hubspot/http"
 * import { Redacted } from "effect"
 *
 * const redact = Redaction.make([Redacted.make("pat-eu1-0c4f7a52-9d3e")])
 * const texts = ["Bearer PAT-EU1-0C4F7A52-9D3E", "cut: pat-eu1-0c4f…"].map(redact)
 * texts // => ["Bearer <redacted>", "cut: <redacted>…"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (secrets: Iterable<Redacted.Redacted<string>>): ((text: string) => string) => {
  const anchors = anchorsOf([...secrets].flatMap((secret) => formsOf(Redacted.value(secret))))
  return (text) => {
    const isEscaped = escapeForms.test(text)
    // Most texts hold no secret and need only this check.
    if (!anchors.areIn(text) && !(isEscaped && anchors.areIn(unescaped(text)))) return text
    return without(text, [
      ...anchors.find(read(text, false)),
      ...(isEscaped ? anchors.find(read(text, true)) : [])
    ])
  }
}

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

/** The characters of a text that are compared, and the part of the text that spells each of them. */
interface Reading {
  readonly codes: Uint16Array
  readonly startOf: (index: number) => number
  readonly endOf: (index: number) => number
}

/** Reads a text literally, or with its escapes resolved. */
const read = (text: string, resolving: boolean): Reading => {
  const codes = new Uint16Array(text.length)
  const starts = new Uint32Array(text.length)
  let length = 0
  for (let at = 0; at < text.length;) {
    const escape = resolving ? escapeAt(text, at) : undefined
    const compared = comparedAs(escape?.code ?? text.charCodeAt(at))
    if (compared !== 0) {
      codes[length] = compared
      starts[length++] = at
    }
    at += escape?.length ?? 1
  }
  return {
    codes: codes.subarray(0, length),
    startOf: (index) => starts[index]!,
    endOf: (index) => starts[index]! + ((resolving ? escapeAt(text, starts[index]!)?.length : undefined) ?? 1)
  }
}

// The repetitions have bounds: a text of nothing but backslashes must not take long.
const escapeForm =
  /\\{1,8}(?:u([0-9a-f]{4})|x([0-9a-f]{2})|[bfnrt])|%(?:25){0,8}([0-9a-f]{2})|&(?:amp;){0,8}(?:#x([0-9a-f]{1,6})|#(\d{1,7})|shy|nbsp);?/
const escapeForms = new RegExp(escapeForm, "i")
const everyEscape = new RegExp(escapeForm, "gi")
const escapeHere = new RegExp(escapeForm, "iy")

const codeOf = ([unicode, byte, percent, hex, decimal]: ReadonlyArray<string | undefined>): number => {
  const digits = unicode ?? byte ?? percent ?? hex
  return digits === undefined ? Number(decimal ?? 0x20) : Number.parseInt(digits, 16)
}

const escapeAt = (text: string, at: number) => {
  const code = text.charCodeAt(at)
  if (code !== 0x5c && code !== 0x25 && code !== 0x26) return undefined
  escapeHere.lastIndex = at
  const match = escapeHere.exec(text)
  return match === null ? undefined : { code: codeOf(match.slice(1)), length: match[0].length }
}

const unescaped = (text: string): string =>
  text.replace(everyEscape, (_, ...groups: ReadonlyArray<string | undefined>) =>
    String.fromCharCode(codeOf(groups))
  )

/** A character without its case, and in one alphabet of base64. 0 if it is not compared. */
const comparedAs = (code: number): number => (code < 128 ? ascii[code]! : isInvisible(code) ? 0 : code)

const ascii = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code).toLowerCase()
  // A backslash may stand before a slash.
  if (code <= 0x20 || code === 0x7f || char === "\\") return 0
  return (char === "-" ? "+" : char === "_" ? "/" : char).charCodeAt(0)
})

/** Blanks, line ends, and invisible characters. */
const isInvisible = (code: number): boolean =>
  code < 0x2000
    ? code <= 0xa0 || code === 0xad || code === 0x34f || code === 0x61c || code === 0x180e
    : code <= 0x200f ||
      (code >= 0x2028 && code <= 0x202f) ||
      (code >= 0x205f && code <= 0x206f) ||
      code === 0x3000 ||
      (code >= 0xfe00 && code <= 0xfe0f) ||
      code === 0xfeff

// -----------------------------------------------------------------------------
// Forms of a secret
// -----------------------------------------------------------------------------

/** One spelling of a secret, and how many of its characters in a row are a find: anywhere, and at its beginning. */
interface Form {
  readonly codes: Uint16Array
  readonly anywhere: number
  readonly beginning: number
}

const formsOf = (secret: string): ReadonlyArray<Form> => {
  const { length } = read(secret, false).codes
  if (length < anchorLength) return []
  const common = /^pat-[a-z0-9]+-/i.exec(secret)?.[0].length ?? 0
  const word = /^[a-z]*/i.exec(secret.slice(common))![0].length
  const form = (text: string, charactersForEach: number): Form => {
    const { codes } = read(text, false)
    const most = (characters: number) =>
      length < 16 ? codes.length : Math.min(codes.length, Math.ceil(characters * charactersForEach))
    return {
      codes,
      anywhere: most(16),
      beginning: most(Math.max(8, common + 4, Math.min(16, common + word + 1)))
    }
  }
  const bytes = new TextEncoder().encode(secret)
  return [
    form(secret, 1),
    // Byte by byte, as addresses and headers have it.
    ...(bytes.length === secret.length
      ? []
      : [form(String.fromCharCode(...bytes), bytes.length / secret.length)]),
    form(Hex.encode(bytes), 2),
    ...[0, 1, 2].map((before) => form(base64After(bytes, before), 4 / 3))
  ]
}

/** Base64 of these bytes after `before` other bytes, without the characters that those bytes are part of. */
const base64After = (bytes: Uint8Array, before: number): string => {
  const all = new Uint8Array(before + bytes.length)
  all.set(bytes, before)
  return Base64.encode(all).slice(Math.ceil((before * 4) / 3), Math.floor((all.length * 4) / 3))
}

// -----------------------------------------------------------------------------
// Finding
// -----------------------------------------------------------------------------

/** A part of a text. */
type Range = readonly [start: number, end: number]

/** The characters of an anchor. Anchors lie so close to each other that every find holds a whole one. */
const anchorLength = 8

/** Three characters in a row tell most texts from a secret. */
const hashOfThree = (first: number, second: number, third: number): number =>
  (Math.imul(Math.imul(first, 31) + second, 31) + third) & 4095

/** The hash of the last eight characters: earlier ones are shifted out. */
const rolled = (hash: number, code: number): number => (hash << 4) ^ code

const short = (hash: number): number => Math.imul(hash, 0x9e3779b1) >>> 20

const anchorsOf = (forms: ReadonlyArray<Form>) => {
  const anchors = new Map<number, Array<{ readonly form: Form; readonly at: number }>>()
  /** Whether a short hash has anchors: this is quicker to look up. */
  const areThere = new Uint8Array(4096)
  const threes = new Uint8Array(4096)
  for (const form of forms) {
    for (let at = 0; at + anchorLength <= form.codes.length; at += form.anywhere - anchorLength + 1) {
      const hash = form.codes.subarray(at, at + anchorLength).reduce(rolled, 0)
      const others = anchors.get(hash)
      if (others === undefined) anchors.set(hash, [{ form, at }])
      else others.push({ form, at })
      areThere[short(hash)] = 1
      for (let n = at + 2; n < at + anchorLength; n++) {
        threes[hashOfThree(form.codes[n - 2]!, form.codes[n - 1]!, form.codes[n]!)] = 1
      }
    }
  }

  /**
   * Whether an anchor may be in a text. Every anchor that begins before `at - 7` was looked for. Where three neighbours are
   * part of no anchor, none has all of them, so the next one can begin at the second of them.
   */
  const areIn = (text: string): boolean => {
    let at = anchorLength - 1
    while (at < text.length) {
      const first = comparedAs(text.charCodeAt(at - 2))
      const second = comparedAs(text.charCodeAt(at - 1))
      const third = comparedAs(text.charCodeAt(at))
      if (first !== 0 && second !== 0 && third !== 0 && threes[hashOfThree(first, second, third)] === 0) {
        at += anchorLength - 2
        continue
      }
      // Looks for the anchors that begin up to here. Characters that are not compared make them longer, and begin none.
      let hash = 0
      let after = 0
      let next = text.length
      for (let n = at - anchorLength + 1; n < text.length && after < anchorLength; n++) {
        const code = comparedAs(text.charCodeAt(n))
        if (code === 0) continue
        if (n > at && after++ === 0) next = n
        hash = rolled(hash, code)
        if (areThere[short(hash)] !== 0 && anchors.has(hash)) return true
      }
      at = next + anchorLength - 1
    }
    return false
  }

  const find = ({ codes, endOf, startOf }: Reading): ReadonlyArray<Range> => {
    const found: Array<Range> = []
    // Where in the reading the form of the last find would begin, and where that find ended.
    let last: { readonly form: Form; readonly shift: number; readonly end: number } | undefined
    let hash = 0
    for (let index = 0; index < codes.length; index++) {
      hash = rolled(hash, codes[index]!)
      if (areThere[short(hash)] === 0) continue
      for (const { at, form } of anchors.get(hash) ?? []) {
        const shift = index - anchorLength + 1 - at
        // Another anchor of the last find.
        if (last?.form === form && last.shift === shift && index < last.end) continue
        let first = at
        let end = at
        while (end < form.codes.length && codes[shift + end] === form.codes[end]) end++
        while (first > 0 && codes[shift + first - 1] === form.codes[first - 1]) first--
        if (end - first >= form.anywhere || (first === 0 && end >= form.beginning)) {
          found.push([startOf(shift + first), endOf(shift + end - 1)])
          last = { form, shift, end: shift + end }
        }
      }
    }
    return found
  }

  return { areIn, find }
}

const without = (text: string, found: ReadonlyArray<Range>): string => {
  let shown = ""
  let at = 0
  for (const [start, end] of found.toSorted(([a], [b]) => a - b)) {
    // A backslash would escape the text after the find.
    if (start >= at) shown += `${text.slice(at, start).replace(/\\+$/, "")}<redacted>`
    at = Math.max(at, end)
  }
  return shown + text.slice(at)
}
