/**
 * The definition of a property, as the properties API has it. An account's own definitions are the
 * authority on what a line item may hold.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { StandardError } from "./ErrorBody.ts"
import { OpenStruct } from "./internal/openStruct.ts"

/**
 * @category schemas
 * @since 0.1.0
 */
export const Option = OpenStruct({
  label: Schema.String,
  value: Schema.String,
  hidden: Schema.optional(Schema.Boolean),
  displayOrder: Schema.optional(Schema.Int)
})

/**
 * `{ name, label, type, fieldType, groupName, hasUniqueValue?, options?, modificationMetadata?, … }`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Property = OpenStruct({
  name: Schema.String,
  label: Schema.optional(Schema.String),
  type: Schema.String,
  fieldType: Schema.optional(Schema.String),
  groupName: Schema.optional(Schema.String),
  hasUniqueValue: Schema.optional(Schema.Boolean),
  calculated: Schema.optional(Schema.Boolean),
  archived: Schema.optional(Schema.Boolean),
  options: Schema.optional(Schema.Array(Option)),
  externalOptions: Schema.optional(Schema.Boolean),
  showCurrencySymbol: Schema.optional(Schema.Boolean),
  hubspotDefined: Schema.optional(Schema.Boolean),
  modificationMetadata: Schema.optional(OpenStruct({ readOnlyValue: Schema.optional(Schema.Boolean) }))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Property = typeof Property.Type

/** The group of a line item's own properties. */
export const defaultGroup = "lineiteminformation"

/** The most properties with unique values that an object type may have. */
export const maxUnique = 10

/**
 * A property to define. Only its definition can make its values unique.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PropertyCreate = Schema.Struct({
  name: Schema.String,
  label: Schema.String,
  type: Schema.Literals(["string", "number", "date", "datetime", "bool", "enumeration"]),
  fieldType: Schema.String,
  groupName: Schema.String,
  description: Schema.optionalKey(Schema.String),
  hasUniqueValue: Schema.optionalKey(Schema.Boolean),
  options: Schema.optionalKey(Schema.Array(Option))
})

/**
 * @category models
 * @since 0.1.0
 */
export type PropertyCreate = typeof PropertyCreate.Type

/**
 * `{ results: [Property] }`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Properties = OpenStruct({ results: Schema.Array(Property) })

/**
 * What of a definition can be changed. Its name and whether its values are unique stay.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PropertyUpdate = Schema.Struct({
  label: Schema.optionalKey(Schema.String),
  description: Schema.optionalKey(Schema.String),
  type: Schema.optionalKey(PropertyCreate.fields.type),
  fieldType: Schema.optionalKey(Schema.String),
  groupName: Schema.optionalKey(Schema.String),
  options: PropertyCreate.fields.options,
  displayOrder: Schema.optionalKey(Schema.Int),
  hidden: Schema.optionalKey(Schema.Boolean),
  formField: Schema.optionalKey(Schema.Boolean)
})

/**
 * The reply to a batch of definitions.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BatchResponse = OpenStruct({
  status: Schema.String,
  results: Schema.Array(Property),
  numErrors: Schema.optional(Schema.Int),
  errors: Schema.optional(Schema.Array(StandardError))
})

/**
 * A group of properties.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Group = OpenStruct({
  name: Schema.String,
  label: Schema.String,
  displayOrder: Schema.optional(Schema.Int),
  archived: Schema.optional(Schema.Boolean)
})

/**
 * `{ results: [Group] }`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Groups = OpenStruct({ results: Schema.Array(Group) })

/**
 * A group to add.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GroupCreate = Schema.Struct({
  name: Schema.String,
  label: Schema.String,
  displayOrder: Schema.optionalKey(Schema.Int)
})

/**
 * What of a group can be changed.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GroupUpdate = Schema.Struct({
  label: Schema.optionalKey(Schema.String),
  displayOrder: Schema.optionalKey(Schema.Int)
})
