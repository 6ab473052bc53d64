import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { attachEmbeddedPostgres } from '../../../src/adapter/postgres/embedded/embedded-postgres.js'
import { EmbeddedHome, processesBelow, query, removeTemplate, serverPid, until } from '../../support/embedded-home.js'

const log = { write: () => undefined }
const longName =
  'a-project-whose-folder-has-a-name-that-is-far-too-long-for-the-address-of-a-socket-in-any-operating-system'

describe('the surroundings of the embedded database', () => {
  const homes: EmbeddedHome[] = []

  function home(name?: string): EmbeddedHome {
    const made = new EmbeddedHome(name)
    homes.push(made)
    return made
  }

  async function initialised(name?: string): Promise<EmbeddedHome> {
    const made = await EmbeddedHome.initialised(name)
    homes.push(made)
    return made
  }

  afterEach(async () => {
    await Promise.all(homes.splice(0).map((made) => made.dispose()))
  })

  afterAll(() => removeTemplate())

  it.each([
    ['no locale at all', {}],
    ['a POSIX locale', { LC_ALL: 'POSIX', LANG: 'xx_YY.ISO-8859-1' }],
  ])('do not change the encoding: %s', async (_name, environment) => {
    const holder = await home().holder({ environment: { PATH: process.env['PATH'] ?? '', ...environment } })

    const [row] = await query(
      holder.connection,
      `select getdatabaseencoding() as encoding, datlocprovider::text as provider, 'Ä' < 'a' as bytewise from pg_database limit 1`,
    )
    expect(row).toEqual({ encoding: 'UTF8', provider: 'b', bytewise: false })
  })

  it('do not reach the server through PostgreSQL variables', async () => {
    const holder = await (
      await initialised()
    ).holder({
      environment: {
        PATH: process.env['PATH'] ?? '',
        PGDATA: '/nowhere',
        PGHOST: '203.0.113.1',
        PGOPTIONS: '-c search_path=evil',
        PGPORT: '1',
        PGSSLMODE: 'require',
        SECRET_OF_THE_PROGRAM: 'hunter2',
      },
    })

    expect(holder.first.error).toBeUndefined()
    const environment = readFileSync(`/proc/${serverPid(homes[0]?.path ?? '')}/environ`, 'utf8')
    expect(environment.split('\0').map((entry) => entry.split('=')[0])).toEqual(
      expect.not.arrayContaining(['PGOPTIONS', 'SECRET_OF_THE_PROGRAM', 'HOME']),
    )
  })

  it('see no port: the server listens on a socket in a private folder only', async () => {
    const made = await initialised()
    const database = await attachEmbeddedPostgres({ home: made.path, log })

    expect(await query(database.connection, 'show listen_addresses')).toEqual([{ listen_addresses: '' }])
    expect(lstatSync(database.connection.host).mode & 0o777).toBe(0o700)
    expect(lstatSync(join(database.connection.host, '.s.PGSQL.5432')).mode & 0o777).toBe(0o700)
    await database.close()
  })

  it('see a refusal without the password', async () => {
    const made = await initialised()
    const database = await attachEmbeddedPostgres({ home: made.path, log })

    await expect(query({ ...database.connection, password: 'wrong' }, 'select 1')).rejects.toMatchObject({
      code: '28P01',
    })
    await database.close()
  })

  it('keep what is acknowledged on disk', async () => {
    const made = await initialised()
    const database = await attachEmbeddedPostgres({ home: made.path, log })

    const rows = await query(
      database.connection,
      `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name`,
    )
    expect(rows.map((row) => row['setting'])).toEqual(['on', 'on', 'on'])
    await database.close()
  })

  it('may have a path too long for a socket: processes with different TMPDIR meet', async () => {
    const made = await initialised(longName)
    const elsewhere = join(made.folder, '..', 'tmp')
    mkdirSync(elsewhere)
    const database = await attachEmbeddedPostgres({ home: made.path, log })
    const other = await made.holder({ environment: { PATH: process.env['PATH'] ?? '', TMPDIR: elsewhere } })

    expect(other.connection).toEqual(database.connection)
    expect(Buffer.byteLength(database.connection.host)).toBeLessThanOrEqual(90)
    expect(await query(other.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    await database.close()
    await other.close()
    rmSync(database.connection.host, { recursive: true })
  })

  it('refuse a folder for the socket that others may enter', async () => {
    const made = await initialised(longName)
    const first = await attachEmbeddedPostgres({ home: made.path, log })
    const folder = readlinkSync(join(made.path, 'run'))
    await first.close()
    await until(() => processesBelow(made.folder).length === 0)
    chmodSync(folder, 0o777)

    await expect(attachEmbeddedPostgres({ home: made.path, log })).rejects.toMatchObject({
      code: 'ERR_CONFIG_DATABASE',
      message: expect.stringContaining(folder),
    })
    rmSync(folder, { recursive: true })
  })

  it('may have a path with spaces, quotes and commas', async () => {
    const made = home(`it's "a", $HOME`)
    const database = await attachEmbeddedPostgres({ home: made.path, log })

    expect(await query(database.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(existsSync(join(made.path, 'run', 'alive'))).toBe(true)
    await database.close()
  })

  it('have to be named by an absolute path', async () => {
    await expect(attachEmbeddedPostgres({ home: '.authsec', log })).rejects.toThrow(TypeError)
  })
})
