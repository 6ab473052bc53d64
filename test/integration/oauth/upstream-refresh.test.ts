import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { SignIn, SignInReference } from '../../../src/core/sign-in/sign-in-store.js'
import type { DueRefresh } from '../../../src/core/sign-in/upstream-tokens.js'
import { dumpOf, formsOf } from '../../support/database-dump.js'
import { RefreshBench, type Replica } from '../../support/refresh-bench.js'
import { RotatingProvider } from '../../support/rotating-provider.js'
import { until } from '../../support/until.js'

let upstream: RotatingProvider
let bench: RefreshBench
let one: Replica
let two: Replica

beforeAll(async () => {
  upstream = await RotatingProvider.start()
  bench = await RefreshBench.open(upstream)
  ;[one, two] = [await bench.replica(), await bench.replica()]
})
afterEach(() => {
  upstream.down = false
  upstream.held = Promise.resolve()
  upstream.refreshed = 0
  upstream.refused = 0
})
afterAll(async () => {
  await bench?.close()
  await upstream?.close()
})

/** A sign-in whose tokens have run out at the provider. */
async function runOut(): Promise<SignInReference> {
  const reference = await signedIn()
  await bench.becomesDue(reference)
  return reference
}

async function signedIn(): Promise<SignInReference> {
  return bench.signIn(one, await upstream.signIn(bench.subject))
}

async function isAt(reference: SignInReference, version: number): Promise<void> {
  await until(async () => (await bench.versionOf(reference)) === version)
}

async function claimed({ postgres }: Replica, reference: SignInReference): Promise<DueRefresh> {
  const due = await postgres.upstreamTokens.claim(reference)
  if (due === undefined) throw new TypeError('it was not due')
  return due
}

async function found(reference: SignInReference): Promise<SignIn> {
  const signIn = await bench.find(reference)
  if (signIn === undefined) throw new TypeError('nobody is signed in')
  return signIn
}

/** Lets the provider answer, which it does not until then. */
function hold(): () => void {
  let release = (): void => undefined
  upstream.held = new Promise<void>((resolve) => (release = resolve))
  return () => release()
}

describe('a sign-in whose tokens have run out at the provider', () => {
  it('is refreshed once by twenty requests at once over two replicas, and none of them fails', async () => {
    const reference = await runOut()
    const uses = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : two).use(reference))
    expect(await Promise.all(uses)).toEqual(Array.from({ length: 20 }, () => true))
    await isAt(reference, 1)
    expect([upstream.refreshed, upstream.refused]).toEqual([1, 0])
  })

  it('is refreshed by either replica with what the other one was given', async () => {
    const reference = await signedIn()
    for (const [index, replica] of [one, two, two, one].entries()) {
      await bench.becomesDue(reference)
      expect(await replica.use(reference)).toBe(true)
      await isAt(reference, index + 1)
    }
    expect([upstream.refreshed, upstream.refused]).toEqual([4, 0])
    expect(Number((await bench.row(reference))['seconds'])).toBeGreaterThan(500)
  })

  it('is not refreshed before that, nor by a look', async () => {
    const leaving = await bench.replica()
    const reference = await signedIn()
    expect(Number((await bench.row(reference))['seconds'])).toBeGreaterThan(500)
    expect(await leaving.use(reference)).toBe(true)
    await bench.becomesDue(reference)
    expect(await leaving.look(reference)).toBe(true)
    await leaving.refresh.close()
    expect([upstream.refreshed, await bench.versionOf(reference)]).toEqual([0, 0])
  })

  it('is used while the provider takes its time; a process that stops keeps what comes, and begins nothing', async () => {
    const leaving = await bench.replica()
    const reference = await runOut()
    const release = hold()
    expect(await leaving.use(reference)).toBe(true)
    const closed = leaving.refresh.close()
    expect(await bench.versionOf(reference)).toBe(0)
    release()
    await closed
    expect(await bench.versionOf(reference)).toBe(1)
    await bench.becomesDue(reference)
    expect(await leaving.use(reference)).toBe(true)
    await leaving.refresh.close()
    expect(upstream.refreshed).toBe(1)
  })

  it('is refreshed also where its database goes away while the provider answers', async () => {
    const reference = await runOut()
    const release = hold()
    expect(await one.use(reference)).toBe(true)
    await until(async () => Number((await bench.row(reference))['seconds']) > 0)
    await bench.test.tenantSql(bench.acme, 'alter table session rename to hidden')
    release()
    await until(() => upstream.refreshed === 1)
    await bench.test.tenantSql(bench.acme, 'alter table hidden rename to session')
    await isAt(reference, 1)
    await bench.becomesDue(reference)
    expect(await two.use(reference)).toBe(true)
    await isAt(reference, 2)
  })

  it('is not asked about where another provider gave the tokens, or gave them to another client', async () => {
    const leaving = await bench.replica()
    const reference = await runOut()
    const signIn = await found(reference)
    for (const changed of [{ issuer: 'https://other.example' }, { clientId: 'other' }]) {
      leaving.refresh.attend({ ...signIn, ...changed })
    }
    await leaving.refresh.close()
    expect([upstream.refreshed, Number((await bench.row(reference))['seconds']) < 0]).toEqual([0, true])
  })
})

