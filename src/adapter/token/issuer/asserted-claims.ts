import { categories, type AssertedGrants, type Category } from '../../../core/permission/grants.js'
import { claimAt, type ClaimSource } from '../../../core/trust/claim-source.js'
import type { ClaimMapping } from '../../../core/trust/trusted-issuer.js'
import { unusable } from '../jwt/common-claims.js'
import { readNames, readScopes } from '../jwt/grant-claims.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/runtime/strict-json.js'

/**
 * What the issuer says that the caller holds, by category: all that is said in the places that the mapping names. A category without a
 * place is not the issuer's. Throws `AuthenticationError` where something else stands there.
 */
export function readAsserted(claims: JsonObject, mapping: ClaimMapping): AssertedGrants {
  const asserted: Partial<Record<Category, readonly string[]>> = {}
  for (const category of categories) {
    const sources = mapping.grants[category]
    if (sources === undefined) continue
    if (category === 'groups' && isOverage(claims)) {
      if (mapping.overage === 'empty') asserted.groups = []
      continue
    }
    asserted[category] = [...new Set(sources.flatMap((source) => namesAt(claims, source, category)))]
  }
  return asserted
}

/**
 * Whether the groups did not fit into the token (Microsoft identity platform, "Group overages"): they are elsewhere then, and what the
 * token says of where is not looked at.
 */
export function isOverage(claims: JsonObject): boolean {
  const named = claims['_claim_names']
  const elsewhere = isJsonObject(named) && named['groups'] !== undefined
  return elsewhere || (claims['hasgroups'] !== undefined && claims['hasgroups'] !== false)
}

function namesAt(claims: JsonObject, source: ClaimSource, category: Category): readonly string[] {
  const value = claimAt(claims, source)
  if (!isJsonValue(value)) throw unusable(`the token has no usable ${source}`)
  return category === 'scopes' && !Array.isArray(value) ? readScopes(value, source) : readNames(value, source)
}

/** What stands in strict JSON is nothing else. */
function isJsonValue(value: unknown): value is JsonValue | undefined {
  return typeof value !== 'function' && typeof value !== 'symbol' && typeof value !== 'bigint'
}
