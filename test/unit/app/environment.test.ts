import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { forgetSecrets, readEnvironment } from '../../../src/app/settings/environment.js'

describe('environment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'authsec-env-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('reads known variables and leaves others alone', () => {
    const { values, warnings } = readEnvironment({ PORT: '8080', PATH: '/bin', AUTHSEC_LOG_LEVEL: 'warn' })
    expect([...values]).toEqual([
      ['PORT', '8080'],
      ['AUTHSEC_LOG_LEVEL', 'warn'],
    ])
    expect(warnings).toEqual([])
  })

  it('stops at an unknown AUTHSEC variable and names it', () => {
    expect(() => readEnvironment({ AUTHSEC_PUBLIC_ULR: 'x' })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_ENVIRONMENT',
        message: expect.stringContaining('AUTHSEC_PUBLIC_ULR'),
      }),
    )
  })

  it('only warns about the variables of the published SDKs', () => {
    expect(readEnvironment({ AUTHSEC_SERVICES_URL: 'https://x' }).warnings).toEqual([
      expect.stringContaining('AUTHSEC_SERVICES_URL'),
    ])
  })

  it('reads a value from the file that a _FILE variable names', () => {
    const file = join(folder, 'key')
    writeFileSync(file, 'secret\n')
    expect(readEnvironment({ AUTHSEC_MASTER_KEY_FILE: file }).values.get('AUTHSEC_MASTER_KEY')).toBe('secret')
  })

  it('refuses a value given directly and by file', () => {
    expect(() => readEnvironment({ AUTHSEC_MASTER_KEY: 'a', AUTHSEC_MASTER_KEY_FILE: '/nowhere' })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_ENVIRONMENT' }),
    )
  })

  it('refuses a file that cannot be read, and lists all faults at once', () => {
    expect(() => readEnvironment({ AUTHSEC_MASTER_KEY_FILE: join(folder, 'absent'), AUTHSEC_X: '1' })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_GRAPH', faults: [expect.anything(), expect.anything()] }),
    )
  })

  it('says which file cannot be read and why, but for what may be the secret itself', () => {
    const file = join(folder, 'absent')
    const said = (name: string) => expect(() => readEnvironment({ [name]: file }))
    said('AUTHSEC_AUDIT_CA_FILE').toThrow(`cannot be read (${file}, ENOENT)`)
    said('AUTHSEC_MASTER_KEY_FILE').toThrow('AUTHSEC_MASTER_KEY_FILE names cannot be read (ENOENT)')
  })

  it('has nothing secret left in it once that is forgotten', () => {
    const secrets = ['MASTER_KEY', 'LOCAL_VAULT_KEY', 'VAULT_TOKEN', 'VAULT_SECRET_ID', 'VAULT_WRAPPED_SECRET_ID']
    const env = Object.fromEntries([...secrets, 'VAULT_ADDR'].map((name) => [`AUTHSEC_${name}`, 'x']))
    forgetSecrets(env)
    expect(env).toEqual({ AUTHSEC_VAULT_ADDR: 'x' })
  })
})
