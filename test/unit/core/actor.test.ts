import { describe, expect, it } from '@jest/globals'
import { actorLabels, type Actor } from '../../../src/core/identity/actor.js'
import {
  CallContext,
  Injectable,
  McpServer,
  policy,
  ProtectedByAuthSec,
  RateLimit,
  type Policy,
  type PolicyCall,
  type UserContext,
} from '../../../src/index.js'
import { createTestApp, type TestApp } from '../../../src/testing/index.js'

const agent: Actor = {
  subject: 'scheduler',
  clientId: 'agents',
  issuer: 'https://idp.test',
  actor: { subject: 'planner' },
}
const chain = ['subject:scheduler', 'client:agents', 'issuer:https://idp.test', 'subject:planner']

/** Agents may read, and nothing else. */
@Injectable()
class ReadersOnly implements Policy {
  decide(_user: UserContext, { actor }: PolicyCall): 'allow' | 'deny' {
    return actor === undefined ? 'allow' : 'deny'
  }
}

@McpServer({ name: 'Ledger', version: '1.0.0' })
class Ledger {
  @ProtectedByAuthSec()
  @RateLimit({ limit: 1, seconds: 60 })
  read(call: CallContext): string {
    return `${call.user?.subject} by ${call.actor?.subject ?? 'nobody'} of ${call.actor?.clientId ?? 'nobody'}`
  }

  @ProtectedByAuthSec({ require: policy(ReadersOnly) })
  book(): string {
    return 'booked'
  }

  @ProtectedByAuthSec({ roles: ['admin'] })
  wipe(): string {
    return 'wiped'
  }
}

function actorsIn(app: TestApp): readonly unknown[] {
  return app.audit.map(({ personal, type }) => [type, personal?.['actor']])
}

describe('who acts for the user', () => {
  it('is known to the handler, beside the user', async () => {
    const app = await createTestApp({ servers: [Ledger] })
    expect((await app.as({ subject: 'ada', actor: agent }).call('read')).text).toBe('ada by scheduler of agents')
    expect((await app.as({ subject: 'bob' }).call('read')).text).toBe('bob by nobody of nobody')
    await app.close()
  })

  it('is known to policies', async () => {
    const app = await createTestApp({ servers: [Ledger] })
    expect(await app.as({}).call('book')).toMatchObject({ isError: false, text: 'booked' })
    expect(await app.as({ actor: agent }).call('book')).toMatchObject({ isError: true })
    await app.close()
  })

  it('decides nothing by itself', async () => {
    const app = await createTestApp({ servers: [Ledger] })
    expect(app.as({ actor: agent, roles: ['admin'] }).list()).toEqual(app.as({ roles: ['admin'] }).list())
    expect(await app.as({ actor: { subject: 'admin' } }).call('wipe')).toMatchObject({ outcome: 'unknown' })
    await app.close()
  })

  it('is on record with every decision and outcome, the whole chain', async () => {
    const app = await createTestApp({ servers: [Ledger] })
    const caller = app.as({ subject: 'ada', actor: agent })
    await caller.call('read')
    await caller.call('read')
    await caller.call('wipe')
    expect(actorsIn(app)).toEqual([
      ['operation.allowed', chain],
      ['operation.outcome', chain],
      ['operation.denied', chain],
      ['operation.denied', chain],
    ])
    expect(app.audit[1]).toMatchObject({ milliseconds: expect.any(Number) })
    expect(app.audit[3]?.detail).toMatchObject({ missing: ['roles:admin'] })
    await app.close()
  })

  it('is not on record where nobody acts for the user', async () => {
    const app = await createTestApp({ servers: [Ledger] })
    await app.as({}).call('wipe')
    expect(app.audit[0]?.detail).toEqual({ missing: ['roles:admin'], arguments: expect.any(String) })
    expect(app.audit[0]?.personal?.['actor']).toBeUndefined()
    await app.close()
  })
})

describe('the chain on record', () => {
  it('is bounded in length and depth', () => {
    const long: Actor = { subject: 'x'.repeat(10_000), clientId: 'y'.repeat(10_000) }
    expect(actorLabels(long)).toEqual([`subject:${'x'.repeat(255)}…`, `client:${'y'.repeat(255)}…`])
    let deep: Actor | undefined
    for (let depth = 100; depth > 0; depth -= 1) deep = { subject: `agent ${depth}`, actor: deep }
    const labels = actorLabels(deep)
    expect(labels).toHaveLength(9)
    expect([labels[0], labels[7], labels[8]]).toEqual(['subject:agent 1', 'subject:agent 8', 'and others'])
  })

  it('cannot be mistaken: each part says what it is', () => {
    const labels = actorLabels({ subject: 'client:trusted', actor: { subject: 'x' } })
    expect(labels).toEqual(['subject:client:trusted', 'subject:x'])
    expect(actorLabels(undefined)).toEqual([])
  })
})
