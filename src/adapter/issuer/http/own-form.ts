import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hostNaming, type PublicUrl } from './public-url.js'
import { readForm, type Form } from './read-form.js'

interface ExpectedForm {
  readonly url: PublicUrl
  readonly csrf: string
}

/** The posted form, or `undefined` unless it came from our own page: by its origin, and by the token `csrf` in it. */
export async function readOwnForm(request: IncomingMessage, expected: ExpectedForm): Promise<Form | undefined> {
  if (!isSameOrigin(expected.url, request)) return undefined
  const form = await readForm(request)
  return form !== undefined && isOwnForm(request, form, expected) ? form : undefined
}

/** Whether a form that was read came from our own page. */
export function isOwnForm(request: IncomingMessage, form: Form, { url, csrf }: ExpectedForm): boolean {
  return isSameOrigin(url, request) && equal(form.get('csrf') ?? '', csrf)
}

/** Our pages send no referrer, so that browsers say `Origin: null` here; where they say more, it has to be us. */
function isSameOrigin(url: PublicUrl, { headers }: IncomingMessage): boolean {
  const { origin } = headers
  const site = headers['sec-fetch-site']
  return (
    hostNaming(url, headers.host) === 'public' &&
    (origin === undefined || origin === 'null' || origin === url.origin) &&
    (site === undefined || site === 'same-origin')
  )
}

function equal(left: string, right: string): boolean {
  const [given, wanted] = [Buffer.from(left), Buffer.from(right)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
