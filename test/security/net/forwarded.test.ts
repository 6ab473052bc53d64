import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { rangeFault, TrustedProxies } from '../../../src/adapter/net/trusted-proxies.js'
import { openListener, type Listener } from '../../../src/app/listener.js'
import { observeRequests } from '../../../src/app/observe/observe-requests.js'
import { readSettings } from '../../../src/app/settings/settings.js'
import { originOf } from '../../../src/core/audit/request-origin.js'
import { silentTracer } from '../../../src/core/runtime/tracer.js'

const proxies = new TrustedProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])

function clientOf(peer: string, headers: Readonly<Record<string, string>>): string {
  const request = { headers, socket: { remoteAddress: peer } }
  return proxies.clientOf(request) ?? peer
}

describe('who sent a request (A3)', () => {
  it.each([
    ['one proxy', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['several proxies', '10.0.0.1', '203.0.113.9, 192.0.2.7, 10.1.1.1', '203.0.113.9'],
    ['a proxy in IPv6', 'fd00::1', '2001:db8::5', '2001:db8::5'],
    ['a peer in the clothes of IPv6', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['a client in the clothes of IPv6', '10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['a proxy among them in the clothes of IPv6', '10.0.0.1', '203.0.113.9, ::ffff:10.1.1.1', '203.0.113.9'],
    ['ports', '10.0.0.1', '203.0.113.9:4711, 10.1.1.1:80', '203.0.113.9'],
    ['a port with IPv6', '10.0.0.1', '[2001:db8::5]:4711', '2001:db8::5'],
    ['nobody but proxies', '10.0.0.1', '10.3.3.3, 10.2.2.2', '10.3.3.3'],
  ])('is the last one in X-Forwarded-For that is no listed proxy: %s', (_title, peer, header, client) => {
    expect(clientOf(peer, { 'x-forwarded-for': header })).toBe(client)
  })

  it.each([
    ['what a client wrote before', '10.0.0.1', '127.0.0.1, 203.0.113.9', '203.0.113.9'],
    ['a proxy that a client invented', '10.0.0.1', '198.51.100.1, 10.9.9.9, 203.0.113.9', '203.0.113.9'],
    ['a peer that is not listed', '203.0.113.9', '127.0.0.1', '203.0.113.9'],
    ['a peer beside the range', '11.0.0.1', '127.0.0.1', '11.0.0.1'],
    ['a word that is no address', '10.0.0.1', '127.0.0.1, unknown, 10.4.4.4', '10.4.4.4'],
    ['nothing but such a word', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['an empty place', '10.0.0.1', '127.0.0.1, ', '10.0.0.1'],
    ['numbers that others read as an address', '10.0.0.1', '2130706433', '10.0.0.1'],
    ['an address in octal', '10.0.0.1', '0177.0.0.1', '10.0.0.1'],
    ['nothing', '10.0.0.1', '', '10.0.0.1'],
  ])('is never %s', (_title, peer, header, client) => {
    expect(clientOf(peer, { 'x-forwarded-for': header })).toBe(client)
  })

  it.each([
    ['for=203.0.113.9', '203.0.113.9'],
    ['For="203.0.113.9:4711";proto=https;by=10.0.0.1', '203.0.113.9'],
    ['for=127.0.0.1, for="[2001:db8::5]:4711"', '2001:db8::5'],
    ['for=203.0.113.9;host="a,b", for=10.1.1.1', '203.0.113.9'],
    ['for=127.0.0.1, for=_hidden', '10.0.0.1'],
    ['for=127.0.0.1, for=unknown, for=10.1.1.1', '10.1.1.1'],
    ['for=127.0.0.1, proto=https', '10.0.0.1'],
    ['for=127.0.0.1;for=127.0.0.2', '10.0.0.1'],
    // Left open by a client, it reaches into what the proxy has written behind it.
    ['for="127.0.0.1, for=203.0.113.9', '10.0.0.1'],
    ['for=127.0.0.1;host="x, for=203.0.113.9;host="mcp.example"', '10.0.0.1'],
    ['127.0.0.1', '10.0.0.1'],
  ])('is by Forwarded (RFC 7239) %j: %s', (header, client) => {
    expect(clientOf('10.0.0.1', { forwarded: header })).toBe(client)
  })

  it('is the proxy where both headers are there and differ: a proxy writes one and hands on the other', () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=127.0.0.1' }
    expect(clientOf('10.0.0.1', headers)).toBe('10.0.0.1')
    expect(clientOf('10.0.0.1', { ...headers, forwarded: 'for=203.0.113.9' })).toBe('203.0.113.9')
    expect(clientOf('10.0.0.1', { ...headers, forwarded: '"' })).toBe('10.0.0.1')
  })
})

describe('AUTHSEC_TRUSTED_PROXIES', () => {
  const read = (text: string) => readSettings({ AUTHSEC_TRUSTED_PROXIES: text }, {}, undefined).trustedProxies

  it('lists addresses and ranges; nobody is trusted without it', () => {
    expect(read('10.0.0.0/8, 192.0.2.7 ,2001:db8::/32')).toEqual(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])
    expect(readSettings({}, {}, undefined).trustedProxies).toEqual([])
  })

  it.each(['10.0.0.0/33', '10.0.0', 'proxy.example', '10.0.0.1/', '10.0.0.1/8/8', '::1/129', 'fe80::1%eth0', '1'])(
    'stops the start with %j',
    (range) => {
      expect(() => read(`192.0.2.7,${range}`)).toThrow(
        expect.objectContaining({
          code: 'ERR_CONFIG_ENVIRONMENT',
          message: expect.stringContaining(`AUTHSEC_TRUSTED_PROXIES: "${range}"`),
        }),
      )
    },
  )

  it('takes neither everybody nor two notations of one address', () => {
    expect(rangeFault('0.0.0.0/0')).toContain('every address')
    expect(rangeFault('::/0')).toContain('every address')
    expect(rangeFault('::ffff:10.0.0.0/104')).toContain('write it as IPv4')
    expect(rangeFault('10.0.0.0/8')).toBeUndefined()
  })
})

describe('a server', () => {
  let behind: Listener
  let alone: Listener

  const open = async (trusted: readonly string[]): Promise<Listener> => {
    const listener = await openListener({ host: '127.0.0.1', port: 0, log: { write: () => undefined } })
    const observers = { tracer: silentTracer, meter: undefined, proxies: new TrustedProxies(trusted) }
    listener.serve([
      observeRequests(
        [
          async (request, response) => {
            response.end(JSON.stringify(originOf(request)))
            return true
          },
        ],
        observers,
      ),
    ])
    return listener
  }

  beforeAll(async () => {
    behind = await open(['127.0.0.0/8'])
    alone = await open([])
  })

  afterAll(() => Promise.all([behind.close(0), alone.close(0)]))

  const ask = async ({ port }: Listener, headers: Readonly<Record<string, string>>): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers })
    return response.json()
  }

  it('believes the headers of a listed proxy, and of nobody where none is listed', async () => {
    const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.9', 'x-real-ip': '198.51.100.2' }
    expect(await ask(behind, headers)).toMatchObject({ address: '203.0.113.9' })
    expect(await ask(alone, headers)).toMatchObject({ address: '127.0.0.1' })
    expect(await ask(behind, { forwarded: 'for="[2001:db8:1:2:3::5]"' })).toMatchObject({ address: '2001:db8:1:2::' })
    expect(await ask(alone, { forwarded: 'for=203.0.113.9' })).toMatchObject({ address: '127.0.0.1' })
  })

  it('takes the program and the trace from the headers, cut and cleaned', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const traced = { 'user-agent': `a\u0085b${'c'.repeat(400)}`, traceparent: `00-${traceId}-b7ad6b7169203331-01` }
    expect(await ask(alone, traced)).toMatchObject({ userAgent: `a\uFFFDb${'c'.repeat(253)}`, traceId })
    for (const traceparent of [
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
      `ff-${traceId}-b7ad6b7169203331-01`,
      `00-${traceId}-b7ad6b7169203331-01-more`,
      `00-${traceId.toUpperCase()}-b7ad6b7169203331-01`,
      traceId,
    ]) {
      expect(await ask(alone, { traceparent })).not.toHaveProperty('traceId')
    }
  })
})
