const loopback = '::1'

/** Who counts as one caller for limits: an IPv4 address, or the first address of the /64 of an IPv6 address, which one household has whole (RFC 5952). */
export function networkOf(remoteAddress: string | undefined): string {
  const address = (remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/i, '')
  return address.includes(':') && address !== loopback ? prefixOf(address) : address
}

function prefixOf(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('%', 1).join('').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  const network = [...before, ...zeros, ...after].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''))
  // The four groups behind are the longest run of zeros, with those right before them (RFC 5952 §4.2.3).
  return `${network.join(':').replace(/(?:(?:^|:)0)+$/, '')}::`
}
