import { claimStandardOutput } from '../adapter/mcp/stdio/protocol-output.js'
import { refuseWhileReading } from '../core/runtime/reading-app.js'
import type { Class } from '../framework/decorator/reflect.js'
import type { AuthSecAppOptions } from './auth-sec-app-options.js'
import { createAuthSecApp, type AuthSecApp } from './create-auth-sec-app.js'
import { asStart } from './failed-start.js'
import { readTransport } from './settings/settings.js'

export interface RunOptions extends Omit<AuthSecAppOptions, 'servers'> {
  readonly clientId: string
}

/**
 * Starts one server class and keeps running: the one-file form of `createAuthSecApp(...).listen()`, or of `.stdio()` where
 * `AUTHSEC_TRANSPORT` is `stdio`. Throws `ConfigurationError` with what to change.
 *
 * @example
 * ```ts
 * await runMcpServerWithOAuth(ResourceServer, { clientId: 'your-client-id', appName: 'My Secure MCP Server' })
 * ```
 */
export async function runMcpServerWithOAuth(server: Class, options: RunOptions): Promise<AuthSecApp> {
  refuseWhileReading('runMcpServerWithOAuth()')
  const transport = asStart(() => readTransport(process.env))
  if (transport === 'stdio') claimStandardOutput()
  const app = createAuthSecApp({ ...options, servers: [server] })
  await (transport === 'stdio' ? app.stdio() : app.listen())
  return app
}
