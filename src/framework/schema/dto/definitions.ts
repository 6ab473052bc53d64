import type { JsonSchema } from '../../../core/operation/json-schema.js'
import type { DtoClass } from './dto-property.js'

/** The member that tells the subtypes of a union apart, and this subtype's value of it. */
export interface Tag {
  readonly property: string
  readonly value: string
  /** Whether the subtype's class declares the member itself. */
  readonly kept: boolean
}

/** The `$defs` of one schema: every class once, under a name of its own, recursion included. */
export class Definitions {
  readonly #root: DtoClass
  readonly #names = new Map<DtoClass, Map<string, string>>()
  readonly #schemas = new Map<string, JsonSchema>()

  /** References to `root` point at the whole schema. */
  constructor(root: DtoClass) {
    this.#root = root
  }

  /** A reference to the schema of a class, made by `translate` the first time it is asked for. */
  reference(cls: DtoClass, tag: Tag | undefined, translate: () => JsonSchema): JsonSchema {
    if (cls === this.#root && tag === undefined) return { $ref: '#' }
    const variants = this.#names.get(cls) ?? new Map<string, string>()
    this.#names.set(cls, variants)
    const variant = tag === undefined ? '' : JSON.stringify(tag)
    const known = variants.get(variant)
    if (known !== undefined) return { $ref: `#/$defs/${known}` }
    const name = this.#freeName(cls)
    variants.set(variant, name)
    this.#schemas.set(name, {})
    this.#schemas.set(name, translate())
    return { $ref: `#/$defs/${name}` }
  }

  /** All definitions by name. */
  schemas(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries(this.#schemas)
  }

  #freeName(cls: DtoClass): string {
    const base = cls.name.replaceAll(/[^0-9A-Za-z_]/g, '') || 'Anonymous'
    let name = base
    for (let count = 2; this.#schemas.has(name); count++) name = `${base}${count}`
    return name
  }
}
