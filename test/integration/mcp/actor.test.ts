import { describe, expect, it } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { callTool, type McpHarness } from '../../support/mcp-harness.js'
import { operation, role, scope } from '../../support/mcp-operations.js'

const start = harnessPerTest()
const agent = { subject: 'scheduler', clientId: 'agents', actor: { subject: 'planner' } }
const chain = ['subject:scheduler', 'client:agents', 'subject:planner']

const operations = [
  operation('who', { run: (_args, { actor, clientId, user }) => JSON.stringify([user?.subject, clientId, actor]) }),
  operation('wipe', { requirement: role('owner'), run: () => 'wiped' }),
  operation('raise', { requirement: scope('raise'), elevatable: true, run: () => 'raised' }),
]

function onRecord({ audit }: McpHarness): readonly unknown[] {
  const calls = audit.events.filter(({ type }) => type.startsWith('operation.'))
  return calls.map(({ clientId, personal, subject, type }) => [type, subject, clientId, personal?.['actor']])
}

describe.each(['on', 'off'] as const)('an agent that acts for a user, with the hot path %s', (hot) => {
  it('is told apart from the user, in the handler and on every row', async () => {
    const edge = await start({ hot, operations })
    edge.people.set('dora', { scopes: ['raise'] })
    edge.people.narrow('dora+agent', [])
    edge.people.delegate('dora+agent', agent)
    const token = 'dora+agent'
    const session = await edge.open(token)
    const seen = await edge.send({ token, session, body: callTool('who') })
    expect(JSON.parse(String(Object(seen.messages[0]?.result?.['content'])[0].text))).toEqual(['dora', 'client', agent])
    expect(await edge.send({ token, session, body: callTool('raise') })).toMatchObject({ status: 403 })
    expect((await edge.send({ token, session, body: callTool('wipe') })).text).toContain('Unknown tool')
    expect(onRecord(edge)).toEqual([
      ['operation.allowed', 'dora', 'client', chain],
      ['operation.outcome', 'dora', 'client', chain],
      ['operation.denied', 'dora', 'client', chain],
      ['operation.denied', 'dora', 'client', chain],
    ])
  })

  it('leaves the record of the user alone', async () => {
    const edge = await start({ hot, operations })
    edge.people.delegate('alice+agent', agent)
    const session = await edge.open('alice')
    await edge.send({ token: 'alice', session, body: callTool('wipe') })
    await edge.send({ token: 'alice+agent', session, body: callTool('wipe') })
    expect(onRecord(edge)).toEqual([
      ['operation.denied', 'alice', 'client', undefined],
      ['operation.denied', 'alice', 'client', chain],
    ])
  })
})
