import { createMetrics } from '../../adapter/telemetry/create-metrics.js'
import type { Log } from '../../core/runtime/log.js'
import type { Meter } from '../../core/runtime/meter.js'
import type { Vitals } from '../../core/runtime/vitals.js'
import type { ClosingStack } from '../closing-stack.js'
import { openListener, type HttpHandler } from '../listener.js'
import { securityHeaders } from '../security-headers.js'
import { isLoopback } from '../settings/loopback.js'
import type { MetricsPlace } from '../settings/metrics-place.js'

/** What metrics are about. */
export interface MetricsSubject {
  /** The names of all operations. */
  readonly operations: readonly string[]
  readonly vitals: () => Vitals
}

export interface ServerMetrics {
  readonly meter: Meter
  readonly url: string
  /** Answers from now on; whoever asked earlier has waited for it. */
  serve(subject: MetricsSubject): void
}

/** Binds the port for metrics, which serves nothing else. Throws `ConfigurationError` when the address is taken or not ours. */
export async function openMetrics(
  place: MetricsPlace,
  { log, stack }: { readonly log: Log; readonly stack: ClosingStack },
): Promise<ServerMetrics> {
  const listener = await openListener({ ...place, log, variable: 'AUTHSEC_METRICS_PORT' })
  stack.add(() => listener.close(0))
  let subject: MetricsSubject | undefined
  const metrics = createMetrics({
    isOperation: (name) => subject?.operations.includes(name) === true,
    vitals: () => subject?.vitals(),
  })
  return {
    meter: metrics.meter,
    url: `http://${place.host}:${listener.port}/metrics`,
    serve(served) {
      subject = served
      listener.serve([createMetricsHandler(place.host, metrics)])
    },
  }
}

function createMetricsHandler(
  bound: string,
  { contentType, read }: { readonly contentType: string; read(): Promise<string> },
): HttpHandler {
  return async ({ headers, method, url }, response) => {
    if (url !== '/metrics' || !namesUs(bound, headers.host)) return false
    if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { ...securityHeaders, allow: 'GET, HEAD' }).end()
      return true
    }
    const text = await read()
    response.writeHead(200, { ...securityHeaders, 'content-type': contentType })
    response.end(method === 'HEAD' ? undefined : text)
    return true
  }
}

/** On loopback a web page may reach us by a name of its own that leads here, but not by ours. */
function namesUs(bound: string, host: string | undefined): boolean {
  if (!isLoopback(bound)) return true
  const url = URL.parse(`http://${host ?? ''}`)
  return url !== null && isLoopback(url.hostname)
}
