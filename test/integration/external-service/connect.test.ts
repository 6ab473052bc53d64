import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { ElicitationCompleteNotificationSchema, UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js'
import { BrowserJar } from '../../support/browser-jar.js'
import { ConnectSite } from '../../support/connect-site.js'
import { OutsideIssuer } from '../../support/outside-issuer.js'
import { connectionOf, tokensElsewhere } from '../../support/tokens-elsewhere.js'
import { until } from '../../support/until.js'
import { ada, mallory } from '../../support/upstream/outside-provider.js'

const john = 'john@company.com'
const ana = 'ana@company.com'
const eve = 'eve@globex.test'

let site: ConnectSite
let outside: OutsideIssuer
let client: Client
let hers: Client
/** Browsers in which the two are signed in. */
let johns: BrowserJar
let anas: BrowserJar

beforeAll(async () => {
  outside = await OutsideIssuer.start()
  const trust = {
    issuer: outside.issuer,
    audience: 'resource',
    tenant: { slug: 'acme-corp' },
    network: 'private',
  } as const
  site = await ConnectSite.start([trust])
  client = await site.client(await site.tokenOf(john))
  hers = await site.client(await site.tokenOf(ana))
  johns = await browserOf(john)
  anas = await browserOf(ana)
}, 60_000)
beforeEach(async () => {
  site.provider.reset()
  await site.sql('delete from service_connection')
  await site.sql('delete from service_sign_in')
  // All browsers are one caller, who opens more pages here than one may in a minute.
  await site.data.sql('delete from rate_limit')
})
afterAll(async () => {
  await site?.close()
  await outside?.close()
})

const connections = () => site.sql('select id, subject, credential_version as version from service_connection')
const overNow = () => site.sql(`update service_connection set expires_at = clock_timestamp() - interval '1 second'`)
const placeOfTokens = async () => {
  const [{ id = '' } = {}] = await connections()
  return { tenant: site.acme, service: (await site.service()).id, account: String(id) }
}
/** A browser in which that account is signed in. */
const browserOf = async (email: string): Promise<BrowserJar> => {
  const jar = new BrowserJar()
  await site.open(jar, `${site.origin}/authsec/connect/${'a'.repeat(43)}`, email)
  return jar
}

describe('a tool that needs the user at a service', () => {
  it('answers with a link, leads through both sign-ins, and works then, with nothing to see of the tokens', async () => {
    const asked = await site.call(client)
    expect(asked).toMatchObject({
      isError: true,
      text: expect.stringContaining('Hub wants you to sign in there first'),
    })
    expect((await site.call(client, 'standing')).text).toBe('sign_in_needed')
    const jar = new BrowserJar()
    const page = await site.open(jar, asked.link ?? '', john)
    expect(page).toMatchObject({ status: 200, url: asked.link })
    for (const shown of ['Hub', new URL(site.provider.origin).host, 'offline_access', john, 'Acme Corp'])
      expect(page.html).toContain(shown)
    const secret = asked.link?.split('/').at(-1) ?? ''
    expect(JSON.stringify(await site.sql('select t::text from service_sign_in t'))).not.toContain(secret)
    const done = await jar.open(await site.goThere(jar, page, ada))
    expect(done.html).toContain('can use <bdi>Hub</bdi> for you now')
    expect(await site.call(client)).toMatchObject({ isError: false, text: expect.stringContaining('"ada-1"') })
    expect((await site.call(client, 'standing')).text).toBe('ready')
    expect((await site.call(client, 'members')).text).toBe('access_token')
    expect((await site.call(client, 'leak')).text).toMatch(/^The result was withheld/)
    const row = await site.sql(`select reason, subject, detail from audit_event where reason = 'service_connected'`)
    expect(row).toMatchObject([{ subject: await site.accountOf(john), detail: { service: 'Hub' } }])
  })

  it('sends a client there that opens pages, and one that shows forms alone in words', async () => {
    const opening = await site.client(await site.tokenOf(john), 'opens urls')
    const failure: unknown = await site.call(opening).catch((error: unknown) => error)
    const url = expect.stringMatching(/\/authsec\/connect\/[\w-]{43}$/)
    expect(failure).toMatchObject({
      code: -32042,
      data: { elicitations: [{ mode: 'url', elicitationId: expect.stringMatching(/^[0-9a-f-]{36}$/), url }] },
    })
    expect((await site.call(client)).isError).toBe(true)
  })

  it('tells the client it has sent to a page, and no other, that the user is done (MCP 2025-11-25, URL mode completion)', async () => {
    const heard = new Map<Client, unknown[]>()
    const opening = async (email: string): Promise<{ readonly id: string; readonly url: string }> => {
      const opener = await site.client(await site.tokenOf(email), 'opens urls')
      heard.set(opener, [])
      opener.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => {
        heard.get(opener)?.push(params.elicitationId)
      })
      const failure: unknown = await site.call(opener).catch((error: unknown) => error)
      if (!(failure instanceof UrlElicitationRequiredError)) throw new TypeError('no page', { cause: failure })
      const [asked] = failure.elicitations
      return { id: asked?.elicitationId ?? '', url: asked?.url ?? '' }
    }
    const [his, anas] = [await opening(john), await opening(ana)]
    await johns.open(await site.goThere(johns, await johns.open(his.url), undefined))
    expect(await connections()).toEqual([])
    const again = await site.link(client)
    await johns.open(await site.goThere(johns, await johns.open(again), ada))
    await until(async () => [...heard.values()].some((ids) => ids.length > 0))
    expect([...heard.values()]).toEqual([[his.id], []])
    expect(anas.id).not.toBe(his.id)
    await site.sql('delete from service_connection')
    await site.connect(client, john, ada, johns)
    expect([...heard.values()]).toEqual([[his.id], []])
  })

  it('has no link for users of another issuer, whom no browser could show to be the same', async () => {
    const rule = { kind: 'access rule', rule: { signUp: 'everybody' } } as const
    await site.data.postgres.tenantAdministration.apply(site.acme, [rule], 'cli:test')
    const token = await outside.token({ audience: site.server.oauthUrl ?? '', subject: 'ada' })
    const answer = await site.call(await site.client(token))
    expect(answer).toMatchObject({ isError: true, link: undefined })
    expect(answer.text).toContain('only users with an account of this server can do')
    expect(await site.sql('select link from service_sign_in')).toEqual([])
  })
})

