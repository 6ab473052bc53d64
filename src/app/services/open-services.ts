import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { createServiceTokenSource } from '../../adapter/oauth/service/service-token-source.js'
import { SecretsInUse } from '../../core/credential/secrets-in-use.js'
import { ClientCredentialsReader } from '../../core/external-service/reader/client-credentials-reader.js'
import { StoredCredentialReader } from '../../core/external-service/reader/credential-reader.js'
import { EngineRoles } from '../../core/external-service/engine-roles.js'
import { EngineReader } from '../../core/external-service/reader/engine-reader.js'
import { ReaderByKind } from '../../core/external-service/reader/reader-by-kind.js'
import { ServiceDesk } from '../../core/external-service/service-desk.js'
import type { ServicePorts } from '../../core/operation/call-services.js'
import { openCredentials } from '../credentials/open-credentials.js'
import type { Foundations, ServerOptions } from '../server-options.js'
import { openRotation } from './rotation/open-rotation.js'

/** What a service may take, and how much it may answer: more than what only says who somebody is. */
const limits = { milliseconds: 30_000, mostBytes: 10 * 1024 * 1024, mostUrlCharacters: 16_384, atOnce: 32 }

/**
 * What operations use external services with; `undefined` where none of them declares any: then no store of credentials is needed.
 * Throws `ConfigurationError` where one is needed and there is none.
 */
export async function openServices(
  options: Pick<ServerOptions, 'catalogue' | 'log' | 'rotators' | 'settings'>,
  { data, stack, tracer }: Pick<Foundations, 'data' | 'stack' | 'tracer'>,
): Promise<ServicePorts | undefined> {
  const { catalogue, log, settings } = options
  if (catalogue.all().every(({ services = [] }) => services.length === 0)) return undefined
  const { postgres } = data
  const credentials = await openCredentials({ postgres, settings, log })
  stack.add(() => credentials.close())
  const stored = new StoredCredentialReader(credentials.store)
  const tokens = createServiceTokenSource(createFetcher({ tracer }))
  const engine = new EngineReader({ engine: credentials.engine, roles: settings.vault?.roles ?? EngineRoles.none, log })
  stack.add(async () => engine.close())
  openRotation(options, { credentials, postgres, stack, tracer })
  const desk = new ServiceDesk({
    services: postgres.services,
    credentials: new ReaderByKind({ stored, clientCredentials: new ClientCredentialsReader(stored, tokens), engine }),
    fetcher: createFetcher({ ...limits, tracer }),
    audit: postgres.audit,
  })
  return { desk, inUse: new SecretsInUse() }
}
