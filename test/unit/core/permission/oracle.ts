import type { AssertedGrants, Category } from '../../../../src/core/permission/grants.js'
import type { Demand, Requirement } from '../../../../src/core/permission/requirement/requirement.js'
import type { StoredStanding } from '../../../../src/core/permission/standing.js'

/** The written rule, word by word, and nothing of the code under test: what a token and a database together allow. */
export function oracle(asked: Demand | Requirement, token: AssertedGrants, database: StoredStanding): 'allow' | 'deny' {
  const { account, catalogue, signUp, source } = database
  if (account === undefined ? signUp.admits === 'nobody' : account.disabled) return 'deny'
  const carried = (roles: readonly string[], kind: Category, name: string): boolean => {
    if (kind === 'roles' || kind === 'groups') return kind === 'roles' && roles.includes(name)
    return roles.some((role) => catalogue.roles.get(role)?.[kind].includes(name) === true)
  }
  const assigned = (kind: Category, name: string): boolean => {
    if (account !== undefined) return account.grants[kind].includes(name)
    return signUp.admits === 'everybody' && carried(signUp.roles, kind, name)
  }
  const effective = (kind: Category, name: string): boolean => {
    if (source === 'assigned') return assigned(kind, name) && (token[kind]?.includes(name) ?? kind !== 'scopes')
    if (token[kind] !== undefined) return token[kind].includes(name) && catalogue.names[kind].includes(name)
    if (kind === 'scopes' || kind === 'groups') return false
    const groups = catalogue.names.groups.filter((group) => effective('groups', group))
    if (kind === 'roles') return groups.some((group) => catalogue.groups.get(group)?.includes(name))
    const roles = catalogue.names.roles.filter((role) => effective('roles', role))
    return carried(roles, kind, name)
  }
  const mentioned = (kind: Category, name: string): boolean => {
    const claims = token[kind] ?? []
    if (claims.length === 0 && (source === 'catalogue' || account === undefined)) return true
    return claims.includes(name) || assigned(kind, name)
  }
  const tree = (part: Requirement, has: typeof effective): boolean => {
    if (part.kind === 'grant') return has(part.category, part.name)
    if (part.kind === 'not') return !tree(part.of, mentioned)
    if (part.kind === 'allOf') return part.of.every((one) => tree(one, has))
    return part.kind === 'anyOf' && part.of.some((one) => tree(one, has))
  }
  const flat = ({ listed, requireAll }: Demand): boolean => {
    const kinds = (['roles', 'groups', 'scopes', 'resources', 'permissions'] as const).filter((kind) => listed[kind])
    const hits = (kind: Category): number => (listed[kind] ?? []).filter((name) => effective(kind, name)).length
    const passes = (kind: Category): boolean =>
      hits(kind) > 0 && (!requireAll || kind !== 'resources' || hits(kind) === listed[kind]?.length)
    return requireAll ? kinds.length > 0 && kinds.every(passes) : kinds.some(passes)
  }
  return ('kind' in asked ? tree(asked, effective) : flat(asked)) ? 'allow' : 'deny'
}
