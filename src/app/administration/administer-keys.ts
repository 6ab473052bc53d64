import { setTimeout as pause } from 'node:timers/promises'
import type { KeyAdministration } from '../../adapter/postgres/key/key-administration.js'
import { generateSigningKey } from '../../adapter/issuer/provider/signing-keys.js'
import type { LocalVault } from '../../adapter/postgres/credential/local-vault.js'
import { beginFileRotation, endFileRotation } from '../credentials/local-vault-keys.js'
import { refuseLocalInProduction } from '../credentials/open-credentials.js'
import { RefusedError } from '../refused-error.js'
import { parseKeys } from '../settings/read-master-keys.js'
import type { Agree } from './change-tenant.js'
import { recordChange } from './record-change.js'
import { withInstallation, type Installation } from './with-tenant.js'

export type ListedKeys = Awaited<ReturnType<KeyAdministration['list']>>
export type ListedSigningKeys = Awaited<ReturnType<KeyAdministration['listSigning']>>
export type SigningKeyReplacement = Awaited<ReturnType<KeyAdministration['replaceSigning']>>
export type SigningKeyRotation = Awaited<ReturnType<KeyAdministration['announce']>>
export type KeyRotation = Awaited<ReturnType<KeyAdministration['rotate']>>

export interface RotationOptions {
  /** Told once the keys are rotated and before what is stored is sealed anew, for which every process has to know the new key. */
  readonly onRotated: (rotation: KeyRotation) => void
  readonly reseal: 'after the wait' | 'later'
}

/** The keys of the installation, newest first: those that seal, and those that sign tokens. */
export async function listKeys(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly sealing: ListedKeys; readonly signing: ListedSigningKeys }> {
  return withInstallation(env, async ({ postgres: { keyAdministration } }) => ({
    sealing: await keyAdministration.list(),
    signing: await keyAdministration.listSigning(),
  }))
}

/** Announces a new key for tokens, which signs when everybody can know it. */
export async function rotateSigningKey(env: NodeJS.ProcessEnv): Promise<SigningKeyRotation> {
  const key = await generateSigningKey()
  return withInstallation(env, async (installation) => {
    const { keyAdministration } = installation.postgres
    const before = (await keyAdministration.listSigning()).map(({ kid }) => kid)
    const announced = await keyAdministration.announce(key)
    const change = { action: 'added', noun: 'signing key', name: announced.kid, before } as const
    await recordChange(installation, { ...change, after: [...before, announced.kid] })
    return announced
  })
}

/**
 * Puts a new key for tokens in the place of all others, at once: what they have signed is refused from then on. Throws `RefusedError`
 * where `agree` does.
 */
export async function replaceSigningKeys(env: NodeJS.ProcessEnv, agree: Agree): Promise<SigningKeyReplacement> {
  await agree(whatReplacingMeans)
  const key = await generateSigningKey()
  return withInstallation(env, ({ by, postgres }) => postgres.keyAdministration.replaceSigning(key, by))
}

const whatReplacingMeans = [
  'Every token that was signed until now is refused at once, at every server and for all tenants.',
  'Clients fetch new ones with their refresh tokens, which stay good; users of clients without one sign in again.',
  'Streams of clients end and are opened again. Sign-ins with the five tools go on.',
  'Servers of others that verify our tokens take the old ones until they read the key set again: restart them.',
]

/** Rotates the keys; answers with the number of rows that are sealed anew, `undefined` where that is left for later. */
export async function rotateKeys(env: NodeJS.ProcessEnv, options: RotationOptions): Promise<number | undefined> {
  return withInstallation(env, async (installation) => {
    const { keyAdministration } = installation.postgres
    const before = (await keyAdministration.list()).map(({ id }) => id)
    const rotation = await keyAdministration.rotate()
    const change = { action: 'added', noun: 'data key', name: rotation.added, before } as const
    await recordChange(installation, { ...change, after: [...before, rotation.added] })
    options.onRotated(rotation)
    if (options.reseal === 'later') return undefined
    await pause(rotation.secondsLeft * 1000)
    return reseal(installation)
  })
}

/** Seals anew what an earlier key has sealed; answers with the number of rows. */
export async function resealKeys(env: NodeJS.ProcessEnv): Promise<number> {
  return withInstallation(env, reseal)
}

async function reseal(installation: Installation): Promise<number> {
  const rows = await installation.postgres.keyAdministration.reseal()
  const change = { action: 'changed', noun: 'sealed rows', name: 'all' } as const
  await recordChange(installation, { ...change, before: ['under earlier keys'], after: [`${rows} sealed anew`] })
  return rows
}

/** What became of the key of the local store of credentials. */
export interface LocalVaultRotation {
  /** Credentials that are under the current key now, and were not before. */
  readonly resealed: number
  /** Where the keys are that nothing is under any more. */
  readonly earlier: 'forgotten' | 'in the environment'
}

/**
 * Puts the credentials of the local store under another key: a new one where the key is in a file, else the first of those in the
 * environment. Running servers open them all the time. May be cut off and run again. Throws `RefusedError` where there is no other key.
 */
export async function rotateLocalVaultKey(env: NodeJS.ProcessEnv): Promise<LocalVaultRotation> {
  return withInstallation(env, async (installation) => {
    const rotation = await rotateLocalVault(installation)
    const change = { action: 'changed', noun: 'local vault key', name: 'local' } as const
    const before = [rotation.earlier === 'forgotten' ? 'the key in the file' : 'the keys in the environment']
    await recordChange(installation, { ...change, before, after: [`${rotation.resealed} credentials sealed anew`] })
    return rotation
  })
}

async function rotateLocalVault({
  postgres: { localVault },
  settings: { home, localVaultKey, ...settings },
}: Installation): Promise<LocalVaultRotation> {
  if (settings.vault !== undefined) throw new RefusedError('credentials are in Vault, which has keys of its own')
  refuseLocalInProduction(settings)
  return localVault.inTurn(async () => {
    if (localVaultKey === undefined) return rotateFile(localVault, home)
    const keys = parseKeys(localVaultKey, 'AUTHSEC_LOCAL_VAULT_KEY')
    if (keys.length === 1) {
      throw new RefusedError(
        'AUTHSEC_LOCAL_VAULT_KEY has one key: put a new one (openssl rand -base64 32) and a blank in front of it, start servers with both, and run this again',
      )
    }
    return { resealed: await localVault.reseal(keys), earlier: 'in the environment' }
  })
}

async function rotateFile(localVault: LocalVault, home: string): Promise<LocalVaultRotation> {
  const keys = await beginFileRotation(home)
  if (keys === undefined) throw new RefusedError('no credential is in the local store yet')
  const resealed = await localVault.reseal(keys)
  await endFileRotation(home, keys[0])
  return { resealed, earlier: 'forgotten' }
}
