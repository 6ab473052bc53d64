import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely, rootCertificates } from 'node:tls'
import { AuditDeliveryError } from '../../core/audit/stream/audit-receiver.js'
import { faultOf, whereOf } from './delivery-fault.js'

export interface StreamTarget {
  readonly transport: 'tcp' | 'tls'
  readonly host: string
  readonly port: number
  readonly ca: readonly string[]
}

/** A receiver that has everything and does not close is as good as one that does: syslog does not say that it has to. */
const patienceMilliseconds = 3_000

/**
 * Sends bytes over a connection of their own and ends it. A receiver that has read everything comes upon the end and closes, too; one
 * that was cut off before resets the connection. That is as much of an answer as syslog has: a connection that goes on says nothing of
 * what it has carried. Throws `AuditDeliveryError` where the receiver may not have everything, and the reason of the signal.
 */
export async function sendStream(target: StreamTarget, bytes: Buffer, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const socket = open(target)
  const end = (): void => void socket.destroy()
  signal.addEventListener('abort', end, { once: true })
  try {
    await send(socket, bytes, target)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', end)
    socket.destroy()
  }
}

function open({ ca, host, port, transport }: StreamTarget): Socket {
  const route = { host, port, autoSelectFamily: true }
  if (transport === 'tcp') return connect(route)
  return connectSecurely({
    ...route,
    // A name is said as it stands in certificates, and an address not at all (RFC 6066 §3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca.length === 0 ? {} : { ca: [...rootCertificates, ...ca] }),
    minVersion: 'TLSv1.2',
    // Said here, no variable of the environment unsays it.
    rejectUnauthorized: true,
  })
}

function send(socket: Socket, bytes: Buffer, target: StreamTarget): Promise<void> {
  const where = whereOf(target)
  return new Promise((resolve, reject) => {
    let patience: NodeJS.Timeout | undefined
    const settle = (fault?: AuditDeliveryError): void => {
      clearTimeout(patience)
      if (fault === undefined) resolve()
      else reject(fault)
    }
    socket.once(target.transport === 'tcp' ? 'connect' : 'secureConnect', () => socket.end(bytes))
    socket.once('finish', () => {
      patience = setTimeout(settle, patienceMilliseconds)
    })
    socket.once('error', (error) => {
      settle(faultOf(where, error))
    })
    socket.once('close', () => {
      settle(socket.writableFinished && socket.readableEnded ? undefined : cutOff(where))
    })
    // Whatever it says is not for us.
    socket.resume()
  })
}

function cutOff(where: string): AuditDeliveryError {
  return new AuditDeliveryError(`${where}: it has closed the connection before it had everything`)
}
