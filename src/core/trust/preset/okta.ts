import { otherwiseUsed, type Preset } from './preset.js'

/** Custom authorization servers of Okta; their access tokens have `cid` and a list in `scp`, and no `typ` by default. */
export const okta: Preset = {
  algorithms: ['RS256'],
  types: ['absent', 'jwt', 'at+jwt'],
  required: {},
  forbidden: otherwiseUsed,
  claims: {
    clientId: ['cid'],
    email: ['email'],
    name: ['name'],
    session: ['sid'],
    grants: { groups: ['groups'], scopes: ['scp'] },
  },
  otherAudiences: [],
  origins: [],
}
