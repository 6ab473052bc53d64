import { isBelow } from './is-below.js'
import type { UpstreamPreset } from './preset.js'

const site = 'https://github.com'

/**
 * GitHub, and GitHub Enterprise Server by its own issuer. OAuth 2 without ID tokens: `/user` says who it is, by a number that is never
 * given again, and `/user/emails` which address is verified. It has PKCE, without a document that says so.
 */
export const github: UpstreamPreset = {
  name: 'GitHub',
  issuer: `${site}/login/oauth`,
  ownIssuer: 'possible',
  issuerFault: (issuer) =>
    issuer.endsWith('/login/oauth') ? undefined : 'is not that of an Enterprise Server: https://<host>/login/oauth',
  secret: 'needed',
  scopes: ['read:user', 'user:email'],
  identity: 'userinfo',
  endpoints: (issuer) => {
    const { host, origin } = new URL(issuer)
    // Where the site is GitHub's own, also under a company's name, its API has a host for itself.
    const isHosted = origin === site || host.endsWith('.ghe.com')
    return {
      authorization: `${issuer}/authorize`,
      token: `${issuer}/access_token`,
      userinfo: isHosted ? `https://api.${host}/user` : `${origin}/api/v3/user`,
    }
  },
  members: { subject: 'id', email: undefined, emailVerified: undefined, name: 'name' },
  pkce: 'assumed',
  origins: [],
  userinfo: 'asked',
  emailVerified: [],
  answersFor: 'none',
  otherAccount: { prompt: 'select_account' },
  freshSignIn: 'not possible',
  offline: { parameters: {}, scope: 'not sent' },
}

/** Why an issuer of another kind cannot be GitHub's, as the end of a sentence. */
export function githubHostFault(issuer: string): string | undefined {
  return isBelow(issuer, site) ? "is GitHub's: say kind: 'github'" : undefined
}
