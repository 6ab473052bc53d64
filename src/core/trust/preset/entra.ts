import { otherwiseUsed, type Preset } from './preset.js'

/** Microsoft Entra ID. `azp` (`appid` in version 1.0) and `scp` are in access tokens only; `ver` is added for the issuer's version. */
export const entra: Preset = {
  algorithms: ['RS256'],
  types: ['jwt'],
  required: {},
  forbidden: otherwiseUsed,
  claims: {
    clientId: ['azp', 'appid'],
    email: ['email'],
    name: ['name'],
    session: ['sid'],
    grants: { roles: ['roles'], groups: ['groups'], scopes: ['scp'] },
  },
  otherAudiences: [],
  origins: [],
}
