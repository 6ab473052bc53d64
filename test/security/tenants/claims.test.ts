import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ann, eve, TenantBench } from '../../support/tenant-bench.js'
import { createSigningKey, TokenForge } from '../../support/token-forge.js'

let bench: TenantBench
beforeAll(async () => {
  bench = await TenantBench.open()
}, 60_000)
afterAll(() => bench?.close())

/** Well formed, and the name of no tenant: who says so may not enter. */
const unknown: readonly string[] = [
  '../globex',
  'acme/../globex',
  '%2e%2e%2fglobex',
  "globex'",
  `globex"; drop database postgres; --`,
  "' or '1'='1",
  'globex?host=evil.example&port=1',
  'globex?options=-csearch_path%3Dpublic',
  'postgres://evil.example/globex',
  'host=evil.example',
  'postgres',
  'template1',
  'authsec',
  'authsec_template_tenant',
  'tenant_globex',
  'GLOBEX',
  'Globex',
  'gl\u043ebex',
  '\uff47lobex',
  'globe\u0445',
  'globex\u200b',
  'globex ',
  ' globex',
  'globex\n',
  `globex${'x'.repeat(64)}`,
  'x'.repeat(255),
  '*',
  '%',
  '__proto__',
  'constructor',
]

/** No tenant at all: there is no such token. */
const malformed: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['an empty text', ''],
  ['null', null],
  ['an array', ['globex']],
  ['an array of both', ['acme', 'globex']],
  ['an object', { slug: 'globex' }],
  ['a number', 7],
  ['true', true],
  ['256 bytes', 'x'.repeat(256)],
  ['128 letters of two bytes', '\u0436'.repeat(128)],
  ['10,000 letters', 'x'.repeat(10_000)],
  ['a text that ends early', 'globex\u0000'],
  ['a text that goes on after its end', 'globex\u0000.acme'],
  ['half a letter', 'globex\ud800'],
]

describe('a tenant that a token claims', () => {
  it('is whose tenant the token is, and each user is somebody in their own only', async () => {
    expect((await bench.send(bench.tokenOf(ann))).text).toContain(`${ann} of acme`)
    expect((await bench.send(bench.tokenOf(eve))).text).toContain(`${eve} of globex`)
    // Signed by the issuer itself: then it is about an account that globex does not have.
    expect((await bench.send(bench.forged({ tenant_id: 'globex' }))).status).toBe(401)
    expect((await bench.send(bench.forged({}))).status).toBe(200)
  })

  it(`is refused where there is none of that name, and no database is entered for it: ${unknown.length} names`, async () => {
    const before = await bench.connections()
    for (const tenant_id of unknown) {
      const { headers, status, text } = await bench.send(bench.forged({ tenant_id }))
      expect({ tenant_id, status }).toEqual({ tenant_id, status: 403 })
      expect(headers.get('www-authenticate')).toBeNull()
      expect(JSON.parse(text)).toEqual({
        error: 'access_denied',
        error_description: expect.stringMatching(/^This account may not use this server \(ref [0-9a-f-]{36}\)$/),
      })
      expect([...(await bench.connections()).keys()].filter((database) => !before.has(database))).toEqual([])
    }
  }, 60_000)

  it.each(malformed)('makes no token where it is %s', async (_what, tenant_id) => {
    const before = await bench.connections()
    const { headers, status } = await bench.send(bench.forged({ tenant_id }))
    expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
      status: 401,
      challenge: expect.stringContaining('error="invalid_token"'),
    })
    expect([...(await bench.connections()).keys()].filter((database) => !before.has(database))).toEqual([])
  })

  it('is nothing without the signature of the issuer', async () => {
    const [key] = await bench.data.postgres.signingKeys.list()
    const payload = bench.tokenOf(eve).split('.')[1] ?? ''
    const claims = Buffer.from(payload, 'base64url').toString()
    const strangers = new TokenForge({ issuer: '', resource: '', key: createSigningKey(key?.kid), now: () => 0 })
    expect((await bench.send(strangers.sign({ claims }))).status).toBe(401)
    const [head, , signature] = bench.tokenOf(ann).split('.')
    expect((await bench.send(`${head}.${payload}.${signature}`)).status).toBe(401)
    expect((await bench.send(bench.tokenOf(eve))).status).toBe(200)
  })

  it('is nobody’s once the tenant is suspended, and nobody else is let in or out by that', async () => {
    const { tenantDirectory } = bench.data.postgres
    const globex = await tenantDirectory.find('globex')
    if (globex === undefined) throw new TypeError('there is no globex')
    const by = 'cli:test'
    await tenantDirectory.suspend(globex, by)
    expect((await bench.send(bench.tokenOf(eve))).status).toBe(403)
    expect((await bench.send(bench.tokenOf(ann))).status).toBe(200)
    await tenantDirectory.resume(globex, by)
    expect((await bench.send(bench.tokenOf(eve))).status).toBe(200)
  })
})
