import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { AccountSite, isConsent } from '../../support/account-site.js'
import { BrowserJar, hiddenFields, type Shown } from '../../support/browser-jar.js'

let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterAll(() => site?.close())

const given = 'nine quiet harbours wait'
const fields = { password: given, repeated: given }
const set = (jar: BrowserJar, shown: Shown): Promise<Shown> => jar.press(shown, 'set', { fields })
const hashOf = async (email: string): Promise<string | undefined> => {
  const account = await site.test.postgres.accounts.findByEmail(site.acme, email)
  return site.test.postgres.accounts.findPasswordHash(site.acme, account?.id ?? '')
}

describe('a link', () => {
  it('works once, of ten forms that are sent at once over two processes', async () => {
    const account = await site.addAccount('once@acme.test')
    const jar = new BrowserJar()
    const page = await jar.open(await site.link(account))
    const second = await site.start()
    const tries = Array.from({ length: 10 }, (_none, count) => {
      site.answering = count % 2 === 0 ? 0 : second
      return set(jar, page)
    })
    const statuses = (await Promise.all(tries)).map(({ status }) => status)
    site.answering = 0
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    const rows = await site.test.tenantSql(
      site.acme,
      `select 1 from audit_event where subject = 'link:reset' and personal->>'account' = $1`,
      [account.id],
    )
    expect(rows).toHaveLength(1)
  })

  it('that expired, was replaced, or is of an account that is disabled or gone, leads to one and the same page', async () => {
    const pages: string[] = []
    const look = async (url: string): Promise<void> => {
      const { html, status } = await new BrowserJar().open(url)
      expect(status).toBe(400)
      pages.push(html)
    }
    const account = await site.addAccount('old@acme.test')
    const expired = await site.link(account)
    await site.test.tenantSql(
      site.acme,
      `update account_link set expires_at = clock_timestamp() where account_id = $1`,
      [account.id],
    )
    await look(expired)
    const replaced = await site.link(account)
    const standing = await site.link(account)
    await look(replaced)
    expect((await new BrowserJar().open(standing)).status).toBe(200)
    await site.test.tenantSql(site.acme, 'update account set disabled_at = now() where id = $1', [account.id])
    await look(standing)
    await site.test.tenantSql(site.acme, 'delete from account where id = $1', [account.id])
    await look(standing)
    await look(`${site.origin}/authsec/account/password/acme/${'A'.repeat(43)}`)
    await look(`${site.origin}/authsec/account/password/nobody/${'A'.repeat(43)}`)
    expect(new Set(pages).size).toBe(1)
  })

  it('is good in its own tenant only, and for its own account only', async () => {
    const account = await site.addAccount('here@acme.test')
    const twin = await site.addAccount('here@acme.test', given, site.globex)
    const url = await site.link(account)
    expect((await new BrowserJar().open(url.replace('/acme/', '/globex/'))).status).toBe(400)
    // A row that is copied into another tenant's database is worth nothing there.
    const [row] = await site.test.tenantSql(site.acme, 'select digest from account_link where account_id = $1', [
      account.id,
    ])
    await site.test.tenantSql(
      site.globex,
      `insert into account_link values ($1, $2, 'reset', now() + interval '1 hour')`,
      [twin.id, row?.['digest']],
    )
    expect((await new BrowserJar().open(url.replace('/acme/', '/globex/'))).status).toBe(400)
  })

  it('is not in the database, not in the audit trail, not in the log, and not in the page that it leads to', async () => {
    const account = await site.addAccount('secret@acme.test')
    const url = await site.link(account)
    const secret = url.slice(-43)
    const jar = new BrowserJar()
    const page = await jar.open(url)
    const rows = await site.test.tenantSql(site.acme, 'select row_to_json(account_link)::text as row from account_link')
    const audit = await site.test.tenantSql(site.acme, 'select row_to_json(audit_event)::text as row from audit_event')
    expect(JSON.stringify([rows, audit, site.log])).not.toContain(secret)
    expect(page.html + page.url + jar.cookies.map(({ value }) => value).join(' ')).not.toContain(secret)
    for (const { headers } of jar.answers) {
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })
})

describe('the form behind a link', () => {
  it('is refused from another browser, another page and another site, and changes nothing', async () => {
    const account = await site.addAccount('form@acme.test')
    const before = await hashOf('form@acme.test')
    const jar = new BrowserJar()
    const page = await jar.open(await site.link(account))
    const stranger = new BrowserJar()
    await stranger.open(page.url)
    expect((await set(stranger, page)).status).toBe(400)
    const thief = new BrowserJar()
    for (const cookie of jar.cookies) if (cookie.name.includes('link')) thief.plant(cookie)
    expect((await set(thief, page)).status).toBe(400)
    const csrf = { ...fields, csrf: 'x'.repeat(43) }
    expect((await jar.press(page, 'set', { fields: csrf })).status).toBe(403)
    const crossSite = { fields, headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } }
    expect((await jar.press(page, 'set', crossSite)).status).toBe(403)
    expect(await hashOf('form@acme.test')).toBe(before)
    expect((await set(jar, page)).status).toBe(200)
    expect(await hashOf('form@acme.test')).not.toBe(before)
  })

  it('of one link does not submit another that the same browser opened since', async () => {
    const [one, two] = [await site.addAccount('one@acme.test'), await site.addAccount('two@acme.test')]
    const before = await hashOf('two@acme.test')
    const jar = new BrowserJar()
    const first = await jar.open(await site.link(one))
    await jar.open(await site.link(two))
    expect((await set(jar, first)).status).toBe(403)
    expect(hiddenFields(first.html)['csrf']).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(await hashOf('two@acme.test')).toBe(before)
  })

  it('is refused where sessions cannot be ended, and the link stays good', async () => {
    const account = await site.addAccount('late@acme.test')
    const jar = new BrowserJar()
    const page = await jar.open(await site.link(account))
    const { signIns } = site.test.postgres.directory
    const ownersOf = signIns.ownersOf.bind(signIns)
    signIns.ownersOf = () => Promise.reject(new TypeError('out of reach'))
    const refused = await set(jar, page)
    signIns.ownersOf = ownersOf
    expect(refused.status).toBe(500)
    expect((await set(jar, page)).status).toBe(200)
  })

  it('is served under no other Host, by no other method and with no frame around it', async () => {
    const account = await site.addAccount('edge@acme.test')
    const url = await site.link(account)
    expect((await fetch(url, { method: 'POST', redirect: 'manual' })).status).toBe(405)
    expect((await fetch(url, { method: 'DELETE', redirect: 'manual' })).status).toBe(405)
    const answer = await fetch(`${site.origin}/authsec/account/password`)
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
    expect((await fetch(`${site.origin}/authsec/account/else`)).status).toBe(404)
  })
})

