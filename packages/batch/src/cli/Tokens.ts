/**
 * Where the command gets its access token from: `HUBSPOT_ACCESS_TOKEN`, or OAuth with a refresh token, which HubSpot may
 * replace at any exchange.
 *
 * Nothing is sent before it is clear that a new refresh token can be kept. No secret is a flag, and none is printed.
 */
import { type BaseUrl, Credentials } from "@effect-hubspot/http"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Secrets from "./Secrets.ts"
import * as TokenFile from "./TokenFile.ts"

/** The environment variables of OAuth. */
export const variables = {
  clientId: "HUBSPOT_CLIENT_ID",
  clientSecret: "HUBSPOT_CLIENT_SECRET",
  refreshToken: "HUBSPOT_REFRESH_TOKEN"
} as const

/** What the flags of a command say of its token. */
export interface Options {
  readonly tokenFile: Option.Option<string>
  readonly baseUrl: Option.Option<string>
}

/** An app and its refresh token, as the environment has them. */
interface OAuth {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly refreshToken: Redacted.Redacted<string> | undefined
  readonly tokenFile: string
}

const refused = (message: string) => new Credentials.CredentialsError({ message })

const setting = (name: string): Effect.Effect<Redacted.Redacted<string> | undefined> =>
  Effect.map(
    Effect.orElseSucceed(Config.Redacted(name), () => Redacted.make("")),
    (value) => {
      const text = Redacted.value(value).trim()
      return text === "" ? undefined : Redacted.make(text)
    }
  )

/** Whether the environment has a token, or the means to get one. Whether it is good is for HubSpot. */
export const isGiven = ({ tokenFile }: Pick<Options, "tokenFile">): Effect.Effect<boolean> =>
  Effect.map(
    Effect.forEach([Credentials.environmentVariable, variables.clientId, variables.refreshToken], setting),
    (settings) => Option.isSome(tokenFile) || settings.some((value) => value !== undefined)
  )

/** The settings of OAuth; `undefined` if the access token is given itself. Fails if they are not complete. */
export const oauth = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<OAuth | undefined, Credentials.CredentialsError> {
  const tokenFile = Option.getOrUndefined(options.tokenFile)
  const accessToken = yield* setting(Credentials.environmentVariable)
  const clientId = yield* setting(variables.clientId)
  const clientSecret = yield* setting(variables.clientSecret)
  const refreshToken = yield* setting(variables.refreshToken)
  const isMeant = refreshToken !== undefined || tokenFile !== undefined
  if (!isMeant && (accessToken !== undefined || clientId === undefined)) return undefined
  if (accessToken !== undefined) {
    const other = refreshToken === undefined ? "--token-file" : variables.refreshToken
    return yield* refused(
      `${Credentials.environmentVariable} and ${other} are both given, and may be for two accounts; give one`
    )
  }
  if (clientId === undefined || clientSecret === undefined) {
    const missing = [
      ...(clientId === undefined ? [variables.clientId] : []),
      ...(clientSecret === undefined ? [variables.clientSecret] : [])
    ]
    return yield* refused(
      `OAuth needs ${missing.join(" and ")}; set ${missing.length === 1 ? "it" : "them"} as on the app's page in HubSpot (Auth)`
    )
  }
  if (tokenFile === undefined) {
    return yield* refused(
      "OAuth needs --token-file <file>: HubSpot may replace the refresh token at any time, and only the new one is good then"
    )
  }
  return { clientId: Redacted.value(clientId), clientSecret, refreshToken, tokenFile }
})

/** The access token, or the exchange that gets one. */
export const layer = (
  options: Options
): Layer.Layer<
  Credentials.Credentials,
  Credentials.CredentialsError | BaseUrl.InvalidBaseUrl,
  HttpClient | FileSystem.FileSystem | Path.Path | Secrets.Secrets
> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const given = yield* oauth(options)
      const token: Layer.Layer<
        Credentials.Credentials,
        Credentials.CredentialsError | BaseUrl.InvalidBaseUrl,
        HttpClient
      > = given === undefined ? Credentials.layerConfig : yield* renewed(given, options)
      return token
    })
  )

const renewed = Effect.fnUntraced(function* (
  { clientId, clientSecret, refreshToken, tokenFile }: OAuth,
  { baseUrl }: Options
) {
  const { add } = yield* Secrets.Secrets
  const console = yield* Console.Console
  const file = yield* TokenFile.open(tokenFile)
  const kept = yield* file.read
  const rotatedFrom =
    refreshToken === undefined ? kept?.rotatedFrom : yield* digestOf(clientId, Redacted.value(refreshToken))
  // A token from the environment that HubSpot did not replace by the one in the file is a newer one.
  const isSuccessor = (kept: TokenFile.Kept | undefined): kept is TokenFile.Kept =>
    kept !== undefined && kept.rotatedFrom === rotatedFrom
  const current = isSuccessor(kept) ? kept.refreshToken : refreshToken
  if (current === undefined || rotatedFrom === undefined) {
    return yield* refused(
      `${variables.refreshToken} is not set, and ${file.name} does not exist; set it to the refresh token that the app got when it was installed`
    )
  }
  yield* add(current)
  return Credentials.layerOAuth({
    clientId,
    clientSecret,
    refreshToken: current,
    baseUrl: Option.getOrUndefined(baseUrl),
    // Another command may use the same file.
    stored: file.read.pipe(
      Effect.orElseSucceed(() => undefined),
      Effect.map((kept) => (isSuccessor(kept) ? kept.refreshToken : undefined)),
      Effect.tap((token) => (token === undefined ? Effect.void : add(token)))
    ),
    onRefreshToken: (token) =>
      Effect.andThen(
        add(token),
        Effect.catch(file.write({ refreshToken: token, rotatedFrom }), ({ message }) =>
          Effect.sync(() =>
            console.error(
              `line-items: HubSpot has replaced the refresh token, and the new one is not kept: ${message}; connect the account again after this command`
            )
          )
        )
      )
  })
})

const digestOf = (clientId: string, refreshToken: string): Effect.Effect<string> =>
  Effect.flatMap(Digest.Digest, ({ digestHex }) =>
    digestHex(Digest.sha256, new TextEncoder().encode(`${clientId}\n${refreshToken}`))
  ).pipe(Effect.provide(Digest.layerWebCrypto), Effect.orDie)
