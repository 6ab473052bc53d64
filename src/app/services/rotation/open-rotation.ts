import type { Postgres } from '../../../adapter/postgres/open-postgres.js'
import { EngineRoles } from '../../../core/external-service/engine-roles.js'
import { SecretsEngineRotator } from '../../../core/external-service/rotation/secrets-engine-rotator.js'
import type { OpenCredentials } from '../../credentials/open-credentials.js'
import type { Foundations, ServerOptions } from '../../server-options.js'
import { createRotation } from './create-rotation.js'
import { RotationSchedule } from './rotation-schedule.js'

interface RotationBase extends Pick<Foundations, 'stack' | 'tracer'> {
  readonly postgres: Postgres
  readonly credentials: OpenCredentials
}

/** Looks after the rotations that need nobody, for as long as the server runs. */
export function openRotation(
  { log, rotators = new Map(), settings }: Pick<ServerOptions, 'log' | 'rotators' | 'settings'>,
  { credentials: { engine, store }, postgres, stack, tracer }: RotationBase,
): void {
  const schedule = new RotationSchedule({
    rotation: createRotation({ credentials: store, postgres, log, tracer }),
    store: postgres.rotations,
    tenants: postgres.tenants,
    turns: postgres.rateLimiter,
    application: settings.clientId ?? '',
    rotators,
    engine: engine && new SecretsEngineRotator({ engine, roles: settings.vault?.roles ?? EngineRoles.none, log }),
    log,
  })
  schedule.start()
  stack.add(() => schedule.stop())
}
