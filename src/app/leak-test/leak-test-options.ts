import { isLoopback } from '../settings/loopback.js'

export interface LeakTestCaller {
  /** An access token for the server. */
  readonly token: string
  /** What the report calls this caller; by default the e-mail address in its token, or its place in the list. */
  readonly name?: string
  /** Texts that nobody else may ever get, besides subject, e-mail address and tenant in its token. */
  readonly marks?: readonly string[]
}

/** A tool that the test may call, for every caller. */
export interface LeakTestCall {
  readonly name: string
  readonly arguments?: Readonly<Record<string, unknown>>
}

export interface LeakTestOptions {
  /** Where the server speaks MCP (Streamable HTTP): https, or http on this machine. */
  readonly url: string | URL
  /** Two to eight, best of two tenants. */
  readonly callers: readonly LeakTestCaller[]
  /** No other tool is ever called. At most 16. */
  readonly calls?: readonly LeakTestCall[]
  /** `call`: tools that say that they only read (`readOnlyHint`) are called too, without arguments. Default: `ignore`. */
  readonly readOnlyTools?: 'call' | 'ignore'
  /** How often everybody calls at once. Default: 20. */
  readonly rounds?: number
  /** How long the whole test may take. Default: 120. */
  readonly seconds?: number
}

/** What a leak test is run with. */
export interface LeakTestPlan {
  readonly url: URL
  readonly callers: readonly LeakTestCaller[]
  readonly calls: readonly LeakTestCall[]
  readonly readOnlyTools: 'call' | 'ignore'
  readonly rounds: number
  readonly seconds: number
}

export const mostCalls = 16
const mostCallers = 8
const mostRounds = 500
const mostSeconds = 3_600
const longestToken = 16_384

/** Throws `TypeError` for what cannot be meant; no message has a token in it. */
export function planLeakTest(options: LeakTestOptions): LeakTestPlan {
  const { callers, calls = [], readOnlyTools = 'ignore', rounds = 20, seconds = 120 } = options
  if (callers.length < 2 || callers.length > mostCallers) {
    throw new TypeError(`a leak test needs 2 to ${mostCallers} callers, best of two tenants`)
  }
  for (const [index, { token }] of callers.entries()) {
    if (token.length > longestToken || !/^[\x21-\x7e]+$/.test(token)) {
      throw new TypeError(`the token of caller ${index + 1} is none: it is one line of visible characters`)
    }
    if (callers.findIndex((other) => other.token === token) !== index) {
      throw new TypeError(`caller ${index + 1} has the token of another: give each a token of its own`)
    }
  }
  if (calls.length > mostCalls) throw new TypeError(`a leak test calls at most ${mostCalls} tools`)
  if (new Set(calls.map(({ name }) => name)).size < calls.length)
    throw new TypeError('a tool is called in one way only')
  requireCount('rounds', rounds, mostRounds)
  requireCount('seconds', seconds, mostSeconds)
  return { url: requireUrl(options.url), callers, calls, readOnlyTools, rounds, seconds }
}

function requireCount(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) throw new TypeError(`${name} is 1 to ${most}`)
}

/** Tokens are sent there. */
function requireUrl(given: string | URL): URL {
  const url = URL.parse(String(given))
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (url === null || !safe || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError('the URL of the server is https, or http on this machine, without user name and fragment')
  }
  return url
}
