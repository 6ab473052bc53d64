import { isObject } from './json-rpc.js'

/**
 * Whether a request only takes rights away: it ends its session, or signs it out. Nobody has to be recognized for that, so it
 * goes on while that cannot be done.
 */
export function isSignOut(method: string | undefined, message: unknown): boolean {
  if (method === 'DELETE') return true
  if (!isObject(message) || message['method'] !== 'tools/call') return false
  const { params } = message
  return isObject(params) && params['name'] === 'oauth_logout'
}
