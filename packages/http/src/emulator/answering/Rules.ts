/**
 * What HubSpot rejects in one input, and in which words.
 *
 * Total functions over an account and an input: they change nothing and read no time. Amounts are compared as text, never
 * as binary floats. Rules whose real wording is unknown are marked as assumptions.
 *
 * @since 0.1.0
 */
import { Association, LineItem, Properties } from "@effect-hubspot/schema"
import type * as Body from "../reading/Body.ts"
import type * as Crm from "../state/Crm.ts"
import type { Definition } from "../state/Definitions.ts"
import type { Rejection } from "./Refusal.ts"

interface Problem {
  readonly error: string
  readonly message: string
}

interface Named extends Problem {
  readonly name: string
}

/**
 * The rejection of an input, `undefined` for one that would be created. One rejection has all problems of the properties.
 * Associations are checked if the properties are good.
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (crm: Crm.Crm, input: Body.Input): Rejection | undefined =>
  checkProperties(crm, input.properties) ?? checkAssociations(crm, input.associations)

/**
 * The rejection of the values that an input sets, in a create or an update.
 *
 * @category checking
 * @since 0.1.0
 */
export const checkProperties = (
  crm: Crm.Crm,
  properties: Readonly<Record<string, string>>
): Rejection | undefined => {
  const problems: Array<Named> = []
  for (const name in properties) {
    const problem = checkProperty(crm.properties.get(name), name, properties[name]!)
    if (problem !== undefined) problems.push({ name, ...problem })
  }
  return problems.length === 0 ? undefined : invalidValues(crm, problems)
}

/**
 * The rejection of a new line item with a unique value that another one has. Observation of contacts, by single creates;
 * for line items an assumption. The id is in the message only.
 *
 * @category checking
 * @since 0.1.0
 */
export const conflict = (
  crm: Crm.Crm,
  properties: Readonly<Record<string, string>>
): Rejection | undefined => {
  const [held] = heldOf(crm, properties)
  return (
    held && {
      category: "CONFLICT",
      message: `Line item already exists. Existing ID: ${held.holder}. ${held.name} ${JSON.stringify(held.value)} must be unique.`,
      errors: []
    }
  )
}

/** The unique values that line items already have, with their ids. */
const heldOf = (crm: Crm.Crm, properties: Readonly<Record<string, string>>) =>
  Array.from(crm.uniqueNames()).flatMap((name) => {
    const value = properties[name]
    const holder = value ? crm.holderOf(name, value) : undefined
    return holder === undefined ? [] : [{ name, value, holder }]
  })

/**
 * The rejection of an update that sets a unique value that another line item has. The code is an observation (of deals),
 * the words are an assumption.
 *
 * @category checking
 * @since 0.1.0
 */
export const conflictOfUpdate = (
  crm: Crm.Crm,
  id: string,
  properties: Readonly<Record<string, string>>
): Rejection | undefined => {
  const problems = heldOf(crm, properties)
    .filter(({ holder }) => holder !== id)
    .map(({ holder, name, value }) => ({
      name,
      error: "CONFLICTING_UNIQUE_VALUE",
      message: `Cannot set ${name} to ${value} on ${id}. ${holder} already has that value.`
    }))
  return problems.length === 0 ? undefined : invalidValues(crm, problems)
}

/**
 * The rejection of inputs of which two would have the same unique value. Assumption.
 *
 * @category checking
 * @since 0.1.0
 */
export const conflictWithin = (
  crm: Crm.Crm,
  inputs: ReadonlyArray<Readonly<Record<string, string>>>
): Rejection | undefined => {
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
  const details = problems.map(({ error, message, name }) => ({
    isValid: false,
    message,
    error,
    name,
    localizedErrorMessage: message,
    portalId: crm.portalId
  }))
  return {
    category: "VALIDATION_ERROR",
    // Documentation: the details are JSON text in the message, in a 400 and in a 207.
    message: `Property values were not valid: ${JSON.stringify(details)}`,
    errors: problems.map(({ error, message, name }) => ({
      message,
      code: error,
      context: { propertyName: [name] }
    }))
  }
}

const checkProperty = (
  property: Definition | undefined,
  name: string,
  value: string
): Problem | undefined => {
  // Documentation.
  if (property === undefined) {
    return { error: "PROPERTY_DOESNT_EXIST", message: `Property "${name}" does not exist` }
  }
  // The code is documentation, the words are an assumption.
  if (property.readOnly) {
    return {
      error: "READ_ONLY_VALUE",
      message: `"${name}" is a read only property; its value cannot be set.`
    }
  }
  // Documentation: empty text is an empty value, whatever the type.
  if (value === "") return undefined
  // The limit is documentation (for a note's body), the code an assumption.
  if (value.length > Properties.maxValueLength) {
    return {
      error: "PROPERTY_VALUE_TOO_LONG",
      message: `The value of "${name}" is ${value.length} characters long, the maximum is ${Properties.maxValueLength}.`
    }
  }
  switch (property.type) {
    case "string":
      return undefined
    case "number":
    case "money":
      // Observation: number properties have the code INVALID_INTEGER.
      if (!Properties.isDecimalText(value)) {
        return { error: "INVALID_INTEGER", message: `${value} was not a valid number.` }
      }
      // That a price is not negative is documentation, the code is an assumption.
      return name === "price" && isNegative(value)
        ? { error: "NEGATIVE_PRICE", message: `${value} is not a valid price: it cannot be negative.` }
        : undefined
    case "date":
    case "datetime":
      // Assumption: the code. What a date looks like is documentation.
      return Properties.isValueOf(property.type, value)
        ? undefined
        : { error: "INVALID_DATE", message: `${value} was not a valid date.` }
    case "bool":
    case "enumeration":
      // Assumption. A bool is an enumeration of true and false there, in any case.
      return isOption(property, property.type === "bool" ? value.toLowerCase() : value)
        ? undefined
        : {
            error: "INVALID_OPTION",
            message: `${value} was not one of the allowed options: [${describeOptions(property)}]`
          }
  }
}

const isNegative = (decimal: string): boolean => /^-[\d.]*[1-9]/.test(decimal)

const isOption = ({ options }: Definition, value: string): boolean =>
  options === undefined || (options instanceof RegExp ? options.test(value) : options.includes(value))

const describeOptions = ({ options }: Definition): string =>
  options === undefined || options instanceof RegExp ? "ids of this account" : options.join(", ")

const checkAssociations = (
  crm: Crm.Crm,
  associations: ReadonlyArray<Association.Association>
): Rejection | undefined => {
  for (const { to, types } of associations) {
    // Assumption: a type is required, as the description says.
    if (types.length === 0) return unknownTarget(`No association type is given for object ${to.id}.`)
    for (const spec of types) {
      const target = Association.targetOf(spec)
      if (target === undefined) return invalidType(spec)
      if (!crm.exists(target, to.id)) {
        return unknownTarget(`No ${target} with id ${to.id} exists in this account.`)
      }
    }
  }
  return undefined
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

// Observation of single creates; inside a batch an assumption.
const unknownTarget = (detail: string): Rejection => ({
  category: "VALIDATION_ERROR",
  message: `One or more associations are not valid: ${detail}`,
  errors: [{ message: detail, code: "INVALID_ASSOCIATION" }]
})
