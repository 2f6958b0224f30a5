/**
 * The access tokens of the emulated account: those that never expire, and those that OAuth issued.
 *
 * It checks a token at a given time and reads no clock. The scopes of the account say what a token may do.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Refusal from "../answering/Refusal.ts"

/**
 * The one OAuth app that the account has installed. `expiresIn` is the life of an access token in
 * seconds, 1800 by default as documented.
 *
 * @category models
 * @since 0.1.0
 */
export interface OAuthApp {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly refreshToken: Redacted.Redacted<string>
  readonly expiresIn?: number | undefined
  /** Whether each exchange replaces the refresh token, and the old one is refused then. Default: it stays the same. */
  readonly rotates?: boolean | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Tokens {
  readonly app: OAuthApp | undefined
  /** The refresh token that is good now; empty text if there is none. */
  readonly refreshToken: () => string
  readonly rotate: (next: string) => void
  /** The refusal of a request that arrives at this time with this `Authorization` header, if it is refused. */
  readonly check: (authorization: string | undefined, at: number) => Refusal.Refusal | undefined
  /** Whether OAuth issued the token of this header. */
  readonly isIssued: (authorization: string | undefined) => boolean
  /** Makes a token good from now until it expires. */
  readonly issue: (token: string, at: number) => void
  /** When a token of OAuth expires, if it is good. */
  readonly expiryOf: (token: string, at: number) => number | undefined
  /** Whether this is the refresh token that is good now. */
  readonly refreshes: (token: string | null) => boolean
  /** A revoked token is unknown from now on. */
  readonly revoke: (token: string) => void
}

/** 128 random bits, in hexadecimal digits. */
export const randomKey: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 32, { halfOpen: true }), 4),
  (words) => words.map((word) => word.toString(16).padStart(8, "0")).join("")
)

/** The default life of an access token in seconds. Documentation. */
export const defaultExpiresIn = 1800

/**
 * Observation: HubSpot takes this placeholder of its own documentation for an OAuth token, cannot read when it
 * expired, and says so of 1970.
 */
const undecodable: ReadonlySet<string> = new Set(["access-token"])

const expiredAtEpoch = (at: number): Refusal.Refusal =>
  Refusal.expiredCredentials(Math.floor(at / 1000), "1970-01-01T00:00:00Z")

const wellFormed = /^[A-Za-z0-9._~+/=-]{8,4096}$/

/**
 * Every well-formed token is good, unless `token` is given or there is an OAuth app: then only `token` and the tokens that
 * OAuth issued are good. The last `keep` expired tokens are known as expired, by default all.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (options: {
  readonly token?: Redacted.Redacted<string> | undefined
  readonly oauth?: OAuthApp | undefined
  readonly keep?: number | undefined
}): Tokens => {
  const { keep = Infinity, oauth: app } = options
  const only = options.token === undefined ? undefined : Redacted.value(options.token)
  const lifeMillis = (app?.expiresIn ?? defaultExpiresIn) * 1000
  let refreshToken = app === undefined ? "" : Redacted.value(app.refreshToken)
  const expiries = new Map<string, number>()
  return {
    app,
    refreshToken: () => refreshToken,
    rotate: (next) => {
      refreshToken = next
    },
    check: (authorization, at) => {
      if (authorization === undefined) return Refusal.noCredentials
      const token = tokenOf(authorization)
      if (!wellFormed.test(token)) return Refusal.noCredentials
      const expiry = expiries.get(token)
      if (expiry !== undefined) {
        return at < expiry
          ? undefined
          : Refusal.expiredCredentials(
              Math.floor((at - expiry) / 1000),
              DateTime.formatIso(DateTime.makeUnsafe(expiry))
            )
      }
      if (only === undefined ? app === undefined : only === token) return undefined
      return undecodable.has(token) ? expiredAtEpoch(at) : Refusal.noCredentials
    },
    isIssued: (authorization) => authorization !== undefined && expiries.has(tokenOf(authorization)),
    issue: (token, at) => {
      expiries.set(token, at + lifeMillis)
      // Tokens expire in the order in which they were issued.
      for (const [known, expiry] of expiries) {
        if (expiries.size <= keep || at < expiry) break
        expiries.delete(known)
      }
    },
    expiryOf: (token, at) => {
      const expiry = expiries.get(token)
      return expiry !== undefined && at < expiry ? expiry : undefined
    },
    refreshes: (token) => token !== "" && token === refreshToken,
    revoke: (token) => {
      // Only the tokens of the app: anybody may ask, and nothing is kept of a stranger's.
      if (!expiries.delete(token) && token === refreshToken) refreshToken = ""
    }
  }
}

const tokenOf = (authorization: string): string => /^Bearer +(.*)$/i.exec(authorization)?.[1] ?? ""
