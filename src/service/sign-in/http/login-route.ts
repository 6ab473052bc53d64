/** Where the pages of sign-ins with the five tools are. */
export const loginPath = '/authsec/login'

/** What a request is for: `foreign` belongs to somebody else, `unknown` is ours and leads nowhere. */
export type LoginRoute =
  | { readonly kind: 'foreign' | 'unknown' }
  | { readonly kind: 'page'; readonly methods: readonly string[]; readonly id: string }
  | { readonly kind: 'callback'; readonly methods: readonly string[] }

/** The route of a request, by its exact path. */
export function loginRouteOf(path: string): LoginRoute {
  if (path !== loginPath && !path.startsWith(`${loginPath}/`)) return { kind: 'foreign' }
  const rest = path.slice(loginPath.length + 1)
  if (rest === 'callback') return { kind: 'callback', methods: ['GET'] }
  return /^[A-Za-z0-9_-]{43}$/.test(rest) ? { kind: 'page', methods: ['GET', 'POST'], id: rest } : { kind: 'unknown' }
}
