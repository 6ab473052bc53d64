import { readFile, rm } from 'node:fs/promises'
import { Secret } from '../../../core/credential/secret.js'
import type { Log } from '../../../core/runtime/log.js'
import { VaultAnswer } from '../connection/vault-answer.js'
import type { VaultConnection } from '../connection/vault-connection.js'
import { isVaultError, VaultError } from '../connection/vault-error.js'

/** A file that something is read from once, and that is deleted then. */
export interface SecretFile {
  readonly file: string
  /** Default: `delete`, as Vault Agent does. */
  readonly afterwards?: 'delete' | 'keep'
}

export interface SecretIdOptions {
  readonly mount: string
  readonly secretId: Secret | SecretFile
  readonly wrappedFor?: string
  readonly log: Log
}

/** The secret id of an AppRole: read once, unwrapped once, and known from then on. */
export class SecretId {
  readonly #options: SecretIdOptions
  #given: Secret | undefined
  #known: Secret | undefined

  constructor(options: SecretIdOptions) {
    this.#options = options
  }

  /** Throws `VaultError`. One caller at a time. */
  async read(connection: VaultConnection): Promise<Secret> {
    const { wrappedFor } = this.#options
    this.#given ??= await this.#readGiven()
    this.#known ??= wrappedFor === undefined ? this.#given : await this.#unwrap(connection, this.#given, wrappedFor)
    return this.#known
  }

  async #readGiven(): Promise<Secret> {
    const { secretId, log } = this.#options
    if (secretId instanceof Secret) return secretId
    const { file, afterwards = 'delete' } = secretId
    const text = (await readFile(file, 'utf8').catch(() => '')).trim()
    if (text === '') throw new VaultError({ kind: 'invalid' }, `there is no secret id of AppRole in ${file}`)
    if (afterwards === 'delete') {
      await rm(file).catch((error: unknown) => {
        log.write('warn', 'the file of the secret id could not be deleted after it was read', {
          file,
          ...codeOf(error),
        })
      })
    }
    return new Secret(text)
  }

  /**
   * Whoever takes a wrapping token away on its way can put another in its place, with a secret id of their own. Where it was made they
   * cannot choose.
   */
  async #unwrap(connection: VaultConnection, wrapping: Secret, role: string): Promise<Secret> {
    const token = wrapping.reveal()
    const expected = `auth/${this.#options.mount}/role/${role}/secret-id`
    try {
      const body = { token }
      const looked = await connection.request({ method: 'POST', path: 'sys/wrapping/lookup', body })
      const madeAt = VaultAnswer.of(looked).part('data').text('creation_path')
      if (madeAt.replace(/^\//, '') !== expected) throw swapped(`it was not made at ${expected}`)
      const unwrapped = await connection.request({ method: 'POST', path: 'sys/wrapping/unwrap', token })
      return new Secret(VaultAnswer.of(unwrapped).part('data').text('secret_id'))
    } catch (error) {
      if (isVaultError(error, 'invalid', 'forbidden', 'missing')) {
        throw swapped('it has expired, or somebody has unwrapped it already')
      }
      throw error
    }
  }
}

function swapped(reason: string): VaultError {
  const advice = 'take it for stolen: destroy the secret id and generate a new one'
  return new VaultError({ kind: 'misconfigured' }, `the wrapped secret id cannot be used: ${reason}; ${advice}`)
}

function codeOf(error: unknown): { readonly code: unknown } {
  const { code } = Object(error) as { readonly code?: unknown }
  return { code }
}