describe('a replica that dies', () => {
  it('before it asks is in the way of the others for half a minute, and of no request', async () => {
    const reference = await runOut()
    await claimed(one, reference)
    expect(await two.postgres.upstreamTokens.claim(reference)).toBeUndefined()
    const { seconds } = await bench.row(reference)
    expect(Number(seconds)).toBeGreaterThan(20)
    expect(Number(seconds)).toBeLessThanOrEqual(30)
    expect(await two.use(reference)).toBe(true)
    await bench.becomesDue(reference)
    expect(await two.use(reference)).toBe(true)
    await isAt(reference, 1)
    expect([upstream.refreshed, upstream.refused]).toEqual([1, 0])
  })

  it('with the answer in its hands costs the sign-in after one retry: the provider takes it for a theft', async () => {
    const reference = await runOut()
    expect(await one.provider.refresh(await claimed(one, reference))).toMatchObject({ outcome: 'refreshed' })
    await bench.becomesDue(reference)
    expect(await two.use(reference)).toBe(true)
    await until(async () => (await bench.find(reference)) === undefined)
    expect([await one.use(reference), await two.use(reference)]).toEqual([false, false])
    expect([upstream.refreshed, upstream.refused]).toEqual([1, 1])
    expect((await bench.ends()).at(-1)).toBe('revoked_upstream')
  })

  it('for a while only, ends nothing that another one has refreshed, and puts nothing in place of newer tokens', async () => {
    const reference = await runOut()
    const due = await claimed(one, reference)
    const { upstreamTokens } = one.postgres
    expect(await upstreamTokens.isCurrent(due)).toBe(true)
    await bench.becomesDue(reference)
    expect(await two.use(reference)).toBe(true)
    await isAt(reference, 1)
    expect(await upstreamTokens.isCurrent(due)).toBe(false)
    expect(await upstreamTokens.renew(due, { refreshToken: 'late', expiresAt: 0 })).toBe(false)
    await upstreamTokens.postpone(due)
    expect(await bench.row(reference)).toMatchObject({ version: 1, failures: 0 })
  })
})

describe('a provider that does not answer', () => {
  it('ends no sign-in, is asked less and less often, and refreshes it once it is back', async () => {
    const patient = await bench.replica()
    const reference = await signedIn()
    upstream.down = true
    for (const [failures, seconds] of [30, 60, 120, 240, 480, 480].entries()) {
      await bench.becomesDue(reference)
      expect(await patient.use(reference)).toBe(true)
      await until(async () => (await bench.row(reference))['failures'] === failures + 1)
      const left = Number((await bench.row(reference))['seconds'])
      expect(left).toBeGreaterThan(seconds - 10)
      expect(left).toBeLessThanOrEqual(seconds)
    }
    upstream.down = false
    await bench.becomesDue(reference)
    expect(await two.use(reference)).toBe(true)
    await isAt(reference, 1)
    expect(await bench.row(reference)).toMatchObject({ failures: 0 })
    expect([upstream.refreshed, upstream.refused]).toEqual([1, 0])
  })
})

describe('whoever reads databases and logs', () => {
  it('finds no token of the provider there', async () => {
    const reference = await runOut()
    expect(await one.use(reference)).toBe(true)
    await isAt(reference, 1)
    expect((await bench.row(reference))['sealed']).toBeInstanceOf(Uint8Array)
    expect(bench.tokens.size).toBeGreaterThan(10)
    expect(bench.log.lines.length).toBeGreaterThan(0)
    const tenant = await dumpOf((query) => bench.test.tenantSql(bench.acme, query))
    const master = await dumpOf(bench.test.sql)
    const told = inspect(bench.log.lines, { depth: 12, showHidden: true })
    const everything = [...tenant.values(), ...master.values(), told].join('\n')
    for (const form of [...bench.tokens].flatMap(formsOf)) expect(everything).not.toContain(form)
  })

  it('cannot give the token of one sign-in to another, or bring an earlier one back', async () => {
    const [mine, theirs] = [await runOut(), await runOut()]
    const change = (what: string, keys: readonly string[]) =>
      bench.test.tenantSql(bench.acme, `update session set ${what} where key = $1`, keys)
    await change('upstream_sealed = (select upstream_sealed from session where key = $2)', [mine.key, theirs.key])
    await change('upstream_version = 1', [theirs.key])
    for (const reference of [mine, theirs]) {
      expect(await one.use(reference)).toBe(true)
      await until(async () => Number((await bench.row(reference))['seconds']) > 0)
    }
    await until(() => bench.log.lines.filter(({ fields }) => fields['error'] instanceof Error).length >= 2)
    expect([upstream.refreshed, upstream.refused]).toEqual([0, 0])
  })
})
