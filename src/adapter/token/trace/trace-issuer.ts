import type { Clock } from '../../../core/runtime/clock.js'
import type { Fetcher } from '../../../core/runtime/fetcher.js'
import type { TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import { issuerFault } from '../issuer/issuer-fault.js'
import { IssuerMetadataReader } from '../issuer/issuer-metadata.js'
import { RemoteKeys } from '../issuer/remote-keys.js'
import { vetKey, type PublishedKey, type VettedKey } from '../key/verification-key.js'
import type { Trace } from './trace.js'

export interface TracedIssuer {
  readonly trusted: TrustedIssuer
  readonly fetcher: Fetcher
  readonly clock: Clock
}

/** Asks an issuer what it says of itself and which keys it has, and writes down whether that will do. */
export async function traceIssuer(trace: Trace, { clock, fetcher, trusted }: TracedIssuer): Promise<void> {
  const metadata = new IssuerMetadataReader({ trusted, fetcher, clock })
  const { keys } = trusted
  if (keys.kind === 'jwks') trace.note('metadata', `not asked: keys are at ${keys.url}`)
  else if ((await traceMetadata(trace, metadata, keys.metadataUrls)) === undefined) {
    trace.leaveOpen('keys', 'not asked, for nobody says where they are')
    return
  }
  const source = new RemoteKeys({ trusted, metadata, fetcher })
  let listed: readonly PublishedKey[] = []
  const found = (): string => (listed.length === 1 ? '1 key' : `${listed.length} keys`)
  await trace.step('key set', found, async () => {
    listed = await source.load()
  })
  await traceKeys(trace, listed, trusted)
}

async function traceMetadata(trace: Trace, metadata: IssuerMetadataReader, urls: readonly string[]): Promise<unknown> {
  let found = urls.join(' or ')
  return trace.step(
    'metadata',
    () => found,
    async () => {
      const read = await metadata.read()
      found = `${read.url}; keys at ${read.jwksUri}`
      return read
    },
  )
}

async function traceKeys(trace: Trace, listed: readonly PublishedKey[], trusted: TrustedIssuer): Promise<void> {
  const vetted = await Promise.all(listed.map((jwk) => vetKey(jwk, trusted.token.algorithms)))
  for (const key of vetted) trace.note('key', describe(key, vetted))
  const usable = vetted.filter((key) => key.kind === 'usable')
  await trace.step(
    'keys',
    () => `${usable.length} of ${listed.length} can be used`,
    () => {
      if (usable.length === 0) throw issuerFault(trusted.issuer, 'it has no key that can be used')
    },
  )
}

function describe(vetted: VettedKey, all: readonly VettedKey[]): string {
  if (vetted.kind === 'refused') return `${vetted.kid ?? 'without kid'}: not used, ${vetted.reason}`
  const { byAlgorithm, kid } = vetted.key
  const twins = all.filter((other) => other.kind === 'usable' && other.key.kid === kid).length
  const algorithms = [...byAlgorithm.keys()].join(', ')
  return kid !== undefined && twins > 1
    ? `${kid}: not used, its kid is not its own`
    : `${kid ?? 'without kid'}: ${algorithms}`
}
