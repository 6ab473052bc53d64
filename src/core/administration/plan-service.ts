import type { ServiceAuth } from '../external-service/external-service.js'
import type { ServiceSettings } from '../external-service/service-options.js'
import { whoMayUse } from '../external-service/who-may-use.js'
import { looksOf } from '../permission/lint/similar-name.js'
import type { Change } from './change.js'
import { quoted } from './known-names.js'
import { differingWords, optionWords } from './option-words.js'
import type { FoundService, ServiceWish } from './service-administration.js'

const mostServices = 1000

/** What is known where something is wished of a service. */
export interface ServiceSurroundings {
  /** Of the same tenant. */
  readonly others: readonly FoundService[]
  /** What is wrong with a name, as a sentence. */
  readonly nameFault: (name: string) => string | undefined
}

/** What becomes of a wish about a service, or what is in the way of it. */
export type ServicePlan =
  | {
      readonly change: Change
      /** Whether the credential that it has, and those of its users, are used any more. */
      readonly credentials: 'kept' | 'given up'
    }
  | { readonly fault: string }

/** What a wish about a service comes to. */
export function planService({ nameFault, others }: ServiceSurroundings, wish: ServiceWish): ServicePlan {
  const { name, presence } = wish
  const known = others.find((service) => service.name === name)
  if (presence === 'absent') {
    if (known === undefined) return { fault: `there is no service ${quoted(name.slice(0, 255))} in the tenant` }
    return {
      change: { action: 'removed', noun: 'service', name, before: [...wordsIn(wordsOf(known))], after: [] },
      credentials: 'given up',
    }
  }
  if (presence === 'changed' && known?.revision !== wish.revision) {
    return { fault: `the service ${quoted(name.slice(0, 255))} was changed or removed meanwhile: look at it again` }
  }
  const fault = known === undefined ? newFault({ nameFault, others }, name) : undefined
  if (fault !== undefined) return { fault }
  if (known !== undefined && presence === 'new') return { fault: `there is a service ${quoted(name)} already` }
  const credentials = known === undefined || staysInPlace(known, wish.settings) ? 'kept' : 'given up'
  return { change: changeOf(known, wish, credentials), credentials }
}

function newFault({ nameFault, others }: ServiceSurroundings, name: string): string | undefined {
  const fault = nameFault(name)
  if (fault !== undefined) return fault
  const looks = new Set(looksOf(name))
  const alike = others.find((other) => looksOf(other.name).some((look) => looks.has(look)))
  if (alike !== undefined) return `${quoted(name)} could be taken for ${quoted(alike.name)}, which is there already`
  return others.length >= mostServices ? `a tenant has at most ${mostServices} services` : undefined
}

/** A credential goes no further than where it was given for: at most to a part of that. */
function staysInPlace({ settings: before }: FoundService, after: ServiceSettings): boolean {
  if ('fault' in before) return false
  const isWithin = after.url === before.url || after.url.startsWith(`${before.url}/`)
  return (
    isWithin &&
    JSON.stringify(before.source) === JSON.stringify(after.source) &&
    JSON.stringify(placesOf(before.auth)) === JSON.stringify(placesOf(after.auth))
  )
}

/** What kind of credential it takes, and who else gets to see it. */
function placesOf(auth: ServiceAuth): readonly string[] {
  if (auth.type !== 'oauth2') return [auth.type]
  const authorization =
    auth.grant === 'authorization_code' ? [auth.authorizationEndpoint, auth.revocationEndpoint ?? ''] : []
  return [auth.type, auth.grant, auth.tokenEndpoint, ...authorization]
}

type PutWish = Extract<ServiceWish, { readonly settings: unknown }>

function changeOf(
  known: FoundService | undefined,
  { name, settings }: PutWish,
  credentials: 'kept' | 'given up',
): Change {
  const old = known === undefined ? new Map<string, string>() : wordsOf(known)
  const version = credentials === 'kept' ? (known?.credentialVersion ?? 0) : 0
  const now = wordsOf({ settings, credentialVersion: version })
  const [before, after] = [differingWords(old, now), differingWords(now, old)]
  const isSame = before.length + after.length === 0
  const action = known === undefined ? 'added' : isSame ? 'kept' : 'changed'
  return { action, noun: 'service', name, before, after }
}

function wordsOf({
  credentialVersion,
  settings,
}: Pick<FoundService, 'credentialVersion' | 'settings'>): ReadonlyMap<string, string> {
  const version = credentialVersion === 0 ? undefined : credentialVersion
  if ('fault' in settings) return optionWords({ credentialVersion: version })
  const { reach: network, requirement, tags, ...said } = settings
  return optionWords({
    ...said,
    ...{ credentialVersion: version, network },
    requirement: whoMayUse(requirement),
    tags: tags.length === 0 ? undefined : tags.join(', '),
  })
}

function wordsIn(words: ReadonlyMap<string, string>): readonly string[] {
  return differingWords(words, new Map())
}