describe('a link', () => {
  it('is of no use in the browser of another account or tenant, and still good for its own', async () => {
    const [link, hersId] = [await site.link(client), await site.accountOf(ana)]
    const [other, elsewhere] = [anas, await browserOf(eve)]
    const seen = await other.open(link)
    expect([seen.status, seen.html]).toEqual([403, expect.stringContaining('made for another account')])
    expect((await other.open(new URL(/href="(\/oauth[^"]+)"/.exec(seen.html)?.[1] ?? '', site.origin))).status).toBe(
      200,
    )
    const csrf = /name="csrf" value="([^"]+)"/.exec((await other.open(await site.link(hers))).html)?.[1]
    const posted = await other.post(link, new URLSearchParams({ csrf: csrf ?? '', action: 'connect' }).toString())
    expect([posted.status, posted.left]).toEqual([403, undefined])
    expect((await elsewhere.open(link)).status).toBe(400)
    const strangers = `select subject from audit_event where reason = 'service_other_account'`
    await until(async () => (await site.sql(strangers)).some(({ subject }) => subject === hersId))
    expect((await johns.open(link)).status).toBe(200)
  })

  it('is followed by a click on its own page alone', async () => {
    const [link, jar] = [await site.link(client), johns]
    const page = await jar.open(link)
    for (const [fields, headers] of [
      [{ csrf: undefined }, {}],
      [{ csrf: 'x'.repeat(43) }, {}],
      [{}, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ] as const) {
      const answer = await jar.press(page, 'connect', { fields, headers })
      expect([answer.status, answer.left]).toEqual([403, undefined])
    }
    expect((await jar.press(page, 'other')).status).toBe(403)
    expect((await jar.press(page, 'connect')).left?.origin).toBe(site.provider.origin)
  })

  it('is used once, for ten minutes, and is not guessed', async () => {
    const jar = johns
    const page = await jar.open(await site.link(client))
    const both = await Promise.all([jar.press(page, 'connect'), jar.press(page, 'connect')])
    expect(both.filter(({ left }) => left !== undefined)).toHaveLength(1)
    expect([(await jar.open(page.url)).status, (await jar.press(page, 'connect')).status]).toEqual([400, 400])
    const late = await site.link(client)
    const [row] = await site.sql(
      `select max(expires_at - created_at) <= interval '10 minutes 1 second' as short from service_sign_in`,
    )
    expect(row).toEqual({ short: true })
    await site.sql(`update service_sign_in set expires_at = clock_timestamp()`)
    expect((await jar.open(late)).status).toBe(400)
    expect((await jar.open(`${site.origin}/authsec/connect/${'a'.repeat(43)}`)).status).toBe(400)
    expect((await jar.open(`${site.origin}/authsec/connect/a`)).status).toBe(404)
  })

  it('does not pile up where a program asks over and over', async () => {
    for (let count = 0; count < 12; count += 1) await site.link(client)
    expect(await site.sql('select count(*)::integer as links from service_sign_in')).toEqual([{ links: 10 }])
  })
})

