export interface SyslogTarget {
  readonly transport: 'tcp' | 'tls' | 'udp'
  readonly host: string
  readonly port: number
}
