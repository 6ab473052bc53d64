import { inConnection, listAsk, neighbours, type Bench } from './bench.js'
import type { CallerConnection, Variation } from './caller-connection.js'
import type { Findings, FoundLeak } from './leak-report.js'
import { isObject } from './rpc-message.js'
import { resultOf, showAnswer } from './seen-answer.js'
import type { Seen } from './tested-server.js'

interface Intruder {
  readonly name: string
  readonly token: string | undefined
}

type Door = 'POST' | 'GET' | 'DELETE'

/** The session of one is of no use to another, nor to somebody without a token, and goes on for its owner. */
export async function checkSessions(bench: Bench): Promise<Findings> {
  const leaks: FoundLeak[] = []
  let attempts = 0
  for (const { other, own } of neighbours(bench)) {
    for (const intruder of [other.caller, { name: 'somebody without a token', token: undefined }]) {
      await inConnection(bench.server, own.caller, async (connection) => {
        if (connection.session === undefined) return
        attempts += 1
        leaks.push(...(await intrude(bench, connection, intruder)))
      })
    }
  }
  if (attempts === 0) {
    return { summary: 'the server keeps no sessions, so there is none to get into', leaks, skipped: true }
  }
  return { summary: `${attempts} times somebody else tried to use, to hear and to end a session`, leaks }
}

async function intrude(bench: Bench, connection: CallerConnection, intruder: Intruder): Promise<readonly FoundLeak[]> {
  const leaks: FoundLeak[] = []
  const secrets = [...bench.callers.map(({ token }) => token), connection.session]
  const owner = connection.caller
  const report = (caller: string, message: string, seen: Seen): void => {
    const sent = `requests with the session of ${owner.name}`
    leaks.push({ caller, message, sent, seen: showAnswer(seen, secrets) })
  }
  for (const door of ['POST', 'GET', 'DELETE'] as const) {
    const seen = await knock(connection, door, { token: intruder.token })
    if (isTaken(door, seen)) report(intruder.name, `was served by ${door} in the session of ${owner.name}`, seen)
  }
  const after = await connection.ask(listAsk)
  if (!hasTools(after)) report(owner.name, `lost the session when ${intruder.name} used its id`, after)
  return leaks
}

function knock(connection: CallerConnection, door: Door, variation: Variation): Promise<Seen> {
  return door === 'POST' ? connection.ask(listAsk, variation) : connection.visit(door, variation)
}

/** A refusal may be any status of the client's fault, or an error of the protocol. */
function isTaken(door: Door, seen: Seen): boolean {
  return door === 'POST' ? resultOf(seen) !== undefined : seen.status < 300
}

function hasTools(seen: Seen): boolean {
  const result = resultOf(seen)
  return isObject(result) && Array.isArray(result['tools'])
}
