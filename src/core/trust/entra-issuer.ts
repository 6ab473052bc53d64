/** An issuer of Microsoft Entra ID: of one directory, or of all of them together. */
export interface EntraIssuer {
  /** `{tid}` stands for the directory that the token's `tid` names. */
  readonly issuer: string
  readonly version: '1.0' | '2.0'
  readonly metadataUrl: string
  readonly origins: readonly string[]
  /** `shared`: anybody's directory, or everybody's personal account. */
  readonly use: 'one directory' | 'shared'
}

const loginHosts = ['login.microsoftonline.com', 'login.microsoftonline.us', 'login.partner.microsoftonline.cn']
const versionOneHost = 'sts.windows.net'
const versionOneLogin = 'https://login.microsoftonline.com'

const sharedNames: ReadonlySet<string> = new Set(['common', 'organizations', '{tid}', '{tenantid}'])
/** The directory of all personal accounts. */
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
const directoryPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * What a text means where it names an issuer at one of Microsoft's hosts, or why it names none there, as the end of a sentence;
 * `undefined` for any other host.
 */
export function readEntraIssuer(text: string): EntraIssuer | { readonly fault: string } | undefined {
  const [, host, path = ''] = /^https:\/\/([^/?#@]+)\/?(.*)$/.exec(text) ?? []
  if (host === versionOneHost) return versionOne(path)
  if (host === undefined || !loginHosts.includes(host)) return undefined
  const [, name, suffix] = /^([^/]+)(\/v2\.0|\/?)$/.exec(path) ?? []
  if (name === undefined) return { fault: forms }
  if (suffix === '/v2.0') return versionTwo(host, name)
  if (sharedNames.has(name) && `https://${host}` === versionOneLogin) return versionOne(`${name}/`)
  return { fault: forms }
}

function versionTwo(host: string, name: string): EntraIssuer | { readonly fault: string } {
  const shared = sharedNames.has(name)
  const directory = name === 'consumers' ? personal : name
  if (!shared && !directoryPattern.test(directory)) return { fault: forms }
  const asked = shared && name.startsWith('{') ? 'common' : directory
  return {
    issuer: `https://${host}/${shared ? '{tid}' : directory}/v2.0`,
    version: '2.0',
    metadataUrl: `https://${host}/${asked}/v2.0/.well-known/openid-configuration`,
    origins: [],
    use: shared || directory === personal ? 'shared' : 'one directory',
  }
}

function versionOne(path: string): EntraIssuer | { readonly fault: string } {
  const name = path.slice(0, -1)
  const shared = sharedNames.has(name)
  if (!path.endsWith('/') || !(shared || directoryPattern.test(name))) return { fault: forms }
  return {
    issuer: `https://${versionOneHost}/${shared ? '{tid}' : name}/`,
    version: '1.0',
    metadataUrl: `${versionOneLogin}/${shared ? 'common' : name}/.well-known/openid-configuration`,
    origins: [versionOneLogin],
    use: shared || name === personal ? 'shared' : 'one directory',
  }
}

const forms =
  'is not as the tokens of Entra ID say it: https://login.microsoftonline.com/<id of the directory>/v2.0, ' +
  'https://sts.windows.net/<id of the directory>/ for version 1.0, or common or organizations in its place'

/** Whether an issuer as a token names it, `iss`, is the one that is trusted. */
export function isIssuer(trusted: string, iss: string): boolean {
  const [before = '', after] = trusted.split('{tid}')
  if (after === undefined) return trusted === iss
  if (!iss.startsWith(before) || !iss.endsWith(after)) return false
  return directoryPattern.test(iss.slice(before.length, iss.length - after.length))
}
