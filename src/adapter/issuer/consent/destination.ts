import { html, type Html } from '../page/html.js'

export interface Destination {
  readonly kind: 'web' | 'loopback' | 'program'
  readonly label: Html
}

/** Second labels below which countries register, as in `example.co.uk`. */
const generalLabels: ReadonlySet<string> = new Set(['ac', 'co', 'com', 'edu', 'go', 'gov', 'ne', 'net', 'or', 'org'])

/** Where anybody gets a name below for the asking: the label in front is what belongs to somebody. */
const sharedHosts: ReadonlySet<string> = new Set([
  'azurewebsites.net',
  'cloudfront.net',
  'fly.dev',
  'github.io',
  'gitlab.io',
  'herokuapp.com',
  'netlify.app',
  'ngrok.app',
  'ngrok.io',
  'onrender.com',
  'pages.dev',
  'run.app',
  'trycloudflare.com',
  'vercel.app',
  'web.app',
  'workers.dev',
])

/** Where an answer goes, in words for the one who is asked. A host is shown as it is looked up, in ASCII. */
export function destinationOf(redirectUri: string): Destination {
  const url = new URL(redirectUri)
  if (url.protocol === 'https:') return { kind: 'web', label: hostLabel(url) }
  if (url.protocol === 'http:') {
    return { kind: 'loopback', label: html`<strong>a program on this computer</strong> (${url.hostname})` }
  }
  return { kind: 'program', label: html`<strong>the program that opens <bdi>${url.protocol}</bdi></strong> links` }
}

function hostLabel({ hostname, port }: URL): Html {
  const registrable = registrablePart(hostname)
  const front = hostname.slice(0, hostname.length - registrable.length)
  return html`<bdi>${front}<strong>${registrable}</strong>${port === '' ? undefined : `:${port}`}</bdi>`
}

/** The part of a host that somebody registered, as far as it can be told without the list of all public suffixes. */
function registrablePart(hostname: string): string {
  const labels = hostname.split('.')
  if (hostname.startsWith('[') || /^\d+$/.test(labels.at(-1) ?? '')) return hostname
  const [second = '', top = ''] = labels.slice(-2)
  const isPublic = sharedHosts.has(`${second}.${top}`) || (top.length === 2 && generalLabels.has(second))
  return labels.slice(isPublic ? -3 : -2).join('.')
}
