import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { methodsOf } from '../../support/replaceable-stores.js'
import { RotationBench } from '../../support/rotation-bench.js'

let test: TestPostgres
let bench: RotationBench
let count = 0

beforeAll(async () => {
  test = await openTestPostgres()
})
beforeEach(async () => {
  const keys = [MasterKey.generate()]
  count += 1
  bench = await RotationBench.open(
    test,
    `tenant-${count}`,
    test.postgres.localVault.open(async () => keys),
  )
})
afterEach(() => bench?.close())
afterAll(() => test?.close())

describe('a rotation beside another one', () => {
  it('leaves nothing unused where whoever had the turn before writes late: that is put to use, and its own is ended', async () => {
    const old = await bench.provide()
    const { credentials } = bench
    let second: unknown
    const slow: typeof credentials.write = async (...late) => {
      await bench.age('2 minutes')
      let version = 0
      const overtaken: typeof credentials.write = async (...mine) => {
        version = await credentials.write(...late)
        return credentials.write(...mine)
      }
      const other = { ...methodsOf(credentials), write: overtaken }
      second = await bench.rotate(bench.application(), bench.rotation({ credentials: other }))
      return version
    }
    const late = { ...methodsOf(credentials), write: slow }
    expect(await bench.rotate(bench.application(), bench.rotation({ credentials: late }))).toMatchObject({
      ...{ outcome: 'failed', reason: expect.stringContaining('another process goes on') },
    })
    expect(second).toMatchObject({ outcome: 'rotated', version: 2 })
    const { token, version } = await bench.used()
    expect([version, await bench.works()]).toEqual([2, true])
    expect(bench.api.valid).toEqual(new Set([old, token]))
  })

  it('takes back nothing that somebody has put to use by hand since', async () => {
    await bench.provide()
    const { rotations } = test.postgres
    const answer = await rotations.claim(bench.tenant, bench.name)
    if (answer.outcome !== 'claimed') throw new TypeError(answer.outcome)
    await rotations.begin(answer.claim, { after: 1, origin: 'given' })
    await bench.provide()
    expect(await rotations.takeBack(answer.claim, 2)).toBe(false)
    expect(await rotations.takeBack(answer.claim, 3)).toBe(true)
  })
})
