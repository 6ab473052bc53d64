/** Where users let this installation into services. */
export const connectPath = '/authsec/connect'

const linkPattern = /^\/authsec\/connect\/([A-Za-z0-9_-]{43})$/
const callbackPattern = /^\/authsec\/connect\/callback\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** What a request is for: the page behind a link, or the way back from a service (UUID). */
export type ConnectTarget = { readonly link: string } | { readonly service: string }

/** The path of a link. */
export function formatConnectLink(secret: string): string {
  return `${connectPath}/${secret}`
}

/** Where a service (UUID) sends browsers back to: its own address, which tells its answers from another's (RFC 9700 §4.4.2). */
export function connectCallbackPath(service: string): string {
  return `${connectPath}/callback/${service}`
}

/** Reads what the two functions above wrote; `undefined` for any other path. */
export function parseConnectPath(path: string): ConnectTarget | undefined {
  const [, link] = linkPattern.exec(path) ?? []
  if (link !== undefined) return { link }
  const [, service] = callbackPattern.exec(path) ?? []
  return service === undefined ? undefined : { service }
}
