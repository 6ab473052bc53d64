import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writePrivateResult } from '../../../src/cli/write-private-result.js'

describe('a private result file', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'authsec-private-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true })
  })
  const place = () => ({ path: join(folder, 'a.jsonl'), existing: 'replaced' as const, flag: '--force' as const })

  it('is for its owner alone, and leaves nothing beside it, nor anybody who waits for the end', async () => {
    const waiting = process.listenerCount('exit')
    expect(await writePrivateResult(place(), (add) => add('text').then(() => 7))).toBe(7)
    expect(await readFile(place().path, 'utf8')).toBe('text')
    expect((await stat(place().path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['a.jsonl'])
    expect(process.listenerCount('exit')).toBe(waiting)
  })

  it('says which file to remove where somebody was killed who wrote it, and leaves that alone', async () => {
    const draft = `${place().path}.part`
    await writeFile(draft, 'half')
    await expect(writePrivateResult(place(), () => Promise.resolve())).rejects.toThrow(`remove ${draft}`)
    expect(await readFile(draft, 'utf8')).toBe('half')
  })

  it('takes its draft along when the process ends in between', async () => {
    const before = new Set(process.listeners('exit'))
    const draft = `${place().path}.part`
    const written = writePrivateResult(place(), async (add) => {
      await add('half')
      expect(existsSync(draft)).toBe(true)
      for (const end of process.listeners('exit')) if (!before.has(end)) end.call(process, 143)
      expect(existsSync(draft)).toBe(false)
      throw new Error('ended')
    })
    await expect(written).rejects.toThrow('ended')
    expect(await readdir(folder)).toEqual([])
  })
})
