import type { Ask } from './caller-connection.js'
import type { ForeignMark } from './known-caller.js'
import { canonicalJson, isResponse, type RpcMessage } from './rpc-message.js'
import type { Seen } from './tested-server.js'

const longestShown = 240

/** What an answer says, without the id of its request: equal texts are equal answers. */
export function meaningOf({ messages, status, text }: Seen): string {
  const responses = messages.filter(isResponse)
  if (responses.length === 0) return `status ${status} ${text}`
  return responses.map(({ error, result }) => `status ${status} ${canonicalJson(error ?? result)}`).join('\n')
}

/** The result that was given, unless the answer is a refusal or an error of any kind. */
export function resultOf({ messages, status }: Seen): RpcMessage['result'] {
  const [response] = messages.filter(isResponse)
  return status < 300 && response?.result?.['isError'] !== true ? response?.result : undefined
}

/** Whether the server has no time for the request, which says nothing about anybody. */
export function isOverloaded({ status }: Seen): boolean {
  return status === 429 || status === 503
}

/** Marks that are in an answer and were not in what was asked. */
export function marksIn(answer: string, { params }: Ask, marks: readonly ForeignMark[]): readonly ForeignMark[] {
  const asked = JSON.stringify(params ?? {})
  return marks.filter(({ text }) => answer.includes(text) && !asked.includes(text))
}

/** An answer as a report shows it: short, and without what would let somebody in. */
export function showAnswer({ status, text }: Seen, secrets: readonly (string | undefined)[]): string {
  const shown = withoutSecrets(text, secrets).trim()
  return `status ${status} ${shown.slice(0, longestShown)}${shown.length > longestShown ? '…' : ''}`.trim()
}

/** The text without these secrets, and without anything that looks like a token. */
function withoutSecrets(text: string, secrets: readonly (string | undefined)[]): string {
  const rest = secrets.reduce<string>((left, secret) => (secret ? left.replaceAll(secret, '[secret]') : left), text)
  return rest.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[token]')
}
