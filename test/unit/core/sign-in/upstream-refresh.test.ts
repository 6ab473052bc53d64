import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { UpstreamError } from '../../../../src/core/error/upstream-error.js'
import type { RefreshAnswer } from '../../../../src/core/sign-in/identity-provider.js'
import type { SignIn } from '../../../../src/core/sign-in/sign-in-store.js'
import { UpstreamRefresh } from '../../../../src/core/sign-in/upstream-refresh.js'
import type { UpstreamGrant } from '../../../../src/core/sign-in/upstream-grant.js'
import type { DueRefresh, UpstreamTokenStore } from '../../../../src/core/sign-in/upstream-tokens.js'
import { identityIn } from '../../../support/login-samples.js'
import { acme } from '../../../support/core-samples.js'
import { MemoryLog } from '../../../support/memory-ports.js'

const grant: UpstreamGrant = { refreshToken: 'marker-new', expiresAt: 2_000_000_000 }

/** A provider and a store that note what is done, and a sign-in for each key. */
class Bench {
  readonly log = new MemoryLog()
  readonly done: string[] = []
  answer: () => Promise<RefreshAnswer> = async () => ({ outcome: 'refreshed', grant })
  current = true
  claimable: () => Promise<boolean> = async () => true
  readonly refresh: UpstreamRefresh

  constructor() {
    const tokens: UpstreamTokenStore = {
      claim: async (reference) => {
        this.done.push(`claim ${reference.key}`)
        if (!(await this.claimable())) return undefined
        return { reference, subject: 'ada', version: 3, refreshToken: 'marker-old' } satisfies DueRefresh
      },
      renew: async ({ version }, { refreshToken }) => this.#note(`renew ${version} ${refreshToken}`),
      postpone: async () => void this.#note('postpone'),
      isCurrent: async () => this.current,
    }
    const provider = { issuer: 'https://issuer.example', clientId: 'relying-party', refresh: () => this.answer() }
    const signIns = { end: async (_reference: unknown, how: string) => this.#note(`end ${how}`) }
    this.refresh = new UpstreamRefresh({ provider, tokens, signIns, log: this.log })
  }

  /** A use of a sign-in that is due. */
  use(key = 'one', changed: Partial<SignIn> = {}): void {
    this.refresh.attend({
      ...{ ...identityIn(acme), key, application: 'app', startedAt: 0, expiresAt: 0, refreshDue: true },
      ...changed,
    })
  }

  /** One use, to its end. */
  async used(): Promise<readonly string[]> {
    this.use()
    await this.refresh.close()
    return this.done
  }

  #note(what: string): boolean {
    this.done.push(what)
    return true
  }
}

describe('a sign-in that is used', () => {
  it('is refreshed where it is due, and what comes is kept in place of what was used', async () => {
    expect(await new Bench().used()).toEqual(['claim one', 'renew 3 marker-new'])
  })

  it('is left alone where it is not due, or due at another provider or for another client', async () => {
    const bench = new Bench()
    bench.use('one', { refreshDue: false })
    bench.use('two', { issuer: 'https://other.example' })
    bench.use('three', { clientId: 'other' })
    await bench.refresh.close()
    expect(bench.done).toEqual([])
  })

  it('is left to the process that has taken it', async () => {
    const bench = new Bench()
    bench.claimable = async () => false
    expect(await bench.used()).toEqual(['claim one'])
  })

  it.each(['revoked_upstream', 'changed_upstream'] as const)(
    'ends as %s where the provider says so',
    async (outcome) => {
      const bench = new Bench()
      bench.answer = async () => ({ outcome })
      expect(await bench.used()).toEqual(['claim one', `end ${outcome}`])
    },
  )

  it('does not end by what the provider says of tokens that were replaced meanwhile', async () => {
    const bench = new Bench()
    bench.answer = async () => ({ outcome: 'revoked_upstream' })
    bench.current = false
    expect(await bench.used()).toEqual(['claim one'])
  })

  it('is put off where the provider does not answer, and the operator is told without any token', async () => {
    const bench = new Bench()
    bench.answer = () => Promise.reject(new UpstreamError('IDP_UNAVAILABLE', 'no answer'))
    expect(await bench.used()).toEqual(['claim one', 'postpone'])
    expect(bench.log.lines).toMatchObject([{ level: 'warn', fields: { tenant: 'acme' } }])
    expect(inspect(bench.log.lines, { depth: 12 })).not.toContain('marker')
  })

  it('is not hurt by a database that does not answer', async () => {
    const bench = new Bench()
    bench.claimable = () => Promise.reject(new UpstreamError('TENANT_UNAVAILABLE', 'no answer'))
    expect(await bench.used()).toEqual(['claim one'])
    expect(bench.log.lines).toMatchObject([{ level: 'warn' }])
  })
})

describe('many uses at once', () => {
  it('of one sign-in ask once', async () => {
    const bench = new Bench()
    for (let index = 0; index < 20; index += 1) bench.use()
    await bench.refresh.close()
    expect(bench.done).toEqual(['claim one', 'renew 3 marker-new'])
  })

  it('of many sign-ins ask about ten at a time, and about the others at a later use', async () => {
    const bench = new Bench()
    let release = (): void => undefined
    const held = new Promise<RefreshAnswer>((resolve) => (release = () => resolve({ outcome: 'refreshed', grant })))
    bench.answer = () => held
    for (let index = 0; index < 15; index += 1) bench.use(`sign-in ${index}`)
    expect(bench.done).toHaveLength(10)
    release()
    await new Promise(setImmediate)
    bench.use('sign-in 14')
    await bench.refresh.close()
    expect(bench.done.filter((what) => what.startsWith('claim'))).toHaveLength(11)
  })

  it('begin nothing in a process that stops', async () => {
    const bench = new Bench()
    await bench.refresh.close()
    expect(await bench.used()).toEqual([])
  })
})
