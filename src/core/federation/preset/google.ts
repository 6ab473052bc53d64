import { isBelow } from './is-below.js'
import { openidConnect, type UpstreamPreset } from './preset.js'

const googleIssuer = 'https://accounts.google.com'

/**
 * Google accounts, private ones and those of Workspace. Google answers for addresses of Gmail, and of the Workspace that `hd` names;
 * any other was confirmed once. A token that renews others is asked for by a parameter, not by a scope. It neither
 * signs anybody in anew nor says when they did.
 */
export const google: UpstreamPreset = {
  ...openidConnect,
  name: 'Google',
  issuer: googleIssuer,
  ownIssuer: 'fixed',
  secret: 'needed',
  answersFor: { domains: ['gmail.com', 'googlemail.com'], claim: 'hd' },
  origins: ['https://oauth2.googleapis.com', 'https://www.googleapis.com', 'https://openidconnect.googleapis.com'],
  otherAccount: { prompt: 'select_account' },
  freshSignIn: 'not possible',
  offline: { parameters: { access_type: 'offline', prompt: 'consent' }, scope: 'not sent' },
}

/** Why an issuer of another kind cannot be Google's, as the end of a sentence. */
export function googleHostFault(issuer: string): string | undefined {
  return isBelow(issuer, googleIssuer) ? "is Google's: say kind: 'google'" : undefined
}
