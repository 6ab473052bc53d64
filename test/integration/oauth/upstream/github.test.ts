import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { UpstreamProvider } from '../../../../src/core/federation/upstream-provider.js'
import { GithubServer } from '../../../support/upstream/github-server.js'
import { openTestUpstream, signInAt } from '../../../support/upstream/open-test-upstream.js'

let github: GithubServer
let upstream: UpstreamProvider

beforeAll(async () => {
  github = await GithubServer.start()
  upstream = openTestUpstream(github.settings())
})
afterEach(() => github.reset())
afterAll(() => github.close())

describe('a sign-in at GitHub', () => {
  it('gives the number of the account and its verified primary address', async () => {
    expect(await signInAt(upstream, github)).toEqual({
      ...{ issuer: github.issuer, subject: '583231', email: 'octo@acme.example', name: 'Mona Octo' },
      tokens: {
        accessToken: expect.stringMatching(/^gho_/),
        refreshToken: undefined,
        expiresAt: undefined,
        scopes: ['read:user', 'user:email'],
      },
    })
  })
})
