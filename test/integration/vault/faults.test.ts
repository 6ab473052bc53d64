import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CertificateAuthority } from '../../support/certificates.js'
import { listenSilently } from '../../support/test-listener.js'
import { until } from '../../support/until.js'
import type { VaultFault } from '../../support/vault/fake-vault.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { mount, VaultSite } from '../../support/vault/vault-site.js'

let site: VaultSite

beforeEach(async () => {
  site = await VaultSite.open()
})

afterEach(async () => {
  await site.close()
})

describe('a Vault that does not do its work (F13)', () => {
  it.each<[string, VaultFault, object]>([
    ['is a standby (429)', { kind: 'status', status: 429 }, { kind: 'standby', status: 429, transient: true }],
    ['is a standby (472)', { kind: 'status', status: 472 }, { kind: 'standby', status: 472, transient: true }],
    ['is a standby (473)', { kind: 'status', status: 473 }, { kind: 'standby', status: 473, transient: true }],
    ['points to the active one (307)', { kind: 'status', status: 307 }, { kind: 'redirect', transient: true }],
    ['is behind (412)', { kind: 'status', status: 412 }, { kind: 'standby', status: 412, transient: true }],
    ['is sealed (503)', { kind: 'status', status: 503 }, { kind: 'sealed', mend: 'time', transient: true }],
    ['is not initialized (501)', { kind: 'status', status: 501 }, { kind: 'sealed', transient: true }],
    ['fails (500)', { kind: 'status', status: 500 }, { kind: 'failed', status: 500, transient: true }],
    ['is behind a proxy that fails (502)', { kind: 'status', status: 502, text: '<html>' }, { kind: 'failed' }],
    ['says what nobody knows (418)', { kind: 'status', status: 418 }, { kind: 'failed', status: 418 }],
    ['shows a page', { kind: 'html' }, { kind: 'malformed', mend: 'administrator', transient: false }],
    ['answers with a list', { kind: 'status', status: 200, text: '[]' }, { kind: 'malformed' }],
    ['answers with nothing', { kind: 'status', status: 200, text: '' }, { kind: 'malformed' }],
    ['answers with another shape', { kind: 'status', status: 200, text: '{"data":{"keys":7}}' }, { kind: 'malformed' }],
    ['answers with a list of nothing', { kind: 'status', status: 200, text: '{"data":{}}' }, { kind: 'malformed' }],
    [
      'is behind a proxy that does not know it (404)',
      { kind: 'status', status: 404, text: '<html>Not found' },
      { kind: 'malformed', status: 404, mend: 'administrator' },
    ],
    ['has a proxy with JSON of its own (404)', { kind: 'status', status: 404, text: '{}' }, { kind: 'malformed' }],
    ['hangs', { kind: 'hang' }, { kind: 'timeout', transient: true }],
    ['answers by drops', { kind: 'drip' }, { kind: 'timeout', transient: true }],
    ['hangs up', { kind: 'hang-up' }, { kind: 'unreachable', transient: true }],
    ['pours out 30 MB', { kind: 'huge' }, { kind: 'too-large', transient: false }],
  ])('is told apart where it %s, and works again afterwards', async (_what, fault, expected) => {
    const { credentials } = await site.enter(['hang', 'drip'].includes(fault.kind) ? { milliseconds: 2_000 } : {})
    const place = newPlace()
    await credentials.write(place, { token: 'x' }, 0)
    site.vault.fault = fault
    const failure = { code: 'ERR_SECRETS_UNAVAILABLE', retryable: true, ...expected }
    await expect(credentials.list(place.tenant)).rejects.toMatchObject(failure)
    await expect(credentials.read(place)).rejects.toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE' })
    site.vault.fault = undefined
    expect(await credentials.read(place)).toMatchObject({ version: 1, members: { token: 'x' } })
  })

  it.each<[string, RegExp]>([
    ['has no such way to log in', /^auth\//],
    ['does not show the mount', /^sys\/internal/],
  ])('that %s does not say that nothing is kept: nothing counts as destroyed (404)', async (_what, path) => {
    const login = await site.login()
    const place = newPlace()
    await (await site.enter()).credentials.write(place, { token: 'x' }, 0)
    site.vault.fault = { kind: 'status', status: 503 }
    const { credentials } = await site.enter({ login })
    site.vault.fault = { kind: 'status', status: 404 }
    site.vault.faultPath = path
    site.timers.advance(10_000)
    const refused = { code: 'ERR_SECRETS_UNAVAILABLE', status: 404 }
    await expect(credentials.read(place)).rejects.toMatchObject(refused)
    await expect(credentials.destroy(place)).rejects.toMatchObject(refused)
    await expect(credentials.list(place.tenant)).rejects.toMatchObject(refused)
    site.vault.fault = undefined
    expect(await (await site.enter()).credentials.read(place)).toMatchObject({ version: 1 })
  })

  it('answers nobody later than it should: not by silence, not by drops, not before TLS is there', async () => {
    const silent = await listenSilently()
    const milliseconds = 3_000
    const [plain, secured] = [
      await site.enter({ milliseconds }),
      await site.enter({ milliseconds, address: `https://localhost:${silent.port}` }),
    ]
    const place = newPlace()
    const asked = [secured.credentials.read(place)]
    for (const kind of ['hang', 'drip'] as const) {
      site.vault.fault = { kind }
      const before = site.vault.journal.length
      asked.push(plain.credentials.read(place))
      await until(() => site.vault.journal.length > before)
    }
    const outcomes = await Promise.allSettled(asked)
    expect(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as unknown) : undefined)),
    ).toEqual(asked.map(() => expect.objectContaining({ kind: 'timeout' }) as unknown))
    await silent.close()
  })

  it('is not taken more of than the bound, however much it pours', async () => {
    const { credentials } = await site.enter()
    site.vault.fault = { kind: 'huge' }
    const reads = Array.from({ length: 3 }, () => credentials.read(newPlace()))
    const outcomes = await Promise.allSettled(reads)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    // What the buffers of three connections hold, of the 90 MB that there are.
    expect(site.vault.poured).toBeLessThan(25_000_000)
  })

  it('cannot be reached where nothing listens', async () => {
    const { credentials } = await site.enter({ address: 'http://127.0.0.1:9' })
    await expect(credentials.newest(newPlace())).rejects.toMatchObject({ kind: 'unreachable' })
    expect(site.log.lines).toContainEqual(expect.objectContaining({ level: 'error', fields: { kind: 'unreachable' } }))
  })
})

