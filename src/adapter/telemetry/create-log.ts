import { pino } from 'pino'
import type { Log, LogLevel } from '../../core/runtime/log.js'

const secretMembers = [
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'password',
  'secret',
  'authorization',
  'cookie',
]

/** What is kept of lines that cannot be written, in bytes. */
const mostKept = 1_048_576

/** A log of JSON lines on standard error, which leaves standard output to the protocol. Known secret members are redacted. */
export function createLog(level: LogLevel | 'silent'): Log {
  const paths = secretMembers.flatMap((member) => [member, `*.${member}`])
  const destination = pino.destination({ fd: 2, sync: true, maxLength: mostKept })
  // A disk that is full, or a reader that is gone, must not end what serves others.
  destination.on('error', () => undefined)
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
      redact: { paths, censor: '[redacted]' },
    },
    destination,
  )
  return {
    write(entryLevel, message, fields) {
      logger[entryLevel]({ ...fields }, message)
    },
  }
}
