import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createTracer } from '../../../src/adapter/telemetry/create-tracer.js'
import { ClosingStack } from '../../../src/app/closing-stack.js'
import { putCredential } from '../../../src/app/services/put-credential.js'
import { openRotation } from '../../../src/app/services/rotation/open-rotation.js'
import { readRotators } from '../../../src/app/services/rotation/read-rotators.js'
import { readSettings } from '../../../src/app/settings/settings.js'
import type { CredentialStore } from '../../../src/core/credential/credential-store.js'
import type { SecretsEngine } from '../../../src/core/credential/secrets-engine.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { EngineRoles } from '../../../src/core/external-service/engine-roles.js'
import { StoredCredentialReader } from '../../../src/core/external-service/reader/credential-reader.js'
import { EngineReader } from '../../../src/core/external-service/reader/engine-reader.js'
import type { RotationStore } from '../../../src/core/external-service/rotation/rotation-store.js'
import { SecretsEngineRotator } from '../../../src/core/external-service/rotation/secrets-engine-rotator.js'
import { MemoryLog } from '../../support/memory-ports.js'
import { listenHttp, type TestListener } from '../../support/test-listener.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { methodsOf, storeOf } from '../../support/replaceable-stores.js'
import { RotationBench } from '../../support/rotation-bench.js'
import { until } from '../../support/until.js'
import { mount, VaultSite } from '../../support/vault/vault-site.js'

const notTimeouts = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval'] as const),
] as const

let test: TestPostgres
let site: VaultSite
let local: CredentialStore
let vault: CredentialStore
let bench: RotationBench
let count = 0

beforeAll(async () => {
  const keys = [MasterKey.generate()]
  test = await openTestPostgres()
  site = await VaultSite.open()
  local = test.postgres.localVault.open(async () => keys)
  vault = (await site.enter()).credentials
})
afterAll(async () => {
  await site?.close()
  await test?.close()
})
afterEach(() => bench?.close())

const open = async (credentials: CredentialStore): Promise<void> => {
  count += 1
  bench = await RotationBench.open(test, `tenant-${count}`, credentials)
}

