import type { Class } from '../framework/decorator/reflect.js'
import type { AuthSecAppOptions } from './auth-sec-app-options.js'
import { createAuthSecApp, type AuthSecApp } from './create-auth-sec-app.js'

export interface RunOptions extends Omit<AuthSecAppOptions, 'servers'> {
  readonly clientId: string
}

/**
 * Starts one server class and keeps running: the one-file form of `createAuthSecApp(...).listen()`.
 * Throws `ConfigurationError` with what to change.
 *
 * @example
 * ```ts
 * await runMcpServerWithOAuth(ResourceServer, { clientId: 'your-client-id', appName: 'My Secure MCP Server' })
 * ```
 */
export async function runMcpServerWithOAuth(server: Class, options: RunOptions): Promise<AuthSecApp> {
  const app = createAuthSecApp({ ...options, servers: [server] })
  await app.listen()
  return app
}
