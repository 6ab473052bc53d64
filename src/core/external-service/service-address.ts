import { ServiceError } from '../error/service-error.js'
import type { ExternalService } from './external-service.js'

const mostCharacters = 8_192
const mostDecodings = 5

/**
 * The address of a path of a service. It never leaves the service's origin and base path, however the path is written: dot segments
 * and slashes that are encoded, once or several times, count as what they may become at the other end. Throws `ServiceError`
 * (`ERR_SERVICE_REQUEST`).
 */
export function serviceAddress({ name, url }: Pick<ExternalService, 'name' | 'url'>, path: unknown): URL {
  const refuse = (problem: string): never => {
    throw new ServiceError('ERR_SERVICE_REQUEST', name, `a path of ${name} ${problem}`)
  }
  if (typeof path !== 'string' || !path.startsWith('/')) return refuse('must be a text that begins with "/"')
  if (path.length > mostCharacters) return refuse('is too long')
  // URL parsers drop tabs and line ends, and take a backslash for a slash.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\\ ]/u.test(path)) return refuse('holds a blank, backslash or control character')
  if (path.includes('#')) return refuse('holds a fragment')
  const [route = ''] = path.split('?', 1)
  const decoded = decodedRoute(route)
  if (decoded === undefined) return refuse('holds a percent sign that encodes nothing, or too much of it')
  if (decoded.slice(1).split(/[/\\]/).some(isNoSegment)) return refuse('holds an empty or a dot segment')
  const base = new URL(url)
  const address = new URL(base.origin + base.pathname.replace(/\/$/, '') + path)
  const below = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`
  if (address.origin !== base.origin || !address.pathname.startsWith(below)) return refuse('leads elsewhere')
  return address
}

/** What a server may read from the path, whoever decodes it on the way; `undefined` where nobody can tell. */
function decodedRoute(route: string): string | undefined {
  let decoded = route
  for (let count = 0; count < mostDecodings; count += 1) {
    // After the first time what is no encoding is a percent sign that was meant; a lenient server may still decode what is one.
    const next = count === 0 ? decodedOnce(decoded) : decodedBytes(decoded)
    if (next === undefined) return undefined
    if (/[\p{Cc}\p{Cs}]/u.test(next)) return undefined
    if (next === decoded) return decoded
    decoded = next
  }
  return undefined
}

function decodedOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** What may be decoded, byte by byte; the rest stays. */
function decodedBytes(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

/** A last segment may be empty: it is a slash at the end. */
function isNoSegment(segment: string, index: number, segments: readonly string[]): boolean {
  // What comes after `;` is a parameter to some servers, which then see a dot segment.
  const [name = ''] = segment.split(';', 1)
  return name === '.' || name === '..' || (segment === '' && index < segments.length - 1)
}
