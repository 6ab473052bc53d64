import type { DtoProperty } from './dto-property.js'
import type { Fragment } from './fragment.js'
import { mergeFragments } from './merge-fragments.js'
import type { TypeMetadata } from './transformer-storage.js'

const jsonTypes: ReadonlyMap<unknown, readonly string[]> = new Map<unknown, readonly string[]>([
  [String, ['string']],
  [Number, ['number']],
  [Boolean, ['boolean']],
])

/** What the type that the compiler recorded demands. */
export function declaredFragment(declared: unknown): Fragment {
  const type = jsonTypes.get(declared)
  return type === undefined ? {} : { type }
}

/** Whether the compiler recorded a type that says something. */
export function isKnownType(declared: unknown): boolean {
  return typeof declared === 'function' && declared !== Object && declared !== Function
}

/** The class that class-transformer makes of the value. A function of the value itself cannot be listed: see `typeFault`. */
export function convertedTo(type: TypeMetadata | undefined): unknown {
  if (type === undefined) return undefined
  if (type.typeFunction === undefined) return type.reflectedType
  try {
    return type.typeFunction({ newObject: {}, object: {}, property: '' })
  } catch {
    return undefined
  }
}

/** What is wrong between the declared type, `@Type`, and the validators that go with them. */
export function typeFault({ rules, declared, nested, type }: DtoProperty): string | undefined {
  const checksDate = rules.some((rule) => rule.name === 'isDate')
  if ((type?.typeFunction?.length ?? 0) > 0)
    return '@Type with a function of the value has no JSON Schema form. Use its discriminator option'
  const target = convertedTo(type)
  if (type !== undefined && target === undefined)
    return '@Type gives undefined: the class is not loaded yet, or an import goes in a circle'
  if ((checksDate || target === Date || declared === Date) && !(checksDate && target === Date)) {
    return 'a date needs both @IsDate() and @Type(() => Date). To keep the text, declare a string and use @IsDateString()'
  }
  if (nested !== undefined) return undefined
  if (type?.options?.discriminator !== undefined)
    return 'a discriminator without @ValidateNested() builds classes that nothing checks. Add it'
  if (isKnownType(target) && target !== Date && !jsonTypes.has(target)) {
    return `@Type makes it ${nameOf(target)}, whose properties nothing checks. Add @ValidateNested()`
  }
  if (isKnownType(declared) && declared !== Date && !jsonTypes.has(declared)) {
    return `${nameOf(declared)} has no JSON form here. For a class add @ValidateNested() and @Type(() => ${nameOf(declared)}); for others declare a string, number, boolean, array or class`
  }
  return undefined
}

/** What is wrong where `@Type` converts a value that its validators have accepted. */
export function conversionFault(type: TypeMetadata | undefined, merged: Fragment): string | undefined {
  const wanted = jsonTypes.get(convertedTo(type))
  if (wanted === undefined || mergeFragments([merged, { type: wanted }]) !== undefined) return undefined
  return '@Type converts it to something that its validators refuse. Drop @Type'
}

/** What a type is called in a message. */
export function nameOf(type: unknown): string {
  return typeof type === 'function' && type.name !== '' ? type.name : 'unknown'
}