describe.each([
  ['the local store', () => local],
  ['Vault', () => vault],
])('a rotation with %s', (_name, store) => {
  beforeEach(() => open(store()))

  it('writes a new version, tries it, uses it everywhere from then on, and destroys the old one a minute later', async () => {
    const old = await bench.provide({ rotation: { check: '/user' } })
    const outcome = await bench.rotate(bench.application())
    expect(outcome).toEqual({ outcome: 'rotated', before: 1, version: 2, warnings: [] })
    const { token, version } = await bench.used()
    expect([version, token === old, bench.api.valid.has(token ?? '')]).toEqual([2, false, true])
    expect([await bench.read(1), bench.api.valid.has(old)]).toEqual([old, true])
    expect(await bench.round()).toBe(0)
    await bench.age('61 seconds')
    expect(await bench.round()).toBe(1)
    expect([await bench.read(1), bench.api.valid.has(old)]).toEqual([undefined, false])
    expect(await bench.works()).toBe(true)
    expect(await bench.status()).toMatchObject({ phase: 'idle', last: { outcome: 'rotated', by: 'cli:ada' } })
    expect(await bench.records()).toEqual([
      { subject: 'cli:ada', reason: 'succeeded', detail: { service: 'Tokens', before: 1, version: 2 } },
    ])
    expect(JSON.stringify([await bench.records(), bench.log])).not.toContain(token)
  })

  it('that fails leaves the old one in use, ends the new one at the service, and says so', async () => {
    const old = await bench.provide({ rotation: { check: '/user' } })
    bench.api.faults.push(403)
    expect(await bench.rotate(bench.application())).toMatchObject({
      ...{ outcome: 'failed', reason: 'asked for /user with the new credential, it does not take it (403)' },
    })
    expect(await bench.used()).toEqual({ version: 1, token: old })
    expect([...bench.api.valid]).toEqual([old])
    expect(await bench.read(2)).toBeUndefined()
    const { failures, last, phase } = await bench.status()
    expect([failures, last?.outcome, phase]).toEqual([1, 'failed', 'idle'])
    expect(await bench.records()).toMatchObject([{ reason: 'failed', detail: { before: 1, failure: last?.reason } }])
    // The one after it is not kept from anything.
    expect(await bench.rotate(bench.application())).toMatchObject({ outcome: 'rotated', version: 3 })
    expect(await bench.works()).toBe(true)
  })

  it('is one alone, however many ask at once: the others are told so', async () => {
    await bench.provide()
    const other = await test.reopen()
    const rotations = [bench.rotation(), bench.rotation({ rotations: other.rotations })]
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, (_, index) => bench.rotate(bench.application(), rotations[index % 2])),
    )
    const kinds = outcomes.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'busy')
    // Whoever comes when one has ended begins the next.
    expect(new Set(kinds)).toEqual(new Set(['rotated']))
    expect(outcomes.find(({ outcome }) => outcome === 'busy')).toMatchObject({ seconds: expect.any(Number) })
    expect(await bench.works()).toBe(true)
    await bench.age('2 minutes')
    await bench.round()
    expect(bench.api.valid.size).toBe(1)
  })

  it('goes on from what was written where the store did not say so, and takes back nothing that may be in use', async () => {
    const old = await bench.provide()
    const { credentials } = bench
    const silent = { ...methodsOf(credentials), write: lost(credentials.write.bind(credentials)) }
    const outcome = await bench.rotate(bench.application(), bench.rotation({ credentials: silent }))
    expect(outcome).toMatchObject({ outcome: 'failed', standing: 'resumable' })
    expect(await bench.used()).toEqual({ version: 1, token: old })
    const { rotations } = test.postgres
    const deaf = { ...storeOf(rotations), activate: lost(rotations.activate.bind(rotations)) }
    await bench.age('10 minutes')
    expect(await bench.rotate(bench.application(), bench.rotation({ rotations: deaf }))).toMatchObject({
      outcome: 'failed',
    })
    expect(await bench.used()).toMatchObject({ version: 2 })
    expect(await bench.works()).toBe(true)
    await bench.age('10 minutes')
    await bench.round()
    expect(await bench.read(1)).toBeUndefined()
    expect(await bench.works()).toBe(true)
  })
})

describe('a mount that keeps few versions', () => {
  const keep = (most: number) => site.administrator.ask('POST', `${mount}/config`, { max_versions: most })
  const put = async (token: string) => {
    const { rotations, services } = test.postgres
    const by = { by: 'cli:ada', postgres: { rotations, services } } as const
    const { tenant } = bench
    return putCredential({ ...by, service: await bench.service(), store: vault, tenant }, { access_token: token })
  }
  beforeEach(() => open(vault))
  afterEach(() => keep(10))

  it('takes none in place of the one that is used, which it would give up first, by hand or by a rotation', async () => {
    const old = await bench.provide()
    await keep(1)
    const refusal = { message: expect.stringContaining('Raise max_versions of its mount') }
    await expect(put(bench.api.issue())).rejects.toMatchObject({ name: 'RefusedError', ...refusal })
    const outcome = await bench.rotate(bench.application())
    expect(outcome).toMatchObject({ outcome: 'failed', reason: refusal.message })
    expect([await bench.used(), [...bench.api.valid].length]).toEqual([{ version: 1, token: old }, 2])
    await keep(2)
    expect(await put(bench.api.issue())).toMatchObject({ version: 2 })
    expect(await bench.works()).toBe(true)
    // What is lost already is mended.
    const { id: service } = await bench.service()
    await vault.delete({ tenant: bench.tenant, service, account: undefined }, 2)
    await keep(1)
    expect(await put(bench.api.issue())).toMatchObject({ version: 3 })
    expect(await bench.works()).toBe(true)
  })

  it('keeps the one that is used, however often a rotation fails', async () => {
    const old = await bench.provide({ rotation: { check: '/user' } })
    await keep(3)
    for (let times = 0; times < 4; times += 1) {
      bench.api.faults.splice(0, Infinity, 403)
      expect(await bench.rotate(bench.application())).toMatchObject({ outcome: 'failed' })
    }
    expect(await bench.used()).toEqual({ version: 1, token: old })
    expect([...bench.api.valid]).toEqual([old])
    bench.api.faults.splice(0)
    await keep(10)
    expect(await bench.rotate(bench.application())).toMatchObject({ outcome: 'rotated', version: 4 })
  })
})