describe('a sign-in', () => {
  it('whose password is reset while it is looked at does not go on', async () => {
    const account = await site.addAccount('race@acme.test')
    const jar = new BrowserJar()
    const page = await jar.open(await site.link(account))
    const verify = site.hasher.verify.bind(site.hasher)
    site.hasher.verify = async (password, stored) => {
      const matches = await verify(password, stored)
      await set(jar, page)
      return matches
    }
    const { shown } = await site.signIn(new BrowserJar(), 'race@acme.test')
    site.hasher.verify = verify
    expect(shown.status).toBe(401)
  })
})

describe('the browser in which a link was used', () => {
  it('is known to its account from then on: strangers who guess shut others out, and not this one', async () => {
    const account = await site.addAccount('known@acme.test')
    const jar = new BrowserJar()
    await set(jar, await jar.open(await site.link(account)))
    const signIn = async (browser: BrowserJar, password: string): Promise<Shown> =>
      (await site.signIn(browser, 'known@acme.test', password)).shown
    let refused: Shown | undefined
    for (let count = 0; count < 15 && refused?.status !== 429; count += 1) {
      refused = await signIn(new BrowserJar(), 'a guess')
    }
    expect(refused?.status).toBe(429)
    expect((await signIn(new BrowserJar(), given)).status).toBe(429)
    expect(isConsent(await signIn(jar, given))).toBe(true)
  })
})

describe('the forms of a link', () => {
  it('are counted for that link alone: strangers who send many keep nobody from theirs', async () => {
    const [one, two] = [await site.addAccount('many@acme.test'), await site.addAccount('few@acme.test')]
    const jar = new BrowserJar()
    const page = await jar.open(await site.link(one))
    const wrong = { fields: { password: 'short', repeated: 'short' } }
    const statuses = new Set<number>()
    for (let count = 0; count < 31; count += 1) statuses.add((await jar.press(page, 'set', wrong)).status)
    expect([...statuses]).toEqual([400, 429])
    const other = new BrowserJar()
    expect((await set(other, await other.open(await site.link(two)))).status).toBe(200)
  })
})
