import { html, type Html } from '../page/html.js'
import { publisherOf } from './look-alike.js'

/** Where a client publishes who it is, as a member of a list; nothing for one that has registered. */
export function publisherItem(clientId: string): Html | undefined {
  const publisher = publisherOf(clientId)
  if (publisher === undefined) return undefined
  return html`<dt>Published at</dt>
    <dd><bdi>${publisher.host}</bdi></dd>`
}
