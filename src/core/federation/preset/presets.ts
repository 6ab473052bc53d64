import type { UpstreamKind } from '../upstream-provider.js'
import { entra } from './entra.js'
import { github } from './github.js'
import { google } from './google.js'
import { keycloak } from './keycloak.js'
import { oauth2 } from './oauth2.js'
import { oidc } from './oidc.js'
import type { UpstreamPreset } from './preset.js'

/** What is known of each kind of provider. */
export const upstreamPresets: Readonly<Record<UpstreamKind, UpstreamPreset>> = {
  entra,
  github,
  google,
  keycloak,
  oauth2,
  oidc,
}
