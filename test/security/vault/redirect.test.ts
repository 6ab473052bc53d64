import { afterEach, describe, expect, it } from '@jest/globals'
import Library from 'hashi-vault-js'
import { listenHttp, type TestListener } from '../../support/test-listener.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { VaultSite } from '../../support/vault/vault-site.js'

const plainOptions = {
  https: false,
  timeout: 1_000,
  cert: '',
  key: '',
  cacert: '',
  rootPath: '',
  namespace: '',
  proxy: false,
}
let site: VaultSite
let evil: TestListener | undefined

afterEach(async () => {
  await site.close()
  await evil?.close()
})

describe('a Vault that points elsewhere (V2)', () => {
  it.each([301, 302, 303, 307, 308])('is not followed with status %i: nobody else sees the token', async (status) => {
    const seen: unknown[] = []
    evil = await listenHttp((request, response) => {
      seen.push(request.headers)
      response.end('{"data":{}}')
    })
    site = await VaultSite.open()
    const { credentials, engine } = await site.enter()
    const place = newPlace()
    await credentials.write(place, { token: 'x' }, 0)
    const asks = [
      () => credentials.read(place),
      () => credentials.write(place, { token: 'y' }, 1),
      () => credentials.newest(place),
      () => credentials.list(place.tenant),
      () => credentials.delete(place, 1),
      () => engine.issue('database/creds/reports'),
    ]
    for (const ask of asks) {
      // A new one each time: after three silences in a row nothing would be asked.
      site.vault.fault = { kind: 'status', status, location: `http://127.0.0.1:${evil.port}/v1/secret/data/x` }
      await expect(ask()).rejects.toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE', kind: 'redirect', transient: true })
      site.vault.fault = undefined
      expect(await credentials.newest(place)).toBe(1)
    }
    expect(evil.hits()).toBe(0)
    expect(seen).toEqual([])
  })

  it('is not followed at a login either', async () => {
    evil = await listenHttp((_request, response) => response.end('{}'))
    site = await VaultSite.open()
    site.vault.fault = { kind: 'status', status: 307, location: `http://127.0.0.1:${evil.port}/v1/auth/approle/login` }
    site.vault.faultPath = /login/
    const { credentials } = await site.enter()
    await expect(credentials.read(newPlace())).rejects.toMatchObject({ kind: 'redirect' })
    expect(evil.hits()).toBe(0)
  })
})

describe('the library by itself', () => {
  it('carries the token to wherever it is sent, which the listener of these tests sees', async () => {
    const seen: unknown[] = []
    evil = await listenHttp((request, response) => {
      seen.push(request.headers['x-vault-token'])
      response.end('{"data":{}}')
    })
    site = await VaultSite.open()
    site.vault.fault = { kind: 'status', status: 307, location: `http://127.0.0.1:${evil.port}/` }
    const library = new Library({ baseUrl: `${site.vault.origin}/v1`, ...plainOptions })
    await library.readKVSecret('hvs.seen', 'x')
    expect(seen).toEqual(['hvs.seen'])
  })
})

describe('a proxy that the environment names', () => {
  it('is not used', async () => {
    evil = await listenHttp((_request, response) => response.end('{}'))
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'all_proxy']
    const before = names.map((name) => process.env[name])
    for (const name of names) process.env[name] = `http://127.0.0.1:${evil.port}`
    try {
      site = await VaultSite.open()
      const { credentials } = await site.enter()
      expect(await credentials.write(newPlace(), { token: 'x' }, 0)).toBe(1)
    } finally {
      for (const [index, name] of names.entries()) {
        const value = before[index]
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    }
    expect(evil.hits()).toBe(0)
  })
})
