import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { putCredential } from '../../../src/app/services/put-credential.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import type { CredentialStore } from '../../../src/core/credential/credential-store.js'
import type { RotationStore } from '../../../src/core/external-service/rotation/rotation-store.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { methodsOf, storeOf } from '../../support/replaceable-stores.js'
import { RotationBench } from '../../support/rotation-bench.js'

let test: TestPostgres
let local: CredentialStore
let bench: RotationBench
let count = 0

beforeAll(async () => {
  const keys = [MasterKey.generate()]
  test = await openTestPostgres()
  local = test.postgres.localVault.open(async () => keys)
})
afterAll(() => test?.close())
beforeEach(async () => {
  count += 1
  bench = await RotationBench.open(test, `tenant-${count}`, local)
})
afterEach(() => bench?.close())

describe('a rotation', () => {
  it('whose turn is over takes nothing back that another process has put to use, in the store or at the service', async () => {
    await bench.provide({ rotation: { check: '/user' } })
    const { rotations } = test.postgres
    const overtaken: RotationStore = {
      ...storeOf(rotations),
      written: async (claim) => {
        const answer = await rotations.written(claim)
        await bench.age('2 minutes')
        expect(await bench.rotate(bench.application())).toMatchObject({ outcome: 'resumed', version: 2 })
        bench.api.faults.push(403)
        return answer
      },
    }
    const late = await bench.rotate(bench.application(), bench.rotation({ rotations: overtaken }))
    expect(late).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('another process goes on') })
    expect([(await bench.used()).version, await bench.works()]).toEqual([2, true])

    const { credentials } = bench
    const slow: CredentialStore = {
      ...methodsOf(credentials),
      write: async (...all) => {
        await bench.age('2 minutes')
        expect(await bench.rotate(bench.application())).toMatchObject({ outcome: 'rotated', version: 3 })
        return credentials.write(...all)
      },
    }
    const second = await bench.rotate(bench.application(), bench.rotation({ credentials: slow }))
    expect(second).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('at the same moment') })
    expect([(await bench.used()).version, await bench.works()]).toEqual([3, true])
  })

  it('that was cut off gives way to what is set by hand: what it had written is deleted, and somebody is told', async () => {
    await bench.provide()
    const { rotations, services } = test.postgres
    const place = { tenant: bench.tenant, service: (await bench.service()).id, account: undefined }
    const cutOff = await rotations.claim(bench.tenant, bench.name)
    if (cutOff.outcome !== 'claimed') throw new TypeError(cutOff.outcome)
    await rotations.begin(cutOff.claim, { after: 1, origin: 'application' })
    await bench.credentials.write(place, { access_token: bench.api.issue() }, 1)
    await rotations.written(cutOff.claim)
    await bench.age('2 minutes')
    const service = await bench.service()
    const putting = {
      by: 'cli:ada',
      postgres: { rotations, services },
      service,
      store: local,
      tenant: bench.tenant,
    } as const
    const token = bench.api.issue()
    const put = await putCredential(putting, { access_token: token })
    expect(put).toEqual({ version: 3, warnings: [expect.stringMatching(/^version 2.*still be good at the service/)] })
    expect([await bench.used(), await bench.read(2)]).toEqual([{ version: 3, token }, undefined])
    expect(await bench.status()).toMatchObject({ phase: 'idle' })

    // A rotation that goes on, by another server, puts to use what was written by hand.
    const overtaken = {
      ...methodsOf(local),
      write: async (...all: Parameters<CredentialStore['write']>) => {
        const version = await local.write(...all)
        await services.activate(bench.tenant, { service: await bench.service(), version }, 'cli:ada')
        return version
      },
    }
    const late = { ...putting, service: await bench.service(), store: overtaken }
    await expect(putCredential(late, { access_token: token })).rejects.toThrow('changed by somebody else')
    expect(await bench.used()).toEqual({ version: 4, token })
  })

  it('of a store that keeps one version leaves the service what was written, whatever is changed of it meanwhile', async () => {
    await bench.provide({ rotation: { check: '/user' } })
    const { credentials } = bench
    const single: CredentialStore = {
      ...methodsOf(credentials),
      read: async (place, version) =>
        version !== undefined && version < (await credentials.newest(place))
          ? undefined
          : credentials.read(place, version),
      write: async (...all) => {
        const version = await credentials.write(...all)
        const sql = `update service set description = 'otherwise'`
        await test.tenantSql(bench.tenant, sql)
        return version
      },
    }
    const outcome = await bench.rotate(bench.application(), bench.rotation({ credentials: single }))
    expect(outcome).toMatchObject({ version: 2, warnings: [expect.stringContaining('keeps one version')] })
    expect([(await bench.used()).version, await bench.works()]).toEqual([2, true])
  })

  it('goes on with its plan where the old one cannot be ended at the service, after five times, and says so', async () => {
    await bench.provide({ rotation: { every: '1h' } })
    const application = { ...bench.api.rotator(), revoke: () => Promise.reject(new RangeError('no such path')) }
    const rotators = new Map([[bench.name, application]])
    await bench.age('1 day')
    for (let times = 0; times < 5; times += 1) {
      expect(await bench.round(rotators)).toBe(1)
      expect(await bench.read(1)).toBeDefined()
      await bench.age('10 minutes')
    }
    expect(await bench.status()).toMatchObject({ phase: 'retiring', failures: 4 })
    expect(await bench.round(rotators)).toBe(1)
    expect(await bench.read(1)).toBeUndefined()
    const reason = 'version 1 may still be good at the service: its application could not end it'
    expect(await bench.status()).toMatchObject({ phase: 'idle', failures: 0, last: { outcome: 'rotated', reason } })
    expect((await bench.records()).at(-1)).toMatchObject({ reason: 'failed', detail: { failure: reason } })
    await bench.age('1 day')
    expect(await bench.round(rotators)).toBe(1)
    expect((await bench.used()).version).toBe(3)
  })
})