describe('the way back from a service', () => {
  const left = async (): Promise<{ readonly jar: BrowserJar; readonly back: URL }> => {
    const jar = johns
    return { jar, back: await site.goThere(jar, await jar.open(await site.link(client)), ada) }
  }

  it('is open to the browser and the account that left, once', async () => {
    const { back, jar } = await left()
    for (const stranger of [await browserOf(john), anas, new BrowserJar()]) {
      const answer = await stranger.open(back)
      expect([answer.status, answer.html]).toEqual([400, expect.stringContaining('Nothing has happened')])
    }
    expect(await connections()).toEqual([])
    expect((await jar.open(back)).status).toBe(200)
    expect((await jar.open(back)).status).toBe(400)
    expect(await connections()).toMatchObject([{ subject: await site.accountOf(john), version: 1 }])
  })

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['with another state', { state: 'b'.repeat(43) }, 400],
    ['from another issuer', { iss: 'https://evil.example' }, 502],
    ['with a code of nobody', { code: 'x' }, 502],
  ])('leads nowhere %s', async (_title, changes, status) => {
    const { back, jar } = await left()
    for (const [name, value] of Object.entries(changes)) back.searchParams.set(name, value)
    expect((await jar.open(back)).status).toBe(status)
    expect(await connections()).toEqual([])
  })

  it('is closed where another account signs in in the same browser meanwhile', async () => {
    const { back, jar } = await left()
    const mixed = new BrowserJar()
    const isSession = ({ name }: { readonly name: string }) => name.includes('session')
    for (const cookie of [...anas.cookies.filter(isSession), ...jar.cookies.filter((own) => !isSession(own))])
      mixed.plant(cookie)
    expect((await mixed.open(await site.link(hers))).status).toBe(200)
    expect((await mixed.open(back)).status).toBe(400)
    expect(await connections()).toEqual([])
    expect((await jar.open(back)).status).toBe(200)
  })

  it('is closed to an account that was disabled meanwhile', async () => {
    const page = await anas.open(await site.link(hers))
    const back = await site.goThere(anas, page, mallory)
    const wish = { kind: 'account', email: ana, presence: 'known' } as const
    const { tenantAdministration } = site.data.postgres
    await tenantAdministration.apply(site.acme, [{ ...wish, status: 'disabled' }], 'cli:test')
    const { connections: store } = site.data.postgres.connect
    const account = await site.accountOf(ana)
    const wanted = { id: account, service: await site.service(), account, version: 1, seconds: undefined }
    expect([(await anas.open(back)).status, await store.connect(site.acme, wanted)]).toEqual([400, 'refused'])
    await tenantAdministration.apply(site.acme, [{ ...wish, status: 'active' }], 'cli:test')
    expect(await connections()).toEqual([])
    expect(await store.connect(site.acme, wanted)).toEqual({ before: undefined })
  })

  it('is not that of another service', async () => {
    const { back, jar } = await left()
    back.pathname = back.pathname.replace(/[^/]+$/, (await site.service(site.globex)).id)
    expect((await jar.open(back)).status).toBe(400)
    expect(await connections()).toEqual([])
  })

  it('tells in our own words that the user has said no', async () => {
    const jar = johns
    const answer = await jar.open(await site.goThere(jar, await jar.open(await site.link(client)), undefined))
    expect([answer.status, answer.html]).toEqual([403, expect.stringContaining('You did not allow the access at Hub')])
    expect(answer.html).not.toContain('the user said')
  })

  it('connects nobody to a service that was changed meanwhile, and forgets the tokens', async () => {
    const { back, jar } = await left()
    const before = (await site.store.list(site.acme)).length
    site.provider.instead.set('/token', (response, request) => {
      site.provider.instead.clear()
      void site.provide(site.acme, { description: 'Changed' }).then(() => site.provider.answer(request, response))
    })
    expect((await jar.open(back)).status).toBe(409)
    expect([await connections(), (await site.store.list(site.acme)).length]).toEqual([[], before])
    await until(() => site.provider.askedFor('POST /token/revocation') === 1)
  })

  it.each([
    ['nobody can be connected any more, as in a tenant that is deleted meanwhile', 'service_connection'],
    ['they could not be kept', 'service_credential'],
  ])('leaves no tokens behind where %s', async (_title, table) => {
    const { back, jar } = await left()
    const before = (await site.store.list(site.acme)).length
    site.provider.asked.splice(0)
    site.provider.instead.set('/token', (response, request) => {
      site.provider.instead.clear()
      const gone = site.sql(`alter table ${table} rename to ${table}_gone`)
      void gone.then(() => site.provider.answer(request, response))
    })
    const answer = await jar.open(back)
    await site.sql(`alter table ${table}_gone rename to ${table}`)
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect([await connections(), (await site.store.list(site.acme)).length]).toEqual([[], before])
    await until(() => site.provider.askedFor('POST /token/revocation') === 1)
  })
})

