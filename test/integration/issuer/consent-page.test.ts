import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar, hiddenFields, type Shown } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, pkcePair } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock })
  Object.assign(harness.options, {
    resources: harness.options.resources.map((resource) => ({
      ...resource,
      scopeWords: { read: 'See <your> invoices' },
    })),
  })
  await harness.restart()
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read', 'write'])
})

afterAll(() => harness.close())
afterEach(() => clock.advance(16 * 60))

interface Asked {
  readonly name?: string
  readonly redirectUri?: string
  readonly scope?: string
}

async function ask(
  jar: BrowserJar,
  { name = 'Acme', redirectUri = callbackUri, scope = 'mcp read' }: Asked,
): Promise<Shown> {
  const client_id = await harness.registeredClient({ client_name: name, redirect_uris: [redirectUri] })
  const { challenge: code_challenge } = pkcePair()
  const url = harness.authorizeUrl({
    ...{ client_id, redirect_uri: redirectUri, scope, code_challenge, code_challenge_method: 'S256' },
  })
  return harness.signIn(jar, url, 'ana@acme.test')
}

const textOf = ({ html }: Shown): string => html.replaceAll(/<[^>]+>/g, '').replaceAll(/\s+/g, ' ')

describe('the consent page (Model Context Protocol, security best practices)', () => {
  it('names client, destination, scopes, account and organisation, and says that nobody has verified the name', async () => {
    const shown = await ask(new BrowserJar(), { scope: 'mcp read write openid email' })
    const text = textOf(shown)
    expect(text).toContain('Allow “Acme”?')
    expect(text).toContain('Not verified. Anyone can call an app by this name.')
    expect(shown.html).toContain('<strong>client.example</strong>')
    expect(text).toContain('See &lt;your&gt; invoices read')
    expect(text).toContain('Change what you may change write')
    expect(text).toContain('Know which account you useSee your e-mail address Signed in')
    expect(text).toContain('Signed in as ana@acme.test Organisation Acme Corp')
    expect(shown.html).not.toContain('class="warning"')
    expect(shown.html).toContain('href="/authsec/consents"')
  })

  it.each([
    ['http://127.0.0.1:9999/cb', 'Any program on this computer can take this.'],
    ['com.example.app:/cb', 'Any program can ask like this.'],
  ])('warns of %s', async (redirectUri, words) => {
    expect(textOf(await ask(new BrowserJar(), { redirectUri }))).toContain(words)
  })

  it.each([
    [
      'Claude',
      'https://claude.ai.example/cb',
      ['calls itself like Claude, whose sign-ins end at claude.ai', 'reads like one of Claude'],
    ],
    ['Cursоr', callbackUri, ['calls itself like Cursor', 'The name mixes letters']],
    ['Acme', new URL('https://сlаudе.ai/cb').href, ['reads like one of Claude', 'the address reads сlаudе.ai']],
    ['MCP Inspector', callbackUri, ['calls itself like MCP Inspector, whose sign-ins end at this computer']],
  ])('warns of %s at %s above the button', async (name, redirectUri, words) => {
    const shown = await ask(new BrowserJar(), { name, redirectUri })
    for (const one of words) expect(textOf(shown)).toContain(one)
    expect(shown.html.lastIndexOf('class="warning"')).toBeLessThan(shown.html.indexOf('value="allow"'))
  })

  it('cannot be framed, and sets no cookie that another site could send along', async () => {
    const jar = new BrowserJar()
    const shown = await ask(jar, {})
    expect(shown.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(shown.headers.get('x-frame-options')).toBe('DENY')
    for (const cookie of jar.answers.flatMap(({ headers }) => headers.getSetCookie())) {
      if (!/expires=Thu, 01 Jan 1970/i.test(cookie)) expect(cookie).toMatch(/httponly/i)
      expect(cookie).toMatch(/samesite=lax/i)
    }
  })

  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string | undefined>>]>([
    ['without its token', {}, { csrf: undefined }],
    ['with a token that is made up', {}, { csrf: 'A'.repeat(43) }],
    ['sent from another site', { origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' }, {}],
    ['sent from a sibling of the site', { 'sec-fetch-site': 'same-site' }, {}],
  ])('allows nothing for a form %s, and all for the one of the page', async (_what, headers, fields) => {
    const jar = new BrowserJar()
    const consent = await ask(jar, {})
    expect(await jar.press(consent, 'allow', { headers, fields })).toMatchObject({ status: 403, left: undefined })
    expect((await jar.press(consent, 'allow')).left?.searchParams.get('code')).toBeTruthy()
  })

  it('allows nothing for the form that another browser, or another client, was shown', async () => {
    const [mine, theirs] = [new BrowserJar(), new BrowserJar()]
    const [consent, other] = [await ask(mine, {}), await ask(theirs, {})]
    const fields = { csrf: hiddenFields(other.html)['csrf'] }
    expect(await mine.press(consent, 'allow', { fields })).toMatchObject({ status: 403, left: undefined })
    expect(await mine.press(other, 'allow')).toMatchObject({ status: 400, left: undefined })
    const second = await ask(mine, { redirectUri: 'https://other.example/cb' })
    const crossed = { csrf: hiddenFields(consent.html)['csrf'] }
    expect(await mine.press(second, 'allow', { fields: crossed })).toMatchObject({ status: 403, left: undefined })
  })

  it('is shown once per client, destination and width: less is not asked again, more is, and another client is', async () => {
    const jar = new BrowserJar()
    const client_id = await harness.registeredClient()
    const open = (scope: string, id = client_id): Promise<Shown> => {
      const { challenge: code_challenge } = pkcePair()
      const parameters = {
        client_id: id,
        redirect_uri: callbackUri,
        scope,
        code_challenge,
        code_challenge_method: 'S256',
      }
      return jar.open(harness.authorizeUrl(parameters))
    }
    const page = await jar.press(await open('mcp read'), 'sign-in', {
      fields: { email: 'ana@acme.test', password: 'correct horse battery staple' },
    })
    await jar.press(page, 'allow')
    for (const scope of ['mcp read', 'mcp', 'read'])
      expect((await open(scope)).left?.searchParams.get('code')).toBeTruthy()
    for (const scope of ['mcp read write', 'mcp read openid']) expect((await open(scope)).html).toContain('<h1>Allow')
    expect((await open('mcp read', await harness.registeredClient())).html).toContain('<h1>Allow')
  })
})
