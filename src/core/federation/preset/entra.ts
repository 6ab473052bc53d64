import { readEntraIssuer } from '../../trust/entra-issuer.js'
import { openidConnect, type UpstreamPreset } from './preset.js'

const form = 'https://login.microsoftonline.com/<id of the directory>/v2.0'

/**
 * One directory of Microsoft Entra ID. It has PKCE and does not say so. Everything about a user is in the ID token; userinfo is another
 * interface with access tokens of its own. `email` is what a directory has written down, whoever it belongs to, unless `xms_edov` says
 * that its domain is the directory's.
 */
export const entra: UpstreamPreset = {
  ...openidConnect,
  name: 'Microsoft',
  issuerFault: directoryFault,
  pkce: 'assumed',
  origins: ['https://graph.microsoft.com', 'https://graph.microsoft.us', 'https://microsoftgraph.chinacloudapi.cn'],
  userinfo: 'not asked',
  emailVerified: ['email_verified', 'xms_edov'],
  otherAccount: { prompt: 'select_account' },
  offline: { parameters: {}, scope: 'sent' },
}

/** Why an issuer of another kind cannot be that of an Entra ID directory, as the end of a sentence. */
export function entraHostFault(issuer: string): string | undefined {
  return readEntraIssuer(issuer) === undefined ? undefined : "is Microsoft's: say kind: 'entra'"
}

/** Whoever is in any directory could be anybody here: their addresses are what their own administrators say. */
function directoryFault(issuer: string): string | undefined {
  const read = readEntraIssuer(issuer)
  if (read === undefined) return `is not one of Entra ID: ${form}`
  if ('fault' in read) return read.fault
  if (read.issuer.includes('{tid}')) return `lets every directory in: name one, ${form}, and add a provider for each`
  if (read.version !== '2.0' || read.issuer !== issuer) return `is not that of version 2.0, by id: ${form}`
  return undefined
}
