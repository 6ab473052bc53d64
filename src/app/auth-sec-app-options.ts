import type { AdmittedTenants } from '../core/identity/application.js'
import type { CredentialRotator } from '../core/external-service/rotation/credential-rotator.js'
import type { Grants } from '../core/permission/grants.js'
import type { IssuerOptions } from '../core/trust/issuer-options.js'
import type { Provider } from '../framework/container/provider.js'
import type { Class } from '../framework/decorator/reflect.js'
import type { ToolDefinition } from '../framework/decorator/tool-definition.js'
import type { SeedTenant } from './development/development-seed.js'
import type { LoginWay } from './settings/login-way.js'

/**
 * Lets this process be its own authorization server outside development. Its users then sign in at the very program that
 * runs the tools: acceptable on one machine that you trust, not for a fleet.
 */
export const allowInProcessManager: unique symbol = Symbol('authsec.allowInProcessManager')

/**
 * Lets clients beyond loopback sign in with the five tools, over https. Their session's id is then all that tells who they are:
 * whoever gets hold of it is the user until the sign-in ends. Prefer `login: 'oauth'`, and keep what matters `bearerOnly`.
 */
export const allowSessionLogin: unique symbol = Symbol('authsec.allowSessionLogin')

/**
 * Lets `oauth_authenticate` take a token (`jwt_token`) outside development. A pasted token passes through the model and its
 * logs; a one-time code is worth nothing there.
 */
export const allowPastedTokens: unique symbol = Symbol('authsec.allowPastedTokens')

export interface AuthSecAppOptions {
  /** Classes with `@McpServer`. */
  readonly servers?: readonly Class[]
  /** Tools made with `protectedByAuthSec` and `publicTool`. */
  readonly tools?: readonly ToolDefinition[]
  readonly providers?: readonly Provider[]
  /** Which application this server is. In development it is registered at the first start. */
  readonly clientId?: string
  /** What people see when they sign in; the first server's name otherwise. */
  readonly appName?: string
  /** Whose users may enter: `'own'` (default) the application's tenant, a list of slugs, or `'any'`. */
  readonly tenants?: AdmittedTenants
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 3005. */
  readonly port?: number
  /** The origin that clients use, such as `https://mcp.example.com`. */
  readonly publicUrl?: string
  /** Web pages of these origins may call the server. */
  readonly allowedOrigins?: readonly string[]
  /** `'stateful'` (default) keeps a session per client up to 2025-11-25; `'stateless'` answers each request by itself. */
  readonly sessions?: 'stateful' | 'stateless'
  /**
   * How clients sign in: `'oauth'` by themselves, `'tools'` with the five tools, `'both'` each on a path of its own. Default:
   * `'both'` on loopback, `'oauth'` elsewhere; a server on stdio always has the tools.
   */
  readonly login?: LoginWay
  /**
   * Identity providers whose access tokens are accepted, each exactly as far as it says. `AUTHSEC_ISSUERS`, a list of the same as
   * JSON, goes before them; `authsec issuer` looks after further ones in the database.
   */
  readonly issuers?: readonly IssuerOptions[]
  /**
   * What a scope lets a client do, in plain words, as the consent page says it: `{ 'invoice:read': 'See your invoices' }`. Default:
   * a sentence made from its name.
   */
  readonly scopeDescriptions?: Readonly<Record<string, string>>
  /**
   * Typical callers by name, with what they effectively hold: shown in the access matrix (`authsec matrix`). They let nobody in.
   */
  readonly testCallers?: Readonly<Record<string, Partial<Grants>>>
  /**
   * How this application replaces credentials of external services, by the names of the services: used where a service is to be rotated
   * by itself (`authsec service add --rotate-every`), and when an administrator asks for it.
   */
  readonly rotators?: Readonly<Record<string, CredentialRotator>>
  /** What a development server creates when it is not there yet; the first tenant owns the application. Default: the sample tenants. */
  readonly development?: { readonly tenants: readonly SeedTenant[] }
  readonly [allowInProcessManager]?: true
  readonly [allowSessionLogin]?: true
  readonly [allowPastedTokens]?: true
}
