import type { AdmittedTenants } from '../identity/application.js'
import { accountNameFault } from './account-text.js'
import type { ApplicationWish, RegisteredApplication } from './application-administration.js'
import type { Change } from './change.js'
import { quoted } from './known-names.js'

/** What is registered, as far as a change is decided by it. */
export interface ApplicationFacts {
  readonly known: RegisteredApplication | undefined
  /** The slugs of all tenants. */
  readonly tenants: ReadonlySet<string>
}

/** What a wish about an application comes to, or what is in the way of it. */
export function planApplication(
  facts: ApplicationFacts,
  wish: ApplicationWish,
): { readonly change: Change } | { readonly faults: readonly string[] } {
  const faults = faultsOf(facts, wish)
  if (faults.length > 0) return { faults }
  const old = facts.known === undefined ? [] : wordsOf({ ...facts.known, tenant: facts.known.tenant.slug })
  const { admits = facts.known?.admits ?? 'own', name = facts.known?.name ?? wish.clientId } = wish
  const tenant = facts.known?.tenant.slug ?? wish.tenant
  const now = wish.presence === 'absent' ? [] : wordsOf({ admits, name, tenant })
  const before = old.filter((word) => !now.includes(word))
  const after = now.filter((word) => !old.includes(word))
  return {
    change: {
      action: actionOf(wish, before.length + after.length),
      noun: 'application',
      name: wish.clientId,
      before,
      after,
    },
  }
}

function actionOf({ presence }: ApplicationWish, differences: number): Change['action'] {
  if (presence === 'new') return 'added'
  if (presence === 'absent') return 'removed'
  return differences === 0 ? 'kept' : 'changed'
}

function faultsOf({ known, tenants }: ApplicationFacts, { admits, clientId, name, presence, tenant }: ApplicationWish) {
  const isNew = presence === 'new'
  const slugs = [...(isNew && tenant !== undefined ? [tenant] : []), ...(typeof admits === 'object' ? admits : [])]
  const faults = [
    isNew ? newFault(known, clientId) : known === undefined ? `there is no application ${quoted(clientId)}` : undefined,
    isNew && tenant === undefined ? 'an application belongs to a tenant: name it' : undefined,
    name === undefined ? undefined : accountNameFault(name)?.replace('account name', 'application name'),
    typeof admits === 'object' && admits.length === 0 ? 'an application admits at least one tenant' : undefined,
    ...slugs.map((slug) => (tenants.has(slug) ? undefined : `there is no tenant ${quoted(slug)}`)),
  ]
  return [...new Set(faults.filter((fault) => fault !== undefined))]
}

function newFault(known: RegisteredApplication | undefined, clientId: string): string | undefined {
  if (known !== undefined) return `there is an application ${quoted(clientId)} already`
  if (/^[\x21-\x7e]{1,255}$/.test(clientId)) return undefined
  return `the client id ${quoted(clientId.slice(0, 64))} is not 1 to 255 characters of visible ASCII without spaces`
}

function wordsOf(application: {
  name: string
  tenant: string | undefined
  admits: AdmittedTenants
}): readonly string[] {
  const { admits, name, tenant } = application
  const slugs = typeof admits === 'string' ? [admits] : admits
  return [`name:${name}`, `tenant:${tenant}`, ...slugs.map((slug) => `admits:${slug}`)]
}
