import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { LostInFlight, type Way } from './addressed-fetch.js'
import type { McpSession } from './mcp-session.js'
import type { Person } from './sign-in.js'

export type Kind = 'list' | 'call' | 'stream' | 'sign-in by OAuth' | 'sign-in with the tools'

export interface Tally {
  done: number
  lost: number
  readonly milliseconds: number[]
}

/** What the clients of a run have seen. */
export class Journal {
  readonly tallies = new Map<Kind, Tally>()
  /** What `post_entry` was called with, and whether its answer came. */
  readonly answered = new Set<string>()
  readonly unanswered = new Set<string>()
  readonly #faults = new Map<string, number>()

  /** What must not have happened, in words. */
  get faults(): readonly string[] {
    return [...this.#faults].map(([fault, times]) => (times === 1 ? fault : `${fault} (${times} times)`))
  }

  /** Counts `action` as done, lost in flight, or a fault; answers with its value where it was done. */
  async note<Value>(kind: Kind, action: () => Promise<Value>): Promise<Value | undefined> {
    const tally = this.#tallyOf(kind)
    const startedAt = performance.now()
    try {
      const value = await action()
      tally.done += 1
      tally.milliseconds.push(performance.now() - startedAt)
      return value
    } catch (error) {
      if (error instanceof LostInFlight) tally.lost += 1
      else this.#fail(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }

  /** Calls `post_entry` with something of its own. */
  async post(session: McpSession): Promise<void> {
    const nonce = randomUUID()
    this.unanswered.add(nonce)
    await this.note('call', async () => {
      const { allowed, text } = await session.call('post_entry', { nonce })
      if (!allowed || text !== nonce) throw new TypeError(`post_entry was answered with: ${text}`)
      this.unanswered.delete(nonce)
      this.answered.add(nonce)
    })
  }

  #fail(fault: string): void {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1)
  }

  #tallyOf(kind: Kind): Tally {
    const tally = this.tallies.get(kind) ?? { done: 0, lost: 0, milliseconds: [] }
    this.tallies.set(kind, tally)
    return tally
  }
}

export interface LoadOptions {
  readonly journal: Journal
  /** Every session that was ever opened. Those that sign in now join them. */
  readonly sessions: McpSession[]
  readonly stop: AbortSignal
}

const pauseMilliseconds = { use: 50, signIn: 250 }
let visitors = 0

/** A way through the proxy from an address that nobody else has. */
export function newcomer(way: Omit<Way, 'address'>): Way {
  visitors += 1
  return {
    ...way,
    address: `127.${1 + Math.floor(visitors / 62_500)}.${Math.floor(visitors / 250) % 250}.${1 + (visitors % 250)}`,
  }
}

/** Lists and calls in one session after the other until it is stopped. */
export async function useSessions({ journal, sessions, stop }: LoadOptions): Promise<void> {
  while (!stop.aborted) {
    const session = sessions[Math.floor(Math.random() * sessions.length)]
    if (session !== undefined && Math.random() < 0.5) await journal.post(session)
    else if (session !== undefined) await journal.note('list', () => assertList(session))
    await pause(pauseMilliseconds.use * (0.5 + Math.random()))
  }
}

/** Keeps the stream of a session open until it is stopped, opening it again whenever its process was killed. */
export async function keepListening({ journal, stop }: LoadOptions, session: McpSession): Promise<void> {
  while (!stop.aborted) {
    await journal.note('stream', async () => {
      let close = (): void => undefined
      const onStop = (): void => close()
      stop.addEventListener('abort', onStop)
      const ended = await session.listen((closeNow) => {
        close = closeNow
        if (stop.aborted) close()
      })
      stop.removeEventListener('abort', onStop)
      if (ended === 'lost') throw new LostInFlight()
      if (!stop.aborted) throw new TypeError('ended, though its process was not killed')
    })
    await pause(pauseMilliseconds.use)
  }
}

export interface SignInLoad {
  readonly kind: Extract<Kind, `sign-in ${string}`>
  readonly people: readonly Person[]
  readonly signIn: (person: Person) => Promise<McpSession>
}

/** Signs people in one after the other until it is stopped. */
export async function keepSigningIn({ journal, sessions, stop }: LoadOptions, load: SignInLoad): Promise<void> {
  for (let count = 0; !stop.aborted; count += 1) {
    const person = load.people[count % load.people.length]
    if (person === undefined) throw new TypeError('nobody can sign in')
    const session = await journal.note(load.kind, () => load.signIn(person))
    if (session !== undefined) sessions.push(session)
    await pause(pauseMilliseconds.signIn)
  }
}

async function assertList(session: McpSession): Promise<void> {
  const names = await session.list()
  if (!names.includes('hello') || !names.includes('post_entry')) throw new TypeError(`listed ${names.join(', ')}`)
}
