/**
 * What HubSpot rejects in one input, and in which words.
 *
 * Total functions over an account and an input: they change nothing and read no time. Amounts are compared as text, never
 * as binary floats. Rules whose real wording is unknown are marked as assumptions.
 *
 * @since 0.1.0
 */
import * as Association from "@effect-hubspot/schema/Association"
import * as LineItem from "@effect-hubspot/schema/LineItem"
import type * as Body from "../reading/Body.ts"
import type * as Crm from "../state/Crm.ts"
import * as Billing from "./Billing.ts"
import type { Rejection } from "./Refusal.ts"
import * as Values from "./Values.ts"

type Properties = Readonly<Record<string, string>>

interface Named extends Values.Problem {
  readonly name: string
  readonly value: string
}

/**
 * The rejection of an input, `undefined` for one that would be created. One rejection has all problems of the properties.
 * Associations are checked if the properties are good.
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (crm: Crm.Crm, input: Body.Input): Rejection | undefined =>
  checkNew(crm, input.properties) ?? checkAssociations(crm, input.associations)

/**
 * The rejection of the values of a new line item, which inherits the others from its product.
 *
 * @category checking
 * @since 0.1.0
 */
export const checkNew = (crm: Crm.Crm, sent: Properties): Rejection | undefined =>
  checkProperties(crm, sent, {}) ?? checkRequired(crm, crm.inherit(sent))

/**
 * The rejection of the values that an input sets, in a create or an update. `before` are the values that the record has.
 *
 * @category checking
 * @since 0.1.0
 */
export const checkProperties = (
  crm: Crm.Crm,
  sent: Properties,
  before: Properties
): Rejection | undefined => {
  const problems: Array<Named> = []
  for (const name in sent) {
    const problem = Values.check(crm.properties.get(name), name, sent[name]!, crm.behaviour)
    if (problem !== undefined) problems.push({ name, value: sent[name]!, ...problem })
  }
  if (problems.length === 0) {
    const mismatch = checkBilling(crm, sent, before)
    if (mismatch !== undefined) problems.push(mismatch)
  }
  return problems.length === 0 ? checkProduct(crm, sent.hs_product_id) : invalidValues(crm, problems)
}

// The code is observation, for weekly and a term of months; the words are an assumption.
const checkBilling = (crm: Crm.Crm, sent: Properties, before: Properties): Named | undefined => {
  if (!sent.recurringbillingfrequency && !sent.hs_recurring_billing_period) return undefined
  const values = { ...before, ...crm.inherit(sent) }
  const { hs_recurring_billing_period: period = "", recurringbillingfrequency: frequency = "" } = values
  const term = Billing.readTerm(period)
  return term === undefined || Billing.fits(term, frequency)
    ? undefined
    : {
        name: "hs_recurring_billing_period",
        value: period,
        error: "BILLING_PERIOD_TO_FREQUENCY_FORM_MISMATCH",
        message: `The billing period ${period} does not have the form that the billing frequency ${frequency} needs.`
      }
}

// The words for bundles are observation, those for an unknown product are an assumption.
const checkProduct = (crm: Crm.Crm, id: string | undefined): Rejection | undefined => {
  if (!id) return undefined
  const product = crm.productOf(id)
  if (product === undefined) return invalid(`Unable to find product with id ${id}.`)
  return product.hs_product_classification === "bundle"
    ? invalid("This API does not support creating line items from product bundles.")
    : undefined
}

const invalid = (message: string): Rejection => ({ category: "VALIDATION_ERROR", message, errors: [] })

// The words and `context.properties` are observation; the entries of `errors[]` are documentation, their code an assumption.
const checkRequired = ({ behaviour }: Crm.Crm, values: Properties): Rejection | undefined => {
  const missing = behaviour.requiredProperties.filter(
    ({ name, when }) => !values[name] && (when === undefined || values[when.name] === when.value)
  )
  if (missing.length === 0) return undefined
  const message = "Error creating LINE_ITEM. Some required properties were not set."
  if (behaviour.missingProperties === "context") {
    const names = [...new Set(missing.map(({ name }) => name))]
    return { category: "VALIDATION_ERROR", message, context: { properties: names }, errors: [] }
  }
  return {
    category: "VALIDATION_ERROR",
    message,
    about: "required",
    errors: missing.map(({ name, when }) => ({
      message: `${name} is required${when === undefined ? "" : ` when ${when.name} is ${when.value}`}`,
      in: name,
      code: "REQUIRED_PROPERTY_MISSING",
      context: { propertyName: [name] }
    }))
  }
}

/**
 * The rejection of a new line item with a unique value that another one has. Observation, for other types: a 409 with the id
 * in the message only, or the code of an invalid value. Which one line items have is not known, so the account is told.
 *
 * @category checking
 * @since 0.1.0
 */
export const conflict = (crm: Crm.Crm, properties: Properties): Rejection | undefined => {
  const held = heldOf(crm, properties)
  if (held.length === 0) return undefined
  if (crm.behaviour.duplicateValue === "invalidValue") return conflictingValues(crm, held)
  const [{ holder, name, value }] = held as [Held]
  return {
    category: "CONFLICT",
    about: "duplicate",
    message: `${crm.kind === "lineItem" ? "Line item" : crm.kind} already exists. Existing ID: ${holder}. ${name} ${JSON.stringify(value)} must be unique.`,
    errors: []
  }
}

interface Held {
  readonly name: string
  readonly value: string
  readonly holder: string
}

