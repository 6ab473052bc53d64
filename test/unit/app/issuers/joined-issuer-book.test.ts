import { describe, expect, it, jest } from '@jest/globals'
import { advertisedIssuers } from '../../../../src/app/issuers/advertised-issuers.js'
import { JoinedIssuerBook, type IssuerBookOptions } from '../../../../src/app/issuers/joined-issuer-book.js'
import { TrustedTenants } from '../../../../src/app/issuers/trusted-tenants.js'
import { UpstreamError } from '../../../../src/core/error/upstream-error.js'
import type { Tenant, TenantRegistry } from '../../../../src/core/identity/tenant.js'
import type { StoredIssuer } from '../../../../src/core/trust/issuer-store.js'
import { read, written } from '../../core/trust/samples.js'

const own = 'https://mcp.example.com/oauth'

/** A table of issuers, and what becomes of it. */
class MemoryIssuers {
  rows: readonly StoredIssuer[] = []
  asked = 0
  down = false
  #changes = 0

  async list(): Promise<readonly StoredIssuer[]> {
    this.asked += 1
    await Promise.resolve()
    if (this.down) throw new UpstreamError('AUTH_UNAVAILABLE', 'down')
    return this.rows
  }

  put(...options: readonly Readonly<Record<string, unknown>>[]): void {
    this.rows = options.map((one) => {
      this.#changes += 1
      return { issuer: String(one['issuer']), written: written(one), revision: String(this.#changes) }
    })
  }
}

const logged: string[] = []
const log: IssuerBookOptions['log'] = {
  write: (_level, _message, fields) => void logged.push(String(fields?.['reason'])),
}

async function open(store: MemoryIssuers, changes: Partial<IssuerBookOptions> = {}): Promise<JoinedIssuerBook> {
  logged.length = 0
  return JoinedIssuerBook.open({ fixed: [], store, application: 'ledger', ownIssuer: own, log, ...changes })
}

const names = async (book: JoinedIssuerBook) => (await book.read()).issuers.map(({ issuer }) => issuer)

/** So long later that what was read is too old. */
function later(milliseconds = 1_001): void {
  const now = performance.now()
  jest.spyOn(performance, 'now').mockReturnValue(now + milliseconds)
}

describe('the book of issuers', () => {
  it('has those of environment and code first, then those of the database, with another version after a change', async () => {
    const store = new MemoryIssuers()
    store.put({ issuer: 'https://b.example' })
    const book = await open(store, { fixed: [read({ issuer: 'https://a.example' })] })
    const first = await book.read()
    expect(first.issuers.map(({ issuer, source }) => [issuer, source])).toEqual([
      ['https://a.example', 'code'],
      ['https://b.example', 'database'],
    ])
    store.put({ issuer: 'https://b.example' }, { issuer: 'https://c.example' })
    later()
    expect(await names(book)).toEqual(['https://a.example', 'https://b.example', 'https://c.example'])
    expect((await book.read()).version).not.toBe(first.version)
    store.put()
    later()
    expect(await names(book)).toEqual(['https://a.example'])
  })

  it('asks the database now and then, and once for all who ask at the same time', async () => {
    const store = new MemoryIssuers()
    const book = await open(store)
    await Promise.all([book.read(), book.read()])
    expect(store.asked).toBe(1)
    later()
    await Promise.all([book.read(), book.read(), book.read()])
    expect(store.asked).toBe(2)
  })

  it('holds nobody up while it is less than a second old, and is read anew meanwhile', async () => {
    const store = new MemoryIssuers()
    const book = await open(store)
    store.put({ issuer: 'https://b.example' })
    later(600)
    expect(await names(book)).toEqual([])
    await new Promise(setImmediate)
    expect(await names(book)).toEqual(['https://b.example'])
    expect(store.asked).toBe(2)
    store.down = true
    later(600)
    expect(await names(book)).toEqual(['https://b.example'])
    await new Promise(setImmediate)
    later(500)
    await expect(book.read()).rejects.toBeInstanceOf(UpstreamError)
  })

  it('has only issuers of this application and of all of them', async () => {
    const store = new MemoryIssuers()
    store.put(
      { issuer: 'https://a.example', application: 'ledger', audience: 'x' },
      { issuer: 'https://b.example', application: 'other', audience: 'x' },
      { issuer: 'https://c.example' },
    )
    expect(await names(await open(store))).toEqual(['https://a.example', 'https://c.example'])
  })

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['wrong', { issuer: 'https://b.example', audience: undefined }, 'audience is missing'],
    ['named by the code as well', { issuer: 'https://a.example' }, 'is there twice'],
    ['this server itself', { issuer: own }, 'is this server itself'],
  ])('does not start with one that is %s, and refuses it alone when it comes later', async (_case, wrong, reason) => {
    const store = new MemoryIssuers()
    const fixed = [read({ issuer: 'https://a.example' })]
    store.put(wrong, { issuer: 'https://c.example' })
    await expect(open(store, { fixed })).rejects.toThrow(reason)
    store.put()
    const book = await open(store, { fixed })
    store.put(wrong, { issuer: 'https://c.example' })
    later()
    expect(await names(book)).toEqual(['https://a.example', 'https://c.example'])
    expect(logged).toEqual([expect.stringContaining(reason)])
    store.rows = [
      ...store.rows,
      { issuer: 'https://d.example', written: written({ issuer: 'https://d.example' }), revision: 'd' },
    ]
    later()
    await book.read()
    expect(logged).toHaveLength(1)
    expect((await book.read()).issuers[0]?.source).toBe('code')
  })

  it('does not trust what is stored under another name, or whose secret cannot be read', async () => {
    const store = new MemoryIssuers()
    const book = await open(store)
    store.put({ issuer: 'https://b.example' }, { issuer: 'https://c.example' })
    const [first, second] = store.rows
    store.rows = [
      { issuer: 'https://x.example', written: first?.written, revision: '1' },
      { issuer: 'https://c.example', written: second?.written, revision: '2', fault: 'its client secret …' },
    ]
    later()
    expect(await names(book)).toEqual([])
    expect(logged).toHaveLength(2)
  })

  it('says that it cannot be told while the database does not answer, and never what it was', async () => {
    const store = new MemoryIssuers()
    const book = await open(store, { fixed: [read()] })
    store.down = true
    later()
    await expect(book.read()).rejects.toBeInstanceOf(UpstreamError)
    expect(await advertisedIssuers(book, own)).toEqual(['https://id.example.com', own])
  })
})

