import type { ConfigurationError } from '../../../../src/core/error/configuration-error.js'
import type { IssuerSource, TrustedIssuer } from '../../../../src/core/trust/trusted-issuer.js'
import { readIssuer, readIssuers } from '../../../../src/core/trust/read-issuer-options.js'

export const directory = '11111111-2222-3333-4444-555555555555'

/** An issuer as it is written, right in every way, with what a test is about in place of it. */
export function written(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { issuer: 'https://id.example.com', audience: 'resource', tenant: { claim: 'org' }, ...changes }
}

export function read(changes: Readonly<Record<string, unknown>> = {}, source: IssuerSource = 'code'): TrustedIssuer {
  return readIssuer(written(changes), source)
}

/** What is said of an issuer that is refused. */
export function refusalOf(changes: Readonly<Record<string, unknown>>, source: IssuerSource = 'code'): string {
  return messageOf(() => read(changes, source))
}

export function refusalOfAll(list: unknown, source: IssuerSource = 'code'): string {
  return messageOf(() => readIssuers(list, source))
}

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    const { code, message } = error as ConfigurationError
    return `${code} ${message}`
  }
  return 'it is accepted'
}
