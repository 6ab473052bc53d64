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

/** A log of JSON lines on standard error, which leaves standard output to the protocol. Known secret members are redacted. */
export function createLog(level: LogLevel | 'silent'): Log {
  const paths = secretMembers.flatMap((member) => [member, `*.${member}`])
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
      redact: { paths, censor: '[redacted]' },
    },
    pino.destination({ fd: 2, sync: true }),
  )
  return {
    write(entryLevel, message, fields) {
      logger[entryLevel]({ ...fields }, message)
    },
  }
}
