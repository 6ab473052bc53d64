import { createFetcher } from '../../../adapter/net/create-fetcher.js'
import { createServiceTokenSource } from '../../../adapter/oauth/service/service-token-source.js'
import type { Postgres } from '../../../adapter/postgres/open-postgres.js'
import type { CredentialStore } from '../../../core/credential/credential-store.js'
import { CredentialCheck } from '../../../core/external-service/rotation/credential-check.js'
import { Rotation } from '../../../core/external-service/rotation/rotation.js'
import type { Log } from '../../../core/runtime/log.js'
import type { Tracer } from '../../../core/runtime/tracer.js'

export interface RotationParts {
  readonly credentials: CredentialStore
  readonly postgres: Pick<Postgres, 'rotations'>
  readonly log: Log
  readonly tracer?: Tracer
}

/** What replaces credentials. */
export function createRotation({ credentials, log, postgres, tracer }: RotationParts): Rotation {
  const fetcher = createFetcher(tracer === undefined ? {} : { tracer })
  const check = new CredentialCheck({ fetcher, tokens: createServiceTokenSource(fetcher) })
  return new Rotation({ credentials, store: postgres.rotations, check, log })
}
