import { afterEach, describe, expect, it } from '@jest/globals'
import { createFetcher, type FetcherOptions } from '../../../src/adapter/net/create-fetcher.js'
import type { FetchAnswer } from '../../../src/core/runtime/fetcher.js'
import { CertificateAuthority, type CertificateOptions } from '../../support/certificates.js'
import { listenHttp, listenHttps, type TestListener } from '../../support/test-listener.js'

const authority = new CertificateAuthority()
const lookup = (): Promise<readonly string[]> => Promise.resolve(['127.0.0.1'])
let listener: TestListener | undefined
let requests = 0

afterEach(async () => {
  await listener?.close()
  requests = 0
})

async function ask(certificate: CertificateOptions, options: FetcherOptions = {}): Promise<FetchAnswer> {
  listener = await listenHttps(authority.issue(certificate), (_request, response) => {
    requests += 1
    response.end('{}')
  })
  const fetcher = createFetcher({ lookup, ca: [authority.pem], ...options })
  const headers = { authorization: 'Basic secret' }
  return await fetcher.fetch({ url: `https://idp.example:${listener.port}/`, headers, reach: 'private' })
}

describe('the certificate of a host', () => {
  it.each([['idp.example'], ['IDP.EXAMPLE'], ['other.example', 'idp.example']])(
    'is accepted for %s',
    async (...names) => {
      expect((await ask({ names })).status).toBe(200)
      expect(requests).toBe(1)
    },
  )

  it('is accepted for a name with the dot of the root', async () => {
    const issued = authority.issue({ names: ['idp.example'] })
    listener = await listenHttps(issued, (_request, response) => response.end('{}'))
    const url = `https://idp.example.:${listener.port}/`
    const { status } = await createFetcher({ lookup, ca: [authority.pem] }).fetch({ url, reach: 'private' })
    expect(status).toBe(200)
  })

  it.each<[string, CertificateOptions, FetcherOptions, string]>([
    ['of another name', { names: ['other.example'] }, {}, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['of a name below', { names: ['www.idp.example'] }, {}, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['of an authority that nobody knows', { names: ['idp.example'] }, { ca: [] }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [
      'of another authority',
      { names: ['idp.example'] },
      { ca: [new CertificateAuthority().pem] },
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    ['that has expired', { names: ['idp.example'], expiresAt: new Date(Date.now() - 60_000) }, {}, 'CERT_HAS_EXPIRED'],
  ])('is refused %s, and nothing is sent', async (_what, certificate, options, code) => {
    const message = expect.stringContaining(`it cannot be reached (${code})`) as unknown
    await expect(ask(certificate, options)).rejects.toMatchObject({ failure: 'unreachable', message })
    expect(requests).toBe(0)
  })

  it('is asked for: a host without one is not spoken to', async () => {
    listener = await listenHttp((_request, response) => {
      requests += 1
      response.end('{}')
    })
    const url = `https://idp.example:${listener.port}/`
    await expect(createFetcher({ lookup }).fetch({ url, reach: 'private' })).rejects.toMatchObject({
      failure: 'unreachable',
    })
    expect(requests).toBe(0)
  })
})
