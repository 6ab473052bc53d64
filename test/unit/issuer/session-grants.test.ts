import { describe, expect, it } from '@jest/globals'
import type Provider from 'oidc-provider'
import { loadOidcProvider } from '../../../src/adapter/issuer/provider/load-oidc-provider.js'
import { createAdapterFactory } from '../../../src/adapter/issuer/provider/oidc-adapter.js'
import { grantsOf, rememberEarlierGrants } from '../../../src/adapter/issuer/provider/session-grants.js'
import { generateSigningKey, signingJwk } from '../../../src/adapter/issuer/provider/signing-keys.js'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { MemoryIssuerStorage, MemoryLog } from '../../support/memory-ports.js'

async function opened(): Promise<{ readonly provider: Provider; readonly records: SealedRecords }> {
  const module = await loadOidcProvider(new MemoryLog())
  const records = new SealedRecords(new MemoryIssuerStorage(), MasterKey.generate())
  const adapter = createAdapterFactory(records, module.errors)
  const provider = new module.Provider('https://issuer.example', {
    ...{ adapter, cookies: { keys: ['x'] }, jwks: { keys: [signingJwk(await generateSigningKey())] } },
    features: { devInteractions: { enabled: false } },
  })
  rememberEarlierGrants(provider, records, module.errors)
  return { provider, records }
}

describe('a session', () => {
  it('knows each grant once, whether it was replaced or came back', async () => {
    const { provider } = await opened()
    const session = Object.assign(new provider.Session(), { accountId: 'ana' })
    for (const grant of ['a', 'a', 'b', 'a', 'c']) session.grantIdFor('client', grant)
    session.grantIdFor('other', 'd')
    expect(session.grantIdFor('client')).toBe('c')
    expect([...grantsOf(session)].toSorted()).toEqual(['a', 'b', 'c', 'd'])
    expect(session.grantIdFor('stranger')).toBeUndefined()
    await session.save(60)
    const found = await provider.Session.find(session.jti)
    expect(found && [...grantsOf(found)].toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('does not grow without end: the oldest of very many grants ends when it is forgotten, the others stand', async () => {
    const { provider, records } = await opened()
    const session = Object.assign(new provider.Session(), { accountId: 'ana' })
    const grants = Array.from({ length: 203 }, (_, index) => `grant-${index}`)
    for (const id of grants) {
      await records.put({ model: 'Grant', id, payload: {}, expiresIn: 60 })
      session.grantIdFor('client', id)
    }
    await session.save(60)
    expect([...grantsOf(session)].toSorted()).toEqual(grants.slice(2).toSorted())
    const standing = await Promise.all(grants.map((id) => records.hasGrant(records.grantDigest(id))))
    expect(standing).toEqual(grants.map((_id, index) => index > 1))
  })
})
