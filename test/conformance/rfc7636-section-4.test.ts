import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../support/browser-jar.js'
import { callbackUri, IssuerHarness, type TokenAnswer } from '../support/issuer-harness.js'

let harness: IssuerHarness
let clientId: string

beforeAll(async () => {
  harness = await IssuerHarness.start()
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  clientId = await harness.registeredClient()
})

afterAll(() => harness.close())

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

/** A code for this challenge, redeemed with this verifier. */
async function redeem(code_challenge: string, code_verifier: string | undefined): Promise<TokenAnswer> {
  const { code } = await harness.obtainCode('ana@acme.test', { client_id: clientId, scope: 'read', code_challenge })
  return harness.exchange({ client_id: clientId, code, ...(code_verifier === undefined ? {} : { code_verifier }) })
}

/** What an authorization request with these parameters leads to. */
async function asked(parameters: Readonly<Record<string, string | undefined>>): Promise<number> {
  const url = harness.authorizeUrl({ client_id: clientId, redirect_uri: callbackUri, scope: 'read', ...parameters })
  return (await new BrowserJar().open(url)).status
}

const allCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'

describe('Proof Key for Code Exchange (RFC 7636)', () => {
  it('Appendix B gives tokens for its verifier', async () => {
    const answer = await redeem(
      'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    )
    expect(answer.status).toBe(200)
  })

  it.each([
    ['43 characters', 'a'.repeat(43)],
    ['128 characters', 'a'.repeat(128)],
    ['every character that is allowed', allCharacters],
  ])('§4.1 takes a verifier of %s', async (_title, verifier) => {
    expect((await redeem(challengeOf(verifier), verifier)).status).toBe(200)
  })

  it.each([
    ['42 characters', 'a'.repeat(42)],
    ['129 characters', 'a'.repeat(129)],
    ['another character', `${'a'.repeat(43)}+`],
    ['a letter with an accent', `${'a'.repeat(43)}é`],
    ['a line break', `${'a'.repeat(43)}\n`],
  ])('§4.1 refuses a verifier of %s, though its digest is right', async (_title, verifier) => {
    const answer = await redeem(challengeOf(verifier), verifier)
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringMatching(/^invalid_(grant|request)$/) } })
    expect(answer.body['access_token']).toBeUndefined()
  })

  it('§4.3 takes S256 alone: not plain, not nothing, no method by default', async () => {
    const code_challenge = challengeOf('a'.repeat(43))
    const refused = [
      { code_challenge, code_challenge_method: 'plain' },
      { code_challenge, code_challenge_method: undefined },
      { code_challenge, code_challenge_method: 's256' },
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge: 'a'.repeat(43), code_challenge_method: 'plain' },
    ]
    for (const parameters of refused) expect(await asked(parameters)).toBe(400)
    expect(await asked({ code_challenge, code_challenge_method: 'S256' })).toBe(200)
  })

  it.each([
    ['another verifier', 'b'.repeat(43)],
    ['the challenge itself', challengeOf('a'.repeat(43))],
    ['no verifier', undefined],
  ])('§4.6 refuses %s', async (_title, verifier) => {
    expect((await redeem(challengeOf('a'.repeat(43)), verifier)).status).toBe(400)
  })
})
