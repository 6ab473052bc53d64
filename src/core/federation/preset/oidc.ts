import { entraHostFault } from './entra.js'
import { googleIssuer } from './google.js'
import { openidConnect, type UpstreamPreset } from './preset.js'

/** Any provider of OpenID Connect with discovery. */
export const oidc: UpstreamPreset = {
  ...openidConnect,
  name: undefined,
  issuerFault: (issuer) => (issuer === googleIssuer ? "is Google's: say kind: 'google'" : entraHostFault(issuer)),
}
