import { describe, expect, it } from '@jest/globals'
import { CredentialCache, type CacheKey } from '../../../../src/core/external-service/reader/credential-cache.js'
import { heldCredential } from '../../../../src/core/external-service/service-credential.js'

const key: CacheKey = { tenant: 'acme', service: 'hub', account: undefined, version: 1, revision: 'first' }

const counted = (cache: CredentialCache) => {
  const read: CacheKey[] = []
  const get = (wanted: CacheKey) =>
    cache.get(wanted, async () => {
      read.push(wanted)
      return heldCredential(wanted.version, { access_token: 'a token' })
    })
  return { get, read }
}

describe('credentials in memory', () => {
  it('are a thousand at most, those that were used last, of however many services (V10)', async () => {
    const { get, read } = counted(new CredentialCache())
    const services = Array.from({ length: 10_000 }, (_, at) => ({ ...key, service: `service ${at}` }))
    for (const wanted of services) await get(wanted)
    for (const wanted of services.slice(-1_000)) await get(wanted)
    expect(read).toHaveLength(10_000)
    await get(services.at(-1_001) ?? key)
    expect(read).toHaveLength(10_001)
  })

  it.each<Partial<CacheKey>>([
    { tenant: 'globex' },
    { service: 'other' },
    { account: 'ada' },
    { version: 2 },
    { revision: 'second' },
  ])('are another one for %j (V10)', async (change) => {
    const { get, read } = counted(new CredentialCache())
    const [one, same, other] = [await get(key), await get(key), await get({ ...key, ...change })]
    expect([same === one, other === one, read.length]).toEqual([true, false, 2])
  })
})
