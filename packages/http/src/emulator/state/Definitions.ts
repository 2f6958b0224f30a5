/**
 * The definitions of the properties of one type of object in the emulated account, and how the properties API shows them.
 *
 * It knows what a property is, not which record holds a value of it. It checks no value: `Rules` does. What every account
 * has is data, in `StandardProperties`.
 *
 * @since 0.1.0
 */
import type * as Properties from "@effect-hubspot/schema/Properties"
import * as Property from "@effect-hubspot/schema/Property"
import * as StandardProperties from "@effect-hubspot/schema/StandardProperties"

/**
 * A property of the account. `options` are the values of an enumeration with their labels, `ids` if they are the ids of
 * something in the account.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definition {
  readonly name: string
  readonly label: string
  readonly description: string
  readonly type: Properties.PropertyType
  readonly fieldType: string
  readonly groupName: string
  readonly displayOrder: number
  readonly hidden: boolean
  readonly formField: boolean
  readonly readOnly: boolean
  readonly calculated: boolean
  readonly unique: boolean
  readonly hubspotDefined: boolean
  readonly options: ReadonlyMap<string, string> | "ids" | undefined
  readonly createdAt: string
  readonly updatedAt: string
  readonly archivedAt?: string | undefined
}

/**
 * A group of properties.
 *
 * @category models
 * @since 0.1.0
 */
export interface Group {
  readonly name: string
  readonly label: string
  readonly displayOrder: number
}

/**
 * The definitions of a type of object by name, and its groups. An archived definition is in `archived` only.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definitions {
  readonly all: Map<string, Definition>
  readonly archived: Map<string, Definition>
  readonly groups: Map<string, Group>
}

/**
 * Custom properties of line items that every emulated account has, all of them text.
 *
 * @category constants
 * @since 0.1.0
 */
export const customProperties: ReadonlyArray<string> = [
  "cost_center",
  "erp_item_number",
  "erp_position",
  "line_item_key"
]

const truth: ReadonlyMap<string, string> = new Map([
  ["true", "True"],
  ["false", "False"]
])

// Assumption: the field types that the properties API shows.
const fieldTypes: Readonly<Record<Properties.PropertyType, string>> = {
  string: "text",
  number: "number",
  money: "number",
  date: "date",
  datetime: "date",
  bool: "booleancheckbox",
  enumeration: "select"
}

// The dates of what every account has are invented.
const beginning = "2019-08-06T02:41:08.029Z"

/**
 * A property with the defaults that follow from its name and type.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  given: Pick<Definition, "name" | "type"> & Partial<Omit<Definition, "name" | "type">>
): Definition => ({
  label: given.name,
  description: "",
  fieldType: fieldTypes[given.type],
  groupName: Property.defaultGroup,
  displayOrder: -1,
  hidden: false,
  formField: false,
  readOnly: false,
  calculated: false,
  unique: false,
  hubspotDefined: false,
  options: given.type === "bool" ? truth : undefined,
  createdAt: beginning,
  updatedAt: beginning,
  ...given
})

/**
 * The definition that the properties API shows, or that is given to it, in a group.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromProperty = (
  property: Property.Property,
  groupName: string = property.groupName ?? Property.defaultGroup
): Definition => {
  const { calculated = false, externalOptions, fieldType, label, name, options = [], type } = property
  return make({
    name,
    groupName,
    type: (type === "number" && property.showCurrencySymbol === true
      ? "money"
      : type) as Properties.PropertyType,
    ...(label !== undefined && { label }),
    ...(fieldType !== undefined && { fieldType }),
    hubspotDefined: property.hubspotDefined ?? false,
    readOnly: property.modificationMetadata?.readOnlyValue ?? calculated,
    calculated,
    unique: property.hasUniqueValue ?? false,
    ...(externalOptions === true
      ? { options: "ids" }
      : options.length > 0 && { options: new Map(options.map(({ label, value }) => [value, label])) })
  })
}

// The definitions of all accounts are the same objects; an account changes its own map of them.
const ofType = (properties: ReadonlyArray<Property.Property>, group: Group): (() => Definitions) => {
  const all = properties.map((property) => [property.name, fromProperty(property, group.name)] as const)
  return () => ({ all: new Map(all), archived: new Map(), groups: new Map([[group.name, group]]) })
}

/**
 * The definitions that every account has of line items.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lineItems = ofType(StandardProperties.lineItems, {
  name: Property.defaultGroup,
  label: "Line item information",
  displayOrder: 0
})

/**
 * The custom properties of line items that an account has at its beginning. A later definition replaces an earlier one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const customOf = (given: {
  readonly properties?: ReadonlyArray<string> | undefined
  readonly uniqueProperties?: ReadonlyArray<string> | undefined
  readonly propertyDefinitions?: ReadonlyArray<Property.Property> | undefined
}): ReadonlyArray<Definition> => [
  ...[...customProperties, ...(given.properties ?? [])].map((name) => make({ name, type: "string" })),
  ...(given.propertyDefinitions ?? []).map((property) => fromProperty(property)),
  ...(given.uniqueProperties ?? []).map((name) => make({ name, type: "string", unique: true }))
]

/**
 * The definitions that every account has of products.
 *
 * @category constructors
 * @since 0.1.0
 */
export const products = ofType(StandardProperties.products, {
  name: "productinformation",
  label: "Product information",
  displayOrder: 0
})

/**
 * The definitions that every account has of another type of object, named in the plural.
 *
 * @category constructors
 * @since 0.1.0
 */
export const others = (name: string): Definitions =>
  ofType(StandardProperties.parents, {
    name: `${name.replace(/s$/, "")}information`,
    label: name,
    displayOrder: 0
  })()

/**
 * A definition as the properties API shows it. Documentation for the fields.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toJson = (definition: Definition): typeof Property.Property.Encoded => ({
  updatedAt: definition.updatedAt,
  createdAt: definition.createdAt,
  name: definition.name,
  label: definition.label,
  // Documentation: money is a number that is shown with a currency sign.
  type: definition.type === "money" ? "number" : definition.type,
  fieldType: definition.fieldType,
  description: definition.description,
  groupName: definition.groupName,
  options:
    definition.options instanceof Map
      ? Array.from(definition.options, ([value, label], displayOrder) => ({
          label,
          value,
          displayOrder,
          hidden: false
        }))
      : [],
  displayOrder: definition.displayOrder,
  calculated: definition.calculated,
  externalOptions: definition.options === "ids",
  archived: definition.archivedAt !== undefined,
  ...(definition.archivedAt !== undefined && { archivedAt: definition.archivedAt }),
  hasUniqueValue: definition.unique,
  hidden: definition.hidden,
  hubspotDefined: definition.hubspotDefined,
  ...(definition.type === "money" && { showCurrencySymbol: true }),
  modificationMetadata: {
    archivable: !definition.hubspotDefined,
    readOnlyDefinition: definition.hubspotDefined,
    readOnlyValue: definition.readOnly
  },
  formField: definition.formField
})

/**
 * A group as the properties API shows it.
 *
 * @category formatting
 * @since 0.1.0
 */
export const groupToJson = (group: Group): object => ({ ...group, archived: false })
