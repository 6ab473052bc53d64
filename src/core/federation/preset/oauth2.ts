import type { UpstreamPreset } from './preset.js'

/** Any provider of OAuth 2 that says at an address of its own who somebody is. An administrator has to write everything. */
export const oauth2: UpstreamPreset = {
  name: undefined,
  issuer: undefined,
  ownIssuer: 'needed',
  issuerFault: () => undefined,
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
