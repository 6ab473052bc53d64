import { openidConnect, type UpstreamPreset } from './preset.js'

/** A realm of Keycloak. */
export const keycloak: UpstreamPreset = {
  ...openidConnect,
  name: undefined,
  issuerFault: (issuer) =>
    /\/realms\/[^/]+$/.test(issuer) ? undefined : 'is not that of a realm, such as https://sso.example.com/realms/main',
  offline: { parameters: {}, scope: 'sent' },
}
