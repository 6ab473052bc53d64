import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { endLogin, type LoginEnd } from '../../../src/core/sign-in/login-transaction.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { faultsOf, LoginHarness, type LoginHarnessOptions, type Started } from '../../support/login-harness.js'

let harness: LoginHarness

beforeAll(async () => {
  harness = await LoginHarness.start()
})

afterAll(() => harness.close())

beforeEach(() => {
  harness.audit.events.length = 0
  harness.answers.length = 0
})

afterEach(() => {
  harness.logins.recover()
  harness.provider.recover()
  expect(harness.answers.flatMap(faultsOf)).toEqual([])
})

function textOf({ html }: Shown): string {
  const body = html.slice(html.indexOf('<body>'))
  return body
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ')
}

async function ended(how: LoginEnd): Promise<Started> {
  const started = await harness.begin()
  const [login] = await harness.logins.ofStarter(started.session.key)
  if (login === undefined) throw new TypeError('not there')
  await harness.logins.advance(login, endLogin(login.transaction, how))
  return started
}

describe('the page that asks for confirmation', () => {
  it('names server, client, time, place and number, what comes of it, and when to cancel', async () => {
    const started = await harness.begin()
    harness.clock.advance(150)
    const shown = await new BrowserJar().open(started.url)
    expect(shown.status).toBe(200)
    const text = textOf(shown)
    expect(text).toContain('Invoices')
    expect(text).toMatch(/a program that calls itself “Claude Desktop 1\.2” \(not verified\)/)
    expect(text).toMatch(/2 minutes ago \(2026-01-01 00:\d\d UTC\)/)
    expect(text).toContain('From 203.0.113.7')
    expect(text).toContain(`Your assistant has to show this number ${started.number}`)
    expect(text).toMatch(/Whoever asked will be able to use the tools of Invoices as you/)
    expect(text).toContain(
      'Continue only if you asked for this yourself just now. If somebody sent you this link, cancel.',
    )
    const buttons = [...shown.html.matchAll(/name="action" value="([^"]+)"\s*>\s*([^<]+?)\s*</g)]
    expect(buttons.map(([, value, label]) => [value, label])).toEqual([
      ['confirm', 'Continue'],
      ['deny', 'Cancel'],
      ['other-account', 'Use another account'],
    ])
  })

  it.each([
    ['stdio', { transport: 'stdio', address: undefined }],
    ['loopback', { address: '127.0.0.1' }],
    ['IPv6 loopback', { address: '::1' }],
  ] as const)('calls %s this computer', async (_title, requester) => {
    const { url } = await harness.begin(harness.session(requester))
    expect(textOf(await new BrowserJar().open(url))).toContain('From this computer')
  })

  it('says just now of what was asked just now', async () => {
    const { url } = await harness.begin()
    expect(textOf(await new BrowserJar().open(url))).toContain('When less than a minute ago')
  })

  it.each([
    [
      'markup',
      '<script>alert(1)</script><img src=x onerror=alert(1)>',
      '&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x',
    ],
    ['an attribute', '" autofocus onfocus="alert(1)', '&#39; autofocus onfocus=&#39;alert(1)'],
    ['text that turns', 'Claude\u202Eedualc\u2066x\u2069\u200F', 'Claudeedualcx'],
    ['control characters', 'Cl\u0000au\u001B[31mde\r\nSet-Cookie: x', 'Cl au [31mde Set-Cookie: x'],
    ['what is invisible', 'Cl\u200Bau\u00ADde\u3164\u{E0041}', 'Claude'],
    ['our own quotation marks', 'Claude”, verified by “us', 'Claude&#39;, verified by &#39;us'],
  ])('shows a client name with %s as one line of plain text', async (_title, clientName, expected) => {
    const { url } = await harness.begin(harness.session({ clientName, clientVersion: undefined }))
    const { html } = await new BrowserJar().open(url)
    expect(html).toContain(`<bdi>“${expected}`)
    expect(html).not.toMatch(/<script|<img|[\u0000\u001B\u200B\u202E\u2066\u3164]/)
  })

  it('shows 60 characters of a client name, and says so of a client without one', async () => {
    const long = await harness.begin(harness.session({ clientName: 'x'.repeat(100_000), clientVersion: '9' }))
    expect((await new BrowserJar().open(long.url)).html).toContain(`<bdi>“${'x'.repeat(59)}…”</bdi>`)
    const none = await harness.begin(harness.session({ clientName: undefined, clientVersion: undefined }))
    expect(textOf(await new BrowserJar().open(none.url))).toContain('A program without a name')
  })

  it('changes nothing when it is opened, however often and by whomever', async () => {
    const { url } = await harness.begin()
    const { steps } = harness.logins
    harness.audit.events.length = 0
    const jar = new BrowserJar()
    for (const headers of [{}, { 'sec-purpose': 'prefetch;prerender' }, { 'sec-fetch-site': 'cross-site' }]) {
      expect((await jar.open(url, headers)).status).toBe(200)
      expect((await new BrowserJar().open(url, headers)).status).toBe(200)
    }
    expect(harness.logins.steps).toBe(steps)
    expect(harness.audit.events).toEqual([])
    expect((await jar.press(await jar.open(url), 'confirm')).left?.origin).toBe('https://idp.test')
  })
})

