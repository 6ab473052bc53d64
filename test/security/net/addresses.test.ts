import { createHook } from 'node:async_hooks'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createFetcher, type FetcherOptions } from '../../../src/adapter/net/create-fetcher.js'
import { FetchError, type NetworkReach } from '../../../src/core/runtime/fetcher.js'
import { listenForHits, type TestListener } from '../../support/test-listener.js'

/** What a URL can call this computer by. */
const thisComputer = [
  ...['127.0.0.1', '127.0.0.2', '127.1.1.1', '127.127.127.127', '127.255.255.254', '127.0.1.3', '127.9.8.7'],
  ...['127.1', '127.0.1', '127.257', '127.65535', '127.1.1', '127.16777214'],
  ...[
    '2130706433',
    '2130706434',
    '017700000001',
    '0017700000001',
    '0x7f000001',
    '0X7F000001',
    '0x7F000001',
    '0x07f000001',
  ],
  ...['0177.0.0.1', '0177.1', '0177.0.1', '00000177.0.0.1', '0177.0x0.0.01', '0177.0.0.0x1', '127.0x1', '127.0x0.01'],
  ...['0x7f.0.0.1', '0x7f.1', '0x7f.0x0.0x0.0x1', '0x7f.0x000001', '0X7f.00.0x0.1', '127.000.000.001', '127.0.0.01'],
  ...['127.0.0.0x', '@127.0.0.1', '127.0.0.1.', '127.1.', '2130706433.', '0x7f000001.', '0177.1.'],
  ...[
    '%31%32%37.0.0.1',
    '127%2e0%2e0%2e1',
    '127%2E1',
    '%30x7f.1',
    '１２７.０.０.１',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '127．0．0．1',
  ],
  ...['127｡0｡0｡1', '𝟏𝟐𝟕.𝟎.𝟎.𝟏', '𝟷𝟸𝟽.𝟷', '0ˣ7f.1', '127.0\t.0.1', '127.0\n.0.1', '127\u00ad.0.0.1', '127\u200b.0.0.1'],
  ...[
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[0000:0000:0000:0000:0000:0000:0000:0001]',
    '[::0:1]',
    '[0::1]',
    '[::0001]',
    '[0:0::1]',
  ],
  ...[
    '[::ffff:127.0.0.1]',
    '[::FFFF:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:7f00:0001]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
  ],
  ...['[::ffff:127.1.2.3]', '[0000::ffff:7fff:fffe]', '[::0:ffff:127.0.0.1]'],
  ...['localhost', 'LOCALHOST', 'LocalHost', 'loc%61lhost', 'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ', 'ｌｏｃａｌｈｏｓｔ', 'local\u00adhost'],
]

/** What stands for this computer in places, and is plainly none of the internet. */
const noPlace = [
  ...[
    '0.0.0.0',
    '0',
    '0x0',
    '00',
    '0.0',
    '0.0.0',
    '0.0.0.1',
    '0.1',
    '[::]',
    '[0:0:0:0:0:0:0:0]',
    '[::ffff:0.0.0.0]',
    '[::ffff:0:0]',
  ],
  ...[
    '[::127.0.0.1]',
    '[::7f00:1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::127.0.0.1]',
  ],
  ...[
    '[2002:7f00:1::]',
    '[2002:7f00:1::1]',
    '[2001:0:7f00:1::]',
    '[2001::80ff:fffe]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
  ],
  ...['255.255.255.255', '224.0.0.1', '240.0.0.1', '192.0.2.1', '198.18.0.1'],
]

/** Where clouds tell machines their credentials. */
const metadata = [
  ...[
    '169.254.169.254',
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
    '169.254.43518',
    '0xa9.254.0251.0xfe',
    '169.16689662',
  ],
  ...[
    '169.254.169.254.',
    '169。254。169。254',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[::169.254.169.254]',
  ],
  ...[
    '[64:ff9b::a9fe:a9fe]',
    '[2002:a9fe:a9fe::]',
    '[fe80::a9fe:a9fe]',
    '169.254.170.2',
    '169.254.170.23',
    '169.254.42.42',
  ],
  ...[
    '[fd00:ec2::254]',
    '[fd00:ec2::23]',
    '[FD00:0EC2::0254]',
    '[fd20:ce::254]',
    '[fd00:42::42]',
    '[fd00:c1::a9fe:a9fe]',
  ],
  ...['100.100.100.200', '0x646464c8', '[::ffff:100.100.100.200]', '168.63.129.16', '192.0.0.192', '169.254.0.23'],
]

