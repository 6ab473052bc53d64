import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { forgetSecrets } from '../../../src/app/settings/environment.js'
import { readSettings, readStdioSettings, type SettingsInput } from '../../../src/app/settings/settings.js'
import type { IssuerOptions } from '../../../src/core/trust/issuer-options.js'

const coded: IssuerOptions = { issuer: 'https://id.example.com', audience: 'resource', tenant: { claim: 'org' } }
const json = (...issuers: readonly object[]) => ({ AUTHSEC_ISSUERS: JSON.stringify(issuers) })
const read = (env: NodeJS.ProcessEnv, input: SettingsInput = {}) => readSettings(env, input, undefined)
const production = { NODE_ENV: 'production' }

describe('trusted issuers of environment and code', () => {
  it('are none unless they are named', () => {
    expect(read({}).issuers).toEqual([])
  })

  it('come from both, and where both name one, the environment goes before the code', () => {
    const other = { ...coded, issuer: 'https://other.example.com' }
    const { issuers } = read(json({ ...coded, audience: 'from-environment' }), { issuers: [other, coded] })
    expect(issuers.map(({ issuer, source }) => [issuer, source])).toEqual([
      [coded.issuer, 'environment'],
      [other.issuer, 'code'],
    ])
    expect(issuers[0]?.audience.accepts).toBe('from-environment')
  })

  it('come from a file, and are taken out of the environment like other secrets', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'authsec-issuers-'))
    await writeFile(join(folder, 'issuers.json'), JSON.stringify([coded]))
    expect(read({ AUTHSEC_ISSUERS_FILE: join(folder, 'issuers.json') }).issuers).toHaveLength(1)
    await rm(folder, { recursive: true })
    const env = json(coded)
    forgetSecrets(env)
    expect(env).toEqual({})
  })

  it('stop the start where they are wrong, with the reason and no part of the text', () => {
    const secret = 'hunter2hunter2'
    const message = (text: string): string => {
      try {
        read({ AUTHSEC_ISSUERS: text })
      } catch (error) {
        return String(error)
      }
      return 'accepted'
    }
    expect(message(`[{"introspection": "${secret}`)).toContain('AUTHSEC_ISSUERS is no JSON')
    expect(message(JSON.stringify({ [secret.slice(0, 4)]: secret }))).toContain('are not a list')
    expect(message(JSON.stringify([{ ...coded, audience: '' }]))).toContain('audience is missing')
    for (const text of [`[{"introspection": "${secret}`, `{"${secret}`, `[${secret}]`]) {
      expect(message(text)).not.toContain(secret)
    }
  })

  it('are refused where one of each covers the same tokens', () => {
    const asking = (issuer: string) => ({ ...coded, issuer, introspection: { clientId: 'a', clientSecret: 'b' } })
    const both = () => read(json(asking('https://a.example')), { issuers: [asking('https://b.example')] })
    expect(both).toThrow('would both be asked about one token')
  })
})

describe('a server without an authorization server of its own', () => {
  it('is one of production where that was not wished for', () => {
    expect(read(production, { inProcessManager: 'refused' }).ownIssuer).toBe('absent')
    expect(read(production, { inProcessManager: 'allowed' }).ownIssuer).toBe('served')
    expect(read({}, { inProcessManager: 'refused' }).ownIssuer).toBe('served')
    expect(readStdioSettings(production, { inProcessManager: 'refused' }, undefined).ownIssuer).toBe('absent')
  })

  it('signs in by OAuth, and stops where the five tools are asked for', () => {
    expect(read(production, { inProcessManager: 'refused' }).login).toBe('oauth')
    for (const login of ['tools', 'both'] as const) {
      expect(() => read(production, { inProcessManager: 'refused', login })).toThrow('allowInProcessManager')
      expect(read(production, { inProcessManager: 'allowed', login }).login).toBe(login)
    }
  })
})
