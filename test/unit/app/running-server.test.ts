import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { announceServer, findRunningServers, withdrawServer } from '../../../src/app/development/running-server.js'

describe('servers that run from one home', () => {
  let home = ''
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'authsec-servers-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  const server = (pid: number) => ({ pid, publicUrl: `http://127.0.0.1:${pid}`, clientId: 'x' })
  const pids = async () => (await findRunningServers(home)).map(({ pid }) => pid).toSorted((a, b) => a - b)
  const alive = [process.pid, process.ppid].toSorted((a, b) => a - b)

  it('never take the word of one another, however close they start', async () => {
    for (let round = 0; round < 50; round += 1) {
      await Promise.all(alive.map((pid) => announceServer(home, server(pid))))
      expect(await pids()).toEqual(alive)
      await Promise.all(alive.map((pid) => withdrawServer(home, pid)))
      expect(await pids()).toEqual([])
    }
  })

  it('do not count one that was killed', async () => {
    const dead = spawnSync(process.execPath, ['-e', '0']).pid
    await announceServer(home, server(dead))
    expect(await pids()).toEqual([])
    await announceServer(home, server(process.pid))
    expect(await pids()).toEqual([process.pid])
  })
})
