/**
 * Text to bytes of an encoding, the reverse of `TextDecoder`: UTF-8, UTF-16, and every encoding with one byte for a
 * character, whose table is what `TextDecoder` makes of each byte.
 */

export type Encoder = (text: string) => Uint8Array

/** The encodings of several bytes, which are read and not written. */
const unwritten = new Set(["gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr"])

const utf8 = new TextEncoder()

const utf16 =
  (littleEndian: boolean): Encoder =>
  (text) => {
    const bytes = new DataView(new ArrayBuffer(text.length * 2))
    for (let i = 0; i < text.length; i++) bytes.setUint16(i * 2, text.charCodeAt(i), littleEndian)
    return new Uint8Array(bytes.buffer)
  }

const singleByte = (encoding: string): Encoder => {
  const decoder = new TextDecoder(encoding)
  const codes = new Map<string, number>()
  for (let code = 0; code < 256; code++) codes.set(decoder.decode(Uint8Array.of(code)), code)
  codes.delete("\ufffd")
  return (text) => Uint8Array.from([...text], (character) => codes.get(character) ?? 0x3f)
}

/** The encoder of an encoding, which writes `?` for a character that it lacks. Undefined if it is only read. */
export const encoderOf = (encoding = "utf-8"): Encoder | undefined => {
  if (encoding === "utf-8") return (text) => utf8.encode(text)
  if (encoding === "utf-16le" || encoding === "utf-16be") return utf16(encoding === "utf-16le")
  return unwritten.has(encoding) ? undefined : singleByte(encoding)
}

/** Whether a text reads back as it is, once it was written. */
export const canWrite = (encoding: string | undefined, text: string): boolean => {
  const encode = encoderOf(encoding)
  return encode !== undefined && new TextDecoder(encoding, { ignoreBOM: true }).decode(encode(text)) === text
}
