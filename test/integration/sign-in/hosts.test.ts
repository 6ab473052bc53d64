import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../../support/browser-jar.js'
import { faultsOf, LoginHarness } from '../../support/login-harness.js'
import { sendRaw } from '../../support/raw-http.js'

let local: LoginHarness
let hosted: LoginHarness

beforeAll(async () => {
  local = await LoginHarness.start()
  hosted = await LoginHarness.start({ publicOrigin: 'https://mcp.example.com' })
})

afterAll(async () => {
  await local.close()
  await hosted.close()
})

beforeEach(() => {
  for (const harness of [local, hosted]) {
    harness.answers.length = 0
    harness.audit.events.length = 0
  }
})

afterEach(() => {
  expect([local, hosted].flatMap(({ answers }) => answers.flatMap(faultsOf))).toEqual([])
})

function portOf({ origin }: LoginHarness): string {
  return new URL(origin).port
}

/** One request with these header lines, as bytes. */
function ask(harness: LoginHarness, start: string, lines: readonly string[], body = ''): Promise<string> {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  return sendRaw(Number(portOf(harness)), [`${start} HTTP/1.1`, ...lines, ...length, '', body].join('\r\n'))
}

describe('a request by another Host', () => {
  it.each(['evil.example', 'mcp.example.com.evil.example', 'localhost', '127.0.0.1', ''])(
    'is misdirected as %j, whatever is forwarded',
    async (host) => {
      const { id } = await hosted.begin()
      const forwarded = ['X-Forwarded-Host: mcp.example.com', 'Forwarded: host=mcp.example.com']
      const answer = await ask(hosted, `GET /authsec/login/${id}`, [`Host: ${host}`, ...forwarded])
      expect(answer).toMatch(/^HTTP\/1\.1 421 /)
      expect(answer).not.toMatch(/set-cookie/i)
      expect(answer).not.toContain('Claude')
    },
  )

  it('of this computer is sent to the public one before any cookie is set', async () => {
    const { id, url } = await local.begin()
    for (const path of [`/authsec/login/${id}`, '/authsec/login/callback?code=a&state=b']) {
      const answer = await ask(local, `GET ${path}`, [`Host: localhost:${portOf(local)}`])
      expect(answer).toMatch(/^HTTP\/1\.1 303 /)
      expect(answer).toContain(`location: ${local.origin}${path}\r\n`)
      expect(answer).not.toMatch(/set-cookie/i)
    }
    expect(local.reasons).toEqual([])
    const jar = new BrowserJar()
    const shown = await jar.open(url.replace('127.0.0.1', 'localhost'))
    expect(shown.left?.href).toBe(url)
    expect(jar.cookies).toEqual([])
  })

  it('of this computer posts no form', async () => {
    const { id } = await local.begin()
    const [jar, path] = [new BrowserJar(), `/authsec/login/${id}`]
    const csrf = /name="csrf" value="([^"]+)"/.exec((await jar.open(local.origin + path)).html)?.[1] ?? ''
    const [cookie] = jar.cookies.map(({ name, value }) => `Cookie: ${name}=${value}`)
    const post = (host: string): Promise<string> => {
      const lines = [`Host: ${host}`, String(cookie), 'Content-Type: application/x-www-form-urlencoded']
      return ask(local, `POST ${path}`, lines, `csrf=${csrf}&action=confirm`)
    }
    expect(await post(`localhost:${portOf(local)}`)).toMatch(/^HTTP\/1\.1 403 /)
    expect(local.reasons).toEqual(['ERR_LOGIN_FORGED'])
    expect(await post(`127.0.0.1:${portOf(local)}`)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('the cookie', () => {
  it('carries the browser’s own promises over https', async () => {
    const { id } = await hosted.begin()
    const answer = await ask(hosted, `GET /authsec/login/${id}`, ['Host: mcp.example.com'])
    const cookies = [...answer.matchAll(/^set-cookie: (.*)\r$/gim)].map(([, line]) => line)
    expect(cookies).toEqual([
      expect.stringMatching(/^__Host-authsec_login=[\w-]{43}; Path=\/; Max-Age=1200; HttpOnly; SameSite=Lax; Secure$/),
    ])
  })

  it('is told apart by port on loopback http, and kept for as long as the sign-in may take', async () => {
    const { url } = await local.begin()
    const jar = new BrowserJar()
    const [first] = (await jar.open(url)).headers.getSetCookie()
    const pattern = `^authsec_login_${portOf(local)}=[\\w-]{43}; Path=/; Max-Age=1200; HttpOnly; SameSite=Lax$`
    expect(first).toMatch(new RegExp(pattern))
    const [second] = (await jar.open((await local.begin()).url)).headers.getSetCookie()
    expect(second).toBe(first)
    const [other] = (await new BrowserJar().open(url)).headers.getSetCookie()
    expect(other).not.toBe(first)
  })
})

describe('the place that a request came from', () => {
  it.each([
    ['the proxy on the machine of the server', { address: '127.0.0.1' }, 'not known'],
    ['a program there', { transport: 'stdio', address: undefined }, 'a program on the computer of the server'],
    ['elsewhere', { address: '203.0.113.7' }, '203.0.113.7'],
  ] as const)(
    'is never called the user’s own computer by a server that is not: %s',
    async (_title, requester, words) => {
      const { id } = await hosted.begin(hosted.session(requester))
      const answer = await ask(hosted, `GET /authsec/login/${id}`, ['Host: mcp.example.com'])
      expect(answer).toContain(`<bdi>${words}</bdi>`)
      expect(answer).not.toContain('this computer')
    },
  )
})
