import { describe, expect, it } from '@jest/globals'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { callTool } from '../../support/mcp-harness.js'
import { operation } from '../../support/mcp-operations.js'

const operations = [
  {
    ...operation('late', { run: () => 'done' }),
    parseInput: () => {
      throw new UpstreamError('TENANT_UNAVAILABLE', 'the database has gone')
    },
  },
  operation('fails', {
    run: () => {
      throw new TypeError('broken')
    },
  }),
]
const start = harnessPerTest({ operations })

describe.each(['on', 'off'] as const)('the reference that a client is shown, with the hot path %s', (hot) => {
  it('is that of the rows of its call where an outage ends it', async () => {
    const edge = await start({ hot })
    const answer = await edge.send({ session: await edge.open(), body: callTool('late') })
    expect(answer.status).toBe(503)
    const ref = answer.messages[0]?.error?.data?.['ref']
    const ofCalls = edge.audit.events.filter(({ type }) => type.startsWith('operation.'))
    expect(ofCalls.map(({ reason, requestId, type }) => [type, reason, requestId])).toEqual([
      ['operation.allowed', undefined, ref],
      ['operation.outcome', 'failed', ref],
    ])
  })

  it('is that of the rows of its call where the tool fails, and of no other call', async () => {
    const edge = await start({ hot })
    const session = await edge.open()
    const texts = [
      (await edge.send({ session, body: callTool('fails') })).text,
      (await edge.send({ session, body: callTool('fails') })).text,
    ]
    const refs = texts.map((text) => /ref ([\da-f-]{36})/.exec(text)?.[1])
    const allowed = edge.audit.events.filter(({ type }) => type === 'operation.allowed')
    expect(allowed.map(({ requestId }) => requestId)).toEqual(refs)
    expect(new Set(refs).size).toBe(2)
  })

  it('is of no row where the call cannot be put on record', async () => {
    const edge = await start({ hot })
    const session = await edge.open()
    edge.audit.down = true
    const answer = await edge.send({ session, body: callTool('fails') })
    expect(answer.messages[0]?.error?.data?.['ref']).toMatch(/^[\da-f-]{36}$/)
    expect(edge.audit.events.filter(({ type }) => type.startsWith('operation.'))).toEqual([])
  })
})
