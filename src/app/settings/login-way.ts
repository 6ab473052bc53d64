import { ConfigurationError } from '../../core/error/configuration-error.js'
import { isLocal, type Addresses } from './loopback.js'

export const loginWays = ['oauth', 'tools', 'both'] as const

/** How clients sign in: by OAuth (`oauth`), with the five tools (`tools`), or each on a path of its own (`both`). */
export type LoginWay = (typeof loginWays)[number]

export interface LoginQuestion extends Addresses {
  /** What environment or code ask for. */
  readonly asked: LoginWay | undefined
  /** Default: `stateful`. */
  readonly sessions?: 'stateful' | 'stateless' | undefined
  /** Signing in with the five tools is wanted beyond loopback. */
  readonly sessionLogin?: 'allowed' | undefined
  /** Default: `served`. */
  readonly ownIssuer?: 'served' | 'absent' | undefined
}

/**
 * With nothing but a session's id to go by, signing in with tools makes the session the authentication (which the Model Context
 * Protocol, security best practices, forbids): by default on loopback only, elsewhere on demand and over https. Throws
 * `ConfigurationError`.
 */
export function decideLogin({ asked, ownIssuer, sessions, sessionLogin, ...addresses }: LoginQuestion): LoginWay {
  const local = isLocal(addresses)
  const login = asked ?? (local && sessions !== 'stateless' && ownIssuer !== 'absent' ? 'both' : 'oauth')
  if (login === 'oauth') return login
  if (ownIssuer === 'absent') {
    throw fault(
      `login: '${login}' signs users in with an authorization server of this process: wish for it with ` +
        "{ [allowInProcessManager]: true }, a symbol that authsec exports, or say login: 'oauth'",
    )
  }
  if (sessions === 'stateless') {
    throw fault(`login: '${login}' needs sessions: the five tools sign a session in. Leave out sessions: 'stateless'`)
  }
  if (local) return login
  if (sessionLogin !== 'allowed') {
    throw fault(
      `login: '${login}' makes whoever holds a session's id the user, so beyond loopback it has to be wanted: ` +
        "{ [allowSessionLogin]: true }, a symbol that authsec exports. Clients that sign in by themselves need login: 'oauth' only",
    )
  }
  if (addresses.publicUrl?.startsWith('https:') === true) return login
  throw fault(`login: '${login}' needs https: set AUTHSEC_PUBLIC_URL to the https origin that clients use`)
}

function fault(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_LOGIN', message)
}
