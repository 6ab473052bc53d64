import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { redirectUriIn } from '../../../src/app/administration/redirect-uri.js'
import { announceServer } from '../../../src/app/development/running-server.js'
import { onlyPublicUrlIn, publicUrlIn } from '../../../src/app/own-url.js'
import { RefusedError } from '../../../src/app/refused-error.js'
import { readServiceOptions } from '../../../src/core/external-service/read-service-options.js'
import { redirectUriAt, refuseManyRedirectUris } from '../../../src/app/services/service-redirect-uri.js'

const auth = {
  ...{ type: 'oauth2', grant: 'authorization_code' },
  ...{ authorizationEndpoint: 'https://hub.example/auth', tokenEndpoint: 'https://hub.example/token' },
}
const signedIn = readServiceOptions({ url: 'https://hub.example', auth, requirement: {} })
const keyed = readServiceOptions({ url: 'https://hub.example', auth: { type: 'bearer_token' }, requirement: {} })

describe('a redirect URI', () => {
  let home: string
  let env: NodeJS.ProcessEnv
  const announce = (pid: number, publicUrl: string): Promise<void> =>
    announceServer(home, { pid, publicUrl, clientId: 'tools' })

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'authsec-own-url-'))
    env = { AUTHSEC_HOME: home }
  })
  afterEach(() => rm(home, { recursive: true }))

  it('is at the only server that runs, or where one would be', async () => {
    expect(await redirectUriIn(env, 'corp')).toMatch(/^http:\/\/127\.0\.0\.1:3005\/.*corp/)
    await announce(process.pid, 'http://127.0.0.1:4001')
    expect(await redirectUriIn(env, 'corp')).toMatch(/^http:\/\/127\.0\.0\.1:4001\//)
    await announce(process.ppid, 'http://127.0.0.1:4001')
    expect(await onlyPublicUrlIn(env)).toBe('http://127.0.0.1:4001')
  })

  it('is at none of several servers before somebody says which, as for a token', async () => {
    await announce(process.pid, 'http://127.0.0.1:4001')
    await announce(process.ppid, 'http://127.0.0.1:4002')
    const several = /AUTHSEC_PUBLIC_URL \(http:\/\/127\.0\.0\.1:4001, http:\/\/127\.0\.0\.1:4002\)/
    for (const refused of [
      redirectUriIn(env, 'corp'),
      redirectUriAt(env, { id: 'hub', settings: signedIn }),
      refuseManyRedirectUris(env, signedIn),
    ]) {
      await expect(refused).rejects.toThrow(several)
      await expect(refused).rejects.toBeInstanceOf(RefusedError)
    }
    const told = { ...env, AUTHSEC_PUBLIC_URL: 'http://127.0.0.1:4002' }
    expect(await redirectUriIn(told, 'corp')).toMatch(/^http:\/\/127\.0\.0\.1:4002\//)
    expect(await redirectUriAt(told, { id: 'hub', settings: signedIn })).toMatch(/^http:\/\/127\.0\.0\.1:4002\//)
    // What has none does not have to be told which.
    expect(await redirectUriAt(env, { id: 'keyed', settings: keyed })).toBeUndefined()
    await refuseManyRedirectUris(env, keyed)
    expect(await publicUrlIn(env)).toMatch(/^http:\/\/127\.0\.0\.1:400[12]$/)
  })
})
