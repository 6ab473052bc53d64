/** How to reach a listener on this machine that is bound to `host`: one that is bound to every address is reached on loopback. */
export function hostAndPort(host: string): { readonly host: string } {
  const name = host.replace(/^\[|\]$/g, '')
  if (name === '0.0.0.0') return { host: '127.0.0.1' }
  return { host: name === '::' ? '::1' : name }
}
