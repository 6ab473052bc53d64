/** Whether an issuer has this origin, with or without a path. What is no URL has none. */
export function isBelow(issuer: string, origin: string): boolean {
  return URL.canParse(issuer) && new URL(issuer).origin === origin
}
