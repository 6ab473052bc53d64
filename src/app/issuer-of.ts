/** The issuer of a server: RFC 8414 with a path, so that it does not claim the whole origin. */
export function issuerOf(publicUrl: string): string {
  return `${publicUrl}/oauth`
}
