import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createFetcher } from '../../../src/adapter/net/create-fetcher.js'
import { traceIssuer } from '../../../src/adapter/token/trace/trace-issuer.js'
import { traceToken } from '../../../src/adapter/token/trace/trace-token.js'
import { Trace } from '../../../src/adapter/token/trace/trace.js'
import type { IssuedToken } from '../../support/hostile-issuer.js'
import { IssuerBench } from '../../support/issuer-bench.js'
import { createIssuerKey, signAs } from '../../support/issuer-key.js'

let bench: IssuerBench

beforeAll(async () => {
  bench = await IssuerBench.start({ algorithms: ['ES256', 'RS256'] })
})
afterAll(() => bench.close())

async function traced(issued: IssuedToken): Promise<Trace> {
  const trace = new Trace()
  const { clock, resource } = bench
  const token = bench.issuer.sign(issued)
  await traceToken(trace, { trusted: bench.trusted(), fetcher: createFetcher(), clock, token, resource })
  return trace
}

function failing({ steps }: Trace): readonly string[] {
  return steps.filter(({ outcome }) => outcome === 'failed').map(({ about }) => about)
}

describe('the trace of a token', () => {
  const stranger = createIssuerKey('ES256')
  it.each<[IssuedToken, readonly string[]]>([
    [{}, []],
    [{ claims: { aud: 'https://other.example' } }, ['audience', 'verdict']],
    [{ claims: { iss: 'https://other.example' } }, ['issuer', 'verdict']],
    [{ header: { typ: 'JWT' } }, ['header', 'verdict']],
    [{ header: { kid: 'other' } }, ['signature', 'verdict']],
    [{ signature: (input) => signAs(stranger, input) }, ['signature', 'verdict']],
    [{ claims: { nonce: 'n' } }, ['kind', 'verdict']],
    [{ claims: { exp: 1, iat: 0 } }, ['times', 'verdict']],
    [{ claims: { sub: undefined } }, ['subject', 'verdict']],
    [{ claims: { client_id: undefined } }, ['client', 'verdict']],
    [{ claims: { tenant_id: undefined } }, ['tenant', 'verdict']],
    [{ claims: { act: 'x' } }, ['actor', 'verdict']],
    [{ claims: { scope: 'a  b' } }, ['grants', 'verdict']],
    [{ claims: { aud: 'x', exp: 1, iat: 0 } }, ['audience', 'times', 'verdict']],
    [{ claims: '[]' }, ['form']],
  ])('of %j fails in %j, as the server decides', async (issued, steps) => {
    const trace = await traced(issued)
    expect(failing(trace)).toEqual(steps)
    expect((await bench.outcome(issued)) === 'accepted').toBe(!trace.failed)
  })

  it('says what was found beside what was wanted', async () => {
    const { steps } = await traced({ claims: { aud: 'https://other.example' } })
    expect(steps.find(({ about }) => about === 'audience')).toEqual({
      about: 'audience',
      outcome: 'failed',
      found: 'aud "https://other.example"; wanted is "https://mcp.example/mcp" alone',
      reason: 'the token is not for this resource',
      code: 'ERR_TOKEN_AUDIENCE',
    })
  })

  it('says which algorithms and types a header may have, and what it has besides', async () => {
    const { steps } = await traced({ header: { typ: 'JWT', jku: 'https://other.example' } })
    expect(steps.find(({ about }) => about === 'header')).toMatchObject({
      outcome: 'failed',
      found: expect.stringMatching(/^alg "ES256" of .*RS256.*; typ "JWT" of at\+jwt; kid ".*"; besides \["jku"\]$/),
    })
    expect(steps.find(({ about }) => about === 'signature')).toMatchObject({ outcome: 'open' })
  })

  it('says how long a token may live', async () => {
    const { steps } = await traced({ claims: { iat: bench.clock.seconds, exp: bench.clock.seconds + 90_000 } })
    const times = 'iat in 0 s, exp in 90000 s; 86400 s from iat to exp at most, clocks 60 s apart'
    expect(steps.find(({ about }) => about === 'times')).toMatchObject({ outcome: 'failed', found: times })
  })

  it('never repeats the token', async () => {
    const token = bench.issuer.sign()
    const trace = new Trace()
    const { clock, resource } = bench
    await traceToken(trace, { trusted: bench.trusted(), fetcher: createFetcher(), clock, token, resource })
    for (const part of token.split('.')) expect(JSON.stringify(trace.steps)).not.toContain(part)
  })
})

describe('the trace of an issuer', () => {
  async function tracedIssuer(options: Readonly<Record<string, unknown>> = {}): Promise<Trace> {
    const trace = new Trace()
    await traceIssuer(trace, { trusted: bench.trusted(options), fetcher: createFetcher(), clock: bench.clock })
    return trace
  }

  it('says where its keys are and what each of them can do', async () => {
    const { steps } = await tracedIssuer()
    const keys = steps.filter(({ about }) => about === 'key').map(({ found }) => found)
    expect(keys).toEqual([`${bench.issuer.keyFor('ES256').kid}: ES256`, `${bench.issuer.keyFor('RS256').kid}: RS256`])
    expect(steps.at(-1)).toEqual({ about: 'keys', outcome: 'passed', found: '2 of 2 can be used' })
  })

  it('fails where no key goes with the algorithms that the issuer is trusted with', async () => {
    const trace = await tracedIssuer({ algorithms: ['PS512'] })
    expect(failing(trace)).toEqual(['keys'])
  })

  it('fails where it is another issuer, and leaves open what cannot be asked then', async () => {
    bench.issuer.metadata = { issuer: 'https://other.example' }
    const trace = await tracedIssuer()
    expect(trace.steps.map(({ about, outcome }) => [about, outcome])).toEqual([
      ['metadata', 'failed'],
      ['keys', 'open'],
    ])
    bench.issuer.metadata = {}
  })

  it.each([
    [{ issuer: 'https://other.example' }, /of another issuer, "https:\/\/other\.example": compared byte by byte$/],
    [{ issuer: undefined }, /of another issuer, none: compared byte by byte$/],
    [{ jwks_uri: 'https://keys.example/a' }, /on another origin, "https:\/\/keys\.example"; add that to origins/],
  ])('says which part of the metadata %j is wrong, and what stands there', async (metadata, words) => {
    bench.issuer.metadata = metadata
    const { steps } = await tracedIssuer()
    bench.issuer.metadata = {}
    expect(steps[0]).toMatchObject({ about: 'metadata', reason: expect.stringMatching(words) })
  })

  it('says why there is no answer', async () => {
    bench.issuer.behave(bench.issuer.paths.jwks, (_request, response) => response.writeHead(503).end())
    const { steps } = await tracedIssuer()
    bench.issuer.behave(bench.issuer.paths.jwks, 'ok')
    const reason = expect.stringMatching(/does not answer: 127\.0\.0\.1:\d+: status 503$/)
    expect(steps.at(-2)).toMatchObject({ about: 'key set', code: 'ERR_IDP_UNAVAILABLE', reason })
  })
})
