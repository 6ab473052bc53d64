import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { ServiceAccess } from '../../../src/core/external-service/service-access.js'
import { ServiceBench } from '../../support/service-bench.js'

const token = 'a token of the service'
const once = (services: ServiceAccess) => services.fetch('GitHub', '/user')

let bench: ServiceBench

beforeEach(async () => {
  bench = new ServiceBench()
  await bench.open()
})
afterEach(() => bench.close())

describe('a credential is not handed out', () => {
  it('while that it is read cannot be put on record, which is an outage and no failure of the tool (F9)', async () => {
    await bench.provide({}, { access_token: token })
    bench.audit.refuse('credential.read')
    await expect(bench.call(once)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect([bench.seen, bench.credentials.reads]).toEqual([[], 0])
    expect(bench.audit.rows.at(-1)).toMatchObject({ type: 'operation.outcome', reason: 'failed' })
  })

  it('once more in a call that has used it, in words that keep nobody from looking before trying again (F9)', async () => {
    await bench.provide({}, { access_token: token })
    const { isError, text } = await bench.call(async (services) => {
      await services.fetch('GitHub', '/user', { method: 'POST' })
      bench.audit.refuse('credential.read')
      await services.fetch('GitHub', '/user', { method: 'POST' })
    })
    expect([isError, text]).toEqual([true, expect.stringMatching(/A part of it may have been done/)])
    expect(bench.seen).toHaveLength(1)
  })

  it.each<[string, (error: unknown) => unknown]>([
    ['answers with', () => 'done without it'],
    ['says itself', () => Promise.reject(new TypeError('no access'))],
  ])(
    'while that cannot be put on record, which is as the tool %s where it does not let it through',
    async (_how, end) => {
      await bench.provide({}, { access_token: token })
      bench.audit.refuse('credential.read')
      const { text } = await bench.call((services) => services.fetch('GitHub', '/user').catch(end))
      expect(text).toMatch(/^(?:done without it|Tool failed)/)
    },
  )
})
