import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { MasterKey } from '../../src/core/credential/master-key.js'
import { allowInProcessManager, createAuthSecApp, publicTool } from '../../src/index.js'
import { freePort } from '../support/database-gate.js'
import { until } from '../support/until.js'

describe('an app that waits for its database', () => {
  const before = { ...process.env }
  let home = ''
  let port = 0
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'authsec-waiting-'))
    port = await freePort()
    Object.assign(process.env, {
      ...{ AUTHSEC_HOME: home, PORT: String(port), AUTHSEC_LOG_LEVEL: 'silent' },
      AUTHSEC_DATABASE_URL: `postgres://nobody:secret@127.0.0.1:${await freePort()}/authsec?sslmode=disable`,
      AUTHSEC_MASTER_KEY: MasterKey.generate().reveal(),
    })
  })
  afterEach(async () => {
    for (const name of Object.keys(process.env)) if (before[name] === undefined) delete process.env[name]
    Object.assign(process.env, before)
    await rm(home, { recursive: true })
  })

  it('can be closed, and then says that it never was ready', async () => {
    const tools = [publicTool('hello', {}, () => 'hello')]
    const app = createAuthSecApp({ tools, clientId: 'waiting', [allowInProcessManager]: true })
    const listening = app.listen().then(
      () => 'ready',
      (error: unknown) => error,
    )
    const ready = () =>
      fetch(`http://127.0.0.1:${port}/readyz`, { headers: { connection: 'close' } }).then(
        ({ status }) => status,
        () => 0,
      )
    await until(async () => (await ready()) === 503)
    await app.close()
    expect(await listening).toMatchObject({ code: 'ERR_SHUTTING_DOWN' })
    expect(await ready()).toBe(0)
  })
})
