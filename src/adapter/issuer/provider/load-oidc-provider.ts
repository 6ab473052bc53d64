import type OidcProvider from 'oidc-provider'
import type { errors, interactionPolicy } from 'oidc-provider'
import type { Log } from '../../../core/runtime/log.js'

export interface OidcProviderModule {
  readonly Provider: typeof OidcProvider
  readonly errors: typeof errors
  readonly interactionPolicy: typeof interactionPolicy
}

interface Loaded {
  readonly module: OidcProviderModule
  readonly unsupportedRuntime: boolean
}

let loading: Promise<Loaded> | undefined

/**
 * The certified provider. While it is evaluated it writes one line about the age of Node.js to the console, which is
 * not ours to write to: that line, and no other, goes to the operator's log instead. A static import would bring it back.
 */
export async function loadOidcProvider(log: Log): Promise<OidcProviderModule> {
  loading ??= importQuietly()
  const { module, unsupportedRuntime } = await loading
  if (unsupportedRuntime) log.write('debug', 'oidc-provider is made for Node.js 22 or later', { node: process.version })
  return module
}

async function importQuietly(): Promise<Loaded> {
  const terminal = globalThis.console
  const { warn } = terminal
  let unsupportedRuntime = false
  terminal.warn = (...message: readonly unknown[]) => {
    if (isRuntimeNotice(message)) unsupportedRuntime = true
    else warn(...message)
  }
  try {
    const { default: Provider, errors, interactionPolicy } = await import('oidc-provider')
    return { module: { Provider, errors, interactionPolicy }, unsupportedRuntime }
  } finally {
    terminal.warn = warn
  }
}

function isRuntimeNotice(message: readonly unknown[]): boolean {
  const [text] = message
  return (
    message.length === 1 && typeof text === 'string' && text.includes('oidc-provider WARNING: Unsupported runtime.')
  )
}