describe('the tokens of a user', () => {
  it('are for that user of that tenant', async () => {
    const abroad = await site.client(await site.tokenOf(eve, site.globex))
    await site.connect(client, john, ada, johns)
    for (const other of [hers, abroad]) expect((await site.call(other)).link).toBeDefined()
    await site.connect(hers, ana, mallory, anas)
    expect((await site.call(hers)).text).toContain('mallory-1')
    expect((await site.call(client)).text).toContain('ada-1')
    expect((await site.call(abroad)).link).toBeDefined()
  })

  it('are renewed once for twenty calls at once, and each time with the token of the time before', async () => {
    await site.connect(client, john, ada, johns)
    const calls = () => Promise.all(Array.from({ length: 20 }, () => site.call(client)))
    for (const version of [2, 3, 4]) {
      await overNow()
      site.provider.asked.splice(0)
      expect((await calls()).filter(({ isError }) => isError)).toEqual([])
      expect(site.provider.askedFor('POST /token')).toBe(1)
      expect(await connections()).toMatchObject([{ version }])
    }
    const place = await placeOfTokens()
    const kept = await Promise.all([1, 2, 3, 4].map((version) => site.store.read(place, version)))
    expect(kept.map((stored) => stored?.version)).toEqual([undefined, undefined, 3, 4])
  })

  it('are renewed once by two processes', async () => {
    await site.connect(client, john, ada, johns)
    await overNow()
    site.provider.asked.splice(0)
    const [held, ...answers] = await Promise.all([tokensElsewhere(site, john), site.call(client), site.call(client)])
    expect(answers.filter(({ isError }) => isError)).toEqual([])
    expect([held.version, site.provider.askedFor('POST /token')]).toEqual([2, 1])
  })

  it('are renewed by whoever has the claim: what is done too late for one before is not done', async () => {
    await site.connect(client, john, ada, johns)
    await overNow()
    const { connections: rows } = site.data.postgres.connect
    const connection = await connectionOf(site, john)
    const lapse = () => site.sql('update service_connection set claimed_until = clock_timestamp()')
    const late = await rows.claim(site.acme, connection)
    await lapse()
    const claim = await rows.claim(site.acme, connection)
    if (late === undefined || claim === undefined) throw new TypeError('there is no claim')
    await rows.release(late)
    expect(await rows.claim(site.acme, connection)).toBeUndefined()
    expect(await rows.renewed(late, { version: 2, seconds: 60 })).toBe(false)
    for (const none of [late, undefined]) expect(await rows.end(site.acme, connection, none)).toBe(false)
    expect(await connections()).toMatchObject([{ version: 1 }])
    await rows.release(claim)

    // The service has taken the token from whoever came second, and says so to the first.
    site.provider.instead.set('/token', (response) => {
      site.provider.instead.clear()
      const second = lapse().then(() => tokensElsewhere(site, john))
      void second.then(() => {
        response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')
      })
    })
    expect((await site.call(client)).text).toContain('ada-1')
    expect(await connections()).toMatchObject([{ version: 2 }])
  })

  it('that the store has given up while they are renewed end no sign-in: whoever comes meanwhile waits', async () => {
    await site.connect(client, john, ada, johns)
    const place = await placeOfTokens()
    await site.sql(`update service_connection set expires_at = clock_timestamp() + interval '30 seconds'`)
    let other: ReturnType<typeof tokensElsewhere> | undefined
    site.provider.instead.set('/token', (response, request) => {
      site.provider.instead.clear()
      let isAnswered = false
      const answer = () => {
        if (!isAnswered) void site.provider.answer(request, response)
        isAnswered = true
      }
      other = site.store.delete(place, 1).then(() => tokensElsewhere(site, john, answer))
      other.catch(answer)
    })
    expect((await site.call(client)).text).toContain('ada-1')
    expect(await other).toMatchObject({ version: 2 })
    expect(await connections()).toMatchObject([{ version: 2 }])
  })

  it('are taken back at the service where the user was disconnected while they were renewed', async () => {
    await site.connect(client, john, ada, johns)
    const place = await placeOfTokens()
    await overNow()
    site.provider.asked.splice(0)
    site.provider.instead.set('/token', (response, request) => {
      site.provider.instead.clear()
      const gone = site.sql('delete from service_connection').then(() => site.store.destroy(place))
      void gone.then(() => site.provider.answer(request, response))
    })
    expect((await site.call(client)).link).toBeDefined()
    await until(() => site.provider.askedFor('POST /token/revocation') === 1)
    expect([await connections(), await site.store.newest(place)]).toEqual([[], 0])
  })

  it('are taken back at the service and destroyed where the user signs in there once more', async () => {
    const links = [await site.link(client), await site.link(client)]
    const [first, second] = await Promise.all(links.map((link) => johns.open(link)))
    if (first === undefined || second === undefined) throw new TypeError('there is no page')
    await johns.open(await site.goThere(johns, first, ada))
    const place = await placeOfTokens()
    const { access_token: token = '' } = (await site.store.read(place))?.members ?? {}
    // Renewed, and not in use yet.
    await site.store.write(place, { access_token: 'another', refresh_token: 'another' }, 1)
    site.provider.asked.splice(0)
    await johns.open(await site.goThere(johns, second, mallory))
    await until(() => site.provider.askedFor('POST /token/revocation') === 2)
    expect([await connections(), await site.store.newest(place)]).toMatchObject([[{ version: 1 }], 0])
    expect((await site.call(client)).text).toContain('mallory-1')
    const headers = { authorization: `Bearer ${token}` }
    await until(async () => (await fetch(`${site.provider.origin}/me`, { headers })).status === 401)
  })

  it('are those that a process has written that did not live to use them', async () => {
    await site.connect(client, john, ada, johns)
    const place = await placeOfTokens()
    await site.store.write(place, (await site.store.read(place))?.members ?? {}, 1)
    await overNow()
    site.provider.asked.splice(0)
    expect((await site.call(client)).isError).toBe(false)
    expect([await connections(), site.provider.askedFor('POST /token')]).toMatchObject([[{ version: 2 }], 0])
  })

  it('end where the service takes them back, and a new link follows', async () => {
    await site.connect(client, john, ada, johns)
    const place = await placeOfTokens()
    await overNow()
    site.provider.instead.set('/token', (response) => {
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')
    })
    expect((await site.call(client)).link).toBeDefined()
    expect([await connections(), await site.store.newest(place)]).toEqual([[], 0])
  })

  it('that nothing renews end where they are refused twice, and not where they are refused once', async () => {
    await site.connect(client, john, ada, johns)
    const place = await placeOfTokens()
    const { access_token: token = '' } = (await site.store.read(place))?.members ?? {}
    await site.store.write(place, { access_token: token }, 1)
    await site.sql(
      `update service_connection set credential_version = 2, expires_at = null, changed_at = clock_timestamp() - interval '2 minutes'`,
    )
    const refuse = () => site.provider.instead.set('/me', (response) => void response.writeHead(401, {}).end('{}'))
    refuse()
    await site.call(client)
    await until(async () => (await site.sql('select 1 from service_connection where expires_at < now()')).length === 1)
    site.provider.instead.clear()
    expect((await site.call(client)).text).toContain('ada-1')
    expect(await connections()).toHaveLength(1)
    refuse()
    await site.call(client)
    site.provider.instead.clear()
    await until(async () => (await connections()).length === 0)
    expect((await site.call(client)).link).toBeDefined()
  })

  it('that are not in the store any more are asked for again', async () => {
    await site.connect(client, john, ada, johns)
    await site.store.destroy(await placeOfTokens())
    expect((await site.call(client)).link).toBeDefined()
    expect(await connections()).toEqual([])
  })

  it('stay while the service is down, and work when it is back', async () => {
    await site.connect(client, john, ada, johns)
    await overNow()
    site.provider.instead.set('/token', (response) => void response.writeHead(503).end())
    expect(await site.call(client)).toMatchObject({ link: undefined, text: expect.stringContaining('try again later') })
    expect(await connections()).toHaveLength(1)
    site.provider.instead.clear()
    expect((await site.call(client)).isError).toBe(false)
  })

  it('are renewed before their time where the service does not take them any more', async () => {
    await site.connect(client, john, ada, johns)
    await site.sql(`update service_connection set changed_at = clock_timestamp() - interval '2 minutes'`)
    site.provider.instead.set('/me', (response) => void response.writeHead(401).end('{}'))
    await site.call(client)
    site.provider.instead.clear()
    await until(async () => (await site.sql('select 1 from service_connection where expires_at < now()')).length === 1)
    expect((await site.call(client)).text).toContain('ada-1')
    expect(await connections()).toMatchObject([{ version: 2 }])
  })

  it('are handed to nobody while that cannot be put on record, as on a full disk, and to users again afterwards (F9)', async () => {
    await site.connect(client, john, ada, johns)
    await site.sql(`
      create function disk_full() returns trigger language plpgsql as
      $$ begin raise exception 'no space left' using errcode = '53100'; end $$
    `)
    const each = `for each row when (new.type = 'credential.read') execute function disk_full()`
    await site.sql(`create trigger disk_full before insert on audit_event ${each}`)
    site.provider.asked.splice(0)
    const answers = await Promise.allSettled([site.call(client), site.call(client, 'members')])
    await site.sql('drop function disk_full cascade')
    const outage = /Error POSTing to endpoint: .*"data":{"code":"TENANT_UNAVAILABLE","retryable":true,"ref":"[^"]+"}/
    for (const answer of answers) {
      const message = expect.stringMatching(outage)
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 503, message } })
    }
    expect(site.provider.asked).toEqual([])
    expect((await site.call(client)).text).toContain('ada-1')
  })

  it('are asked for with one link by a tool that needs them many times at once', async () => {
    const { link = '' } = await site.call(client, 'many')
    expect(await site.sql('select 1 from service_sign_in')).toHaveLength(1)
    const page = await site.open(johns, link, john)
    expect((await johns.open(await site.goThere(johns, page, ada))).status).toBe(200)
    expect((await site.call(client, 'many')).text).toBe('20')
  })

  it('come of a sign-in that is under way, however often the tool is called meanwhile', async () => {
    const page = await site.open(johns, await site.link(client), john)
    const back = await site.goThere(johns, page, ada)
    for (let calls = 0; calls < 11; calls += 1) expect((await site.call(client)).link).toBeDefined()
    await johns.open(back)
    expect((await site.call(client)).text).toContain('ada-1')
  })

  it('are of no use to a user who may not use the service any more, nor where it leads elsewhere', async () => {
    await site.connect(client, john, ada, johns)
    await site.provide(site.acme, { requirement: { role: 'nobody' } })
    expect((await site.call(client)).text).toMatch(/^Not permitted/)
    await site.provide(site.acme)
    expect((await site.call(client)).isError).toBe(false)
    const auth = { ...(await site.service()).auth, authorizationEndpoint: `${site.provider.origin}/other` }
    await site.provide(site.acme, { auth })
    expect([await connections(), (await site.call(client)).link]).toEqual([[], expect.anything()])
    await site.provide(site.acme)
  })
})
