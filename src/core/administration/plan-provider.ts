import { upstreamPresets } from '../federation/preset/presets.js'
import type { StoredProvider } from '../federation/provider/provider-store.js'
import type { Change } from './change.js'
import { quoted } from './known-names.js'
import { differingWords, optionWords } from './option-words.js'
import type { ProviderWish } from './provider-administration.js'

/** As long as what its button may say. */
const longestName = 60
const mostProviders = 50

/** What a wish about a provider comes to, or what is in the way of it. `others`: those of the same tenant. */
export function planProvider(
  others: readonly StoredProvider[],
  wish: ProviderWish,
): { readonly change: Change } | { readonly faults: readonly string[] } {
  const name = wish.presence === 'absent' ? wish.name : wish.provider.name
  const known = others.find((provider) => provider.name === name)
  const fault = faultOf(others, { known, name, presence: wish.presence }) ?? issuerFaultOf(others, wish)
  if (fault !== undefined) return { faults: [fault] }
  const old = wordsOf(known, wish.tenant.slug)
  const now =
    wish.presence === 'absent' ? new Map<string, string>() : wordsOf(wanted(wish.provider, known), wish.tenant.slug)
  const [before, after] = [differingWords(old, now), differingWords(now, old)]
  return {
    change: { action: actionOf(wish, known, before.length + after.length), noun: 'provider', name, before, after },
  }
}

/** Where the button of a provider stands that nobody has placed. */
export function nextPosition(others: readonly StoredProvider[]): number {
  return Math.max(0, ...others.map(({ position }) => position + 1))
}

interface Named {
  readonly known: StoredProvider | undefined
  readonly name: string
  readonly presence: ProviderWish['presence']
}

function faultOf(others: readonly StoredProvider[], { known, name, presence }: Named): string | undefined {
  if (presence === 'absent') {
    return known === undefined ? `there is no provider ${quoted(name.slice(0, longestName))} in the tenant` : undefined
  }
  if (known !== undefined) return presence === 'new' ? `there is a provider ${quoted(name)} already` : undefined
  if (name.trim() !== name || name === '' || name.length > longestName || /\p{C}/u.test(name)) {
    return `the name of a provider has 1 to ${longestName} characters that all show`
  }
  const alike = others.find((other) => other.name.toLowerCase() === name.toLowerCase())
  if (alike !== undefined) return `${quoted(name)} could be taken for ${quoted(alike.name)}, which is there already`
  return others.length >= mostProviders ? `a tenant has at most ${mostProviders} providers` : undefined
}

/**
 * The issuer of `oauth2` is whatever an administrator says, and an identity is an issuer and a subject: with another one's issuer, its
 * users would be those of the other.
 */
function issuerFaultOf(others: readonly StoredProvider[], wish: ProviderWish): string | undefined {
  if (wish.presence === 'absent') return undefined
  const { provider } = wish
  const same = others.find(
    (other) =>
      other.name !== provider.name &&
      (other.kind === 'oauth2' || provider.kind === 'oauth2') &&
      issuerOf(other) === issuerOf(provider),
  )
  return (
    same &&
    `${quoted(same.name)} has that issuer already: with kind oauth2 its users could not be told from those of the other`
  )
}

function issuerOf({ kind, options }: Pick<StoredProvider, 'kind' | 'options'>): unknown {
  return options['issuer'] ?? upstreamPresets[kind].issuer
}

function wanted(provider: Wanted, known: StoredProvider | undefined): Shown {
  return { ...provider, position: provider.position ?? known?.position }
}

type Wanted = Extract<ProviderWish, { readonly provider: unknown }>['provider']
type Shown = Pick<Wanted, 'application' | 'clientSecret' | 'kind' | 'options' | 'position'>

function wordsOf(provider: Shown | undefined, tenant: string): ReadonlyMap<string, string> {
  if (provider === undefined) return new Map()
  const { application, clientSecret, kind, options, position } = provider
  return optionWords({ ...options, application, clientSecret, kind, position, tenant })
}

function actionOf(
  { presence }: ProviderWish,
  known: StoredProvider | undefined,
  differences: number,
): Change['action'] {
  if (presence === 'absent') return 'removed'
  if (known === undefined) return 'added'
  return differences === 0 ? 'kept' : 'changed'
}