describe('a rotation', () => {
  let endpoint: TestListener | undefined
  beforeEach(() => open(local))
  afterEach(async () => {
    await endpoint?.close()
    endpoint = undefined
  })

  it('takes what an administrator brings, and a better one at once, without waiting for the old one to go', async () => {
    await bench.provide()
    const [second, third] = [bench.api.issue(), bench.api.issue()]
    expect(await bench.rotate(bench.given(second))).toMatchObject({ outcome: 'rotated', version: 2 })
    expect(await bench.rotate(bench.given(third))).toMatchObject({ outcome: 'rotated', version: 3 })
    expect([await bench.read(1), await bench.read(2), await bench.read(3)]).toEqual([undefined, second, third])
    expect(await bench.rotate(bench.given(third))).toMatchObject({
      ...{ outcome: 'failed', reason: 'the new credential is the one that is used' },
    })
  })

  it('is not put to use where the service has changed meanwhile, and leaves it what it has then', async () => {
    await bench.provide()
    const moving = { ...bench.api.rotator() }
    const create: typeof moving.create = async (request) => {
      const made = await bench.api.rotator().create(request)
      await bench.provide({ description: 'otherwise' })
      return made
    }
    const rotator = { kind: 'application', credentials: { ...moving, create } } as const
    expect(await bench.rotate(rotator)).toMatchObject({ outcome: 'failed', standing: 'given up' })
    expect(await bench.works()).toBe(true)
    expect((await bench.used()).version).toBe(2)
  })

  it('that was cut off takes nothing back that somebody has set by hand since, or that took its turn over', async () => {
    await bench.provide()
    const { rotations } = test.postgres
    const claimed = async () => {
      const answer = await rotations.claim(bench.tenant, bench.name)
      if (answer.outcome !== 'claimed') throw new TypeError(answer.outcome)
      await rotations.begin(answer.claim, { after: (await bench.used()).version, origin: 'given' })
      return answer.claim
    }
    await claimed()
    const token = await bench.provide()
    await bench.age('2 minutes')
    expect(await bench.rotate(undefined)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('cut off'),
    })
    expect(await bench.used()).toEqual({ version: 2, token })

    const slow = storeOf(rotations)
    const overtaken = {
      ...slow,
      written: async (claim: Parameters<RotationStore['written']>[0]) => {
        const answer = await slow.written(claim)
        await bench.age('2 minutes')
        expect(await bench.rotate(undefined)).toMatchObject({ outcome: 'resumed', version: 3 })
        return answer
      },
    }
    const outcome = await bench.rotate(bench.given(), bench.rotation({ rotations: overtaken }))
    expect(outcome).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('another process goes on') })
    expect((await bench.used()).version).toBe(3)
    expect(await bench.works()).toBe(true)
  })

  it('keeps the old one where the rotator gives nothing that can be used, and tells nothing that it said', async () => {
    await bench.provide()
    const rotators: readonly (readonly [() => unknown, RegExp])[] = [
      [() => Promise.reject(new RangeError('the-secret-of-the-application')), /it threw RangeError$/],
      [() => Promise.resolve({ access_token: 7 }), /something else than texts$/],
      [() => Promise.resolve({ api_key: 'x' }), /members of its kind: access_token$/],
      [() => Promise.resolve({ access_token: 'a\nb' }), /that no request can carry$/],
    ]
    for (const [create, words] of rotators) {
      // @ts-expect-error what applications give is not always what they should
      const outcome = await bench.rotate({ kind: 'application', credentials: { create } })
      expect(outcome).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(words) })
      expect(await bench.works()).toBe(true)
      expect(JSON.stringify([outcome, await bench.status()])).not.toContain('the-secret')
    }
    expect(JSON.stringify([bench.log.lines, await bench.records()])).not.toContain('the-secret')
  })

  it('goes by its plan, with servers taking turns; failures wait longer each time, and are shown', async () => {
    await bench.provide({ rotation: { every: '30d', check: '/user' } })
    expect(await bench.round()).toBe(0)
    await bench.age('28 days')
    expect(await bench.round()).toBe(0)
    await bench.age('3 days')
    bench.api.faults.push(500)
    expect(await bench.round()).toBe(1)
    expect(await bench.round()).toBe(0)
    const { failures, last, now, retryAt = 0 } = await bench.status()
    expect([failures, last]).toEqual([1, expect.objectContaining({ outcome: 'failed', by: 'schedule' })])
    expect(retryAt).toBeGreaterThan(now)
    expect(await bench.works()).toBe(true)
    await bench.age('5 minutes')
    expect(await Promise.all([bench.round(), bench.round()])).toContain(1)
    expect(await bench.status()).toMatchObject({ failures: 0, last: { outcome: 'rotated' } })
    expect((await bench.used()).version).toBe(3)
    await bench.age('1 day')
    await bench.round()
    expect(await bench.round()).toBe(0)
  })

  it('that needs somebody is left alone by the schedule, and done once a server has a rotator and was asked', async () => {
    await bench.provide({ rotation: { every: '1h' } })
    await bench.age('1 day')
    expect(await bench.round(new Map())).toBe(0)
    await bench.rotate(bench.given())
    expect(await bench.round()).toBe(0)
    expect(await test.postgres.rotations.ask(bench.tenant, 'Tokens', 'cli:bo')).toBe(true)
    expect(await test.postgres.rotations.ask(bench.tenant, 'No such', 'cli:bo')).toBe(false)
    expect(await bench.status()).toMatchObject({ askedAt: expect.any(Number), askedBy: 'cli:bo' })
    await bench.age('61 seconds')
    expect([await bench.round(), await bench.round()]).toEqual([1, 1])
    expect((await bench.used()).version).toBe(3)
    const last = { by: 'cli:bo', outcome: 'rotated' }
    expect(await bench.status()).toMatchObject({ askedAt: undefined, askedBy: undefined, last })
    // What nobody has asked for is by the plan.
    await bench.age('1 day')
    expect([await bench.round(), await bench.round()]).toEqual([1, 1])
    expect((await bench.status()).last?.by).toBe('schedule')
  })

  it('ends what was made for a service that is removed meanwhile, whether that is in the store yet or not', async () => {
    const { rotations, services } = test.postgres
    const remove = async () => {
      const { id: service } = await bench.service()
      await services.apply(bench.tenant, { presence: 'absent', name: bench.name }, 'cli:ada')
      await local.destroy({ tenant: bench.tenant, service, account: undefined })
    }
    const early = {
      ...methodsOf(local),
      write: async (...all: Parameters<CredentialStore['write']>) => {
        await remove()
        return local.write(...all)
      },
    }
    const late = {
      ...storeOf(rotations),
      written: async (claim: Parameters<RotationStore['written']>[0]) => {
        await remove()
        return rotations.written(claim)
      },
    }
    for (const changes of [{ credentials: early }, { rotations: late }]) {
      bench.api.valid.clear()
      const old = await bench.provide()
      expect(await bench.rotate(bench.application(), bench.rotation(changes))).toMatchObject({ outcome: 'failed' })
      expect([...bench.api.valid]).toEqual([old])
      expect(await local.list(bench.tenant)).toEqual([])
    }
  })

  it('is seen by other servers with their next call, also by those that no notification has reached (V9)', async () => {
    const old = await bench.provide()
    const other = await test.reopen()
    const reader = new StoredCredentialReader(local)
    const held = async () => {
      const service = await other.services.find(bench.tenant, bench.name)
      if (service === undefined) throw new TypeError('there is no service')
      const { members } = await reader.read({ tenant: bench.tenant, service, connection: undefined })
      return members['access_token']?.reveal()
    }
    expect([await held(), other.changes.alive]).toEqual([old, false])
    await bench.rotate(bench.application())
    expect(await held()).toBe((await bench.used()).token)
    const third = await test.reopen()
    const heard: unknown[] = []
    third.changes.follow()
    await until(() => third.changes.alive)
    third.changes.subscribe((tenant) => heard.push(tenant))
    await bench.rotate(bench.application())
    await until(() => heard.includes(bench.tenant.id))
  })

  it('of a client secret shows the new one to the token endpoint first, which has to take it (RFC 6749 §4.4)', async () => {
    const known = new Set(['the-old-secret', 'the-new-secret'])
    endpoint = await listenHttp((request, response) => {
      const [, secret = ''] = Buffer.from(String(request.headers.authorization).slice(6), 'base64')
        .toString()
        .split(':')
      const isKnown = known.has(decodeURIComponent(secret))
      response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' })
      response.end(JSON.stringify(isKnown ? { access_token: 'x', token_type: 'Bearer' } : { error: secret }))
    }, '127.0.0.1')
    const tokenEndpoint = `http://127.0.0.1:${endpoint.port}/token`
    const auth = { type: 'oauth2', grant: 'client_credentials', tokenEndpoint }
    await bench.provide({ auth }, { client_id: 'us', client_secret: 'the-old-secret' })
    const bring = (secret: string) => {
      const credentials = { create: () => Promise.resolve({ client_secret: secret }) }
      return bench.rotate({ kind: 'given', credentials })
    }
    const refused = await bring('an-unknown-secret')
    expect(refused).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/^it gave no token/) })
    expect(JSON.stringify([refused, await bench.status()])).not.toContain('unknown-secret')
    expect(await bring('the-new-secret')).toMatchObject({ outcome: 'rotated', version: 3 })
    const { id: service } = await bench.service()
    expect(await local.read({ tenant: bench.tenant, service, account: undefined })).toMatchObject({
      members: { client_id: 'us', client_secret: 'the-new-secret' },
    })
  })

  it('is made by a running server with the rotators of its application, without anybody', async () => {
    const old = await bench.provide()
    await test.postgres.rotations.ask(bench.tenant, bench.name, 'cli:bo')
    jest.useFakeTimers({ doNotFake: [...notTimeouts] })
    const stack = new ClosingStack()
    const store = local
    const credentials = { store, engine: undefined, close: () => Promise.resolve() }
    const rotators = readRotators({ [bench.name]: bench.api.rotator() })
    const settings = readSettings({ AUTHSEC_CLIENT_ID: 'app-of-the-rotator' }, {}, undefined)
    const base = { credentials, postgres: test.postgres, stack, tracer: createTracer() }
    openRotation({ log: bench.log, rotators, settings }, base)
    // What the database is waited for goes by real time.
    jest.advanceTimersByTime(80_000)
    jest.useRealTimers()
    await until(async () => (await bench.used()).token !== old)
    await stack.close()
    expect(await bench.works()).toBe(true)
    expect(await bench.records()).toMatchObject([{ subject: 'cli:bo', reason: 'succeeded' }])
    // @ts-expect-error a rotator has a function
    expect(() => readRotators({ Tokens: { create: 'x' } })).toThrow('needs a function create')
  })

  it('is refused where there is nothing to rotate, and does not hinder what is set by hand', async () => {
    await bench.provide({ source: { from: 'store' } })
    expect(await bench.rotate(bench.given())).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('no credential yet'),
    })
    expect(
      await bench.rotation().rotate({ tenant: bench.tenant, name: 'No', rotator: undefined, by: 'schedule' }),
    ).toEqual({
      outcome: 'absent',
    })
  })
})