describe('the way to a code', () => {
  it('leads from confirmation over the provider to the account and its code, once per page', async () => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    const shown = await harness.complete(jar, started)
    expect(shown.url).toBe(started.url)
    expect(jar.answers.map(({ status }) => status)).toEqual([200, 200, 303, 200])
    const text = textOf(shown)
    expect(text).toContain('Give this code to your assistant')
    expect(text).toContain('It works once, for five minutes')
    expect(text).toContain(
      'Give it only to the assistant that you asked to sign you in. Whoever else has it can act as you.',
    )
    expect(text).toContain('ana@acme.test')
    expect(text).toContain('Acme Corp')
    const [code = ''] = /\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b/.exec(text) ?? []
    await expect(harness.sessions.useCode(started.session, code)).resolves.toMatchObject({ outcome: 'signed-in' })
    const after = await jar.open(started.url)
    expect(after.status).toBe(200)
    expect(textOf(after)).toContain('You are signed in You can close this window and go back to your assistant.')
    expect(after.html).not.toContain(code)
    expect(harness.reasons).toEqual([])
  })

  it('asks the provider for another account only when the user does', async () => {
    const [one, two] = [await harness.begin(), await harness.begin()]
    const jar = new BrowserJar()
    expect((await harness.confirm(jar, one, 'other-account')).searchParams.get('prompt')).toBe('login')
    expect((await harness.confirm(jar, two)).searchParams.has('prompt')).toBe(false)
  })

  it('can be taken again from the page of a browser that has confirmed', async () => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    await harness.confirm(jar, started)
    const again = await jar.open(started.url)
    expect(textOf(again)).toContain('You have started signing in to Invoices in this browser.')
    const { left } = await jar.press(again, 'confirm')
    const shown = await jar.open(harness.provider.approve(left ?? new URL('about:blank'), 'ana'))
    expect(textOf(shown)).toContain('Give this code to your assistant')
    expect(harness.reasons).toEqual([])
  })

  it('needs no code where the server opened the page itself', async () => {
    const started = await harness.begin(harness.session({ transport: 'stdio', address: undefined }), true)
    const jar = new BrowserJar()
    const shown = await harness.complete(jar, { ...started, url: harness.pageOf(started.ticket ?? '') })
    expect(textOf(shown)).toContain('You can close this window and go back to your assistant.')
    expect(shown.html).not.toContain('one-time-code')
    expect(started.session.signIn).toBeDefined()
  })

  it('needs the code where somebody opened the link of the tool result instead', async () => {
    const started = await harness.begin(harness.session({ transport: 'stdio', address: undefined }), true)
    expect((await harness.complete(new BrowserJar(), started)).html).toContain('one-time-code')
    expect(started.session.signIn).toBeUndefined()
  })

  it('ends when the user cancels, and says so to every browser', async () => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    const cancelled = await jar.press(await jar.open(started.url), 'deny')
    expect(cancelled.status).toBe(200)
    expect(textOf(cancelled)).toContain('Nobody was signed in.')
    expect(textOf(await new BrowserJar().open(started.url))).toContain('Nobody was signed in.')
    expect(harness.reasons).toEqual(['ERR_LOGIN_DENIED'])
  })

  it('can be cancelled by the browser that confirmed, and then nothing comes of it', async () => {
    const started = await harness.begin()
    const [jar, other] = [new BrowserJar(), new BrowserJar()]
    const early = await other.open(started.url)
    const callback = harness.provider.approve(await harness.confirm(jar, started), 'ana')
    expect(await other.press(early, 'deny')).toMatchObject({ status: 403, left: undefined })
    const cancelled = await jar.press(await jar.open(started.url), 'deny')
    expect(cancelled.status).toBe(200)
    expect(textOf(cancelled)).toContain('Nobody was signed in.')
    expect((await jar.open(callback)).status).toBe(400)
    expect(harness.reasons).toEqual(['ERR_LOGIN_BROWSER', 'ERR_LOGIN_DENIED', 'ERR_LOGIN_REPLAYED'])
  })

  it('cannot be cancelled or confirmed on a page that is out of date', async () => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    const stale = await jar.open(started.url)
    await harness.complete(jar, started)
    const tooLate = await jar.press(stale, 'deny')
    expect(tooLate.status).toBe(409)
    expect(textOf(tooLate)).toContain('Give this code to your assistant')
    const [login] = harness.logins.transactions
    expect(login?.phase).toBe('authenticated')
    const cancelled = await harness.begin()
    const page = await jar.open(cancelled.url)
    await jar.press(page, 'deny')
    expect(await jar.press(page, 'confirm')).toMatchObject({ status: 409, left: undefined })
    expect(harness.reasons).toEqual(['ERR_LOGIN_REPLAYED', 'ERR_LOGIN_DENIED', 'ERR_LOGIN_BROWSER'])
  })

  it('does nothing for a form of ours that asks for nothing we know', async () => {
    const { url } = await harness.begin()
    const { steps } = harness.logins
    const jar = new BrowserJar()
    expect((await jar.press(await jar.open(url), 'approve')).status).toBe(409)
    expect(harness.logins.steps).toBe(steps)
  })

  it('is taken once when two confirm at the same time', async () => {
    const { url } = await harness.begin()
    const jars = Array.from({ length: 6 }, () => new BrowserJar())
    const pages = await Promise.all(jars.map((jar) => jar.open(url)))
    const answers = await Promise.all(jars.map((jar, index) => jar.press(pages[index] as Shown, 'confirm')))
    expect(answers.filter(({ left }) => left !== undefined)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(5)
  })
})

