/**
 * What an endpoint requires of a request before it is decided: the scopes of its token, the type of its body, and
 * the limit that counts it. It decides nothing itself: `Exchange` does.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import * as LineItem from "@effect-hubspot/schema/LineItem"
import * as Objects from "../state/Objects.ts"

/**
 * `scopes`: any one of them is enough. An empty list means that every token will do, `undefined` that no token is
 * needed. `body` is the content type, `none` where the body is not read.
 *
 * @category models
 * @since 0.1.0
 */
export interface Requirements {
  readonly scopes: ReadonlyArray<string> | undefined
  readonly body: "json" | "form" | "none"
  readonly limit: "tenSecondly" | "search" | "none"
}

/**
 * Documentation: the granular scopes of the objects, and the old one for both.
 *
 * @category constants
 * @since 0.1.0
 */
export const scopes = {
  read: `crm.objects.${LineItem.objectType}.read`,
  write: `crm.objects.${LineItem.objectType}.write`,
  eCommerce: "e-commerce"
}

/**
 * The scopes of another type of object, named in the plural. Documentation: e-commerce is for products too, and a schema scope
 * is for definitions.
 *
 * @category constants
 * @since 0.1.0
 */
const scopesOf = (name: string) => {
  const own = { read: `crm.objects.${name}.read`, write: `crm.objects.${name}.write` }
  const others = name === "products" ? ["e-commerce"] : []
  return {
    read: [own.read, ...others],
    write: [own.write, ...others],
    readProperties: [`crm.schemas.${name}.read`, own.read, ...others],
    define: [`crm.schemas.${name}.write`, ...others]
  }
}

/**
 * What an endpoint requires for another type of object than line items.
 *
 * @category constructors
 * @since 0.1.0
 */
export const forType = (
  requirements: Requirements,
  objectType: string | undefined,
  right: keyof ReturnType<typeof scopesOf>
): Requirements => {
  const kind = objectType === undefined ? undefined : Objects.kindOf(objectType)
  return kind === undefined
    ? requirements
    : { ...requirements, scopes: scopesOf(Objects.nameOf(kind))[right] }
}

/**
 * The scopes of a token that may do everything here.
 *
 * @category constants
 * @since 0.1.0
 */
export const allScopes: ReadonlyArray<string> = [
  ...Object.values(scopes),
  ...["product", ...Association.parents].flatMap((kind) => {
    const { define, read, write } = scopesOf(Objects.nameOf(kind as Objects.Kind))
    return [read[0]!, write[0]!, define[0]!]
  })
]

const readScopes = [scopes.read, scopes.eCommerce]
const writeScopes = [scopes.write, scopes.eCommerce]

/**
 * A write of line items or of their associations. Assumption: associations need no scope of the other object.
 *
 * @category constants
 * @since 0.1.0
 */
export const write: Requirements = { scopes: writeScopes, body: "json", limit: "tenSecondly" }

/**
 * A write without a body: its path says everything.
 *
 * @category constants
 * @since 0.1.0
 */
export const writeByPath: Requirements = { ...write, body: "none" }

/**
 * @category constants
 * @since 0.1.0
 */
export const read: Requirements = { scopes: readScopes, body: "none", limit: "tenSecondly" }

/**
 * A read whose body says what to read.
 *
 * @category constants
 * @since 0.1.0
 */
export const readByBody: Requirements = { ...read, body: "json" }

/**
 * @category constants
 * @since 0.1.0
 */
export const search: Requirements = { ...readByBody, limit: "search" }

/**
 * Assumption: the schema scope or the right to read the objects.
 *
 * @category constants
 * @since 0.1.0
 */
export const readProperties: Requirements = {
  ...read,
  scopes: [`crm.schemas.${LineItem.objectType}.read`, ...readScopes]
}

/**
 * Specification: e-commerce alone; there is no schema scope for writing.
 *
 * @category constants
 * @since 0.1.0
 */
export const defineProperty: Requirements = { ...write, scopes: ["e-commerce"] }

/**
 * @category constants
 * @since 0.1.0
 */
export const defineByPath: Requirements = { ...defineProperty, body: "none" }

/**
 * @category constants
 * @since 0.1.0
 */
export const readPropertiesByBody: Requirements = { ...readProperties, body: "json" }

/**
 * Documentation: the scope `oauth`, which every token has.
 *
 * @category constants
 * @since 0.1.0
 */
export const account: Requirements = { ...read, scopes: [] }

/**
 * Assumption: the token endpoint is counted by no limit of the API.
 *
 * @category constants
 * @since 0.1.0
 */
export const token: Requirements = { scopes: undefined, body: "form", limit: "none" }
