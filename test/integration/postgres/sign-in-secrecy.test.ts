import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { endLogin } from '../../../src/core/sign-in/login-transaction.js'
import { dumpOf, formsOf } from '../../support/database-dump.js'
import { authenticated, identityIn, newLogin, newSession, newSignIn, someDigest } from '../../support/login-samples.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
})
afterAll(() => test?.close())

describe('after sign-ins in every state', () => {
  it('a dump of master and tenant holds nothing that signs anybody in, and names nobody in master', async () => {
    const { logins, rateLimiter, sessions, signIns } = test.postgres
    const sessionId = someDigest()
    const digest = createHash('sha256').update(sessionId).digest('base64url')
    const ids = Array.from({ length: 3 }, someDigest)
    const secrets: string[] = [sessionId]
    const identity = identityIn(acme, { issuer: ownIssuer, subject: 'subject-of-ann' })
    for (const id of ids) {
      const sample = newLogin({ starter: digest, key: test.postgres.keys.digest('login', id) })
      const transaction = { ...sample.transaction, id }
      await logins.create({ ...sample, transaction })
      const stored = await logins.find(sample.key)
      if (stored === undefined) throw new TypeError('nothing was found')
      const waiting = authenticated(transaction, identity)
      if (id !== ids[0]) expect(await logins.advance(stored, waiting)).toBe(true)
      if (id === ids[2])
        expect(await logins.advance({ ...stored, version: 2 }, endLogin(waiting, 'completed'))).toBe(true)
      const { state, nonce, codeVerifier } = transaction.secrets
      secrets.push(id, state, nonce, codeVerifier, waiting.code, waiting.email, waiting.browser)
      secrets.push('203.0.113.7', 'Claude Desktop', identity.subject)
    }
    const principal = JSON.stringify([ownIssuer, acme.id, identity.subject, identity.clientId])
    secrets.push(principal, `subject-of-ann`)
    const signIn = newSignIn(identity)
    await signIns.open(signIn)
    const bound = { digest, client: { name: 'Other', version: '1' }, signIn: { tenant: acme, key: signIn.key } }
    await sessions.open(newSession(bound))
    await sessions.open(newSession({ client: bound.client, principal: someDigest() }))
    const limit = { name: 'address', limit: 5, seconds: 60 }
    await rateLimiter.take([
      { limit, key: '203.0.113.7' },
      { limit, key: 'ann@acme.example' },
    ])

    const master = await dumpOf(test.sql)
    for (const table of ['login_transaction', 'transport_session', 'rate_limit']) {
      expect(master.get(table)?.split('\n').length).toBeGreaterThan(1)
    }
    const tenant = await dumpOf((query) => test.tenantSql(acme, query))
    expect(tenant.get('session')).toContain(signIn.key)
    expect(tenant.get('audit_event')).toContain(signIn.requestId)
    const whole = [...master.values()].join('\n')
    for (const secret of secrets.flatMap(formsOf)) expect(whole).not.toContain(secret)
    const named = [identity.subject, 'subject-of-ann']
    const unnamed = secrets.filter((secret) => !named.includes(secret))
    for (const secret of unnamed.flatMap(formsOf)) expect([...tenant.values()].join('\n')).not.toContain(secret)
  })
})