/** The unique values that line items already have, with their ids. */
const heldOf = (crm: Crm.Crm, properties: Properties): ReadonlyArray<Held> =>
  Array.from(crm.uniqueNames()).flatMap((name) => {
    const value = properties[name]
    const holder = value ? crm.holderOf(name, value) : undefined
    return value === undefined || holder === undefined ? [] : [{ name, value, holder }]
  })

/**
 * The rejection of an update that sets a unique value that another line item has. The code is an observation (of deals),
 * the words are an assumption.
 *
 * @category checking
 * @since 0.1.0
 */
export const conflictOfUpdate = (crm: Crm.Crm, id: string, properties: Properties): Rejection | undefined => {
  const held = heldOf(crm, properties).filter(({ holder }) => holder !== id)
  return held.length === 0 ? undefined : conflictingValues(crm, held, ` on ${id}`)
}

const conflictingValues = (crm: Crm.Crm, held: ReadonlyArray<Held>, where = ""): Rejection => ({
  ...invalidValues(
    crm,
    held.map(({ holder, name, value }) => ({
      name,
      value,
      error: "CONFLICTING_UNIQUE_VALUE",
      message: `Cannot set ${name} to ${value}${where}. ${holder} already has that value.`
    }))
  ),
  about: "duplicate"
})

/**
 * The rejection of inputs of which two would have the same unique value. Assumption.
 *
 * @category checking
 * @since 0.1.0
 */
export const conflictWithin = (crm: Crm.Crm, inputs: ReadonlyArray<Properties>): Rejection | undefined => {
  for (const name of crm.uniqueNames()) {
    const seen = new Set<string>()
    for (const properties of inputs) {
      const value = properties[name]
      if (!value) continue
      if (seen.has(value)) {
        return {
          category: "CONFLICT",
          message: `Line item already exists. More than one input of this batch has ${name} ${JSON.stringify(value)}, which must be unique.`,
          errors: []
        }
      }
      seen.add(value)
    }
  }
  return undefined
}

const invalidValues = (crm: Crm.Crm, problems: ReadonlyArray<Named>): Rejection => {
  const isApart = crm.behaviour.details === "apart"
  const details = problems.map(({ error, message, name, value }) => ({
    isValid: false,
    message,
    error,
    name,
    ...(isApart && { propertyValue: value }),
    localizedErrorMessage: message,
    portalId: crm.portalId
  }))
  return {
    category: "VALIDATION_ERROR",
    // Documentation: the details are JSON text in the message, in a 400 and in a 207. Observation: the paragraph.
    message: `Property values were not valid: ${isApart ? "\n\n" : ""}${JSON.stringify(details)}`,
    errors: problems.map(({ error, message, name }) => ({
      message,
      code: error,
      context: { propertyName: [name] }
    }))
  }
}

const checkAssociations = (
  crm: Crm.Crm,
  associations: ReadonlyArray<Association.Association>
): Rejection | undefined => {
  const unknown: Array<Missing> = []
  for (const { to, types } of associations) {
    // Assumption: a type is required, as the description says.
    if (types.length === 0) return invalidAssociations
    for (const spec of types) {
      const target = Association.targetOf(spec)
      if (target === undefined) return invalidType(spec)
      if (!crm.exists(target, to.id)) unknown.push({ type: target, id: to.id })
    }
  }
  return unknown.length === 0 ? undefined : unknownObjects(crm, unknown)
}

/**
 * The rejection of an association type that a line item cannot have, or not with that object. Category and subcategory are
 * observations of association requests; for creates they are an assumption. The emulated account has no association
 * labels of its own.
 *
 * @category checking
 * @since 0.1.0
 */
export const invalidType = (spec: Association.AssociationSpec, toObjectType?: string): Rejection => {
  const message = `${spec.associationTypeId} is not a valid association type between ${LineItem.objectType} and ${toObjectType ?? "other objects"}`
  return {
    category: "VALIDATION_ERROR",
    about: "association",
    subCategory: "crm.associations.INVALID_ASSOCIATION_TYPE",
    message,
    context: {
      type: [String(spec.associationTypeId)],
      fromObjectType: [LineItem.objectType],
      ...(toObjectType !== undefined && { toObjectType: [toObjectType] })
    },
    errors: [{ message, subCategory: "crm.associations.INVALID_ASSOCIATION_TYPE" }]
  }
}

const invalidAssociations: Rejection = {
  category: "VALIDATION_ERROR",
  about: "association",
  message: "One or more associations are invalid",
  errors: []
}

/** An object that an association names and that does not exist. */
interface Missing {
  readonly type: Association.Target | "lineItem"
  readonly id: string
}

/**
 * The rejection of associations with objects that do not exist. The words and the context are an observation of one
 * association, the older words of single creates; inside a batch both are assumptions, and so are the names of types
 * other than contacts.
 *
 * @category checking
 * @since 0.1.0
 */
export const unknownObjects = ({ behaviour }: Crm.Crm, missing: ReadonlyArray<Missing>): Rejection => {
  if (behaviour.unknownTarget === "older") {
    return { ...invalidAssociations, message: "one or more associations are not valid" }
  }
  const named = missing.map(({ id, type }) => ({
    id,
    type: type.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
  }))
  return {
    ...invalidAssociations,
    context: {
      INVALID_OBJECT_IDS: named.map(({ id, type }) => `${type}=${id} is not valid`),
      objectId: named.map(({ id }) => id),
      objectType: named.map(({ type }) => type)
    }
  }
}
