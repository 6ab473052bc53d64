import type { AdmittedTenants } from '../core/identity/application.js'
import type { Provider } from '../framework/container/provider.js'
import type { Class } from '../framework/decorator/reflect.js'
import type { ToolDefinition } from '../framework/decorator/tool-definition.js'
import type { SeedTenant } from './development/development-seed.js'

/**
 * Lets this process be its own authorization server outside development. Its users then sign in at the very program that
 * runs the tools: acceptable on one machine that you trust, not for a fleet.
 */
export const allowInProcessManager: unique symbol = Symbol('authsec.allowInProcessManager')

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
  /** What a development server creates when it is not there yet; the first tenant owns the application. Default: the sample tenants. */
  readonly development?: { readonly tenants: readonly SeedTenant[] }
  readonly [allowInProcessManager]?: true
}
