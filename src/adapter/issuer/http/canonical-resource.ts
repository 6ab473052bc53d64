const schemeAndHost = /^https?:\/\/[^/?#]*/i

/**
 * Writes the scheme and host of `resource` in small letters: URLs do not care (RFC 3986 §6.2.2.1), and resources are compared byte for
 * byte. More than one of them are left as they are, for whoever refuses that.
 */
export function makeResourceCanonical(parameters: URLSearchParams): void {
  const [resource, ...others] = parameters.getAll('resource')
  if (resource === undefined || others.length > 0) return
  const canonical = resource.replace(schemeAndHost, (start) => start.toLowerCase())
  if (canonical !== resource) parameters.set('resource', canonical)
}

/** The same in a posted form; the very bytes where there is nothing to do. */
export function withCanonicalResource(body: Buffer): Buffer {
  const parameters = new URLSearchParams(body.toString('utf8'))
  const before = parameters.get('resource')
  makeResourceCanonical(parameters)
  return parameters.get('resource') === before ? body : Buffer.from(parameters.toString())
}
