/** Whom the names lead to. */
export interface NameTargets {
  readonly tenant: string
  readonly service: string
  /** A service of the attacker's own. */
  readonly own: string
}

/** What somebody might call a service, an account or a tenant in order to reach the credentials of others. */
export function hostileNames({ tenant, service, own }: NameTargets): readonly string[] {
  const target = `tenants/${tenant}/services/${service}`
  const climbs = [
    '../',
    '..\\',
    '%2e%2e/',
    '%2e%2e%2f',
    '..%2f',
    '..%5c',
    '%252e%252e%252f',
    '.%2e/',
    '..;/',
    '../\u0000',
  ]
  const ups = [1, 2, 3, 4].flatMap((times) => climbs.map((climb) => `${climb.repeat(times)}${target}`))
  const neighbours = climbs.map((climb) => `${own}/${climb}${service}`)
  const requests = ['?version=1', '#', '?version=1#', '?list=true', '%3Fversion=1', '%23', ';version=1', '&version=1']
  const asked = requests.flatMap((request) => [`${service}${request}`, `${own}${request}`])
  const edges = [
    '/',
    '//',
    '\\',
    ' ',
    '\t',
    '\r\nX-Vault-Token: x',
    '\n',
    '\u0000',
    '.',
    '%00',
    '%20',
    '\u200b',
    '\u2028',
  ]
  const edged = edges.flatMap((edge) => [`${service}${edge}`, `${edge}${service}`])
  const wholes = [target, `/${target}`, `//${target}`, `secret/data/${target}`, `/v1/secret/data/${target}`]
  const addresses = [`https://localhost/${target}`, `//localhost/${target}`, 'http://127.0.0.1:1/', '@127.0.0.1:1/']
  const globs = [
    '*',
    '+',
    '%',
    '_',
    '',
    '.',
    '..',
    '...',
    '~',
    "' or '1'='1",
    `${service}' --`,
    '{}',
    '[object Object]',
  ]
  const lookalikes = [`${service}\u0301`, service.replace('-', '\u2010'), `${service}/accounts/${service}`]
  const all = [...ups, ...neighbours, ...asked, ...edged, ...wholes, ...addresses, ...globs, ...lookalikes]
  return [...new Set([...all, '__proto__', 'constructor', 'undefined', 'null'])]
}
