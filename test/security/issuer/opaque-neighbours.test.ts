import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { createTokenVerifier } from '../../../src/adapter/token/create-token-verifier.js'
import type { FetchAnswer, FetchRequest } from '../../../src/core/runtime/fetcher.js'
import { MemoryIssuerBook, trustIn, withIssuer, type IssuerBench } from '../../support/issuer-bench.js'
import { ManualClock } from '../../support/manual-clock.js'

/** An issuer whose tokens have to be looked up (RFC 7662). */
function withLookUp(work: (bench: IssuerBench) => Promise<void>): Promise<void> {
  return withIssuer({}, async (bench) => {
    const { clientId, clientSecret } = bench.issuer
    bench.book.trust(bench.trusted({ introspection: { clientId, clientSecret } }))
    await work(bench)
  })
}

const invented = (): string => randomBytes(24).toString('base64url')

/** The issuer answers like this to whatever is asked about a token. */
function answerAll({ issuer }: IssuerBench, answer: (response: ServerResponse) => void): void {
  issuer.behave(issuer.paths.introspection, (_request, response) => answer(response))
}

describe('tokens of others that have to be looked up', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    // What authorization servers answer to a text that looks like a JWT, or that a filter before them dislikes.
    ['a refusal of the request', (response) => response.writeHead(400).end('{"error":"unsupported_token_type"}')],
    ['a refusal of our client', (response) => response.writeHead(403).end()],
    ['a size that is too much', (response) => response.writeHead(413).end()],
    ['a failure', (response) => response.writeHead(500).end()],
    ['a claim that is not well formed', (response) => response.end(String.raw`{"active":true,"name":"\ud800"}`)],
    ['a name that comes twice', (response) => response.end('{"active":true,"active":false}')],
  ])('are not in the way of other tokens, whatever comes back for them: %s', (_what, answer) =>
    withLookUp(async (bench) => {
      answerAll(bench, answer)
      for (let count = 0; count < 5; count += 1) expect(await bench.outcomeOf(invented())).toBe('ERR_IDP_UNAVAILABLE')
      bench.issuer.behave(bench.issuer.paths.introspection, 'ok')
      expect(await bench.outcomeOf(bench.issuer.opaque.issue())).toBe('accepted')
    }),
  )

  it('wait for nobody once the issuer is silent', () =>
    withLookUp(async (bench) => {
      answerAll(bench, (response) => response.writeHead(503).end())
      for (let count = 0; count < 3; count += 1) await bench.outcomeOf(invented())
      const asked = bench.issuer.requests.length
      expect(await bench.outcomeOf(invented())).toBe('ERR_IDP_UNAVAILABLE')
      expect(bench.issuer.requests).toHaveLength(asked)
    }))

  it('do not keep a token from being looked up again that was valid a minute ago', () =>
    withLookUp(async (bench) => {
      const token = bench.issuer.opaque.issue()
      expect(await bench.outcomeOf(token)).toBe('accepted')
      bench.clock.advance(60)
      bench.issuer.behave(bench.issuer.paths.introspection, { late: 20 })
      const flood = Array.from({ length: 400 }, () => bench.outcomeOf(invented()))
      expect(await bench.outcomeOf(token)).toBe('accepted')
      expect(await Promise.all(flood)).not.toContain('accepted')
    }))

  it('do not make a valid one forgotten, however many are invented', async () => {
    const { issuer, ...claims } = { issuer: 'https://issuer.example', aud: 'https://mcp.example/mcp', sub: 'user-1' }
    const said = { active: true, ...claims, client_id: 'client-1', tenant_id: 'acme' }
    const valid = invented()
    let asked = 0
    const fetch = ({ body = '' }: FetchRequest): Promise<FetchAnswer> => {
      const isValid = new URLSearchParams(String(body)).get('token') === valid
      if (isValid) asked += 1
      const answer = Buffer.from(JSON.stringify(isValid ? said : { active: false }))
      return Promise.resolve({ status: 200, headers: new Map(), body: answer })
    }
    const book = new MemoryIssuerBook()
    const introspection = { clientId: 'us', clientSecret: 'secret', url: 'https://issuer.example/introspect' }
    book.trust(trustIn({ issuer }, { introspection }))
    const verifier = createTokenVerifier({ others: { book, fetcher: { fetch } }, clock: new ManualClock() })
    const verify = (token: string): Promise<unknown> => verifier.verify(token, claims.aud).catch(() => undefined)
    expect(await verify(valid)).toBeDefined()
    for (let count = 0; count < 101; count += 1)
      await Promise.all(Array.from({ length: 100 }, () => verify(invented())))
    expect(await verify(valid)).toBeDefined()
    expect(asked).toBe(1)
  })
})
