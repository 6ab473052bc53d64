import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import Library from 'hashi-vault-js'
import { Secret } from '../../../src/core/credential/secret.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { VaultFault } from '../../support/vault/fake-vault.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { mount, roleName, VaultSite } from '../../support/vault/vault-site.js'
import { whatIsPrinted, whatIsSaid } from '../../support/vault/what-is-said.js'

const written = 'the-secret-that-was-written'
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

beforeEach(async () => {
  site = await VaultSite.open()
})

afterEach(async () => {
  await site.close()
})

/** Everything that must not be seen: what was written, and every token and secret id that has gone over the wire. */
function secrets(): readonly string[] {
  const bodies = site.vault.journal.map(({ body }) => /"secret_id":"([^"]+)"/.exec(body)?.[1])
  const sent = [...site.vault.journal.map(({ token }) => token), ...bodies]
  return [written, ...new Set(sent.filter((text) => text !== undefined))]
}

describe('what goes wrong with Vault (V3)', () => {
  it.each<[string, VaultFault]>([
    ['a redirect', { kind: 'status', status: 307, location: 'http://127.0.0.1:1/' }],
    ['a policy', { kind: 'status', status: 403 }],
    ['a request that it does not like', { kind: 'status', status: 400, text: `{"errors":["no ${written}"]}` }],
    ['a fault of its own that repeats the secret', { kind: 'status', status: 500, text: `oops: ${written}` }],
    ['a standby', { kind: 'status', status: 473 }],
    ['a seal', { kind: 'status', status: 503 }],
    ['a page', { kind: 'html' }],
    ['JSON that is cut off after the secret', { kind: 'status', status: 200, text: `{"data":{"token":"${written}` }],
    ['an answer without what it should have', { kind: 'status', status: 200, text: `{"data":"${written}"}` }],
    ['a huge answer', { kind: 'huge' }],
    ['silence', { kind: 'hang' }],
    ['an answer by drops', { kind: 'drip' }],
    ['a connection that is cut', { kind: 'hang-up' }],
  ])('says nothing of tokens and secrets, nor prints anything: %s', async (_what, fault) => {
    const { credentials } = await site.enter(['hang', 'drip'].includes(fault.kind) ? { milliseconds: 2_000 } : {})
    const place = newPlace()
    const errors: unknown[] = []
    const printed = await whatIsPrinted(async () => {
      await credentials.write(place, { token: written }, 0)
      site.vault.fault = fault
      site.vault.faultPath = /^secret/
      errors.push(await credentials.write(place, { token: written }, 1).catch((error: unknown) => error))
      errors.push(await credentials.read(place).catch((error: unknown) => error))
    })
    for (const error of errors) {
      expect(error).toBeInstanceOf(UpstreamError)
      expect(error).toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE' })
      expect(error).not.toHaveProperty('cause')
    }
    expect(printed).toBe('')
    const said = [...errors.map(whatIsSaid), inspect(site.log.lines, { depth: 10 })].join('\n')
    for (const secret of secrets()) expect(said).not.toContain(secret)
    expect(secrets().length).toBeGreaterThan(2)
  })

  it('would be printed with the secret by a function of the library, which is why that is never called', async () => {
    const library = new Library({ baseUrl: `${site.vault.origin}/v1`, ...plainOptions })
    const printed = await whatIsPrinted(async () => {
      await expect(library.updateKVSecret('hvs.nobody', 'x', { token: written }, 1, mount)).rejects.toThrow('403')
    })
    expect(printed).toContain(written)
  })

  it('says nothing of a secret id that is refused, of a wrapping token, or of a token that is none', async () => {
    const [secretId, wrapping] = [new Secret('a-secret-id-of-nobody'), new Secret('hvs.a-wrapping-token-of-nobody')]
    const given = new Secret('hvs.a-token-of-nobody')
    const errors: unknown[] = []
    const printed = await whatIsPrinted(async () => {
      const refused = await site.enter({ login: await site.login(secretId) })
      errors.push(await refused.credentials.newest(newPlace()).catch((error: unknown) => error))
      const login = { ...(await site.login(wrapping)), wrappedFor: roleName }
      errors.push(await site.enter({ login }).catch((error: unknown) => error))
      const expired = await site.enter({ login: { method: 'token', token: given } })
      errors.push(await expired.credentials.newest(newPlace()).catch((error: unknown) => error))
    })
    expect(errors.map((error) => error instanceof Error)).toEqual([true, true, true])
    const said = [...errors.map(whatIsSaid), inspect(site.log.lines, { depth: 10 }), printed].join('\n')
    for (const secret of [secretId, wrapping, given]) expect(said).not.toContain(secret.reveal())
    expect(printed).toBe('')
  })

  it('is not to be seen by looking at what is open', async () => {
    const vault = await site.enter()
    await vault.credentials.write(newPlace(), { token: written }, 0)
    const seen = inspect(vault, { depth: 20, showHidden: true })
    for (const secret of secrets()) expect(seen).not.toContain(secret)
  })

  it('leaves what is not a text by name unread', async () => {
    const { credentials } = await site.enter()
    const place = newPlace()
    const path = `${mount}/data/tenants/${place.tenant.id}/services/${place.service}`
    await site.administrator.ask('POST', path, { data: { token: { value: written } } })
    const error = await credentials.read(place).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ kind: 'malformed' })
    expect(whatIsSaid(error)).not.toContain(written)
  })
})