describe('a sealed Vault (F10)', () => {
  it('costs callers no wait, is not asked by everybody, and works within 2 s of being unsealed', async () => {
    const { credentials } = await site.enter()
    const place = newPlace()
    await credentials.write(place, { token: 'x' }, 0)
    site.vault.sealed = true
    const before = site.vault.journal.length
    for (let times = 0; times < 50; times += 1) {
      await expect(credentials.read(place)).rejects.toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE', kind: 'sealed' })
    }
    expect(site.vault.journal.length - before).toBeLessThan(10)
    site.vault.sealed = false
    await until(
      () =>
        credentials.read(place).then(
          (found) => found?.version === 1,
          () => false,
        ),
      2_000,
    )
    const found = await Promise.all(Array.from({ length: 20 }, () => credentials.read(place)))
    expect(found.every((credential) => credential?.version === 1)).toBe(true)
    expect(site.logins).toBe(1)
  })

  it('lets the server start, and is logged in to once it is unsealed', async () => {
    const options = await site.options()
    site.vault.sealed = true
    const { credentials } = await site.enter(options)
    expect(site.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: { kind: 'sealed', status: 503 } }),
    )
    site.vault.sealed = false
    expect(await credentials.newest(newPlace())).toBe(0)
  })

  it('is not what refusals make of it: after any number of them Vault is asked', async () => {
    const { credentials, engine } = await site.enter()
    for (let times = 0; times < 10; times += 1) {
      const refused = { kind: 'forbidden', mend: 'administrator' }
      await expect(engine.issue('other/creds/x')).rejects.toMatchObject(refused)
      expect(await credentials.read(newPlace())).toBeUndefined()
    }
  })
})

describe('the KV mount', () => {
  it('of version 1 is refused at the start, and nothing is written there', async () => {
    await site.administrator.mountKv('old', 1)
    await site.administrator.writePolicy(
      'authsec',
      'path "old/*" { capabilities = ["create", "read", "update", "list"] }',
    )
    await expect(site.enter({ mount: 'old' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_VAULT',
      message: expect.stringContaining('version 1: enable one of version 2') as unknown,
    })
    site.vault.fault = { kind: 'status', status: 503 }
    site.vault.faultPath = /^sys\/internal/
    const { credentials } = await site.enter({ mount: 'old' })
    site.vault.fault = undefined
    await expect(credentials.write(newPlace(), { token: 'x' }, 0)).rejects.toMatchObject({ kind: 'misconfigured' })
    expect(site.vault.count(/^POST old/)).toBe(0)
  })

  it('that is another engine is refused at the start', async () => {
    await expect(site.enter({ mount: 'database' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_VAULT',
      message: expect.stringContaining('of type database') as unknown,
    })
  })

  it('that is not there, or that no policy is about, is said in the log and with each call', async () => {
    const { credentials } = await site.enter({ mount: 'elsewhere' })
    const message = expect.stringContaining('no mount elsewhere') as unknown
    expect(site.log.lines).toContainEqual(expect.objectContaining({ level: 'error', message }))
    await expect(credentials.read(newPlace())).rejects.toMatchObject({ kind: 'forbidden', message })
  })

  it('can be one with a path, and is looked at once', async () => {
    const nested = 'team/kv'
    await site.administrator.mountKv(nested)
    await site.administrator.writePolicy(
      'authsec',
      `path "${nested}/*" { capabilities = ["create", "read", "update"] }`,
    )
    const { credentials } = await site.enter({ mount: nested })
    const place = newPlace()
    expect(await credentials.write(place, { token: 'x' }, 0)).toBe(1)
    for (let times = 0; times < 5; times += 1) expect(await credentials.read(place)).toMatchObject({ version: 1 })
    expect(site.vault.count(/internal\/ui\/mounts/)).toBeLessThanOrEqual(2)
  })
})

describe('many calls at the same time', () => {
  it('share connections that stay open', async () => {
    const authority = new CertificateAuthority()
    await site.close()
    site = await VaultSite.open({ certificate: authority.issue({ names: ['localhost'] }), ca: authority.pem })
    const { credentials } = await site.enter()
    const place = newPlace()
    await credentials.write(place, { token: 'x' }, 0)
    const before = site.vault.connections
    for (let times = 0; times < 20; times += 1) await credentials.read(place)
    expect(site.vault.connections).toBe(before)
    await Promise.all(Array.from({ length: 200 }, () => credentials.read(place)))
    expect(site.vault.connections - before).toBeLessThanOrEqual(32)
  })

  it('refuses a credential that could not be read again', async () => {
    const { credentials } = await site.enter()
    const asked = site.vault.count(new RegExp(`POST ${mount}`))
    await expect(credentials.write(newPlace(), { token: 'x'.repeat(300_000) }, 0)).rejects.toBeInstanceOf(TypeError)
    expect(site.vault.count(new RegExp(`POST ${mount}`))).toBe(asked)
  })
})
