import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  WebStandardStreamableHTTPServerTransport,
  type WebStandardStreamableHTTPServerTransportOptions,
} from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { JSONRPCRequest, Result } from '@modelcontextprotocol/sdk/types.js'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import type { Log } from '../../../core/runtime/log.js'

export interface ServerInfo {
  readonly name: string
  readonly version: string
  readonly instructions?: string | undefined
}

/** The part of the SDK's handler context that we use. */
export interface SdkExtra {
  readonly signal: AbortSignal
  readonly authInfo?: { readonly extra?: Readonly<Record<string, unknown>> }
  sendNotification(notification: { method: string; params: Record<string, unknown> }): Promise<void>
}

export type Dispatch = (request: JSONRPCRequest, extra: SdkExtra) => Promise<Result>

export interface SdkPairOptions {
  readonly serverInfo: ServerInfo
  readonly dispatch: Dispatch
  readonly log: Log
}

/** A server and a transport of the SDK that belong to one session or one request, never to two callers (CVE-2026-25536). */
export interface SdkPair {
  readonly server: Server
  readonly transport: WebStandardStreamableHTTPServerTransport
}

/** A compiled validator costs more than a session, and only forms need one. A shared one would keep every schema for ever. */
export const validatorOnDemand = {
  getValidator: <Value>(schema: Parameters<AjvJsonSchemaValidator['getValidator']>[0]) =>
    new AjvJsonSchemaValidator().getValidator<Value>(schema),
}

/** A connected pair whose requests, other than `initialize` and `ping`, come to `dispatch`. */
export async function openSdkPair(
  options: SdkPairOptions,
  transportOptions: WebStandardStreamableHTTPServerTransportOptions,
): Promise<SdkPair> {
  const server = openServer(options)
  const transport = new WebStandardStreamableHTTPServerTransport(transportOptions)
  await server.connect(transport)
  return { server, transport }
}

/** The server of a pair, for a transport of any kind. */
export function openServer({ serverInfo, dispatch, log }: SdkPairOptions): Server {
  const { name, version, instructions } = serverInfo
  const server = new Server(
    { name, version },
    {
      capabilities: { tools: { listChanged: true }, logging: {} },
      ...(instructions === undefined ? {} : { instructions }),
      jsonSchemaValidator: validatorOnDemand,
    },
  )
  // The SDK's own handler answers a bad level with -32603; ours is reached through the fallback.
  server.removeRequestHandler('logging/setLevel')
  server.fallbackRequestHandler = dispatch
  server.onerror = (error) => log.write('debug', 'the protocol layer reported', { error })
  return server
}
