import type { JsonSchema } from '../../../core/operation/json-schema.js'
import type { Tag } from './definitions.js'
import { isDto, type DtoClass, type DtoProperty, type Rule } from './dto-property.js'
import { conversionFault, convertedTo, declaredFragment, isKnownType, nameOf, typeFault } from './declared-type.js'
import type { Fragment } from './fragment.js'
import { mergeFragments } from './merge-fragments.js'
import type { SchemaFaults } from '../schema-fault.js'
import { longestMatched } from './string-fragments.js'
import type { TypeMetadata } from './transformer-storage.js'
import { validatorFragment } from './validator-fragment.js'

/** Makes references to the schemas of nested classes. */
export interface NestedTranslator {
  reference(cls: DtoClass, path: string, tag: Tag | undefined): JsonSchema
}

/** Where a property stands, where its faults go, and how its class types are referred to. */
export interface PropertyContext {
  readonly path: string
  readonly faults: SchemaFaults
  readonly nested: NestedTranslator
}

/** The schema of one property. Faults are noted in the context; the schema then means nothing. */
export function translateProperty(property: DtoProperty, context: PropertyContext): JsonSchema {
  const described = property.description === undefined ? {} : { description: property.description }
  if (property.description?.trim() === '') context.faults.add(context.path, '@Describe says nothing. Write a sentence')
  const schema = isArray(property) ? arraySchema(property, context) : valueSchema(property, context)
  const marked = property.sensitive ? { 'x-sensitive': true } : {}
  return { ...(property.optional ? nullable(schema) : schema), ...described, ...marked }
}

function isArray({ rules, nested, declared }: DtoProperty): boolean {
  return declared === Array || nested?.each === true || rules.some((rule) => rule.each || rule.name === 'isArray')
}

function arraySchema(property: DtoProperty, context: PropertyContext): JsonSchema {
  const whole = fragmentsOf(
    property.rules.filter((rule) => !rule.each),
    context,
  )
  if (whole === undefined) return {}
  const merged = mergeFragments([{ type: ['array'] }, ...whole])
  if (merged === undefined || (property.declared !== Array && isKnownType(property.declared))) {
    context.faults.add(context.path, mixed(property))
    return {}
  }
  const items = valueSchema(
    { ...property, rules: property.rules.filter((rule) => rule.each), declared: undefined },
    { ...context, path: `${context.path}[]` },
  )
  if (merged['uniqueItems'] === true && !hasScalarType(items)) {
    context.faults.add(
      context.path,
      '@ArrayUnique has a JSON Schema form for strings, numbers and booleans only. Compare objects in the handler',
    )
  }
  return { ...finished(merged), items }
}

function mixed({ declared }: DtoProperty): string {
  return declared === undefined || declared === Array || declared === Object
    ? 'a validator for one value stands on an array. Write { each: true } for its items, such as @IsString({ each: true })'
    : `{ each: true } is for arrays, but the property is declared ${nameOf(declared)}. Drop the option or declare an array`
}

/** One value: a property, or an item of an array. */
function valueSchema(property: DtoProperty, context: PropertyContext): JsonSchema {
  const fragments = fragmentsOf(property.rules, context)
  if (fragments === undefined) return {}
  const fault = typeFault(property)
  if (fault !== undefined) {
    context.faults.add(context.path, fault)
    return {}
  }
  if (property.nested !== undefined) return nestedSchema(property, fragments, context)
  const merged = mergeFragments([...fragments, declaredFragment(property.declared)])
  if (merged === undefined) {
    context.faults.add(
      context.path,
      `its validators and its type ${nameOf(property.declared)} contradict each other. Keep those that agree`,
    )
    return {}
  }
  const conflict = conversionFault(property.type, merged)
  if (conflict !== undefined) context.faults.add(context.path, conflict)
  if (merged['type'] === undefined) context.faults.add(context.path, untyped(property, context.path))
  return finished(bounded(merged, property.rules))
}

function untyped({ declared }: DtoProperty, path: string): string {
  if (path.endsWith('[]'))
    return 'nothing says what an item is. Add a validator with { each: true }, such as @IsString({ each: true })'
  const known = declared === undefined ? 'the compiler recorded no type' : `the type is recorded as ${nameOf(declared)}`
  return `no validator says what it is, and ${known}. Add one, such as @IsString() or @IsIn([...])`
}

