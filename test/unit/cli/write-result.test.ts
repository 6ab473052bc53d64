import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeResult } from '../../../src/cli/write-result.js'

describe('a result file', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'authsec-result-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  it('replaces what was there, keeps its permissions, and leaves nothing beside it', async () => {
    const path = join(folder, 'a.json')
    await writeFile(path, 'old')
    await chmod(path, 0o600)
    await writeResult(path, 'new')
    expect(await readFile(path, 'utf8')).toBe('new')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['a.json'])
  })

  it('is not written in place of a folder or a device, nor where there is no folder', async () => {
    await mkdir(join(folder, 'sub'))
    await expect(writeResult(join(folder, 'sub'), 'x')).rejects.toThrow(/no file that could be replaced/)
    await expect(writeResult('/dev/null', 'x')).rejects.toThrow(/no file that could be replaced/)
    await expect(writeResult(join(folder, 'none', 'a'), 'x')).rejects.toThrow(/cannot be written \(ENOENT\)/)
    expect(await readdir(folder)).toEqual(['sub'])
  })
})
