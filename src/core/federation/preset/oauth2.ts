import { entraHostFault } from './entra.js'
import { githubHostFault } from './github.js'
import { googleHostFault } from './google.js'
import type { UpstreamPreset } from './preset.js'

/**
 * Any provider of OAuth 2 that says at an address of its own who somebody is. An administrator has to write everything; the issuer is
 * only what an administrator says, so that it must not be one that others are known by.
 */
export const oauth2: UpstreamPreset = {
  name: undefined,
  issuer: undefined,
  ownIssuer: 'needed',
  issuerFault: (issuer) => googleHostFault(issuer) ?? githubHostFault(issuer) ?? entraHostFault(issuer),
  secret: 'optional',
  scopes: [],
  identity: 'userinfo',
  endpoints: undefined,
  members: undefined,
  pkce: 'advertised',
  origins: [],
  userinfo: 'asked',
  emailVerified: [],
  answersFor: 'all',
  otherAccount: {},
  freshSignIn: 'not possible',
  offline: { parameters: {}, scope: 'sent' },
}
