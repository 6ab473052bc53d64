import { arrayFragments } from './array-fragments.js'
import { formatFragments } from './format-fragments.js'
import type { Translation, Translator } from './fragment.js'
import { stringFragments } from './string-fragments.js'
import { valueFragments } from './value-fragments.js'
import { validatorsWithoutForm } from './validators-without-form.js'

const translators: ReadonlyMap<string, Translator> = new Map([
  ...valueFragments,
  ...stringFragments,
  ...formatFragments,
  ...arrayFragments,
])

/**
 * What the class-validator decorator of this name means in JSON Schema. A name that class-validator does not use is a
 * custom validator: it is checked at call time and adds nothing to the schema.
 */
export function validatorFragment(name: string | undefined, constraints: readonly unknown[]): Translation {
  if (name === undefined) return {}
  const remedy = validatorsWithoutForm.get(name)
  if (remedy !== undefined) return remedy
  return translators.get(name)?.(constraints) ?? {}
}
