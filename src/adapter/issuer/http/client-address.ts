import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'

const current = new AsyncLocalStorage<string>()

/** Who counts as one caller for limits. */
export function callerOf(request: IncomingMessage): string {
  return originOf(request).address
}

/** Does `work` on behalf of whoever sent the request: what the provider asks us in between does not say who that is. */
export function onBehalfOf<Result>(request: IncomingMessage, work: () => Result): Result {
  return current.run(callerOf(request), work)
}

/** On whose behalf something is done. */
export function callerAtWork(): string {
  return current.getStore() ?? 'nobody'
}
