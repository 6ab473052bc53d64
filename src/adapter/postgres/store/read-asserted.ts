import { categories, type AssertedGrants } from '../../../core/permission/grants.js'
import { JsonMembers } from './json-members.js'

/** What a provider vouched for, from its stored form. Throws `TypeError` for anything else: less than was asserted would cap less. */
export function readAsserted(members: JsonMembers): AssertedGrants {
  const asserted = Object.fromEntries(
    categories.flatMap((category) => {
      const names = members.optionalTexts(category)
      return names === undefined ? [] : [[category, names] as const]
    }),
  )
  members.end()
  return asserted
}
