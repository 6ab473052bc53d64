const domainPattern = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/

/** Why a text is no domain of e-mail addresses, as the end of a sentence; `undefined` for one. Names in other scripts are given in ASCII, as in DNS. */
export function domainFault(domain: string): string | undefined {
  return domainPattern.test(domain) ? undefined : 'is no domain such as example.com, in small letters'
}

/** Whether an address is one of a domain itself; those below it are others. */
export function isOfDomains(email: string, domains: readonly string[]): boolean {
  const at = email.lastIndexOf('@')
  // Only ASCII is folded: what another script's capitals become must not be a domain that somebody allowed.
  const domain = email.slice(at + 1).replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return at > 0 && domains.includes(domain)
}
