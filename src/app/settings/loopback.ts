const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Whether only programs of this machine reach `host`. */
export function isLoopback(host: string): boolean {
  return loopbackHosts.has(host)
}

export interface Addresses {
  readonly host: string
  /** `undefined` means `http://<host>:<port>`. */
  readonly publicUrl: string | undefined
}

/** Whether a server is bound to this machine only, and known to clients of this machine only. */
export function isLocal({ host, publicUrl }: Addresses): boolean {
  return isLoopback(host) && (publicUrl === undefined || isLoopback(new URL(publicUrl).hostname))
}
