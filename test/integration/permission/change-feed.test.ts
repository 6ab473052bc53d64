import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

let test: TestPostgres
let acme: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
})
afterAll(() => test?.close())

/** Connections that hints come by: what they said last was a beat. */
const listening = `datname = current_database() and query = 'select pg_notify($1, $2)'`

/** What a process hears; `everything` where any tenant may have changed. */
function earOf({ changes }: Postgres): readonly string[] {
  const heard: string[] = []
  changes.subscribe((tenantId) => heard.push(tenantId ?? 'everything'))
  return heard
}

async function following(options?: Parameters<TestPostgres['reopen']>[0]): Promise<Postgres> {
  const postgres = await test.reopen(options)
  postgres.changes.follow()
  await until(() => postgres.changes.alive)
  return postgres
}

describe('hints of changes', () => {
  it('reach every process that follows, and one that does not is not told that they do', async () => {
    const [one, other] = [await following(), await following()]
    const deaf = await test.reopen()
    const ears = [earOf(one), earOf(other), earOf(deaf)]
    await one.changes.publish(acme)
    await until(() => ears[1]?.includes(acme.id) === true)
    expect(ears[0]).toContain(acme.id)
    expect(ears[2]).toEqual([])
    expect(deaf.changes.alive).toBe(false)
  })

  it('are given by whoever makes an account', async () => {
    const [one, other] = [await following(), await following()]
    const heard = earOf(other)
    await one.accounts.create(acme, { email: 'new@acme.example', grants: noGrants })
    await until(() => heard.includes(acme.id))
  })

  it('that are no tenant are not passed on', async () => {
    const heard = earOf(await following())
    for (const payload of ['', 'acme', `${acme.id}'`, 'x'.repeat(7_000)]) {
      await test.sql(`select pg_notify('authsec_policy', $1)`, [payload])
    }
    await test.sql(`select pg_notify('authsec_policy', $1)`, [acme.id])
    await until(() => heard.includes(acme.id))
    expect(heard.filter((one) => one !== 'everything')).toEqual([acme.id])
  })

  it('are not relied on within seconds of a connection that says nothing more, and again once there is one', async () => {
    const proxy = await FaultProxy.open(test.connection)
    try {
      const postgres = await following({ direct: proxy.before(test.connection) })
      const heard = earOf(postgres)
      await proxy.set('blackhole')
      await until(() => !postgres.changes.alive)
      await pause(300)
      await proxy.set('pass')
      await until(() => postgres.changes.alive, 10_000)
      expect(heard).toContain('everything')
      await postgres.changes.publish(acme)
      await until(() => heard.includes(acme.id))
    } finally {
      await proxy.close()
    }
  }, 30_000)

  it('are heard again after the connection was cut, and what may have been missed is in doubt', async () => {
    const lines: unknown[] = []
    const postgres = await following({ log: { write: (_level, _message, fields) => void lines.push(fields) } })
    const heard = earOf(postgres)
    const cut = await test.sql(`select pg_terminate_backend(pid) from pg_stat_activity where ${listening}`)
    expect(cut.length).toBeGreaterThan(0)
    await until(() => heard.includes('everything'), 10_000)
    expect(lines).toMatchObject([{ error: { code: 'ERR_AUTH_UNAVAILABLE', cause: { code: '57P01' } } }])
    await until(() => postgres.changes.alive, 10_000)
    await test.postgres.changes.publish(acme)
    await until(() => heard.includes(acme.id))
  })

  it('that cannot be given are no reason for a change to fail', async () => {
    const postgres = await test.reopen()
    await postgres.close()
    await expect(postgres.changes.publish(acme)).resolves.toBeUndefined()
  })

  it('end with the process: nothing is left connected', async () => {
    const postgres = await test.reopen()
    postgres.changes.follow()
    await until(() => postgres.changes.alive)
    const count = async () =>
      Number((await test.sql(`select count(*) from pg_stat_activity where ${listening}`))[0]?.['count'])
    const before = await count()
    await postgres.close()
    postgres.changes.follow()
    await until(async () => (await count()) < before)
    expect(postgres.changes.alive).toBe(false)
  })
})
