import type { CustomFetch } from 'openid-client'
import { refusal } from '../provider-failure.js'
import { askAs } from './ask-as.js'
import { verifiedEmail } from './upstream-user.js'

/** Not there for tokens without the scope `user:email`. */
const withheld: ReadonlySet<number> = new Set([403, 404])

/** The primary address of a GitHub account if it is verified; the one in `/user` is whatever the account shows to the public. */
export async function githubEmail(fetch: CustomFetch, url: string, accessToken: string): Promise<string | undefined> {
  const { body, status } = await askAs(fetch, url, accessToken)
  if (withheld.has(status)) return undefined
  if (!Array.isArray(body)) throw refusal(`the provider does not list addresses: status ${status}`)
  const entries = body.map((entry: unknown) => Object(entry) as Readonly<Record<string, unknown>>)
  const { email, verified } = entries.find(({ primary }) => primary === true) ?? {}
  return verifiedEmail(email, verified)
}
