import { getMetadataStorage } from 'class-validator'
import { propertyDescriptions } from '../../decorator/describe.js'
import { sensitiveProperties } from '../../decorator/sensitive.js'
import { propertyType, type Class } from '../../decorator/reflect.js'
import { reservedNames } from '../json-value.js'
import type { SchemaFaults } from '../schema-fault.js'
import { transformerStorage, type TypeMetadata } from './transformer-storage.js'

/** One class-validator decorator on a property; `name` is undefined for `@Validate`. */
export interface Rule {
  readonly name: string | undefined
  readonly each: boolean
  readonly constraints: readonly unknown[]
}

/** All that decorators, compiler and initialiser say of one property of a DTO. */
export interface DtoProperty {
  readonly name: string
  readonly rules: readonly Rule[]
  /** `@ValidateNested`, and whether it has `each`. */
  readonly nested: { readonly each: boolean } | undefined
  readonly optional: boolean
  /** The type the compiler recorded, `undefined` where it recorded none. */
  readonly declared: unknown
  /** `@Type` of class-transformer. */
  readonly type: TypeMetadata | undefined
  readonly description: string | undefined
  /** Marked with `@Sensitive`. */
  readonly sensitive: boolean
  /** What the initialiser puts there; `undefined` for nothing. */
  readonly initial: unknown
}

/** A class that can be built without arguments. */
export type DtoClass = new () => object

type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number]

/** Whether a class has class-validator decorators, `@Describe` or `@Sensitive` on its properties, own or inherited. */
export function isDto(cls: unknown): cls is DtoClass {
  if (!isClass(cls)) return false
  return validatorsOf(cls).length > 0 || propertyDescriptions(cls).size > 0 || sensitiveProperties(cls).size > 0
}

/** The properties of a DTO, the ancestors' first. What cannot be listed is noted in `faults` under `path`. */
export function readDto(cls: DtoClass, path: string, faults: SchemaFaults): readonly DtoProperty[] {
  const initial = initialValues(cls, path, faults)
  const descriptions = propertyDescriptions(cls)
  const sensitive = sensitiveProperties(cls)
  const validators = validatorsOf(cls)
  const names = new Set([...namesInOrder(cls), ...descriptions.keys(), ...sensitive])
  checkUndecorated(initial, names, path, faults)
  checkVisibility(cls, path, faults)
  return [...names].flatMap((name) => {
    const metadata = validators.filter((one) => one.propertyName === name)
    if (!isListable(cls, { name, metadata, path: `${path}.${name}` }, faults)) return []
    return [
      {
        name,
        rules: metadata.filter((one) => one.type === 'customValidation' || one.type === 'isDefined').map(toRule),
        nested: nestedOf(metadata),
        optional: metadata.some((one) => one.type === 'conditionalValidation'),
        declared: propertyType(cls.prototype, name),
        type: transformerStorage.findTypeMetadata(cls, name),
        description: descriptions.get(name),
        sensitive: sensitive.has(name),
        initial: initial.get(name),
      },
    ]
  })
}

interface Candidate {
  readonly name: string
  readonly metadata: readonly Metadata[]
  readonly path: string
}

function isListable(cls: DtoClass, { name, metadata, path }: Candidate, faults: SchemaFaults): boolean {
  const fault = (text: string): boolean => {
    faults.add(path, text)
    return false
  }
  const conditions = metadata.filter((one) => one.type === 'conditionalValidation')
  if (metadata.length === 0) return fault('@Describe or @Sensitive without a validator. Add one, such as @IsString()')
  if (reservedNames.has(name))
    return fault('the name is reserved, because every object answers to it. Take another one')
  if (metadata.some((one) => one.groups?.length > 0)) {
    return fault('validation groups have no JSON Schema form. Make one class for each group')
  }
  if (conditions.some((one) => one.name !== 'isOptional') || metadata.some((one) => one.validateIf !== undefined)) {
    return fault(
      'a conditional validator has no JSON Schema form. Use @IsOptional(), and check the condition in the handler',
    )
  }
  if (metadata.some((one) => one.type === 'promiseValidation'))
    return fault('a promise has no JSON form. Declare its value')
  if (conditions.length > 0 && metadata.some((one) => one.type === 'isDefined')) {
    return fault('@IsOptional() and @IsDefined() contradict each other. Drop one')
  }
  if (isReadOnly(cls.prototype, name))
    return fault('a getter without a setter cannot be filled. Leave it undecorated, or make it a field')
  return true
}

function validatorsOf(cls: Class): readonly Metadata[] {
  return getMetadataStorage().getTargetValidationMetadatas(cls, '', false, false)
}

function namesInOrder(cls: Class): readonly string[] {
  const ancestor: unknown = Object.getPrototypeOf(cls)
  const inherited = isClass(ancestor) ? namesInOrder(ancestor) : []
  return [...inherited, ...validatorsOf(cls).map((metadata) => metadata.propertyName)]
}

function isClass(value: unknown): value is Class {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null
}

function toRule(metadata: Metadata): Rule {
  const constraints: unknown = metadata.constraints
  const name: unknown = metadata.name
  return {
    name: typeof name === 'string' ? name : undefined,
    each: metadata.each === true,
    constraints: Array.isArray(constraints) ? constraints : [],
  }
}

function nestedOf(metadata: readonly Metadata[]): DtoProperty['nested'] {
  const nested = metadata.filter((one) => one.type === 'nestedValidation')
  return nested.length === 0 ? undefined : { each: nested.some((one) => one.each === true) }
}

function isReadOnly(prototype: unknown, name: string): boolean {
  if (typeof prototype !== 'object' || prototype === null) return false
  const own = Object.getOwnPropertyDescriptor(prototype, name)
  if (own === undefined) return isReadOnly(Object.getPrototypeOf(prototype), name)
  return own.get !== undefined && own.set === undefined
}

/** Initialisers run at start as they will at each call; a class that cannot be built without arguments is a fault. */
function initialValues(cls: DtoClass, path: string, faults: SchemaFaults): ReadonlyMap<string, unknown> {
  try {
    return new Map(Object.entries(new cls()))
  } catch (error) {
    faults.add(
      path,
      'new without arguments throws, but this is how each call builds it. Give the constructor no demands',
      error,
    )
    return new Map()
  }
}

function checkUndecorated(
  initial: ReadonlyMap<string, unknown>,
  names: ReadonlySet<string>,
  path: string,
  faults: SchemaFaults,
): void {
  for (const name of initial.keys()) {
    if (names.has(name)) continue
    faults.add(
      `${path}.${name}`,
      'no validator, so it would be refused at each call. Add one, such as @IsString(), or make it a #private field',
    )
  }
}

function checkVisibility(cls: DtoClass, path: string, faults: SchemaFaults): void {
  const excluded = transformerStorage.getExcludedMetadatas(cls).filter(({ options }) => options?.toPlainOnly !== true)
  const exposed = transformerStorage.getExposedMetadatas(cls).filter(({ options }) => options?.toPlainOnly !== true)
  if (transformerStorage.getStrategy(cls) === 'excludeAll')
    faults.add(path, '@Exclude() on the class would drop every property. Remove it')
  for (const { propertyName } of excluded) {
    faults.add(`${path}.${propertyName}`, '@Exclude() would drop it silently. Leave the property out of the class')
  }
  for (const { propertyName } of exposed) {
    faults.add(
      `${path}.${propertyName}`,
      '@Expose() renames it or discards its initialiser. Remove it, and name the property as clients shall see it',
    )
  }
}
