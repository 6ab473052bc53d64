const exact: ReadonlySet<string> = new Set([
  '/authsec/backchannel-logout',
  '/authsec/consents',
  '/authsec/login/callback',
  '/healthz',
  '/mcp',
  '/mcp/oauth',
  '/oauth/authorize',
  '/oauth/introspect',
  '/oauth/jwks',
  '/oauth/logout',
  '/oauth/register',
  '/oauth/revoke',
  '/oauth/token',
  '/readyz',
])

/** What follows is an id, or the name of a resource. */
const prefixes = [
  '/.well-known/',
  '/authsec/account/',
  '/authsec/federation/callback/',
  '/authsec/login/',
  '/authsec/signin/',
  '/oauth/.well-known/',
  '/oauth/authorize/',
]

/** The template of a request's path, one of few; `other` for a path that we do not have. */
export function routeOf(url: string | undefined): string {
  const [path = ''] = (url ?? '').split('?', 1)
  if (exact.has(path)) return path
  const prefix = prefixes.find((known) => path.startsWith(known))
  return prefix === undefined ? 'other' : `${prefix}*`
}
