import type { TransportSession } from '../../../core/identity/session-store.js'
import { openSdkPair, type SdkPair, type SdkPairOptions } from './sdk-pair.js'

/**
 * The SDK's objects for a session that was opened by another process, or before a restart: they are told again what the client
 * said at `initialize`, and what they answer goes nowhere.
 */
export async function restorePair(
  options: SdkPairOptions,
  session: TransportSession,
  onClosed: () => Promise<void>,
): Promise<SdkPair> {
  const pair = await openSdkPair(options, { sessionIdGenerator: () => session.digest, onsessionclosed: onClosed })
  const { capabilities, client, protocolVersion } = session
  const params = { protocolVersion, capabilities, clientInfo: client }
  await tell(pair, session, { jsonrpc: '2.0', id: 'restored', method: 'initialize', params })
  await tell(pair, session, { jsonrpc: '2.0', method: 'notifications/initialized' })
  return pair
}

async function tell(
  { transport }: SdkPair,
  { digest, protocolVersion }: TransportSession,
  message: { readonly method: string; readonly [member: string]: unknown },
): Promise<void> {
  const headers = new Headers({
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    ...(message.method === 'initialize' ? {} : { 'mcp-session-id': digest, 'mcp-protocol-version': protocolVersion }),
  })
  const request = new Request('http://localhost/', { method: 'POST', headers })
  const answer = await transport.handleRequest(request, { parsedBody: message })
  await answer.text()
  if (!answer.ok) throw new TypeError(`a session could not be restored: ${answer.status}`)
}
