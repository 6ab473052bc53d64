import { describe, expect, it } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool } from '../../support/mcp-harness.js'

const start = harnessPerTest({ login: 'tools everywhere' })

const traceId = '0af7651916cd43dd8448eb211c80319c'
const otherTrace = '4bf92f3577b34da6a3ce929d0e0e4736'
const traced = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
const spoofed = { 'x-forwarded-for': '198.51.100.1', forwarded: 'for=198.51.100.1', 'x-real-ip': '198.51.100.1' }
const headers = { ...traced, ...spoofed, 'user-agent': 'probe/1' }
const origin = { traceId, personal: { address: '127.0.0.1', userAgent: 'probe/1' } }

describe('every event that a request causes', () => {
  it('says where the request came from by its socket, and in which trace: allowed, denied and unknown calls', async () => {
    const harness = await start()
    const session = await harness.open('alice')
    for (const tool of ['wipe', 'no_such']) await harness.send({ session, headers, body: callTool(tool) })
    const rows = harness.audit.events.filter(({ type }) => type.startsWith('operation.'))
    expect(rows.map(({ type }) => type)).toEqual(['operation.allowed', 'operation.outcome', 'operation.denied'])
    for (const row of rows) {
      expect(row).toMatchObject(origin)
      expect(JSON.stringify(row)).not.toContain('198.51.100.1')
      expect(row.detail ?? {}).not.toHaveProperty('address')
    }
  })

  it('is of the trace that the message itself names, where it names one (SEP-414)', async () => {
    const harness = await start()
    const session = await harness.open('alice')
    const meta = { traceparent: `00-${otherTrace}-b7ad6b7169203331-01` }
    await harness.send({ session, headers, body: call('tools/call', { name: 'wipe', arguments: {}, _meta: meta }) })
    const rows = harness.audit.events.filter(({ type }) => type.startsWith('operation.'))
    expect(rows.map((row) => row.traceId)).toEqual([otherTrace, otherTrace])
  })

  it('says the same of refused tokens and of sessions of others', async () => {
    const harness = await start()
    const session = await harness.open('alice')
    await harness.send({ token: 'forged', headers, body: callTool('wipe') })
    await harness.send({ token: null, session, headers, body: callTool('wipe') })
    const refused = harness.audit.events.filter(({ type }) => type === 'token.refused')
    expect(refused.map(({ reason }) => reason)).toEqual([expect.any(String), 'ERR_SESSION_MISMATCH'])
    for (const row of refused) expect(row).toMatchObject(origin)
  })
})

describe('a served list', () => {
  it('says who was served, and not from where: equal ones are one row', async () => {
    const harness = await start()
    const session = await harness.open('alice')
    await harness.send({ session, headers, body: call('tools/list') })
    const [served] = harness.audit.events.filter(({ type }) => type === 'list.served')
    expect(served).toMatchObject({ subject: 'alice' })
    expect(served?.personal).toBeUndefined()
    expect(served?.traceId).toBeUndefined()
  })
})
