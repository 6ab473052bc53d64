import { html, type Html } from './html.js'

/** The name that a client gave itself: in quotes, since it is its own claim, and kept from turning the text around it. */
export function clientNameOf(name: string | undefined): Html {
  return name === undefined ? html`An app without a name` : html`<bdi>“${name}”</bdi>`
}
