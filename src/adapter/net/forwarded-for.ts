import type { InboundRequest } from '../../core/audit/request-origin.js'

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quoted = String.raw`"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"`
const pair = `${token}=(?:${token}|${quoted})`
/** One hop (RFC 7239 §4). */
const element = new RegExp(String.raw`^[ \t]*(${pair}(?:;${pair})*)[ \t]*(?:,|$)`)
const parameter = new RegExp(`(${token})=(${token}|${quoted})`, 'g')

/** Who forwarded a request for whom, the first of them first, by each header that is there. What is not well-formed names nobody. */
export function forwardedFor(headers: InboundRequest['headers']): readonly (readonly string[])[] {
  const { forwarded, 'x-forwarded-for': list } = headers
  return [
    ...(list === undefined
      ? []
      : [
          textOf(list)
            .split(',')
            .map((hop) => hop.trim()),
        ]),
    ...(forwarded === undefined ? [] : [hopsIn(textOf(forwarded))]),
  ]
}

function hopsIn(text: string): readonly string[] {
  const hops: string[] = []
  for (let rest = text; rest !== '';) {
    const [whole = '', parameters = ''] = element.exec(rest) ?? []
    // A quote that somebody left open reaches into what a proxy wrote behind it.
    if (whole === '') return []
    hops.push(forIn(parameters))
    rest = rest.slice(whole.length)
  }
  return hops
}

/** Nobody where the hop does not say, or says it twice. */
function forIn(parameters: string): string {
  const named = [...parameters.matchAll(parameter)].filter(([, name]) => name?.toLowerCase() === 'for')
  const [, , value = ''] = named.length === 1 ? (named[0] ?? []) : []
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value
}

function textOf(header: string | readonly string[]): string {
  return typeof header === 'string' ? header : header.join(',')
}
