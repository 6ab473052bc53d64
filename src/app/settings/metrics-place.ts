import type { Environment } from './environment.js'
import { parseHost, parsePort } from './listen-address.js'

/** Where metrics are served. */
export interface MetricsPlace {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
}

/**
 * Metrics are served where `AUTHSEC_METRICS_PORT` is set, on loopback: whoever reads them learns what the server does. Another machine
 * can only read them where `AUTHSEC_METRICS_HOST` says so. Throws `ConfigurationError`.
 */
export function readMetricsPlace({ values }: Environment): MetricsPlace | undefined {
  const port = parsePort('AUTHSEC_METRICS_PORT', values.get('AUTHSEC_METRICS_PORT'))
  const host = parseHost(values.get('AUTHSEC_METRICS_HOST') ?? '127.0.0.1')
  return port === undefined ? undefined : { host, port }
}
