import { ElicitRequestFormParamsSchema, type Result } from '@modelcontextprotocol/sdk/types.js'
import {
  callLogLevels,
  type CallLogLevel,
  type ElicitAnswer,
  type ElicitRequest,
} from '../../../core/operation/call-channel.js'
import type { Log } from '../../../core/runtime/log.js'
import { internalError, invalidParams, isObject, methodNotFound, RpcError, type RequestId } from '../http/json-rpc.js'
import { faultOf } from '../http/outage.js'
import { openChannel } from './call-outlet.js'
import { InboundCall } from './inbound-call.js'
import type { Dispatch, SdkExtra } from './sdk-pair.js'
import type { ClientSession } from './client-session.js'
import { checkListParams, parseToolCall, progressTokenOf } from './tool-request.js'
import type { Tools } from './tools.js'

const formMilliseconds = 10 * 60_000

export interface DispatchOptions {
  readonly tools: Tools
  readonly log: Log
}

/** Answers what the SDK hands on: the tool methods and the log level. Every other method is not found. */
export function createDispatch({ tools, log }: DispatchOptions): Dispatch {
  return async ({ method, params, id }, extra) => {
    const request = requestOf(extra)
    try {
      if (method === 'tools/list') {
        checkListParams(params)
        return { tools: tools.list(request) }
      }
      if (method === 'tools/call') return await call({ tools, request, extra, params, id })
      if (method === 'logging/setLevel') return await setLevel(request.session, params)
    } catch (error) {
      request.fault = faultOf(error, log, request.ref)
      throw request.fault
    }
    throw new RpcError({ code: methodNotFound, message: 'Method not found' })
  }
}

interface Call {
  readonly tools: Tools
  readonly request: InboundCall
  readonly extra: SdkExtra
  readonly params: unknown
  readonly id: RequestId
}

async function call({ tools, request, extra, params, id }: Call): Promise<Result> {
  const toolCall = parseToolCall(params)
  const { session } = request
  const abort = (): void => request.abort()
  extra.signal.addEventListener('abort', abort, { once: true })
  const progressToken = progressTokenOf(params)
  const asks = session !== undefined && tools.elicits(request, toolCall.name)
  const channel = openChannel(request, {
    progressToken,
    streams: session !== undefined || progressToken !== undefined,
    notify: async (method, about) => {
      await request.drained()
      await extra.sendNotification({ method, params: about })
    },
    elicit: asks ? (form) => elicit(session, form, { id, signal: request.signal }) : undefined,
  })
  const result = await tools.call(request, toolCall, channel)
  extra.signal.removeEventListener('abort', abort)
  // A result without a JSON form must fail here: the transport would leave the client without an answer.
  const plain: Result = JSON.parse(JSON.stringify(result))
  return plain
}

async function elicit(
  session: ClientSession,
  { message, requestedSchema }: ElicitRequest,
  { id, signal }: { readonly id: RequestId; readonly signal: AbortSignal },
): Promise<ElicitAnswer> {
  const form = ElicitRequestFormParamsSchema.safeParse({ mode: 'form', message, requestedSchema })
  if (!form.success)
    throw new TypeError('the form is not flat: its properties must be strings, numbers, booleans or enums')
  const answer = await session.ask(form.data, { requestId: id, signal, timeout: formMilliseconds })
  if (answer.action !== 'accept') return { action: answer.action }
  return { action: 'accept', content: answer.content ?? {} }
}

async function setLevel(session: ClientSession | undefined, params: unknown): Promise<Result> {
  const level: CallLogLevel | undefined = callLogLevels.find((known) => isObject(params) && params['level'] === known)
  if (level === undefined) throw new RpcError({ code: invalidParams, message: 'Invalid params: unknown level' })
  await session?.setLogLevel(level)
  return {}
}

function requestOf({ authInfo }: SdkExtra): InboundCall {
  const request = authInfo?.extra?.['request']
  if (request instanceof InboundCall) return request
  throw new RpcError({ code: internalError, message: 'Internal error' })
}