describe('the page of a sign-in that is over', () => {
  it.each([
    ['completed', 'You can close this window and go back to your assistant.'],
    ['denied', 'to sign in after all, ask your assistant to start again.'],
    ['failed', 'Go back to your assistant and ask it to start again.'],
    ['exhausted', 'Go back to your assistant and ask it to start again.'],
    ['logged-out', 'To sign in, ask it to start again.'],
  ] as const)('says what to do when it is %s', async (how, words) => {
    const { url } = await ended(how)
    const shown = await new BrowserJar().open(url)
    expect(shown.status).toBe(200)
    expect(textOf(shown)).toContain(words)
    expect(shown.html).not.toContain('<form')
  })

  it('is the same for what has expired and for what never was', async () => {
    const { url } = await harness.begin()
    harness.clock.advance(599)
    expect((await new BrowserJar().open(url)).status).toBe(200)
    harness.clock.advance(1)
    const [expired, wrong] = [
      await new BrowserJar().open(url),
      await new BrowserJar().open(harness.pageOf('A'.repeat(43))),
    ]
    expect(expired).toMatchObject({ status: 404, html: wrong.html })
    expect(textOf(wrong)).toContain('This link has expired or is wrong.')
    expect(wrong.headers.getSetCookie()).toEqual([])
  })
})

describe('the edge', () => {
  it.each([
    '',
    '/',
    '/short',
    `/${'A'.repeat(44)}`,
    `/${'A'.repeat(42)}%41`,
    '/callback/',
    '/Callback',
    `/${'A'.repeat(43)}/`,
  ])('answers 404 for /authsec/login%s', async (rest) => {
    expect((await new BrowserJar().open(`${harness.origin}/authsec/login${rest}`)).status).toBe(404)
  })

  it.each(['/authsec/loginx', '/authsec/LOGIN/callback', '/authsec', '//authsec/login/callback'])(
    'leaves %s to others',
    async (path) => {
      const response = await fetch(harness.origin + path)
      expect(await response.text()).toBe('somebody else’s')
      harness.answers.length = 0
    },
  )

  it.each([
    ['HEAD', 'A'.repeat(43), 'GET, POST'],
    ['PUT', 'A'.repeat(43), 'GET, POST'],
    ['DELETE', 'A'.repeat(43), 'GET, POST'],
    ['POST', 'callback', 'GET'],
    ['HEAD', 'callback', 'GET'],
    ['OPTIONS', 'callback', 'GET'],
  ])('answers 405 for %s of %s', async (method, rest, allowed) => {
    const response = await fetch(harness.pageOf(rest), { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allowed)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('answers 503 with a time to come back when the database does not answer, and 500 for a fault of ours', async () => {
    const { url, id } = await harness.begin()
    harness.logins.refuse('find')
    const down = await new BrowserJar().open(url)
    expect(down.status).toBe(503)
    expect(down.headers.get('retry-after')).toBe('5')
    expect(down.headers.getSetCookie()).toEqual([])
    harness.logins.recover()
    harness.broken = true
    const broken = await new BrowserJar().open(url)
    harness.broken = false
    expect(broken.status).toBe(500)
    expect(textOf(broken)).toContain('Something went wrong here.')
    for (const { html } of [down, broken]) expect(html).not.toMatch(/find|cannot read|TypeError|UpstreamError/)
    expect(harness.log.lines).toMatchObject([
      { level: 'error', message: 'a login page failed', fields: { error: 'UpstreamError' } },
      { level: 'error', message: 'a login page failed', fields: { error: 'TypeError' } },
    ])
    expect(JSON.stringify(harness.log.lines)).not.toContain(id)
    expect((await new BrowserJar().open(url)).status).toBe(200)
  })

  it('lets the browser that confirmed go on after the provider was out of reach', async () => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    const page = await jar.open(started.url)
    harness.provider.refuse('authorizationUrl')
    expect(await jar.press(page, 'confirm')).toMatchObject({ status: 503, left: undefined })
    harness.provider.recover()
    expect((await jar.press(page, 'confirm')).left?.origin).toBe('https://idp.test')
  })
})

describe('the name of the server', () => {
  it('is escaped', async () => {
    const options: LoginHarnessOptions = { serverName: '<b onclick="x">&' }
    const named = await LoginHarness.start(options)
    const { html } = await new BrowserJar().open((await named.begin()).url)
    await named.close()
    expect(html).not.toContain('<b onclick')
    expect(html).toContain('&lt;b onclick=&quot;x&quot;&gt;&amp;')
  })
})
