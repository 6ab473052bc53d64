import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedHome, processesBelow, query, until } from '../../support/embedded-home.js'

describe('the first start of the embedded database', () => {
  let home: EmbeddedHome

  beforeEach(() => {
    home = new EmbeddedHome()
  })

  afterEach(() => home.dispose())

  it('is one cluster for six processes that start at once in a fresh home', async () => {
    const holders = await Promise.all(Array.from({ length: 6 }, () => home.holder()))

    const clusters = await Promise.all(
      holders.map((holder) =>
        query(holder.connection, 'select system_identifier::text as id from pg_control_system()'),
      ),
    )
    expect(new Set(clusters.map(([row]) => row?.['id'])).size).toBe(1)
    expect(
      processesBelow(home.folder).filter(({ command }) => command.includes('-D') && command[0] !== '/bin/sh'),
    ).toHaveLength(1)
  })

  it('says nothing on standard output, and leaves no draft of a cluster and no stray lifeline behind', async () => {
    const holders = [await home.holder(), await home.holder()]

    expect(holders.map(({ reports }) => reports.map((report) => Object.keys(report)))).toEqual([
      [['connection', 'ms']],
      [['connection', 'ms']],
    ])
    expect(readdirSync(home.path).sort()).toEqual(['pg', 'postgres.log', 'run'])
    expect(readdirSync(join(home.path, 'run')).sort()).toEqual(['.s.PGSQL.5432', '.s.PGSQL.5432.lock', 'alive'])
    expect(statSync(join(home.path, 'pg', 'authsec.password')).mode & 0o777).toBe(0o600)
    await Promise.all(holders.map((holder) => holder.close()))
  })

  it('begins anew after a process was killed while making the cluster, and clears up later', async () => {
    const killed = home.holder()
    await until(() => drafts().length > 0)
    process.kill(Number(drafts()[0]?.split('.')[1]), 'SIGKILL')
    await killed

    const next = await home.holder()
    expect(next.first.error).toBeUndefined()
    await next.close()
    for (const name of drafts()) utimesSync(join(home.path, name), 0, 0)
    await until(() => processesBelow(home.folder).length === 0)

    await (await home.holder()).close()
    expect(drafts()).toEqual([])
  })

  function drafts(): readonly string[] {
    return existsSync(home.path) ? readdirSync(home.path).filter((name) => name.startsWith('pg.')) : []
  }
})
