import { createLog } from '../../../adapter/telemetry/create-log.js'
import type { CredentialStore } from '../../../core/credential/credential-store.js'
import type { SecretsEngine } from '../../../core/credential/secrets-engine.js'
import { quoted } from '../../../core/administration/known-names.js'
import type { ExternalService } from '../../../core/external-service/external-service.js'
import type { RotationTask } from '../../../core/external-service/rotation/rotation-due.js'
import type { RotationOutcome } from '../../../core/external-service/rotation/rotation-work.js'
import type { Rotator } from '../../../core/external-service/rotation/rotator.js'
import { EngineRoles } from '../../../core/external-service/engine-roles.js'
import { SecretsEngineRotator } from '../../../core/external-service/rotation/secrets-engine-rotator.js'
import { neededMembers } from '../../../core/external-service/service-credential.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { withTenant, type Installation, type TenantPlace } from '../../administration/with-tenant.js'
import { RefusedError } from '../../refused-error.js'
import { findService, usableService } from '../find-service.js'
import { withCredentials } from '../with-credentials.js'
import { createRotation } from './create-rotation.js'

/** What an administrator wants rotated. */
export interface RotationWanted {
  readonly name: string
  /** Reads the new secret, where the administrator has it; `member` is what it is. */
  readonly readSecret: ((member: string) => Promise<string>) | undefined
}

/** What has become of it. `asked`: a server is to do it. */
export interface RotationReport {
  /** Slug. */
  readonly tenant: string
  readonly service: string
  readonly result: RotationOutcome | { readonly outcome: 'asked' }
}

interface Work extends Installation {
  readonly tenant: Tenant
  readonly service: ExternalService
}

/** Replaces the credential of a service, or goes on where that was cut off. Throws `RefusedError` for what cannot be rotated so. */
export async function rotateService(place: TenantPlace, wanted: RotationWanted): Promise<RotationReport> {
  return withTenant(place, async (installation) => {
    const { postgres, tenant } = installation
    const service = usableService(await findService(postgres, tenant, wanted.name))
    const work = { ...installation, service }
    const result =
      service.source.from === 'store' && wanted.readSecret === undefined
        ? await finishOrAsk(work)
        : await withCredentials(work, async (store, engine) =>
            rotate(work, store, await rotatorFor(work, engine, wanted)),
          )
    return { tenant: tenant.slug, service: service.name, result: withDoubt(service, result) }
  })
}

/** What nobody has tried may be wrong, and what is good is destroyed soon. */
function withDoubt(
  { auth, rotation, source }: ExternalService,
  result: RotationReport['result'],
): RotationReport['result'] {
  const isTried = rotation?.check !== undefined || auth.type === 'oauth2' || source.from !== 'store'
  if (isTried || (result.outcome !== 'rotated' && result.outcome !== 'resumed')) return result
  return { ...result, warnings: [...result.warnings, untried] }
}

const untried =
  'nobody has tried the new credential, since the service has no check path: authsec service test tells whether it works, as long as there is time to set the old one again'

/** What was begun with a value that somebody gave can be finished here; a new one only the application can make. */
async function finishOrAsk(work: Work): Promise<RotationReport['result']> {
  const { by, postgres, service, tenant } = work
  const status = (await postgres.rotations.statuses(tenant)).find((known) => known.service === service.id)
  if (status?.origin === 'given' && (status.phase === 'begun' || status.phase === 'written')) {
    return withCredentials(work, (store) => rotate(work, store, undefined))
  }
  if (service.credentialVersion === 0) {
    throw new RefusedError(`${quoted(service.name)} has no credential yet: authsec service set-credential`)
  }
  await postgres.rotations.ask(tenant, service.name, by)
  return { outcome: 'asked' }
}

function rotate(work: Work, credentials: CredentialStore, rotator: Rotator | undefined): Promise<RotationOutcome> {
  const { by, postgres, service, tenant } = work
  const task: RotationTask = rotator === undefined ? 'finish' : 'replace'
  const rotation = createRotation({ credentials, postgres, log: createLog('error') })
  return rotation.rotate({ tenant, name: service.name, rotator, by, task })
}

async function rotatorFor(
  { service, settings }: Work,
  engine: SecretsEngine | undefined,
  { readSecret }: RotationWanted,
): Promise<Rotator> {
  const { auth, credentialVersion, name, source } = service
  if (source.from !== 'store') {
    if (readSecret !== undefined) {
      throw new RefusedError(`the credential of ${quoted(name)} is made by a secrets engine: leave --from out`)
    }
    if (engine === undefined)
      throw new RefusedError(`the credential of ${quoted(name)} is made by HashiCorp Vault, which is not set up here`)
    return {
      kind: 'engine',
      engine: new SecretsEngineRotator({
        engine,
        roles: settings.vault?.roles ?? EngineRoles.none,
        log: createLog('warn'),
      }),
    }
  }
  if (readSecret === undefined) throw new TypeError('there is nothing to read it from')
  if (credentialVersion === 0) {
    throw new RefusedError(`${quoted(name)} has no credential yet: authsec service set-credential`)
  }
  const member = neededMembers(auth).at(-1) ?? ''
  const secret = await readSecret(member)
  return { kind: 'given', credentials: { create: () => Promise.resolve({ [member]: secret }) } }
}
