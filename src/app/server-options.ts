import type { AdmittedTenants } from '../core/identity/application.js'
import type { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import type { Log } from '../core/runtime/log.js'
import type { Tracer } from '../core/runtime/tracer.js'
import type { Assembly } from '../framework/container/assemble.js'
import type { ClosingStack } from './closing-stack.js'
import type { SeedTenant } from './development/development-seed.js'
import type { Listener } from './listener.js'
import type { Data } from './open-data.js'
import type { Patience } from './patience.js'
import type { Rotators } from './services/rotation/read-rotators.js'
import type { Settings } from './settings/settings.js'

export interface ServerOptions {
  readonly settings: Settings
  readonly log: Log
  readonly assembly: Assembly
  /** The operations of the application, without those that sign in. */
  readonly catalogue: OperationCatalogue
  readonly appName: string
  /** What scopes let a client do, by their names. */
  readonly scopeWords: Readonly<Record<string, string>>
  readonly admits: AdmittedTenants | undefined
  readonly sessions: 'stateful' | 'stateless'
  readonly seed: readonly SeedTenant[]
  /** Whether `oauth_authenticate` takes tokens. */
  readonly pastedTokens: 'accepted' | 'refused'
  readonly patience: Patience
  /** How the application replaces credentials of services, by their names. */
  readonly rotators?: Rotators
}

/** What stands before anything is served. Everything that is opened goes on the stack. */
export interface Foundations {
  readonly listener: Listener
  readonly publicUrl: string
  readonly data: Data
  readonly stack: ClosingStack
  readonly tracer: Tracer
}
