import { readFile } from 'node:fs/promises'
import type { Secret } from '../../../core/credential/secret.js'
import type { Log } from '../../../core/runtime/log.js'
import type { VaultConnection } from '../connection/vault-connection.js'
import { VaultError } from '../connection/vault-error.js'
import { SecretId, type SecretFile } from './secret-id.js'
import { grantOf, grantOfToken, type TokenGrant } from './token-grant.js'

/** A token that somebody else has made, renewed here as long as that goes. */
export interface TokenLogin {
  readonly method: 'token'
  readonly token: Secret
}

/** AppRole. */
export interface AppRoleLogin {
  readonly method: 'approle'
  /** Default: `approle`. */
  readonly mount?: string
  readonly roleId: string
  /** The secret id, or with `wrappedFor` the token that it is wrapped in. */
  readonly secretId: Secret | SecretFile
  /** The name of the role that the wrapped secret id has to be of. */
  readonly wrappedFor?: string
}

/** The service account of a pod. */
export interface KubernetesLogin {
  readonly method: 'kubernetes'
  /** Default: `kubernetes`. */
  readonly mount?: string
  readonly role: string
  /** Read again at each login, since Kubernetes replaces it. Default: where Kubernetes puts it. */
  readonly tokenFile?: string
}

export type VaultLoginOptions = TokenLogin | AppRoleLogin | KubernetesLogin

/** How this server comes by a token. */
export interface VaultLogin {
  /** As operators call it. */
  readonly name: string
  /** Whose token it is: one that was made for us alone is revoked by us. */
  readonly owner: 'us' | 'somebody else'
  /** What an operator does when Vault refuses it. */
  readonly advice: string
  /** Throws `VaultError`. */
  login(connection: VaultConnection): Promise<TokenGrant>
}

const serviceAccountFile = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** The login that the options describe. */
export function createVaultLogin(options: VaultLoginOptions, log: Log): VaultLogin {
  switch (options.method) {
    case 'token':
      return givenToken(options)
    case 'approle':
      return appRole(options, log)
    case 'kubernetes':
      return kubernetes(options)
  }
}

function givenToken({ token }: TokenLogin): VaultLogin {
  return {
    name: 'token',
    owner: 'somebody else',
    advice: 'it has expired or has been revoked: give this server a new one',
    async login(connection) {
      return grantOfToken(token, await connection.call((library) => library.lookupSelfToken(token.reveal())))
    },
  }
}

function appRole(options: AppRoleLogin, log: Log): VaultLogin {
  const { mount = 'approle', roleId } = options
  const secretId = new SecretId({ ...options, mount, log })
  return {
    name: 'AppRole',
    owner: 'us',
    advice: 'its secret id has expired, is used up or is of another role: generate a new one',
    async login(connection) {
      const secret = await secretId.read(connection)
      const path = `auth/${mount}`
      return grantOf(await connection.call((library) => library.loginWithAppRole(roleId, secret.reveal(), path)))
    },
  }
}

function kubernetes({ mount = 'kubernetes', role, tokenFile = serviceAccountFile }: KubernetesLogin): VaultLogin {
  return {
    name: 'Kubernetes',
    owner: 'us',
    advice: `the role ${role} is not bound to the service account of this pod`,
    async login(connection) {
      const token = await readServiceAccount(tokenFile)
      return grantOf(await connection.call((library) => library.loginWithK8s(role, token, `auth/${mount}`)))
    },
  }
}

async function readServiceAccount(file: string): Promise<string> {
  const token = await readFile(file, 'utf8').catch(() => '')
  if (token.trim() !== '') return token.trim()
  throw new VaultError({ kind: 'invalid' }, `there is no token of a service account in ${file}`)
}
