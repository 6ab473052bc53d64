import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openPostgres, type PostgresOptions } from '../../src/adapter/postgres/open-postgres.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import { OwnCluster } from '../support/own-cluster.js'
import { ownIssuer } from '../support/postgres.js'
import { report } from '../support/report-recovery.js'

let cluster: OwnCluster
beforeAll(async () => {
  cluster = await OwnCluster.start()
})
afterAll(() => cluster?.close())

const masterKey = MasterKey.generate()
const options = (): PostgresOptions => ({
  ...{ connection: cluster.connection, masterKey, ownIssuer, log: { write: () => undefined } },
})

describe('a cluster that is not up yet', () => {
  it('is waited for, and used within 5 s of its start', async () => {
    await cluster.stop('immediate')
    const opening = openPostgres({ ...options(), patience: 60_000 })
    await cluster.start()
    const upAt = performance.now()
    const postgres = await opening
    report('F1', performance.now() - upAt)
    expect(performance.now() - upAt).toBeLessThan(5_000)
    await expect(postgres.ping()).resolves.toBeUndefined()
    await postgres.close()
  })

  it('is an outage for whoever does not wait any longer', async () => {
    await cluster.stop('fast')
    await expect(openPostgres({ ...options(), patience: 300 })).rejects.toMatchObject({
      code: 'ERR_AUTH_UNAVAILABLE',
      retryable: true,
    })
    await cluster.start()
  })
})
