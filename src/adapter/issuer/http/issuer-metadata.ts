import { baseScope } from '../provider/access-token-claims.js'
import type { PublicUrl } from './public-url.js'

/** The endpoints below the issuer's path; each answers to exactly this spelling. */
export const endpoints = {
  authorization: '/authorize',
  token: '/token',
  registration: '/register',
  revocation: '/revoke',
  introspection: '/introspect',
  end_session: '/logout',
  jwks: '/jwks',
} as const

/** Scopes of OpenID Connect that an ID token can be asked for with. */
export const identityScopes = ['openid', 'email', 'profile'] as const

export const clientAuthMethods = ['none', 'client_secret_basic', 'client_secret_post'] as const

/**
 * Authorization server metadata (RFC 8414 §2, OpenID Connect Discovery §3). Built from configuration alone: nothing a
 * request says can move an endpoint. `outgoing`: whether this server asks and tells clients anything by itself.
 */
export function issuerMetadata(
  url: PublicUrl,
  scopes: readonly string[],
  outgoing: 'open' | 'closed',
): Readonly<Record<string, unknown>> {
  return {
    issuer: url.issuer,
    authorization_endpoint: `${url.issuer}${endpoints.authorization}`,
    token_endpoint: `${url.issuer}${endpoints.token}`,
    registration_endpoint: `${url.issuer}${endpoints.registration}`,
    revocation_endpoint: `${url.issuer}${endpoints.revocation}`,
    introspection_endpoint: `${url.issuer}${endpoints.introspection}`,
    end_session_endpoint: `${url.issuer}${endpoints.end_session}`,
    jwks_uri: `${url.issuer}${endpoints.jwks}`,
    scopes_supported: [...new Set([baseScope, ...scopes, ...identityScopes])],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: clientAuthMethods,
    revocation_endpoint_auth_methods_supported: clientAuthMethods,
    introspection_endpoint_auth_methods_supported: clientAuthMethods,
    backchannel_logout_supported: outgoing === 'open',
    backchannel_logout_session_supported: outgoing === 'open',
    client_id_metadata_document_supported: outgoing === 'open',
    authorization_response_iss_parameter_supported: true,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    claims_supported: ['sub', 'iss', 'auth_time', 'tenant_id', 'email', 'name'],
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    claims_parameter_supported: false,
  }
}
