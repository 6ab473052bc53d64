import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'
import { RotationBench } from '../../support/rotation-bench.js'

// Rotates as a server does, and is gone the moment that one step has been done.
const program = `
  import { openPostgres } from './dist/adapter/postgres/open-postgres.js'
  import { createRotation } from './dist/app/services/rotation/create-rotation.js'
  import { MasterKey } from './dist/core/credential/master-key.js'
  const asked = JSON.parse(process.env.ASKED)
  const { connection, masterDatabase, name, ownIssuer, step, task, tenant, url } = asked
  const log = { write: () => undefined }
  const masterKey = MasterKey.parse(asked.masterKey)
  const postgres = await openPostgres({ connection, masterDatabase, masterKey, ownIssuer, log })
  const lethal = (target) => new Proxy({}, {
    get: (_, method) => async (...all) => {
      const answer = await target[method](...all)
      if (method === step) process.kill(process.pid, 'SIGKILL')
      return answer
    },
  })
  const send = async (method, path, { credential }) => {
    const headers = { authorization: 'Bearer ' + credential.access_token.reveal() }
    return (await fetch(url + path, { method, headers })).text()
  }
  const rotator = lethal({
    create: async (request) => ({ access_token: await send('PUT', '/tokens/' + request.attempt, request) }),
    revoke: (request) => send('DELETE', '/tokens', request),
  })
  const local = postgres.localVault.open(async () => [MasterKey.parse(asked.localKey)])
  const rotation = createRotation({ credentials: lethal(local), postgres: { rotations: lethal(postgres.rotations) }, log })
  await rotation.rotate({ tenant, name, rotator: { kind: 'application', credentials: rotator }, by: 'schedule', task })
  process.exit(0)
`

const localKey = MasterKey.generate()
let test: TestPostgres
let bench: RotationBench

beforeAll(async () => {
  test = await openTestPostgres()
  bench = await RotationBench.open(
    test,
    'acme',
    test.postgres.localVault.open(async () => [localKey]),
  )
})
afterAll(async () => {
  await bench?.close()
  await test?.close()
})

/** Answers with the signal that it was ended by. */
async function runUntil(step: string, task: 'finish' | 'replace'): Promise<string> {
  const { connection, masterDatabase, masterKey } = test
  const place = { connection, masterDatabase, masterKey: masterKey.reveal(), ownIssuer, localKey: localKey.reveal() }
  const asked = { ...place, tenant: bench.tenant, name: bench.name, url: bench.api.url, step, task }
  const argv = ['--input-type=module', '-e', program]
  const run = promisify(execFile)(process.execPath, argv, { env: { ...process.env, ASKED: JSON.stringify(asked) } })
  return run.then(
    () => 'none',
    (error: { readonly signal?: string }) => error.signal ?? 'none',
  )
}

/** What servers do from then on, until there is nothing left to do. */
async function recover(): Promise<void> {
  for (let rounds = 0; rounds < 6; rounds += 1) {
    await bench.age('7 hours')
    if ((await bench.round()) === 0) return
    expect(await bench.works()).toBe(true)
  }
  throw new TypeError('there is always something left to do')
}

describe('a rotation whose process is killed (V12)', () => {
  it.each([
    ['claim', 'idle', 'not rotated'],
    ['begin', 'begun', 'rotated'],
    ['create', 'begun', 'rotated'],
    ['write', 'begun', 'rotated'],
    ['written', 'written', 'rotated'],
    ['activate', 'retiring', 'rotated'],
  ])('after the step %s leaves a credential that works, and is finished by whoever comes next', async (...row) => {
    const [step, phase, ends] = row
    await bench.provide({ rotation: { check: '/user' } })
    for (const token of bench.api.valid) if (token !== (await bench.used()).token) bench.api.valid.delete(token)
    const before = await bench.used()
    expect(await runUntil(step, 'replace')).toBe('SIGKILL')
    expect(await bench.works()).toBe(true)
    expect(await bench.status()).toMatchObject({ phase })
    if (step !== 'activate') expect(await bench.rotate(undefined)).toMatchObject({ outcome: 'busy' })
    await recover()
    const after = await bench.used()
    expect(await bench.works()).toBe(true)
    expect([after.version === before.version, after.token === before.token]).toEqual(
      ends === 'rotated' ? [false, false] : [true, true],
    )
    // Nothing is left over: neither at the service nor in the store.
    expect([...bench.api.valid]).toEqual([after.token])
    if (ends === 'rotated') expect(await bench.read(before.version)).toBeUndefined()
    expect(await bench.status()).toMatchObject({ phase: 'idle' })
  })

  it.each(['delete', 'fail', 'revoke'])(
    'after the step %s of taking back what the service did not take has not lost the one that is used',
    async (step) => {
      await bench.provide({ rotation: { check: '/user' } })
      for (const token of bench.api.valid) if (token !== (await bench.used()).token) bench.api.valid.delete(token)
      const used = await bench.used()
      bench.api.faults.push(403)
      expect(await runUntil(step, 'replace')).toBe('SIGKILL')
      expect(await bench.used()).toEqual(used)
      await recover()
      expect(await bench.works()).toBe(true)
      expect(await bench.status()).toMatchObject({ phase: 'idle' })
    },
  )

  it.each(['revoke', 'delete', 'retired'])('after the step %s has not lost the one that is used', async (step) => {
    await bench.provide()
    for (const token of bench.api.valid) if (token !== (await bench.used()).token) bench.api.valid.delete(token)
    await bench.rotate(bench.application())
    const used = await bench.used()
    await bench.age('2 minutes')
    expect(await runUntil(step, 'finish')).toBe('SIGKILL')
    await recover()
    expect(await bench.used()).toEqual(used)
    expect([...bench.api.valid]).toEqual([used.token])
    expect(await bench.status()).toMatchObject({ phase: 'idle', last: { outcome: 'rotated' } })
  })
})
