import type { SecretsEngine } from '../../credential/secrets-engine.js'
import type { Log } from '../../runtime/log.js'
import { engineRoleFault, type EngineRoles } from '../engine-roles.js'
import { heldCredential } from '../service-credential.js'
import { RotationFault, type EngineRotator, type RotatedService, type TrialCredential } from './rotator.js'

export interface EngineRotatorPorts {
  readonly engine: SecretsEngine
  /** What is made for one tenant is not changed by another. */
  readonly roles: EngineRoles
  readonly log: Log
}

/**
 * Credentials that a secrets engine makes. Of a dynamic role each process takes another one with its next call, after one has been made
 * for a trial; a static role has its password changed now.
 */
export class SecretsEngineRotator implements EngineRotator {
  readonly #ports: EngineRotatorPorts

  constructor(ports: EngineRotatorPorts) {
    this.#ports = ports
  }

  /** Throws `RotationFault` for a path whose role the engine cannot rotate when it is asked. */
  async #rotateStatic(path: string): Promise<void> {
    try {
      await this.#ports.engine.rotateStatic(path)
    } catch (error) {
      if (error instanceof TypeError) throw new RotationFault(error.message)
      throw error
    }
  }

  async renew({ service: { name, source }, tenant }: RotatedService): Promise<TrialCredential> {
    if (source.from === 'store') throw new RotationFault('no secrets engine makes its credential')
    const fault = engineRoleFault(this.#ports.roles, tenant, source)
    if (fault !== undefined) throw new RotationFault(fault)
    if (source.from === 'static') {
      await this.#rotateStatic(source.path)
      return { held: undefined, release: () => Promise.resolve() }
    }
    const { lease, members } = await this.#ports.engine.issue(source.path)
    const release = async (): Promise<void> => {
      await this.#ports.engine.revoke(lease).catch((error: unknown) => {
        this.#ports.log.write('warn', 'a credential that was made for a trial could not be revoked', {
          service: name,
          error,
        })
      })
    }
    return { held: heldCredential(1, members), release }
  }
}
