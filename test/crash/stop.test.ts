import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { checkTrail } from '../support/audit-check.js'
import { until } from '../support/until.js'
import { CrashSite } from './crash-site.js'

describe('a server that stands still beyond its time, and goes on', () => {
  let site: CrashSite
  beforeAll(async () => {
    site = await CrashSite.create()
  }, 60_000)
  afterAll(() => site?.close())

  it('has its calls taken for those of a dead one, says later how they came out, and forks no chain', async () => {
    const [one, other] = await Promise.all([site.freePort(), site.freePort()])
    const [stopped] = await Promise.all([site.start(one), site.start(other)])
    const [client, elsewhere] = [await site.client(one), await site.client(other)]
    const running = client.call('book', { nonce: 'slow', ms: 500 })
    await until(async () => (await site.runs()).length === 1)
    const [run] = await site.runs()
    const rows = async () => (await checkTrail(site.database, site.tenant)).rows
    const reasons = async () =>
      (await rows())
        .filter(({ request_id: ref, type }) => ref === run?.ref && type === 'operation.outcome')
        .map(({ reason }) => reason)
        .toSorted()
    stopped.signal('SIGSTOP')
    try {
      await site.letTimePass()
      await elsewhere.call('book', { nonce: 'elsewhere', ms: 0 })
      await until(async () => (await reasons()).includes('unknown'), 30_000)
    } finally {
      stopped.signal('SIGCONT')
    }
    expect((await running).text).toContain('slow')
    expect(await reasons()).toEqual(['succeeded', 'unknown'])
    for (const nonce of ['after', 'after that']) {
      expect((await client.call('book', { nonce, ms: 0 })).text).toContain(nonce)
      expect((await elsewhere.call('book', { nonce: `${nonce} elsewhere`, ms: 0 })).text).toContain(nonce)
    }
    await site.settled()
    expect((await checkTrail(site.database, site.tenant)).faults).toEqual([])
    expect(await site.runs()).toHaveLength(6)
  }, 120_000)
})
