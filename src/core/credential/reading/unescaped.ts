import { withoutBackslashes } from './without-backslashes.js'
import { withoutEntities } from './without-entities.js'

/** One layer of escapes off: of URLs, of JSON and programming languages, of markup. */
export function unescaped(text: string): string {
  return withoutEntities(withoutBackslashes(percentDecoded(text)))
}

function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}
