import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, pkcePair } from '../../support/issuer-harness.js'

let harness: IssuerHarness
let clientId: string

beforeAll(async () => {
  harness = await IssuerHarness.start({ admits: 'own' })
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  await harness.addAccount(harness.globex, 'eve@globex.test', ['read'])
  clientId = await harness.registeredClient()
})

afterAll(() => harness.close())

function startUrl(): URL {
  const { challenge } = pkcePair()
  return harness.authorizeUrl({
    client_id: clientId,
    redirect_uri: callbackUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })
}

describe('an application of one tenant', () => {
  it('names it, and offers no other', async () => {
    const { html } = await new BrowserJar().open(startUrl())
    expect(html).toContain('<strong><bdi>Acme Corp</bdi></strong>')
    expect(html).not.toContain('Globex')
    expect(html).not.toContain('<select')
  })

  it('signs in its own users without asking for the tenant', async () => {
    expect((await harness.signIn(new BrowserJar(), startUrl(), 'ana@acme.test')).html).toContain('<h1>Allow')
  })

  it('signs in nobody else, even where the form is told to', async () => {
    const jar = new BrowserJar()
    const fields = { tenant: 'globex', email: 'eve@globex.test', password: 'correct horse battery staple' }
    expect((await jar.press(await jar.open(startUrl()), 'sign-in', { fields })).status).toBe(400)
  })

  it('goes on to admit another one after its registration says so', async () => {
    const { application } = harness.options
    await harness.applications.register({ ...application, admits: ['acme', 'globex'] })
    expect((await new BrowserJar().open(startUrl())).html).toContain('Globex')
    await harness.applications.register(application)
    await harness.restart()
    expect((await new BrowserJar().open(startUrl())).html).not.toContain('Globex')
  })

  it('lets nobody in, refreshes nothing, and says so, when the tenant is gone', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', clientId)
    harness.tenants.deactivate('acme')
    expect(await harness.refresh(clientId, body['refresh_token'])).toMatchObject({ body: { error: 'invalid_grant' } })
    const { status, html } = await new BrowserJar().open(startUrl())
    expect(status).toBe(403)
    expect(html).toContain('No organisation can sign in here')
  })

  it('does not take a new tenant of the same slug for the old one', async () => {
    const again = harness.tenants.add('acme', 'Acme Reborn')
    expect(again.id).not.toBe(harness.acme.id)
    const { status } = await new BrowserJar().open(startUrl())
    expect(status).toBe(403)
  })
})
