import { entraHostFault } from './entra.js'
import { googleHostFault } from './google.js'
import { openidConnect, type UpstreamPreset } from './preset.js'

/** Any provider of OpenID Connect with discovery. */
export const oidc: UpstreamPreset = {
  ...openidConnect,
  name: undefined,
  issuerFault: (issuer) => googleHostFault(issuer) ?? entraHostFault(issuer),
}
