import { resolve } from 'node:path'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { LoginClient, type ClientName } from './login-clients.js'
import { cleanEnvironment } from './server-process.js'

export interface StdioServerOptions {
  readonly home: string
  /** Where it is started. */
  readonly folder: string
  readonly env?: NodeJS.ProcessEnv
  readonly about: ClientName
}

/** The quickstart on stdio, with the client that started it. */
export interface StdioServer {
  readonly client: LoginClient
  readonly stderr: () => string
  /** Ends it as clients do: by closing its input. Resolves when it is gone. */
  close(): Promise<void>
}

const entry = resolve('samples/quickstart/dist/stdio.js')

/** Starts the quickstart on stdio as clients do. */
export async function startStdioServer({ home, folder, env = {}, about }: StdioServerOptions): Promise<StdioServer> {
  const given = { ...cleanEnvironment(), AUTHSEC_HOME: home, AUTHSEC_LOG_LEVEL: 'debug', ...env }
  const known = Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined)
  const transport = new StdioClientTransport({
    ...{ command: process.execPath, args: [entry], cwd: folder, stderr: 'pipe' },
    env: Object.fromEntries(known),
  })
  let stderr = ''
  transport.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
  const client = await LoginClient.overStdio(transport, about)
  return { client, stderr: () => stderr, close: () => client.close() }
}
