import { randomBytes } from 'node:crypto'
import type Provider from 'oidc-provider'
import type { Grant } from 'oidc-provider'
import { baseScope } from '../provider/access-token-claims.js'
import { identityScopes } from '../http/issuer-metadata.js'
import type { IssuerResource } from '../provider/issuer-resource.js'

export interface GrantOwner {
  readonly accountId: string
  readonly clientId: string
}

/** A grant of nothing yet, with an id of its own, which nobody has saved. */
export function newGrant(provider: Provider, { accountId, clientId }: GrantOwner): Grant {
  return Object.assign(new provider.Grant({ accountId, clientId }), { jti: randomBytes(32).toString('base64url') })
}

/** What a scope parameter asks for: of the resource, and of the identity. What nobody offers is left out. */
export interface AskedScopes {
  readonly scopes: readonly string[]
  readonly identity: readonly string[]
}

/** Reads the scopes that are asked for at this resource. */
export function askedScopes(scope: string | undefined, resource: IssuerResource): AskedScopes {
  const asked = [...new Set((scope ?? '').split(' '))]
  const offered: ReadonlySet<string> = new Set([baseScope, ...resource.scopes])
  const known: ReadonlySet<string> = new Set(identityScopes)
  return { scopes: asked.filter((name) => offered.has(name)), identity: asked.filter((name) => known.has(name)) }
}

/** Writes what was agreed to into the grant, and saves it; answers with its id. */
export function saveGrant(grant: Grant, resource: IssuerResource, { scopes, identity }: AskedScopes): Promise<string> {
  grant.addResourceScope(resource.resource, [...scopes])
  if (identity.length > 0) grant.addOIDCScope([...identity])
  return grant.save()
}
