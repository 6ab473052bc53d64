import { randomUUID } from 'node:crypto'
import type { McpSession } from './mcp-session.js'

/** How a replica took it that somebody's role was taken away. */
export interface Demotion {
  readonly port: number
  /** When the last call began that was still allowed, in milliseconds after the change; 0 where none was. */
  readonly lastAllowed: number
  /** When the first call began that was refused. */
  readonly firstRefused: number
}

const patienceMilliseconds = 5_000

/** Takes the role away while the session is used at every replica. Throws `TypeError` where it may not call even before. */
export async function observeDemotion(
  session: McpSession,
  ports: readonly number[],
  demote: () => Promise<void>,
): Promise<readonly Demotion[]> {
  const sessions = ports.map((port) => ({ port, direct: session.by({ port }) }))
  for (const { direct } of sessions) {
    if (!(await mayCall(direct))) throw new TypeError('refused before the role was taken away')
  }
  await demote()
  const changedAt = performance.now()
  return Promise.all(sessions.map(({ port, direct }) => observe(port, direct, changedAt)))
}

/** Whether `post_entry` may be called. Throws `TypeError` for every answer but its own and the refusal. */
export async function mayCall(session: McpSession): Promise<boolean> {
  const { allowed, text } = await session.call('post_entry', { nonce: randomUUID() })
  if (!allowed && text !== 'Unknown tool: post_entry') throw new TypeError(`post_entry was answered with: ${text}`)
  return allowed
}

async function observe(port: number, session: McpSession, changedAt: number): Promise<Demotion> {
  let lastAllowed = 0
  for (;;) {
    const begun = performance.now() - changedAt
    if (!(await mayCall(session))) return { port, lastAllowed, firstRefused: begun }
    lastAllowed = begun
    if (begun > patienceMilliseconds) return { port, lastAllowed, firstRefused: Number.POSITIVE_INFINITY }
  }
}
