/**
 * A secret in every form in which somebody on the way may hand it back, and what is left of it in a text. It knows
 * nothing of how the library finds them.
 */

/** Long, and random behind the part that all tokens of a region share. */
export const canary = `pat-eu1-${[
  "Xq7Zr2Lk9Vw4",
  "Tb6Ny1Hd8Mj3",
  "Pc5Gs0Fu7Ae2",
  "Ro9Kx4Wv6Zt1",
  "Lh8Bn3Yq5Jd0",
  "Cm7Uf2Sg9Pe4",
  "Ia6Xr1Tk8Vo3",
  "Wz5Ny0Hb7Mq2",
  "Gd9Jc4"
].join("")}`

const escaped = (secret: string, write: (code: string) => string): string =>
  [...secret].map((char) => write(char.charCodeAt(0).toString(16).padStart(2, "0"))).join("")

const split = (secret: string, by: string): string => (secret.match(/.{1,10}/g) ?? []).join(by)

const base64 = (text: string): string => Buffer.from(text).toString("base64")

/** What is put into a text. Those that are whole hold all of the secret. */
export const whole = (secret: string): ReadonlyArray<readonly [name: string, text: string]> => [
  ["plain", secret],
  ["as a header", `Authorization: Bearer ${secret}`],
  ["in upper case", secret.toUpperCase()],
  ["in lower case", secret.toLowerCase()],
  ["in base64", base64(secret)],
  ["in base64 after one character", base64(`:${secret}`)],
  ["in base64 after two characters", base64(`u:${secret}`)],
  ["in base64 as a header", base64(`Bearer ${secret}`)],
  ["in base64 as a user's", base64(`user:${secret}`)],
  ["in base64 for addresses", Buffer.from(`Bearer ${secret}?>`).toString("base64url")],
  ["in base64 over lines", base64(`Bearer ${secret}`).replace(/.{20}/g, "$&\r\n")],
  ["in hex", Buffer.from(secret).toString("hex")],
  ["in upper hex", Buffer.from(secret).toString("hex").toUpperCase()],
  ["in hex, byte by byte", `<Buffer ${escaped(secret, (code) => `${code} `)}>`],
  ["for addresses", escaped(secret, (code) => `%${code}`)],
  ["for addresses, twice", escaped(secret, (code) => `%25${code.toUpperCase()}`)],
  ["as HTML", escaped(secret, (code) => `&#x${code};`)],
  ["as decimal HTML", [...secret].map((char) => `&#${char.charCodeAt(0)};`).join("")],
  ["as escaped HTML", escaped(secret, (code) => `&amp;#x${code};`)],
  ["as JSON in a text", escaped(secret, (code) => `\\u00${code}`)],
  ["over lines", split(secret, "\r\n\t")],
  ["with blanks", split(secret, " ")],
  ["with soft hyphens", split(secret, "\u00ad")],
  ["with characters without a width", split(secret, "\u200b")]
]

/** What somebody on the way has cut. */
const cut = (secret: string): ReadonlyArray<readonly [name: string, text: string]> => [
  ["cut", secret.slice(0, 30)],
  ["cut at the eighth character that is its own", `Bearer ${secret.slice(0, 16)}`],
  ["cut with dots", `${secret.slice(0, 40)}…`],
  ["without its beginning", secret.slice(20)],
  ["from the middle", secret.slice(20, 70)],
  ["in base64, cut", base64(`Bearer ${secret}`).slice(0, 60)],
  ["in hex, cut", Buffer.from(secret).toString("hex").slice(0, 60)]
]

export const forms = (secret: string) => [...whole(secret), ...cut(secret)]

const plainOf = (text: string): string =>
  text
    .replace(/\\+u([0-9a-f]{4})|%(?:25)*([0-9a-f]{2})|&(?:amp;)*#x([0-9a-f]+);/gi, (_, ...codes) =>
      String.fromCharCode(Number.parseInt(codes.slice(0, 3).find(Boolean) as string, 16))
    )
    .replace(/&(?:amp;)*#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/\\+[nrt]|[\s\\\u00ad\u200b]/g, "")

const pieces = (text: string, size: number): ReadonlyArray<string> =>
  Array.from({ length: Math.max(0, text.length - size + 1) }, (_, n) => text.slice(n, n + size))

/**
 * Pieces of eight characters of what is a secret's own that a text holds, in any case, in base64, in hex, escaped
 * or spread.
 */
export const leaks = (text: string, secret: string): ReadonlyArray<string> => {
  const own = secret.replace(/^pat-\w+-/, "")
  const wanted = [
    ...pieces(own, 8),
    ...["", ":", "::"].flatMap((before) =>
      // What is around a piece is in the first and the last of its characters.
      pieces(base64(`${before}${own}`).slice(before.length === 0 ? 0 : before.length + 1, -4), 11)
    ),
    ...pieces(Buffer.from(own).toString("hex"), 16)
  ].map((piece) => piece.toLowerCase())
  const views = [
    text,
    plainOf(text),
    text.replace(/\s+/g, ""),
    plainOf(text).replaceAll("-", "+").replaceAll("_", "/")
  ]
  // As many as a person wants to see.
  const lowered = views.map((view) => view.toLowerCase())
  return wanted.filter((piece) => lowered.some((view) => view.includes(piece))).slice(0, 5)
}
