import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { AuditDeliveryError } from '../../core/audit/stream/audit-receiver.js'
import { faultOf, whereOf } from './delivery-fault.js'
import type { SyslogTarget } from './syslog-target.js'

/** Hands messages to the network, one datagram each (RFC 5426 §3.1). Throws `AuditDeliveryError` where it does not take them. */
export async function sendDatagrams(
  { host, port }: SyslogTarget,
  messages: readonly Buffer[],
  signal: AbortSignal,
): Promise<void> {
  let socket: Socket | undefined
  try {
    const { address, family } = await lookup(host)
    socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    socket.on('error', () => undefined)
    for (const message of messages) {
      signal.throwIfAborted()
      await send(socket, message, { address, port })
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw error instanceof AuditDeliveryError ? error : faultOf(whereOf({ host, port }), error)
  } finally {
    socket?.close()
  }
}

function send(
  socket: Socket,
  message: Buffer,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, port, address, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}