describe('a rotation of what Vault makes', () => {
  const auth = { type: 'basic_auth' }
  let reader: EngineReader
  let engine: SecretsEngine

  beforeAll(async () => {
    await site.administrator.ask('POST', 'database/roles/reports', { default_ttl: '1h', max_ttl: '2h' })
    const role = { username: 'reports', rotation_period: '24h' }
    await site.administrator.ask('POST', 'database/static-roles/reports', role)
    engine = (await site.enter()).engine
  })
  beforeEach(async () => {
    await open(local)
    reader = new EngineReader({ engine, roles: allowed(), log: new MemoryLog(), grace: 300 })
  })
  afterEach(() => reader.close())

  const held = async () => {
    const { members } = await reader.read({
      tenant: bench.tenant,
      service: await bench.service(),
      connection: undefined,
    })
    return { username: members['username']?.reveal() ?? '', password: members['password']?.reveal() }
  }
  const paths = ['database/creds/reports', 'database/static-creds/reports']
  const allowed = (tenant = bench.tenant.slug) => new EngineRoles(paths.map((path) => ({ tenant, path })))
  const byEngine = (roles = allowed()) => {
    const rotator = new SecretsEngineRotator({ engine, roles, log: bench.log })
    return { kind: 'engine', engine: rotator } as const
  }
  const leases = () => site.vault.space('').leases

  it('takes a new lease, uses it with the next call, and revokes the old one a while later', async () => {
    await bench.provide({
      auth,
      source: { from: 'dynamic', path: 'database/creds/reports' },
      rotation: { every: '1d' },
    })
    const before = await held()
    const alive = leases().alive
    await bench.age('2 days')
    expect(await bench.round(new Map(), byEngine().engine)).toBe(1)
    const after = await held()
    expect(after.username).not.toBe(before.username)
    expect(leases().knows(before.username)).toBe(true)
    await until(() => !leases().knows(before.username))
    expect([leases().knows(after.username), leases().alive]).toEqual([true, alive])
    expect(await bench.status()).toMatchObject({ phase: 'idle', last: { outcome: 'rotated', by: 'schedule' } })
  })

  it('changes the password of a static role, which every server reads with its next call', async () => {
    await bench.provide({ auth, source: { from: 'static', path: 'database/static-creds/reports' } })
    const before = await held()
    expect(await bench.rotate(byEngine())).toEqual({ outcome: 'rotated', before: 0, version: undefined, warnings: [] })
    const after = await held()
    expect(after.password).not.toBe(before.password)
    // Somebody has it changed in Vault itself, which tells nobody.
    await engine.rotateStatic('database/static-creds/reports')
    expect(await held()).toEqual(after)
    const later = performance.now() + 60_000
    const clock = jest.spyOn(performance, 'now').mockReturnValue(later)
    const last = await held().finally(() => clock.mockRestore())
    expect(last.password).not.toBe(after.password)
  })

  it("is refused for a role that is another tenant's, whose password stays what it is", async () => {
    await bench.provide({ auth, source: { from: 'static', path: 'database/static-creds/reports' } })
    const before = await held()
    const foreign = await bench.rotate(byEngine(allowed('somebody-else')))
    expect(foreign).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('may not use the role') })
    const later = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000)
    expect(await held().finally(() => later.mockRestore())).toEqual(before)
  })

  it('keeps the old one where Vault makes no other, or the service does not take that, and tries again later', async () => {
    const source = { from: 'dynamic', path: 'database/creds/reports' }
    await bench.provide({ auth, source, rotation: { check: '/user' } })
    const before = await held()
    site.vault.sealed = true
    expect(await bench.rotate(byEngine())).toMatchObject({ outcome: 'failed', standing: 'resumable' })
    site.vault.sealed = false
    expect(await held()).toEqual(before)
    await bench.age('10 minutes')
    // The service knows tokens alone.
    expect(await bench.rotate(byEngine())).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('401') })
    expect(await held()).toEqual(before)
    expect(leases().knows(before.username)).toBe(true)
    expect(await bench.status()).toMatchObject({ phase: 'idle', failures: 2 })
  })
})

/** Does it, and the answer is lost on its way. */
function lost<Arguments extends readonly unknown[]>(work: (...all: Arguments) => Promise<unknown>) {
  return async (...all: Arguments): Promise<never> => {
    await work(...all)
    throw new UpstreamError('SECRETS_UNAVAILABLE', 'no answer came')
  }
}
