import { html, type Html } from '../page/html.js'
import type { Destination } from './destination.js'
import { placesOf } from './known-clients.js'
import type { LookAlike } from './look-alike.js'

/** What whoever is asked should know about where the access goes. */
export function warningOfDestination({ kind }: Pick<Destination, 'kind'>): Html | undefined {
  if (kind === 'web') return undefined
  const who = kind === 'loopback' ? 'Any program on this computer can take this' : 'Any program can ask like this'
  return warning(html`${who}. Allow it only if you just started the sign-in yourself.`)
}

/** What whoever is asked should know about a client that may be taken for another one. */
export function warningOfLookAlike(found: LookAlike): Html {
  switch (found.about) {
    case 'name':
      return warning(
        html`This app calls itself like <strong>${found.client.name}</strong>, whose sign-ins end at
          ${listOf(placesOf(found.client))}. Yours would not.`,
      )
    case 'publisher':
      return warning(
        html`This app calls itself like <strong>${found.client.name}</strong>, and says so on <bdi>${found.host}</bdi>,
          which is not theirs: theirs is ${listOf(found.client.hosts)}.`,
      )
    case 'host':
      return warning(
        html`The address${isPublished(found.of)} reads like one of <strong>${found.client.name}</strong>, and is not:
          theirs is ${listOf(found.client.hosts)}.`,
      )
    case 'letters':
      return warning(
        html`The name mixes letters of several alphabets that look alike: it may be made to be taken for another one.`,
      )
    case 'punycode':
      return warning(
        html`Written out, the address${isPublished(found.of)} reads <bdi>${found.reads}</bdi>, with letters that may be
          made to be taken for others.`,
      )
  }
}

function isPublished(host: 'destination' | 'publisher'): string {
  return host === 'publisher' ? ' that it is published at' : ''
}

function warning(words: Html): Html {
  return html`<p class="warning">${words}</p>`
}

function listOf(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`
}
