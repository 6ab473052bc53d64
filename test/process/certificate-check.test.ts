import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CertificateAuthority } from '../support/certificates.js'
import { listenHttps, type TestListener } from '../support/test-listener.js'

const fetcherModule = new URL('../../dist/adapter/net/create-fetcher.js', import.meta.url).href
const root = fileURLToPath(new URL('../../', import.meta.url))
const authority = new CertificateAuthority()
let listener: TestListener
const asked: string[] = []

beforeAll(async () => {
  listener = await listenHttps(authority.issue({ names: ['other.example'] }), (request, response) => {
    asked.push(request.url ?? '')
    response.end('{}')
  })
})
afterAll(() => listener?.close())

/** Asks the host in a program with these checks switched off: TLS reads the environment of the process. */
const program = (port: number): string => `
  import { get } from 'node:https'
  import { createFetcher } from ${JSON.stringify(fetcherModule)}
  const plain = await new Promise((resolve) => {
    const request = get('https://127.0.0.1:${port}/plain', { servername: 'idp.example' }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode))
    })
    request.on('error', (error) => resolve(error.code))
  })
  const fetcher = createFetcher({ lookup: async () => ['127.0.0.1'], ca: [${JSON.stringify(authority.pem)}] })
  const url = 'https://idp.example:${port}/fetched'
  const fetched = await fetcher.fetch({ url, reach: 'private' }).then(({ status }) => status, ({ failure }) => failure)
  console.log(JSON.stringify({ plain, fetched }))
`

async function run(env: Readonly<Record<string, string>>): Promise<unknown> {
  const argv = ['--no-warnings', '--input-type=module', '--eval', program(listener.port)]
  const { PATH = '' } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: root, env: { PATH, ...env } })
  return JSON.parse(stdout)
}

describe('the certificate of a host', () => {
  it('counts whatever the environment says', async () => {
    expect(await run({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual({ plain: 200, fetched: 'unreachable' })
    expect(asked).toEqual(['/plain'])
  })
})
