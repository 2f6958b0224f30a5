/**
 * The encoding of bytes: by their mark, by their zeros, or Windows-1252 where the text is plausible in it.
 */
import type { FileFormat } from "../FileFormat.ts"
import * as Encoding from "../source/encoding.ts"
import * as Utf8 from "../source/utf8.ts"
import { type Found, nothing, type Refusal } from "./found.ts"

const hasMark = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)

/** UTF-16 without a mark: zeros are in every other byte only. */
const wideOf = (bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined => {
  const zeros = [0, 0]
  const length = Math.min(bytes.length, 4096)
  for (let i = 0; i < length; i++) if (bytes[i] === 0) zeros[i % 2]!++
  const [even = 0, odd = 0] = zeros
  const found = even === 0 && odd > 0 ? "utf-16le" : odd === 0 && even > 0 ? "utf-16be" : undefined
  if (found === undefined) return undefined
  // Of other alphabets only line ends, blanks and delimiters are zeros; read wrong, text has no such characters.
  const text = new TextDecoder(found).decode(bytes.subarray(0, length), { stream: true })
  const isText = /[\r\n]/.test(text) && /[,;\t|"{]/.test(text)
  return isText && !/[\0-\x08\x0e-\x1f\ufffd\ue000-\uf8ff]/.test(text) ? found : undefined
}

/** What text of another encoding looks like when it is read as Windows-1252. */
const suspicious: ReadonlyArray<RegExp> = [
  // It has no such characters.
  /[\u0080-\u009f]/,
  // A capital letter inside a word.
  /[a-z][À-ÖØ-ÞŠŒŽŸ]/,
  // A word of another alphabet.
  /[À-ÿ]{3}/,
  // A sign inside a word, or one that a word does not end with.
  /\p{L}[^\p{L}\p{M}\0-\x7f\u00a0\u00ad’–—…·]\p{L}/u,
  /[A-Za-z][‚ƒ„†‡ˆ‰‹˜¡¿¤¦]/,
  /\p{L}¹|[^\W\dNn]º|[^\W\dm]³|¿[^?]*$|\p{L}Ÿ|[Ÿˆ˜]\p{L}/u,
  // Letters of Iceland alone: those of Turkey, Romania and the Baltic are in their places.
  /[þýðÿ]/i,
  // Letters in places that no western language has them: ř, ě, ů, č, ć, ś, ń, ő, ű and ă are written so in Windows-1250.
  /ø[aeiouyáéíóúìù]|[ìù]\p{L}|è[aeiouyáéíóú]|íè|(?<!\p{L})è\p{L}|æ[aiou]/iu,
  /œ(?![ui])|ñ(?![aeiouáéíóú])|õ(?!e)|û[szkgvf]|ã(?![oeis])(?=\p{L})/iu
]

/** Whether a text that was read as Windows-1252 can have been written in it. */
export const isPlausible = (text: string): boolean => !suspicious.some((pattern) => pattern.test(text))

/** Any character beyond ASCII. */
export const isForeign = (text: string): boolean => /[^\0-\x7f]/.test(text)

/** The declaration for bytes that are not UTF-8, from the beginning of a file; `whole` if there are no others. */
export const sniff = (bytes: Uint8Array, whole: boolean): Found | Refusal => {
  if (hasMark(bytes)) {
    return { format: { encoding: "utf-16" }, assumptions: ["UTF-16 text: the file begins with its mark"] }
  }
  const wide = wideOf(bytes)
  if (wide !== undefined) {
    const other = wide === "utf-16le" ? "second" : "first"
    return { format: { encoding: wide }, assumptions: [`${wide} text: every ${other} byte is zero`] }
  }
  const machine = Utf8.machine()
  const wrong = machine.step(bytes, []) ?? (whole ? machine.end?.([]) : undefined)
  if (wrong === undefined || bytes.includes(0)) return nothing
  const where = `byte ${wrong.column} of line ${wrong.line}`
  // Text that is partly UTF-8 is not of another encoding.
  const isMixed = isForeign(new TextDecoder().decode(bytes).replaceAll("\ufffd", ""))
  return isMixed || !isPlausible(new TextDecoder("windows-1252").decode(bytes))
    ? unknown(where)
    : single(where)
}

const unknown = (where: string): Refusal => ({
  problem: `${where} is not valid UTF-8, and which encoding it is cannot be told`,
  advice:
    "save the file as UTF-8 where it was made; or declare it: --declare encoding=windows-1250 is central European, macintosh an old Mac's, ibm850 DOS's, shift_jis Japanese"
})

const single = (where: string): Found => ({
  format: { encoding: "windows-1252" },
  assumptions: [`Windows-1252 text: ${where} is not UTF-8`]
})

/** The same where the first bad byte comes late, after text of ASCII alone. */
export const sniffLate = (problem: string): Found => single(problem.replace(/ is not valid UTF-8$/, ""))

/** The text of the first bytes, as declared; bad bytes and a cut character at the end do not matter. */
export const textOf = (bytes: Uint8Array, { encoding }: FileFormat): string => {
  const name = encoding === undefined ? "utf-8" : Encoding.nameOf(encoding, bytes)
  return new TextDecoder(name).decode(bytes, { stream: true })
}
