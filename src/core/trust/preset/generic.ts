import { otherwiseUsed, type Preset } from './preset.js'

/** Any issuer of JWT access tokens by RFC 9068: `at+jwt` tells them from ID tokens, and what else it says has to be pointed at. */
export const generic: Preset = {
  algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
  types: ['at+jwt'],
  required: {},
  forbidden: otherwiseUsed,
  claims: {
    clientId: ['client_id', 'azp'],
    email: ['email'],
    name: ['name'],
    session: ['sid'],
    grants: { scopes: ['scope'] },
  },
  otherAudiences: [],
  origins: [],
}