describe('the authorization servers that clients are told of', () => {
  it('are those that are to be advertised, in their order, and our own where there is one', async () => {
    const store = new MemoryIssuers()
    store.put({ issuer: 'https://c.example' }, { issuer: 'https://d.example', advertised: false })
    const fixed = [read({ issuer: 'https://b.example' }), read({ issuer: 'https://a.example' })]
    const book = await open(store, { fixed })
    const others = ['https://b.example', 'https://a.example', 'https://c.example']
    expect(await advertisedIssuers(book, own)).toEqual([...others, own])
    expect(await advertisedIssuers(book, undefined)).toEqual(others)
  })

  it('are of a shared issuer the place that all of its directories have in common', async () => {
    const issuer = 'https://login.microsoftonline.com/organizations/v2.0'
    const fixed = [read({ preset: 'entra', audience: 'api', issuer, tenant: { claim: 'tid' } })]
    expect(await advertisedIssuers(await open(new MemoryIssuers(), { fixed }), undefined)).toEqual([issuer])
  })
})

describe('tenants as issuers may name them', () => {
  const acme: Tenant = { id: '1', slug: 'acme', name: 'Acme' }
  const globex: Tenant = { id: '2', slug: 'globex', name: 'Globex' }
  const registry: TenantRegistry = {
    find: (issuer, claim) => Promise.resolve(claim === 'o-1' || issuer === own ? acme : undefined),
    findBySlug: (slug) => Promise.resolve([acme, globex].find((tenant) => tenant.slug === slug)),
    list: () => Promise.resolve([acme, globex]),
  }
  const tenants = async (ownIssuer: string | undefined) => {
    const fixed = [
      read({ issuer: 'https://a.example', tenant: { claim: 'org' } }),
      read({ issuer: 'https://b.example', tenant: { slug: 'globex' } }),
    ]
    return new TrustedTenants({ registry, book: await open(new MemoryIssuers(), { fixed }), ownIssuer })
  }

  it('are found by the registry, or are the one that the issuer is for', async () => {
    const found = await tenants(own)
    expect(await found.find('https://a.example', 'o-1')).toBe(acme)
    expect(await found.find('https://a.example', 'globex')).toBeUndefined()
    expect(await found.find('https://b.example', 'globex')).toBe(globex)
    expect(await found.find('https://b.example', 'acme')).toBeUndefined()
    expect(await found.find('https://b.example', 'o-1')).toBeUndefined()
  })

  it('are none of an issuer that is not trusted, nor of our own where there is none', async () => {
    expect(await (await tenants(own)).find('https://c.example', 'o-1')).toBeUndefined()
    expect(await (await tenants(own)).find(own, 'acme')).toBe(acme)
    expect(await (await tenants(undefined)).find(own, 'acme')).toBeUndefined()
  })
})
