import type { SecretsEngine } from '../../credential/secrets-engine.js'
import type { Log } from '../../runtime/log.js'
import type { ExternalService } from '../external-service.js'
import { heldCredential } from '../service-credential.js'
import { RotationFault, type EngineRotator, type TrialCredential } from './rotator.js'

/**
 * Credentials that a secrets engine makes. Of a dynamic role each process takes another one with its next call, after one has been made
 * for a trial; a static role has its password changed now.
 */
export class SecretsEngineRotator implements EngineRotator {
  readonly #engine: SecretsEngine
  readonly #log: Log

  constructor(engine: SecretsEngine, log: Log) {
    this.#engine = engine
    this.#log = log
  }

  /** Throws `RotationFault` for a path whose role the engine cannot rotate when it is asked. */
  async #rotateStatic(path: string): Promise<void> {
    try {
      await this.#engine.rotateStatic(path)
    } catch (error) {
      if (error instanceof TypeError) throw new RotationFault(error.message)
      throw error
    }
  }

  async renew({ name, source }: ExternalService): Promise<TrialCredential> {
    if (source.from === 'store') throw new RotationFault('no secrets engine makes its credential')
    if (source.from === 'static') {
      await this.#rotateStatic(source.path)
      return { held: undefined, release: () => Promise.resolve() }
    }
    const { lease, members } = await this.#engine.issue(source.path)
    const release = async (): Promise<void> => {
      await this.#engine.revoke(lease).catch((error: unknown) => {
        this.#log.write('warn', 'a credential that was made for a trial could not be revoked', { service: name, error })
      })
    }
    return { held: heldCredential(1, members), release }
  }
}
