/**
 * What an operation asks of a request before it is decided: rights, kind of body, and the limit that
 * counts it.
 *
 * @since 0.1.0
 */
import { LineItem } from "@effect-hubspot/schema"

/**
 * `scopes`: any one of them is enough; none means that every token will do; `undefined` that no token is
 * needed at all. `body` is the content type, `none` where a body is not looked at.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operation {
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

const readScopes = [scopes.read, scopes.eCommerce]
const writeScopes = [scopes.write, scopes.eCommerce]

/**
 * Writes line items or their associations. That the latter need no scope of the other object is an
 * assumption.
 *
 * @category constants
 * @since 0.1.0
 */
export const write: Operation = { scopes: writeScopes, body: "json", limit: "tenSecondly" }

/**
 * A write that says everything in its path.
 *
 * @category constants
 * @since 0.1.0
 */
export const writeByPath: Operation = { ...write, body: "none" }

/**
 * @category constants
 * @since 0.1.0
 */
export const read: Operation = { scopes: readScopes, body: "none", limit: "tenSecondly" }

/**
 * A read that says what in a body.
 *
 * @category constants
 * @since 0.1.0
 */
export const readByBody: Operation = { ...read, body: "json" }

/**
 * @category constants
 * @since 0.1.0
 */
export const search: Operation = { ...readByBody, limit: "search" }

/**
 * Assumption: the schema scope or the right to read the objects.
 *
 * @category constants
 * @since 0.1.0
 */
export const readProperties: Operation = {
  ...read,
  scopes: [`crm.schemas.${LineItem.objectType}.read`, ...readScopes]
}

/**
 * Specification: e-commerce alone; there is no schema scope for writing.
 *
 * @category constants
 * @since 0.1.0
 */
export const defineProperty: Operation = { ...write, scopes: ["e-commerce"] }

/**
 * Documentation: the scope `oauth`, which every token has.
 *
 * @category constants
 * @since 0.1.0
 */
export const account: Operation = { ...read, scopes: [] }

/**
 * Assumption: the token endpoint is counted by no limit of the API.
 *
 * @category constants
 * @since 0.1.0
 */
export const token: Operation = { scopes: undefined, body: "form", limit: "none" }
