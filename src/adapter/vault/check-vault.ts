import { systemClock } from '../../core/runtime/clock.js'
import { VaultAnswer } from './connection/vault-answer.js'
import { VaultConnection } from './connection/vault-connection.js'
import { isVaultError, VaultError } from './connection/vault-error.js'
import { leastPolicy, neededCapabilities } from './least-policy.js'
import { mostVersionsOf, requireVersionedMount } from './secret/kv-mount.js'
import { systemTimers } from './token/timers.js'
import type { TokenGrant } from './token/token-grant.js'
import { TokenKeeper } from './token/token-keeper.js'
import { createVaultLogin } from './token/vault-login.js'
import { checkVaultOptions, type VaultOptions } from './vault-options.js'

/** What is looked at, in this order. */
export type VaultCheckName =
  'address' | 'seal' | 'login' | 'policies' | 'lifetime' | 'mount' | 'versions' | 'capabilities'

/** One thing that was looked at. */
export interface VaultFinding {
  readonly check: VaultCheckName
  /** What is wrong and what to do about it; `undefined`: all is well. */
  readonly fault: string | undefined
}

/** What stands between this server and Vault, as far as could be looked. */
export interface VaultCheck {
  /** What comes after a fault that hides it is missing. */
  readonly findings: readonly VaultFinding[]
  /** The least policy that this server needs. */
  readonly policy: string
}

const shortestSeconds = 60

/**
 * Looks at Vault as the server would use it. A login of its own is made for that, and its token revoked, which uses up a secret id
 * that is good for one login. Throws `ConfigurationError` for options that cannot be right.
 */
export async function checkVault(options: VaultOptions): Promise<VaultCheck> {
  const { place, mount } = checkVaultOptions(options)
  const { clock = systemClock, log, timers = systemTimers } = options
  const connection = new VaultConnection(place)
  const login = createVaultLogin(options.login, log)
  const keeper = new TokenKeeper({ connection, login, clock, timers, log })
  try {
    const findings = await lookAt({ connection, keeper, mount })
    return { findings, policy: leastPolicy(mount) }
  } finally {
    await keeper.close()
    connection.close()
  }
}

interface CheckedVault {
  readonly connection: VaultConnection
  readonly keeper: TokenKeeper
  readonly mount: string
}

async function lookAt({ connection, keeper, mount }: CheckedVault): Promise<readonly VaultFinding[]> {
  const health = await healthFindings(connection)
  if (health.some(({ fault }) => fault !== undefined)) return health
  const granted = await loginFindings(keeper)
  if (granted.grant === undefined) return [...health, ...granted.findings]
  const mountFault = await faultOf(() => keeper.use((token) => requireVersionedMount(connection, mount, token)))
  const capabilities = await capabilitiesFault({ connection, keeper, mount })
  return [
    ...health,
    ...granted.findings,
    { check: 'lifetime', fault: lifetimeFault(granted.grant) },
    { check: 'mount', fault: mountFault?.message },
    ...(mountFault === undefined
      ? [{ check: 'versions', fault: await versionsFault({ connection, keeper, mount }) } as const]
      : []),
    { check: 'capabilities', fault: capabilities },
  ]
}

async function healthFindings(connection: VaultConnection): Promise<readonly VaultFinding[]> {
  const answers = { standbyok: true, perfstandbyok: true, sealedcode: 200, uninitcode: 200, drsecondarycode: 200 }
  try {
    const health = VaultAnswer.of(await connection.call((library) => library.healthCheck(answers)))
    return [
      { check: 'address', fault: undefined },
      { check: 'seal', fault: sealFault(health) },
    ]
  } catch (error) {
    if (!(error instanceof VaultError)) throw error
    return [{ check: 'address', fault: addressFault(error) }]
  }
}

function addressFault({ kind, message }: VaultError): string {
  if (kind === 'untrusted') return `${message}: give the CA that it is of, and the name that is in it as the address`
  if (kind === 'redirect') return message
  return `${message}: is this its address, and may this computer reach it?`
}

function sealFault(health: VaultAnswer): string | undefined {
  if (!health.flag('initialized')) return 'Vault has not been initialized: vault operator init'
  if (health.flag('sealed')) return 'Vault is sealed: vault operator unseal'
  return undefined
}

interface LoginOutcome {
  readonly findings: readonly VaultFinding[]
  readonly grant: TokenGrant | undefined
}

async function loginFindings(keeper: TokenKeeper): Promise<LoginOutcome> {
  try {
    const grant = await keeper.grant()
    const findings = (['login', 'policies'] as const).map((check) => ({ check, fault: undefined }))
    return { findings, grant }
  } catch (error) {
    if (!(error instanceof VaultError)) throw error
    const { kind, message } = error
    const root = kind === 'root-token'
    const login: VaultFinding = { check: 'login', fault: root ? undefined : message }
    return { findings: root ? [login, { check: 'policies', fault: message }] : [login], grant: undefined }
  }
}

function lifetimeFault({ seconds, renewable }: TokenGrant): string | undefined {
  if (seconds === 0) return 'the token never expires: let the role give tokens that do (token_ttl, token_max_ttl)'
  if (seconds < shortestSeconds) {
    return `the token is good for ${seconds} s only, so that most of the work would be logging in: raise token_ttl`
  }
  return renewable ? undefined : 'the token cannot be renewed, so that each needs a login: use tokens of type service'
}

/** A new version is written before the old one goes: where that goes at once, nobody can go back to it, so that none is written. */
async function versionsFault({ connection, keeper, mount }: CheckedVault): Promise<string | undefined> {
  try {
    if ((await keeper.use((token) => mostVersionsOf(connection, mount, token))) !== 1) return undefined
    return `the mount keeps one version of each credential only, so that none can be replaced: vault write ${mount}/config max_versions=10`
  } catch (error) {
    if (!isVaultError(error, 'forbidden')) return messageOf(error)
    return `the policies do not let the token see how many versions are kept (${mount}/config): write the policy below`
  }
}

/** Sample places: policies are made for all of them. */
async function capabilitiesFault({ connection, keeper, mount }: CheckedVault): Promise<string | undefined> {
  const needed = neededCapabilities(mount)
  const paths = needed.map(({ sample }) => sample)
  try {
    const answer = await keeper.use((token) => connection.call((library) => library.sysCapabilitiesSelf(token, paths)))
    const granted = VaultAnswer.of(answer)
    const missing = needed.flatMap(({ sample, path, capabilities }) => {
      const has = granted.has(sample) ? granted.texts(sample) : []
      const lacking = capabilities.filter((name) => !has.includes(name))
      return lacking.length === 0 ? [] : [`${lacking.join(', ')} on ${path}`]
    })
    return missing.length === 0 ? undefined : `the policies lack ${missing.join('; ')}: write the policy below`
  } catch (error) {
    if (!isVaultError(error, 'forbidden')) return messageOf(error)
    return 'the policies do not let the token ask what it may do (sys/capabilities-self): write the policy below'
  }
}

async function faultOf(ask: () => Promise<unknown>): Promise<VaultError | undefined> {
  try {
    await ask()
    return undefined
  } catch (error) {
    if (error instanceof VaultError) return error
    throw error
  }
}

function messageOf(error: unknown): string {
  if (error instanceof VaultError) return error.message
  throw error
}
