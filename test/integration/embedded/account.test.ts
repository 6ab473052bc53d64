import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { attachEmbeddedPostgres } from '../../../src/adapter/postgres/embedded/embedded-postgres.js'
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
const isRoot = process.getuid?.() === 0
/** Only root can become somebody else. */
const asRoot = isRoot ? it : it.skip
const nobody = { uid: 65534, gid: 65534 }

describe('who runs the embedded database', () => {
  let home: EmbeddedHome
  let relocated: string | undefined

  beforeEach(() => {
    home = new EmbeddedHome()
  })

  afterEach(async () => {
    const base = relocated
    relocated = undefined
    await home.dispose()
    if (base === undefined) return
    await until(() => processesBelow(base).length === 0)
    rmSync(base, { recursive: true })
  })

  afterAll(() => removeTemplate())

  asRoot('is an ordinary user themselves, in a folder that is closed to others', async () => {
    home.giveTo(nobody)
    const holder = await home.holder({ account: nobody })

    expect(await query(holder.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(statSync(home.path).mode & 0o777).toBe(0o700)
    expect(statSync(join('/proc', String(serverPid(home.path)))).uid).toBe(nobody.uid)
  })

  asRoot('is never root: another user has the cluster, and root alone the rest', async () => {
    const database = await attachEmbeddedPostgres({ home: home.path, log })

    const server = statSync(join('/proc', String(serverPid(home.path))))
    expect(server.uid).not.toBe(0)
    expect(statSync(join(home.path, 'pg'))).toMatchObject({ uid: server.uid, gid: server.gid })
    expect(statSync(home.path)).toMatchObject({ uid: 0 })
    expect(statSync(home.path).mode & 0o777).toBe(0o711)
    await database.close()
  })

  asRoot('is the owner of the project when root starts it, who can start it too afterwards', async () => {
    home.giveTo(nobody)
    const database = await attachEmbeddedPostgres({ home: home.path, log })
    await query(database.connection, 'create table kept as select 1 as n')
    expect(statSync(join('/proc', String(serverPid(home.path)))).uid).toBe(nobody.uid)
    await database.close()
    await until(() => processesBelow(home.folder).length === 0)

    const holder = await home.holder({ account: nobody })
    expect(await query(holder.connection, 'select n from kept')).toEqual([{ n: 1 }])
  })

  asRoot('moves away from a project that only root can enter, and says where to', async () => {
    chmodSync(home.folder, 0o700)
    const first = await attachEmbeddedPostgres({ home: home.path, log })
    relocated = readFileSync(join(home.path, 'moved-to'), 'utf8').trim()
    await query(first.connection, 'create table kept as select 1 as n')
    const second = await home.holder()

    expect(relocated).toMatch(/^\/var\/lib\/authsec\//)
    expect(existsSync(join(home.path, 'pg'))).toBe(false)
    expect(await query(second.connection, 'select n from kept')).toEqual([{ n: 1 }])
    await first.close()
  })

  asRoot('begins anew, and removes what it had moved away, when such a home was removed', async () => {
    chmodSync(home.folder, 0o700)
    const first = await attachEmbeddedPostgres({ home: home.path, log })
    const former = readFileSync(join(home.path, 'moved-to'), 'utf8').trim()
    await query(first.connection, 'create table kept as select 1 as n')
    await first.close()
    await until(() => processesBelow(former).length === 0)
    rmSync(home.path, { recursive: true })

    const next = await attachEmbeddedPostgres({ home: home.path, log })
    relocated = readFileSync(join(home.path, 'moved-to'), 'utf8').trim()

    expect(existsSync(former)).toBe(false)
    expect(await query(next.connection, `select to_regclass('kept') as found`)).toEqual([{ found: null }])
    await next.close()
  })

  asRoot('is refused where another user has the cluster', async () => {
    const database = await attachEmbeddedPostgres({ home: home.path, log })
    chmodSync(home.path, 0o755)
    const stranger = await home.holder({ account: { uid: 12_345, gid: 12_345 } })

    expect(stranger.first.error).toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    expect(stranger.first.error?.message).toContain('belongs to user')
    expect(await answers(database.connection)).toBe(true)
    await database.close()
  })

  asRoot('is refused for a user whom the system does not know, with what to do', async () => {
    const unknown = { uid: 12_345, gid: 12_345 }
    home.giveTo(unknown)
    const holder = await home.holder({ account: unknown })

    expect(holder.first.error).toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    expect(holder.first.error?.message).toContain('AUTHSEC_DATABASE_URL')
  })

  asRoot('is refused where this user cannot write, naming the folder', async () => {
    mkdirSync(home.path, { mode: 0o755 })
    const holder = await home.holder({ account: nobody })

    expect(holder.first.error).toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    expect(holder.first.error?.message).toContain(home.path)
  })
})
