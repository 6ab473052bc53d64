import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { defaultHome, prepareHome } from '../../../src/app/settings/home.js'
import { readOptionalFile, writePrivateFile } from '../../../src/app/settings/private-file.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { readMasterKeys } from '../../../src/app/settings/read-master-keys.js'

describe('home', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'authsec-home-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('lies beside the package.json of the entry', () => {
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'package.json'), '{}')
    writeFileSync(join(folder, 'dist', 'main.js'), '')
    expect(defaultHome(join(folder, 'dist', 'main.js'))).toBe(join(folder, '.authsec'))
  })

  it('writes files that only the owner reads, and leaves no draft behind', async () => {
    const path = join(folder, 'deep', 'secret')
    await writePrivateFile(path, 'text')
    expect(await readOptionalFile(path)).toBe('text')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(folder, 'deep'))).toEqual(['secret'])
  })

  it('makes one master key however many ask at once, and keeps it', async () => {
    const keys = await Promise.all(
      Array.from({ length: 8 }, () => readMasterKeys({ home: folder, masterKey: undefined, mode: 'development' })),
    )
    const again = await readMasterKeys({ home: folder, masterKey: undefined, mode: 'development' })
    expect(new Set([...keys, again].map(({ masterKey }) => masterKey.reveal())).size).toBe(1)
    expect(statSync(join(folder, 'master.key')).mode & 0o777).toBe(0o600)
  })

  it.each([0o777, 0o770, 0o702])('refuses a home of mode %o, which others can write', async (mode) => {
    chmodSync(folder, mode)
    await expect(prepareHome(folder)).rejects.toMatchObject({ code: 'ERR_CONFIG_ENVIRONMENT' })
  })

  it.each([0o700, 0o711, 0o755])('takes a home of mode %o, and one that is not there yet', async (mode) => {
    chmodSync(folder, mode)
    await expect(prepareHome(folder)).resolves.toBeUndefined()
    await expect(prepareHome(join(folder, 'later'))).resolves.toBeUndefined()
  })

  it.each(['/proc/authsec', '/etc/passwd', '/etc/passwd/home'])('refuses %s as a home and says so', async (home) => {
    await expect(prepareHome(home)).rejects.toMatchObject({
      code: 'ERR_CONFIG_ENVIRONMENT',
      message: expect.stringContaining(`AUTHSEC_HOME ${home}`),
    })
  })

  it('demands a master key in production', async () => {
    await expect(readMasterKeys({ home: folder, masterKey: undefined, mode: 'production' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_ENVIRONMENT',
    })
  })

  it('takes the keys that the master key replaces from behind it', async () => {
    const [current, before, first] = [MasterKey.generate(), MasterKey.generate(), MasterKey.generate()]
    const masterKey = `${current.reveal()} ${before.reveal()},${first.reveal()}`
    const keys = await readMasterKeys({ home: folder, masterKey, mode: 'production' })
    expect(keys.masterKey.reveal()).toBe(current.reveal())
    expect(keys.earlierMasterKeys.map((key) => key.reveal())).toEqual([before.reveal(), first.reveal()])
  })

  it('refuses a master key of another length without showing it', async () => {
    const refusal = readMasterKeys({ home: folder, masterKey: 'c2hvcnQ', mode: 'production' })
    await expect(refusal).rejects.toMatchObject({ code: 'ERR_CONFIG_ENVIRONMENT' })
    await expect(refusal).rejects.not.toThrow(/c2hvcnQ/)
  })
})