/** What the validators demand, or `undefined` after a fault: what follows from it would only be noise. */
function fragmentsOf(rules: readonly Rule[], { path, faults }: PropertyContext): readonly Fragment[] | undefined {
  const translations = rules.map((rule) => validatorFragment(rule.name, rule.constraints))
  const remedies = translations.filter((translation) => typeof translation === 'string')
  for (const remedy of remedies) faults.add(path, remedy)
  return remedies.length > 0 ? undefined : translations.filter((translation) => typeof translation !== 'string')
}

function nestedSchema(property: DtoProperty, fragments: readonly Fragment[], context: PropertyContext): JsonSchema {
  const merged = mergeFragments([{ type: ['object'] }, ...fragments])
  if (merged === undefined) {
    context.faults.add(
      context.path,
      'its validators and @ValidateNested() contradict each other. Keep those that agree',
    )
    return {}
  }
  const { type: _object, minLength: _minLength, ...extra } = merged
  return { ...classReference(property.type, context), ...extra }
}

function classReference(type: TypeMetadata | undefined, context: PropertyContext): JsonSchema {
  const discriminator = type?.options?.discriminator
  if (discriminator !== undefined)
    return unionSchema(discriminator, type?.options?.keepDiscriminatorProperty === true, context)
  const target = targetOf(type, context)
  if (target === undefined) return {}
  return context.nested.reference(target, context.path, undefined)
}

type Discriminator = NonNullable<NonNullable<TypeMetadata['options']>['discriminator']>

function unionSchema({ property, subTypes }: Discriminator, kept: boolean, context: PropertyContext): JsonSchema {
  const names = new Set(subTypes.map((subtype) => subtype.name))
  if (subTypes.length === 0 || names.size !== subTypes.length) {
    context.faults.add(context.path, 'the discriminator needs subtypes with different names')
    return {}
  }
  const branches = subTypes.map(({ name, value }) => {
    if (isDto(value))
      return context.nested.reference(value, `${context.path}<${name}>`, { property, value: name, kept })
    context.faults.add(context.path, `the subtype "${name}" has no decorated properties. Add validators to its class`)
    return {}
  })
  return { oneOf: branches }
}

function targetOf(type: TypeMetadata | undefined, context: PropertyContext): DtoClass | undefined {
  const target = convertedTo(type)
  if (isDto(target)) return target
  context.faults.add(
    context.path,
    target === undefined
      ? '@ValidateNested() needs @Type(() => TheClass) of class-transformer beside it (where it is there, two copies of class-transformer are installed)'
      : `@Type gives ${nameOf(target)}, which has no decorated properties. Add validators to that class, or use @IsObject() without @Type`,
  )
  return undefined
}

function bounded(merged: Fragment, rules: readonly Rule[]): Fragment {
  const matches = rules.some((rule) => rule.name === 'matches')
  return matches && merged['maxLength'] === undefined ? { ...merged, maxLength: longestMatched } : merged
}

function finished(merged: Fragment): JsonSchema {
  const { type, enum: values, minLength, ...rest } = merged
  const types: readonly unknown[] = Array.isArray(type) ? type : []
  const only = Array.isArray(values) && values.length === 1
  return {
    ...(types.length === 0 ? {} : { type: types.length === 1 ? types[0] : types }),
    ...(only ? { const: values[0] } : values === undefined ? {} : { enum: values }),
    ...(types.includes('string') && minLength !== undefined ? { minLength } : {}),
    ...rest,
  }
}

/** `@IsOptional()` accepts null as well as nothing, and so does the schema. */
function nullable(schema: JsonSchema): JsonSchema {
  const { type, enum: values, const: only, ...rest } = schema
  if (type === undefined) return { anyOf: [schema, { type: 'null' }] }
  const types = Array.isArray(type) ? type : [type]
  return {
    type: types.includes('null') ? types : [...types, 'null'],
    ...(only === undefined ? {} : { enum: [only, null] }),
    ...(Array.isArray(values) ? { enum: values.includes(null) ? values : [...values, null] } : {}),
    ...rest,
  }
}

function hasScalarType(schema: JsonSchema): boolean {
  const types = Array.isArray(schema['type']) ? schema['type'] : [schema['type']]
  return types.every((type) => type === 'string' || type === 'number' || type === 'integer' || type === 'boolean')
}