/** Networks that only a company reaches. */
const ownNetworks = [
  ...[
    '10.0.0.1',
    '10.255.255.254',
    '0xa000001',
    '012.1',
    '172.16.0.1',
    '172.31.255.254',
    '192.168.0.1',
    '192.168.1',
    '3232235777',
  ],
  ...['100.64.0.1', '100.127.255.254', '[fc00::1]', '[fd00::1]', '[::ffff:10.0.0.1]', '[::ffff:c0a8:1]'],
]

/** What is no URL of a host at all, or names two. */
const noUrl = [
  ...['[::1%25lo]', '[::1%lo]', '[fe80::1%25eth0]', '[fe80::1%eth0]', '127.0.0.256', '0x100000000', '1.2.3.4.5'],
  ...[
    '[::ffff:127.0.0.1',
    '[127.0.0.1]',
    '[::1]]',
    '[::ffff:0177.0.0.1]',
    '127..0.1',
    '08.0.0.1',
    '%00127.0.0.1',
    '127.0.0.1%00',
  ],
  ...['user@127.0.0.1', 'user:password@127.0.0.1', 'idp.example@127.0.0.1', 'idp.example%40127.0.0.1'],
]

/** Names, and what they mean. */
const names: Readonly<Record<string, readonly string[]>> = {
  '127.0.0.1.nip.example': ['127.0.0.1'],
  '7f000001.nip.example': ['127.0.0.1'],
  '0--1.sslip.example': ['::1'],
  'idp.example': ['127.0.0.1'],
  'a.localhost': ['::1'],
  'localhost.': ['127.0.0.1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'first.example': ['127.0.0.1', '192.0.2.1'],
  'last.example': ['203.0.114.1', '127.0.0.1'],
  'last-ipv6.example': ['203.0.114.1', '2606:4700::1111', '::1'],
  'translated.example': ['64:ff9b::7f00:1'],
  'metadata.example': ['169.254.169.254'],
  'metadata-among-others.example': ['203.0.114.1', '169.254.169.254'],
  'zone.example': ['fe80::1%eth0'],
  'odd.example': ['0177.0.0.1'],
  'name.example': ['localhost'],
  'nothing.example': [''],
}

let canary: TestListener
beforeAll(async () => {
  canary = await listenForHits()
})
afterAll(async () => {
  await canary.close()
})

async function failureOf(url: string, reach: NetworkReach, options: FetcherOptions = {}): Promise<FetchError> {
  const error: unknown = await createFetcher(options)
    .fetch({ url, reach })
    .catch((thrown: unknown) => thrown)
  if (error instanceof FetchError) return error
  throw new TypeError('it was not refused', { cause: error })
}

/** How often this process tries to connect to somebody while `work` goes on. */
async function attemptsDuring(work: () => Promise<unknown>): Promise<number> {
  let attempts = 0
  const hook = createHook({ init: (_id, type) => void (attempts += type === 'TCPCONNECTWRAP' ? 1 : 0) }).enable()
  try {
    await work()
  } finally {
    hook.disable()
  }
  return attempts
}

async function expectRefusal(url: string, reach: NetworkReach, options?: FetcherOptions): Promise<void> {
  const before = canary.hits()
  const attempts = await attemptsDuring(async () => {
    expect(await failureOf(url, reach, options)).toMatchObject({ failure: expect.stringMatching(/^(address|url)$/) })
  })
  expect({ attempts, hits: canary.hits() - before }).toEqual({ attempts: 0, hits: 0 })
}

describe('an address of this computer (O9)', () => {
  it.each(thisComputer)('is out of public reach, and within a private one: %j', async (host) => {
    await expectRefusal(`https://${host}:${canary.port}/jwks`, 'public')
    await expectRefusal(`http://${host}:${canary.port}/jwks`, 'public')
    const before = canary.hits()
    const attempts = await attemptsDuring(() => failureOf(`https://${host}:${canary.port}/jwks`, 'private'))
    expect(attempts).toBeGreaterThan(0)
    expect(canary.hits()).toBeGreaterThan(before)
  })
})

describe.each([
  ['no place of the internet', noPlace],
  ['a metadata service', metadata],
  ['no URL of a host', noUrl],
])('%s (O9)', (_what, hosts) => {
  it.each(hosts)('is out of any reach: %j', async (host) => {
    for (const reach of ['public', 'private'] as const) {
      await expectRefusal(`https://${host}:${canary.port}/latest`, reach)
      await expectRefusal(`http://${host}:${canary.port}/latest`, reach)
    }
  })
})

describe('a network of a company (O9)', () => {
  it.each(ownNetworks)('is out of public reach: %j', async (host) => {
    await expectRefusal(`https://${host}:${canary.port}/jwks`, 'public')
  })

  it.each(ownNetworks)('is never asked without TLS: %j', async (host) => {
    await expectRefusal(`http://${host}:${canary.port}/jwks`, 'private')
  })
})

describe('a name (O9)', () => {
  const lookup = (hostname: string): Promise<readonly string[]> => Promise.resolve(names[hostname] ?? [])

  it.each(Object.entries(names))('is out of public reach: %s is %j', async (name) => {
    await expectRefusal(`https://${name}:${canary.port}/jwks`, 'public', { lookup })
  })

  it.each([
    '127.0.0.1.nip.example',
    '0--1.sslip.example',
    'idp.example',
    'a.localhost',
    'localhost.',
    'mapped.example',
  ])('is within private reach where it means this computer: %s', async (name) => {
    const before = canary.hits()
    await failureOf(`https://${name}:${canary.port}/jwks`, 'private', { lookup })
    expect(canary.hits()).toBeGreaterThan(before)
  })

  it.each(['metadata.example', 'metadata-among-others.example', 'zone.example', 'odd.example', 'name.example'])(
    'is out of private reach where it means what nobody should ask: %s',
    async (name) => {
      await expectRefusal(`https://${name}:${canary.port}/jwks`, 'private', { lookup })
    },
  )

  it('is not connected to without an address', async () => {
    const attempts = await attemptsDuring(async () => {
      const failure = await failureOf(`https://unknown.example:${canary.port}/`, 'private', { lookup })
      expect(failure).toMatchObject({ failure: 'unreachable' })
    })
    expect(attempts).toBe(0)
  })

  it('means at the connection what it meant when it was checked', async () => {
    const answers = [['127.0.0.1'], ['169.254.169.254'], ['203.0.114.1', '127.0.0.1']]
    let asked = 0
    const rebinding = { lookup: () => Promise.resolve(answers[asked++] ?? []) }
    const url = `https://rebind.example:${canary.port}/`
    const before = canary.hits()
    await failureOf(url, 'private', rebinding)
    expect({ asked, hits: canary.hits() - before }).toEqual({ asked: 1, hits: 1 })
    await expectRefusal(url, 'private', rebinding)
    await expectRefusal(url, 'public', rebinding)
    expect(asked).toBe(3)
  })
})

describe('a URL', () => {
  it.each([
    ...[
      '',
      'idp.example',
      '//idp.example/',
      '/jwks',
      'https:',
      'https://',
      'https:///',
      'not a url',
      'https://idp.example:99999/',
    ],
    ...[
      'ftp://idp.example/',
      'file:///etc/passwd',
      'data:application/json,{}',
      'javascript:alert(1)',
      'ws://idp.example/',
    ],
    ...[
      'gopher://127.0.0.1:6379/_INFO',
      'blob:https://idp.example/1',
      'unix:///var/run/docker.sock',
      'about:blank',
      'jar:https://x/',
    ],
    ...[
      'https://user@idp.example/',
      'https://:password@idp.example/',
      'https://idp.example/#fragment',
      'https://idp.example/#',
    ],
    ...['http://idp.example/', `https://idp.example/${'x'.repeat(2048)}`, `https://${'x'.repeat(254)}/`],
  ])('is refused before anything is looked up: %s', async (url) => {
    let lookups = 0
    const lookup = (): Promise<readonly string[]> => Promise.resolve((lookups += 1)).then(() => ['127.0.0.1'])
    expect(await failureOf(url, 'public', { lookup })).toMatchObject({ failure: 'url' })
    expect(lookups).toBe(0)
  })

  it('is looked up otherwise', async () => {
    const asked: string[] = []
    const lookup = (hostname: string): Promise<readonly string[]> =>
      Promise.resolve(asked.push(hostname)).then(() => [])
    await failureOf(`https://IDP.example/${'x'.repeat(2_000)}?x=1`, 'public', { lookup })
    expect(asked).toEqual(['idp.example'])
  })
})

it('is tried with as many payloads as the threat model asks for', () => {
  const enough = { loopback: 66 <= thisComputer.length, metadata: 17 <= metadata.length }
  expect(enough).toEqual({ loopback: true, metadata: true })
  expect(new Set([...thisComputer, ...noPlace, ...metadata, ...ownNetworks, ...noUrl]).size).toBe(
    [thisComputer, noPlace, metadata, ownNetworks, noUrl].flat().length,
  )
})
