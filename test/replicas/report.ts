import type { Demotion } from './demotion.js'
import type { Journal } from './load.js'
import type { Restart } from './replica-set.js'
import type { RoundRobinProxy } from './round-robin-proxy.js'

export interface Report {
  readonly journal: Journal
  readonly proxy: RoundRobinProxy
  readonly restarts: readonly Restart[]
  /** JSON lines. */
  readonly logs: readonly string[]
  readonly demotions: readonly Demotion[]
  readonly sessions: number
  readonly mostConnections: number
}

/** Prints what a run was made of, past jest, which would put its own lines around it. */
export function printReport({ journal, proxy, restarts, logs, demotions, sessions, mostConnections }: Report): void {
  const ready = restarts.map(({ readyMilliseconds }) => readyMilliseconds)
  const rows: readonly (readonly [string, string])[] = [
    ['HTTP requests through the proxy', String(proxy.requests)],
    ['… of which broke with a killed process', String(proxy.broken.length)],
    ...[...journal.tallies].map(([kind, { done, lost, milliseconds }]): readonly [string, string] => [
      kind,
      `${done} done, ${lost} lost in flight${kind === 'stream' ? '' : `, p50 ${at(milliseconds, 0.5)} ms, p99 ${at(milliseconds, 0.99)} ms`}`,
    ]),
    ['faults', String(journal.faults.length)],
    ['sessions opened', String(sessions)],
    ['kills and restarts', String(restarts.length)],
    ['… requests that the killed one had, streams included', restarts.map(({ inFlight }) => inFlight).join(' ')],
    ['… time to ready', `median ${at(ready, 0.5)} ms, longest ${at(ready, 1)} ms`],
    [
      'role taken away, last call allowed after',
      `${demotions.map(({ lastAllowed }) => `${Math.round(lastAllowed)} ms`).join(', ')}`,
    ],
    ['most database connections seen', String(mostConnections)],
    ['log lines of the servers', String(logs.length)],
    ...[...countMessages(logs)].map(([message, count]): readonly [string, string] => [`… ${message}`, String(count)]),
  ]
  const width = Math.max(...rows.map(([what]) => what.length))
  process.stdout.write(`\n${rows.map(([what, value]) => `${what.padEnd(width)}  ${value}`).join('\n')}\n\n`)
}

function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
}

function countMessages(logs: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const line of logs) {
    const message = /"msg":"([^"]*)"/.exec(line)?.[1] ?? line.slice(0, 80)
    counts.set(message, (counts.get(message) ?? 0) + 1)
  }
  return counts
}
