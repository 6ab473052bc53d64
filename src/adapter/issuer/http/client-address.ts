import type { IncomingMessage } from 'node:http'
import { networkOf } from '../../../core/runtime/network-address.js'

/** Who counts as one caller for limits. */
export function callerOf(request: IncomingMessage): string {
  return networkOf(request.socket.remoteAddress)
}
