import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attachEmbeddedPostgres } from '../../../src/adapter/postgres/embedded/embedded-postgres.js'
import type { Holder } from '../../support/embedded-holder.js'
import {
  answers,
  EmbeddedHome,
  processesBelow,
  query,
  removeTemplate,
  serverPid,
  until,
} from '../../support/embedded-home.js'

const log = { write: () => undefined }

describe('the embedded database after a crash', () => {
  let home: EmbeddedHome
  let bystander: ChildProcess | undefined

  beforeEach(async () => {
    home = await EmbeddedHome.initialised()
  })

  afterAll(() => removeTemplate())

  afterEach(async () => {
    bystander?.kill('SIGKILL')
    bystander = undefined
    await home.dispose()
  })

  function serverAccount(): { readonly uid: number; readonly gid: number } {
    const { uid, gid } = statSync(join(home.path, 'pg'))
    return { uid, gid }
  }

  async function insertingHolder(): Promise<Holder> {
    const writer = await home.holder({ task: 'insert' })
    await until(() => writer.reports.length > 50)
    return writer
  }

  async function expectAcknowledged(writer: Holder): Promise<void> {
    const acknowledged = Math.max(...writer.reports.map(({ n = 0 }) => n))
    const database = await attachEmbeddedPostgres({ home: home.path, log })
    try {
      const [row] = await query(database.connection, 'select count(*)::int as stored, max(n) as last from acknowledged')
      expect(row?.['stored']).toBe(row?.['last'])
      expect([acknowledged, acknowledged + 1]).toContain(row?.['stored'])
    } finally {
      await database.close()
    }
  }

  it('has every acknowledged row after its server and its process are killed, started at once', async () => {
    const writer = await insertingHolder()

    process.kill(serverPid(home.path), 'SIGKILL')
    await writer.kill('SIGKILL')

    await expectAcknowledged(writer)
  })

  it('has every acknowledged row after everything is killed, its watcher included', async () => {
    const writer = await insertingHolder()

    for (const { pid } of processesBelow(home.folder)) process.kill(pid, 'SIGKILL')
    await writer.kill('SIGKILL')

    await expectAcknowledged(writer)
  })

  it('comes back by itself while a process holds it', async () => {
    const holder = await home.holder()
    await query(holder.connection, 'create table kept as select 1 as n')
    const killed = serverPid(home.path)

    process.kill(killed, 'SIGKILL')
    await until(() => answers(holder.connection))

    expect(serverPid(home.path)).not.toBe(killed)
    expect(await query(holder.connection, 'select n from kept')).toEqual([{ n: 1 }])
    await holder.close()
    await until(() => processesBelow(home.folder).length === 0)
  })

  it('starts although its lock names a living process that is not its server', async () => {
    const first = await attachEmbeddedPostgres({ home: home.path, log })
    await query(first.connection, 'create table kept as select 1 as n')
    const lock = join(home.path, 'pg', 'postmaster.pid')
    const socketLock = join(home.path, 'run', '.s.PGSQL.5432.lock')
    const texts = [lock, socketLock].map((path) => readFileSync(path, 'utf8'))
    await first.close()
    await until(() => !existsSync(lock))

    bystander = spawn('sleep', ['60'], { ...serverAccount(), stdio: 'ignore' })
    texts.forEach((text, index) => {
      writeFileSync([lock, socketLock][index] ?? '', text.replace(/^\d+/, String(bystander?.pid)), { mode: 0o600 })
    })

    const next = await attachEmbeddedPostgres({ home: home.path, log })
    expect(await query(next.connection, 'select n from kept')).toEqual([{ n: 1 }])
    await next.close()
  })

  it('stops a server that nobody watches any more, and starts its own', async () => {
    const holder = await home.holder()
    const orphan = serverPid(home.path)
    for (const { pid, name } of processesBelow(home.folder)) if (name === 'sh') process.kill(pid, 'SIGKILL')
    await holder.kill('SIGKILL')
    expect(await answers(holder.connection)).toBe(true)

    const next = await attachEmbeddedPostgres({ home: home.path, log })

    expect(serverPid(home.path)).not.toBe(orphan)
    await next.close()
  })

  it('does not take the server of the home that it was copied from', async () => {
    const original = await attachEmbeddedPostgres({ home: home.path, log })
    await query(original.connection, 'checkpoint')
    const copy = new EmbeddedHome()
    cpSync(home.path, copy.path, { recursive: true, filter: (path) => !path.includes('/run/') })
    const { uid, gid } = serverAccount()
    execFileSync('chown', ['-R', `${uid}:${gid}`, join(copy.path, 'pg'), join(copy.path, 'run')])

    const other = await attachEmbeddedPostgres({ home: copy.path, log })

    expect(serverPid(copy.path)).not.toBe(serverPid(home.path))
    expect(await answers(original.connection)).toBe(true)
    await Promise.all([original.close(), other.close()])
    await copy.dispose()
  })
})
