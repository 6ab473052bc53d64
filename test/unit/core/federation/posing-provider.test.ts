import { describe, expect, it } from '@jest/globals'
import type { StoredProvider } from '../../../../src/core/federation/provider/provider-store.js'
import { storedSettings } from '../../../../src/core/federation/provider/stored-settings.js'
import { UpstreamDirectory } from '../../../../src/core/federation/provider/upstream-directory.js'
import type { UpstreamProvider } from '../../../../src/core/federation/upstream-provider.js'
import { MemoryLog } from '../../../support/memory-ports.js'

const tenant = { id: '11111111-1111-4111-8111-111111111111', slug: 'acme', name: 'Acme' }
const endpoints = {
  authorization: 'https://idp.test/authorize',
  token: 'https://idp.test/token',
  userinfo: 'https://idp.test/me',
}
const provider: StoredProvider = {
  ...{ id: '22222222-2222-4222-8222-222222222222', tenant: tenant.id, application: undefined, kind: 'oauth2' },
  ...{ name: 'Posing', clientSecret: 'secret', position: 1, revision: '1' },
  options: {
    issuer: 'https://idp.test',
    clientId: 'us',
    scopes: ['me'],
    endpoints,
    pkce: 'assumed',
    members: { subject: 'id' },
  },
}

function open(stored: StoredProvider, trusted: Set<string>) {
  const log = new MemoryLog()
  const directory = new UpstreamDirectory({
    ...{ application: 'app', log, settingsOf: storedSettings },
    isTrusted: async (issuer, id) => id === tenant.id && trusted.has(issuer),
    store: { list: async () => [stored], find: async () => stored },
    // Nothing is asked of it.
    open: () => ({}) as UpstreamProvider,
  })
  return { directory, log }
}

describe('a provider of kind oauth2 that goes by the name of an issuer whose tokens are taken', () => {
  it('is not offered and not used for now, and the log says why, once', async () => {
    const trusted = new Set<string>()
    const { directory, log } = open(provider, trusted)
    expect(await directory.offered([tenant])).toHaveLength(1)
    expect(await directory.find(provider.id)).toBeDefined()
    expect(await directory.isPosing(provider.id)).toBe(false)
    // It may be trusted later.
    trusted.add('https://idp.test')
    expect(await directory.offered([tenant])).toEqual([])
    await expect(directory.find(provider.id)).rejects.toMatchObject({ outage: 'IDP_UNAVAILABLE' })
    expect(await directory.isPosing(provider.id)).toBe(true)
    const reason = expect.stringContaining('with kind oauth2 others could pass for its users')
    expect(log.lines).toMatchObject([{ level: 'error', message: 'an identity provider cannot be used' }])
    expect(JSON.stringify(log.lines)).toEqual(reason)
    trusted.clear()
    expect(await directory.find(provider.id)).toBeDefined()
  })

  it('is known by what is written down of it, also where it is set up wrongly otherwise', async () => {
    const { directory } = open({ ...provider, fault: 'sealed with another key' }, new Set(['https://idp.test']))
    expect(await directory.isPosing(provider.id)).toBe(true)
  })

  it('is used where the name is another, and where ID tokens say whose it is', async () => {
    const other = open(provider, new Set(['https://other.test'])).directory
    expect(await other.offered([tenant])).toHaveLength(1)
    const options = { issuer: 'https://idp.test', clientId: 'us' }
    const openid = open({ ...provider, kind: 'oidc', options }, new Set(['https://idp.test'])).directory
    expect(await openid.offered([tenant])).toHaveLength(1)
    expect(await openid.find(provider.id)).toBeDefined()
  })
})
