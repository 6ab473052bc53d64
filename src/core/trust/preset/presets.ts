import type { PresetName } from '../issuer-options.js'
import { auth0 } from './auth0.js'
import { cognito } from './cognito.js'
import { entra } from './entra.js'
import { generic } from './generic.js'
import { google } from './google.js'
import { keycloak } from './keycloak.js'
import { okta } from './okta.js'
import type { Preset } from './preset.js'

/** What is known of each provider, by the name that an issuer's options say. */
export const presets: Readonly<Record<PresetName, Preset>> = { auth0, cognito, entra, generic, google, keycloak, okta }
