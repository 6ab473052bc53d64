import { describe, expect, it } from '@jest/globals'
import { MasterKey } from '../../../../src/core/credential/master-key.js'
import { AwaitedLogins } from '../../../../src/core/sign-in/awaited-logins.js'
import { LoginKeys } from '../../../../src/core/sign-in/login-keys.js'
import { LoginBench } from '../../../support/login-bench.js'

async function confirmed() {
  const bench = new LoginBench()
  const { id } = await bench.start(bench.session())
  const step = await bench.flow.confirm(id, bench.browser, false)
  const url = step.outcome === 'next' ? step.url : new URL('https://nowhere.test')
  const state = url.searchParams.get('state') ?? undefined
  const { keys, logins, records } = bench.ports
  const awaited = new AwaitedLogins({ keys, logins, records })
  const ask = (asked: string | undefined, browser: string | undefined = bench.browser.browser) =>
    awaited.isAwaited(asked, { browser, address: '192.0.2.9' })
  return { ask, bench, state, url }
}

const reasons = ({ audit }: LoginBench) =>
  audit.counted.flatMap(({ type, reason }) => (type === 'signin.failed' ? [reason] : []))

describe('an authorization request of ours', () => {
  it('is awaited from the browser that confirmed it, and from no other; each that is not is on record', async () => {
    const { ask, bench, state } = await confirmed()
    expect(await ask(state)).toBe(true)
    expect(reasons(bench)).toEqual([])
    expect(await ask(state, 'another-cookie')).toBe(false)
    expect(await ask('another-state')).toBe(false)
    expect(await ask(undefined)).toBe(false)
    expect(reasons(bench)).toEqual(['ERR_LOGIN_BROWSER', 'ERR_LOGIN_UNKNOWN', 'ERR_LOGIN_UNKNOWN'])
  })

  it('is awaited no more once the browser has come back, or the time is over', async () => {
    const { ask, bench, state, url } = await confirmed()
    await bench.follow(bench.provider.approve(url, 'ada'))
    expect(await ask(state)).toBe(false)
    expect(reasons(bench)).toEqual(['ERR_LOGIN_REPLAYED'])
    const late = await confirmed()
    late.bench.clock.advance(601)
    expect(await late.ask(late.state)).toBe(false)
  })
})

describe('the keys of a sign-in', () => {
  it('are other ones for another application, so that its pages do not know it', () => {
    const keyring = MasterKey.generate()
    const [one, other] = [new LoginKeys(keyring, 'app'), new LoginKeys(keyring, 'other')]
    for (const name of ['ofAddress', 'ofState', 'ofBrowser', 'ofCount'] as const) {
      expect(one[name]('value')).not.toBe(other[name]('value'))
      expect(one[name]('value')).toBe(new LoginKeys(keyring, 'app')[name]('value'))
    }
  })
})
