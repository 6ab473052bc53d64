import { html, type Html } from '../../../adapter/issuer/page/html.js'
import type { LoginRequester } from '../../../core/sign-in/login-transaction.js'
import { shownText } from './shown-text.js'

/** What the client calls itself, marked as its own claim. */
export function clientWords({ clientName, clientVersion }: LoginRequester): Html {
  const name = shownText([clientName, clientVersion].filter((part) => part !== undefined).join(' '))
  if (name === '') return html`A program without a name`
  return html`<span class="aside">a program that calls itself</span> <bdi>“${name}”</bdi>
    <span class="aside">(not verified)</span>`
}

/** `machine`: whether the browser is on the server's machine, or may be anywhere. */
export function placeWords({ address, transport }: LoginRequester, machine: 'same' | 'any'): string {
  if (address !== undefined && !isLoopback(address)) return shownText(address)
  if (machine === 'same') return 'this computer'
  // Behind a proxy of its own machine the server sees everybody at a loopback address.
  return transport === 'stdio' ? 'a program on the computer of the server' : 'not known'
}

/** How long ago, and when by the world's clock. Both in seconds since the epoch. */
export function timeWords(startedAt: number, now: number): Html {
  const at = new Date(startedAt * 1000).toISOString()
  return html`${ageWords(now - startedAt)} <time datetime="${at}">(${at.slice(0, 10)} ${at.slice(11, 16)} UTC)</time>`
}

function ageWords(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  if (minutes < 1) return 'less than a minute ago'
  return minutes === 1 ? 'one minute ago' : `${minutes} minutes ago`
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./i.test(address)
}
