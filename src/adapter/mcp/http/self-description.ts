import { LATEST_PROTOCOL_VERSION, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import type { TransportSession } from '../../../core/identity/session-store.js'
import { isObject } from './json-rpc.js'

/** What a client says of itself at `initialize`, and the version that comes of it (Model Context Protocol, `basic/lifecycle`). */
export type SelfDescription = Pick<TransportSession, 'client' | 'capabilities' | 'protocolVersion'>

const longestName = 200
const mostBytes = 32_768
/** From those whom nobody knows. */
const mostAnonymousBytes = 4_096

/** What an `initialize` says; `undefined` for every other message. */
export function describeSelf(message: unknown): SelfDescription | undefined {
  if (!isInitialize(message)) return undefined
  const params = isObject(message['params']) ? message['params'] : {}
  const { capabilities, clientInfo, protocolVersion } = params
  const { name, version } = isObject(clientInfo) ? clientInfo : {}
  return {
    client: { name: textOf(name), version: textOf(version) },
    capabilities: isObject(capabilities) ? capabilities : {},
    protocolVersion: negotiated(protocolVersion),
  }
}

/** Whether an `initialize` says more than is kept of a client for as long as its session lives: 32 KiB, 4 KiB without a token. */
export function saysTooMuch(message: unknown, by: 'known' | 'anonymous'): boolean {
  if (!isInitialize(message)) return false
  const most = by === 'known' ? mostBytes : mostAnonymousBytes
  return Buffer.byteLength(JSON.stringify(message['params'] ?? null)) > most
}

function isInitialize(message: unknown): message is Readonly<Record<string, unknown>> {
  return isObject(message) && message['method'] === 'initialize'
}

/** Names are kept as long and as plain as every store gives them back, because later ones are compared with them. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, longestName).replace(/[\0\p{Surrogate}]/gu, '\uFFFD') : ''
}

/** The same as the SDK does. */
function negotiated(asked: unknown): string {
  return SUPPORTED_PROTOCOL_VERSIONS.find((supported) => supported === asked) ?? LATEST_PROTOCOL_VERSION
}
