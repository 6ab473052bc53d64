import { describe, expect, it } from '@jest/globals'
import { readUpstreamOptions } from '../../../../src/core/federation/read-upstream-options.js'
import type { ConfigurationError } from '../../../../src/core/error/configuration-error.js'

const client = { clientId: 'authsec', clientSecret: 'a-secret' }
const directory = 'https://login.microsoftonline.com/3f2504e0-4f89-41d3-9a0c-0305e82c3301/v2.0'
const byHand = {
  ...{ ...client, kind: 'oauth2', issuer: 'https://idp.example', pkce: 'assumed', members: { subject: 'id' } },
  endpoints: {
    authorization: 'https://idp.example/authorize',
    token: 'https://idp.example/token',
    userinfo: 'https://api.idp.example/me',
  },
}

/** What is wrong with options, a message each. */
function faultsOf(options: unknown): readonly string[] {
  try {
    readUpstreamOptions(options)
    return []
  } catch (error) {
    const { faults, message } = error as ConfigurationError
    return faults.length === 0 ? [message] : faults.map((fault) => fault.message)
  }
}

describe('the options of a provider', () => {
  it('need no more than a client for Google and GitHub', () => {
    expect(readUpstreamOptions({ ...client, kind: 'google' })).toEqual({
      ...{ ...client, kind: 'google', name: 'Google', issuer: 'https://accounts.google.com', pkce: 'advertised' },
      ...{ scopes: ['openid', 'email', 'profile'], endpoints: undefined, members: undefined, reach: 'public' },
      ...{ origins: undefined, secretIn: undefined },
    })
    expect(readUpstreamOptions({ ...client, kind: 'github' })).toEqual({
      ...{ ...client, kind: 'github', name: 'GitHub', issuer: 'https://github.com/login/oauth', pkce: 'assumed' },
      ...{ scopes: ['read:user', 'user:email'], reach: 'public', origins: undefined, secretIn: undefined },
      endpoints: {
        authorization: 'https://github.com/login/oauth/authorize',
        token: 'https://github.com/login/oauth/access_token',
        userinfo: 'https://api.github.com/user',
      },
      members: { subject: 'id', email: undefined, emailVerified: undefined, name: 'name' },
    })
  })

  it.each([
    ['https://git.acme.example', 'https://git.acme.example/api/v3/user'],
    ['https://acme.ghe.com', 'https://api.acme.ghe.com/user'],
  ])('find GitHub Enterprise at %s by its issuer', (site, userinfo) => {
    const issuer = `${site}/login/oauth`
    expect(readUpstreamOptions({ ...client, kind: 'github', issuer }).endpoints).toEqual({
      authorization: `${issuer}/authorize`,
      token: `${issuer}/access_token`,
      userinfo,
    })
  })

  it.each([
    ['keycloak', 'https://sso.acme.example/realms/main', 'advertised', 'sso.acme.example'],
    ['entra', directory, 'assumed', 'Microsoft'],
    ['oidc', 'https://idp.example', 'advertised', 'idp.example'],
  ])('need an issuer besides for %s, and a secret only where the provider wants one', (kind, issuer, pkce, name) => {
    const settings = readUpstreamOptions({ kind, issuer, clientId: 'authsec' })
    expect(settings).toMatchObject({ kind, issuer, pkce, name, clientSecret: undefined })
    expect(settings.scopes).toEqual(['openid', 'email', 'profile'])
  })

  it('say everything of a provider of OAuth 2', () => {
    expect(readUpstreamOptions({ ...byHand, name: 'Acme', secretIn: 'header', scopes: ['me'] })).toEqual({
      ...{ ...byHand, name: 'Acme', secretIn: 'header', scopes: ['me'], reach: 'public', origins: undefined },
      members: { subject: 'id', email: undefined, emailVerified: undefined, name: undefined },
    })
  })

  it('have openid among the scopes of OpenID Connect, whatever is written', () => {
    const scopes = ['email', 'groups']
    const settings = readUpstreamOptions({ ...client, kind: 'oidc', issuer: 'https://idp.example', scopes })
    expect(settings.scopes).toEqual(['openid', 'email', 'groups'])
  })

  it('are read to their end: every mistake is named at once, and no value', () => {
    const faults = faultsOf({
      ...{ kind: 'keycloak', issuer: 'https://sso.acme.example', clientSecret: '', scopes: ['a b'], pkce: 'yes' },
      ...{ network: 'any', members: {}, secret: 'hunter2', origins: ['https://a.example/path'], name: '' },
    })
    expect(faults.map((fault) => fault.replace(/^the provider's /, ''))).toEqual([
      expect.stringMatching(/^"secret" is unknown; known: kind, /),
      'network is none of public, private',
      'issuer is not that of a realm, such as https://sso.example.com/realms/main',
      "members says nothing with kind 'keycloak': leave it out",
      'name is not a text of 1 to 60 characters that all show',
      'clientId is missing',
      'clientSecret is not a text of 1 to 2048 characters that all show',
      'scopes has one with a space, a quote or a letter that no scope has; write each by itself',
      'pkce is none of assumed',
      'origins has one that is not an origin such as https://login.example.com',
    ])
    expect(faults.join()).not.toContain('hunter2')
    expect(() => readUpstreamOptions({ kind: 'google', clientId: 'a' })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_UPSTREAM' }),
    )
  })

  it.each<readonly [string, unknown, string]>([
    ['no object', [], 'the provider is not an object'],
    [
      'without kind',
      { ...client, issuer: 'https://idp.example' },
      "the provider's kind is missing: one of google, github, keycloak, entra, oidc, oauth2",
    ],
    [
      'of Google with an issuer',
      { ...client, kind: 'google', issuer: 'https://accounts.google.com' },
      "the provider's issuer is known: leave it out",
    ],
    ['of Google without secret', { kind: 'google', clientId: 'a' }, "the provider's clientSecret is missing"],
    [
      'of Google by another kind',
      { ...client, kind: 'oidc', issuer: 'https://accounts.google.com' },
      "the provider's issuer is Google's: say kind: 'google'",
    ],
    [
      'of Entra ID by another kind',
      { ...client, kind: 'oidc', issuer: directory },
      "the provider's issuer is Microsoft's: say kind: 'entra'",
    ],
    ...(
      [
        ['Google', "is Google's: say kind: 'google'", 'https://accounts.google.com'],
        ['Google, a little otherwise', "is Google's: say kind: 'google'", 'https://accounts.google.com/x'],
        ['GitHub', "is GitHub's: say kind: 'github'", 'https://github.com/login/oauth'],
        ['Entra ID', "is Microsoft's: say kind: 'entra'", directory],
      ] as const
    ).map(([whose, fault, issuer]) => {
      return [`of OAuth 2 as ${whose}`, { ...byHand, issuer }, `the provider's issuer ${fault}`] as const
    }),
    [
      'of GitHub by its address',
      { ...client, kind: 'github', issuer: 'https://git.acme.example' },
      "the provider's issuer is not that of an Enterprise Server: https://<host>/login/oauth",
    ],
    [
      'over http',
      { ...client, kind: 'oidc', issuer: 'http://idp.example' },
      "the provider's issuer does not use https",
    ],
    [
      'without PKCE that was looked up',
      { ...byHand, pkce: undefined },
      "the provider's pkce is missing: say 'assumed' once you have looked up that the provider has PKCE with S256",
    ],
    [
      'with openid where no ID token is looked at',
      { ...byHand, scopes: ['openid'] },
      "the provider's scopes has openid: say kind: 'oidc', which looks at the ID token",
    ],
    [
      'without endpoints',
      { ...byHand, endpoints: undefined },
      "the provider's endpoints are missing: authorization, token and userinfo",
    ],
    [
      'with an endpoint over http',
      { ...byHand, endpoints: { ...byHand.endpoints, token: 'http://idp.example' } },
      "the provider's endpoints.token does not use https",
    ],
    ['without members', { ...byHand, members: undefined }, "the provider's members are missing: at least subject"],
    [
      'with a member that is nowhere',
      { ...byHand, members: { subject: '/data/' } },
      "the provider's members.subject is not a JSON Pointer such as /data/id",
    ],
    ['without a subject', { ...byHand, members: { email: 'email' } }, "the provider's members.subject is missing"],
  ])('are refused %s, by a sentence that says what to do', (_title, options, sentence) => {
    expect(faultsOf(options)).toEqual([sentence])
  })

  it.each(['common', 'organizations', '{tenantid}'])('are refused for every directory of Entra ID (%s)', (name) => {
    const issuer = `https://login.microsoftonline.com/${name}/v2.0`
    expect(faultsOf({ ...client, kind: 'entra', issuer })).toEqual([
      expect.stringContaining('lets every directory in: name one, https://login.microsoftonline.com/<id'),
    ])
  })

  it('are refused for Entra ID by a name or of version 1.0', () => {
    for (const issuer of [
      directory.replace('/v2.0', ''),
      'https://sts.windows.net/3f2504e0-4f89-41d3-9a0c-0305e82c3301/',
    ]) {
      expect(faultsOf({ ...client, kind: 'entra', issuer })).toHaveLength(1)
    }
  })
})
