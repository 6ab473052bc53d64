import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
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

describe('the life of the embedded database', () => {
  let home: EmbeddedHome

  beforeEach(async () => {
    home = await EmbeddedHome.initialised()
  })

  afterAll(() => removeTemplate())

  afterEach(() => home.dispose())

  it('begins with the first process that attaches and ends with its close', async () => {
    const database = await attachEmbeddedPostgres({ home: home.path, log })
    const rows = await query(database.connection, 'select current_user::text as name')

    await database.close()
    await database.close()

    expect(rows).toEqual([{ name: 'authsec' }])
    await until(() => processesBelow(home.folder).length === 0)
  })

  it('is shared by two attachments of one process, and ends with the second', async () => {
    const [one, two] = await Promise.all([
      attachEmbeddedPostgres({ home: home.path, log }),
      attachEmbeddedPostgres({ home: home.path, log }),
    ])
    expect(one.connection).toEqual(two.connection)

    await one.close()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await answers(two.connection)).toBe(true)

    await two.close()
    await until(() => processesBelow(home.folder).length === 0)
  })

  it('goes on in another process after the one that started it has ended', async () => {
    const first = await home.holder()
    const server = serverPid(home.path)
    const second = await home.holder()
    expect(second.connection).toEqual(first.connection)

    await first.kill('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await answers(second.connection)).toBe(true)
    expect(serverPid(home.path)).toBe(server)

    await second.close()
    await until(() => processesBelow(home.folder).length === 0)
  })

  it('ends soon after its last process is killed, and begins again with the next', async () => {
    const first = await home.holder()
    await query(first.connection, 'create table kept as select 1 as n')

    await first.kill('SIGKILL')
    await until(() => processesBelow(home.folder).length === 0, 3_000)

    const next = await home.holder()
    expect(await query(next.connection, 'select n from kept')).toEqual([{ n: 1 }])
  })

  it('does not keep a process running that has nothing else to do', async () => {
    const visitor = await home.holder({ task: 'leave' })

    expect(await visitor.ended()).toBe(0)
    expect(visitor.first.error).toBeUndefined()
  })

  it('outlasts Ctrl-C on the terminal until the process has drained', async () => {
    const server = await home.holder({ task: 'drain', group: true })

    process.kill(-server.pid, 'SIGINT')
    expect(await server.ended()).toBe(0)

    expect(server.reports).toContainEqual({ answer: 1 })
  })

  it('starts again at once, twenty times in a row', async () => {
    for (let round = 0; round < 20; round += 1) {
      const database = await attachEmbeddedPostgres({ home: home.path, log })
      expect(await answers(database.connection)).toBe(true)
      await database.close()
    }
  })
})
