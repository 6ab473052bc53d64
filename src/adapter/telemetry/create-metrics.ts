import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Meter } from '../../core/runtime/meter.js'
import type { PoolState, Vitals } from '../../core/runtime/vitals.js'
import { BoundedLabel } from './bounded-label.js'

export interface MetricsOptions {
  /** Whether an operation has this name: every other name is counted as `unknown`. */
  readonly isOperation: (name: string) => boolean
  /** Asked whenever somebody reads the metrics; `undefined` while there is nothing to say. */
  readonly vitals: () => Vitals | undefined
}

export interface Metrics {
  readonly meter: Meter
  readonly contentType: string
  /** Everything in the text format of Prometheus. */
  read(): Promise<string>
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Counts for Prometheus. Each is of its own: two servers in one process do not count for each other. */
export function createMetrics({ isOperation, vitals }: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  watchVitals(registry, vitals)
  return {
    meter: createMeter(registry, isOperation),
    contentType: registry.contentType,
    read: () => registry.metrics(),
  }
}

function createMeter(registry: Registry, isOperation: (name: string) => boolean): Meter {
  const counter = counterOf(registry)
  const requests = counter('http_requests_total', 'Requests by path and status.', ['method', 'route', 'status'])
  const calls = counter('calls_total', 'Calls of operations by what became of them.', ['operation', 'outcome'])
  const decisions = counter('decisions_total', 'Decisions, with the code of each refusal.', ['decision', 'reason'])
  const tokens = counter('tokens_refused_total', 'Requests that came without a valid token, by code.', ['reason'])
  const signIns = counter('sign_ins_total', 'Steps of signing in, with the code of each failure.', ['step', 'reason'])
  const requestSeconds = histogram(registry, 'http_request_duration_seconds', 'Requests, streams left out.', [
    'method',
    'route',
  ])
  const callSeconds = histogram(registry, 'call_duration_seconds', 'Handlers of allowed calls.', ['operation'])
  const reasons = new BoundedLabel()
  const nameOf = (operation: string): string => (isOperation(operation) ? operation : 'unknown')
  return {
    requested({ method, route, status, seconds }) {
      requests.inc({ method, route, status })
      if (seconds !== undefined) requestSeconds.observe({ method, route }, seconds)
    },
    decided: (decision, reason) => decisions.inc({ decision, reason: reasons.of(reason) }),
    called(operation, outcome, seconds) {
      calls.inc({ operation: nameOf(operation), outcome: reasons.of(outcome) })
      if (seconds !== undefined) callSeconds.observe({ operation: nameOf(operation) }, seconds)
    },
    tokenRefused: (reason) => tokens.inc({ reason: reasons.of(reason) }),
    signIn: (step, reason) => signIns.inc({ step, reason: reasons.of(reason) }),
  }
}

function watchVitals(registry: Registry, vitals: () => Vitals | undefined): void {
  const gauge = gaugeOf(registry)
  gauge('sessions', 'Sessions that this process has in memory.', () => vitals()?.sessions)
  gauge('open_streams', 'Event streams on which clients listen.', () => vitals()?.streams)
  gauge('audit_backlog_events', 'Audit events that wait for a database.', () => vitals()?.auditBacklog)
  const alive = 'Whether changes made by other processes are heard of at once (1) or within a second (0).'
  gauge('change_feed_alive', alive, () => Number(vitals()?.changeFeedAlive ?? false))
  watchPools(registry, () => Object.entries(vitals()?.pools ?? {}))
}

type Pools = () => readonly (readonly [string, PoolState])[]

function watchPools(registry: Registry, pools: Pools): void {
  const registers = [registry]
  new Gauge({
    name: 'authsec_database_connections',
    help: 'Connections to PostgreSQL: idle ones, and those in use or being opened.',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      for (const [pool, { open, idle }] of pools()) {
        this.set({ pool, state: 'idle' }, idle)
        this.set({ pool, state: 'used' }, open - idle)
      }
    },
  })
  new Gauge({
    name: 'authsec_database_waiting',
    help: 'Callers that wait for a connection.',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const [pool, { waiting }] of pools()) this.set({ pool }, waiting)
    },
  })
  watchTotal(registry, pools, ['waits', 'Callers that had to wait for a connection.'])
  watchTotal(registry, pools, ['refusals', 'Callers that got no connection, after a wait or at once.'])
}

function watchTotal(registry: Registry, pools: Pools, [member, help]: readonly ['waits' | 'refusals', string]): void {
  new Counter({
    name: `authsec_database_${member}_total`,
    help,
    labelNames: ['pool'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [pool, state] of pools()) this.inc({ pool }, state[member])
    },
  })
}

function counterOf(registry: Registry) {
  return <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> =>
    new Counter({ name: `authsec_${name}`, help, labelNames: [...labelNames], registers: [registry] })
}

function gaugeOf(registry: Registry) {
  return (name: string, help: string, read: () => number | undefined): void => {
    new Gauge({
      name: `authsec_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read() ?? 0)
      },
    })
  }
}

function histogram<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[],
): Histogram<Label> {
  return new Histogram({ name: `authsec_${name}`, help, labelNames: [...labelNames], buckets, registers: [registry] })
}
