import {
  callLogLevels,
  type CallChannel,
  type CallLogLevel,
  type ElicitAnswer,
  type ElicitRequest,
} from '../../../core/operation/call-channel.js'
import type { RequestId } from '../http/json-rpc.js'
import type { InboundCall } from './inbound-call.js'

/** How the messages of a running call leave: beside the SDK on the hot path, through it elsewhere. */
export interface CallOutlet {
  readonly progressToken: RequestId | undefined
  /** Whether the answer can become a stream, so that anything but the result can be said. */
  readonly streams: boolean
  notify(method: string, params: Record<string, unknown>): Promise<void>
  /** Absent where the client cannot be asked. */
  readonly elicit?: ((request: ElicitRequest) => Promise<ElicitAnswer>) | undefined
}

/** The channel that the guard hands to an operation. */
export function openChannel(request: InboundCall, outlet: CallOutlet): CallChannel {
  const { session } = request
  const { progressToken, elicit } = outlet
  const say = async (method: string, params: Record<string, unknown>): Promise<void> => {
    if (!request.ended) await outlet.notify(method, params)
  }
  if (outlet.streams) request.say = (method) => say(method, {})
  return {
    signal: request.signal,
    ...(progressToken === undefined
      ? {}
      : {
          progress: (progress, total, message) =>
            say('notifications/progress', { progressToken, progress, ...defined({ total, message }) }),
        }),
    ...(outlet.streams
      ? {
          log: async (level, data) => {
            if (isHeard(level, session?.logLevel)) await say('notifications/message', { level, data: data ?? null })
          },
        }
      : {}),
    ...(elicit === undefined ? {} : { elicit }),
  }
}

function isHeard(level: CallLogLevel, asked: CallLogLevel | undefined): boolean {
  return asked === undefined || callLogLevels.indexOf(level) >= callLogLevels.indexOf(asked)
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
