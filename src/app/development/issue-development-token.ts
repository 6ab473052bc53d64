import { mintDevelopmentToken } from '../../adapter/issuer/mint-development-token.js'
import { createLog } from '../../adapter/telemetry/create-log.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { systemClock } from '../../core/runtime/clock.js'
import { askedScopes } from '../access/own-token.js'
import { findAccount } from '../find-account.js'
import { openExistingData } from '../open-data.js'
import { RefusedError } from '../refused-error.js'
import { findRunningServers } from './running-server.js'
import { isLoopback } from '../settings/loopback.js'
import { readSettings, type Settings } from '../settings/settings.js'
import { issuerOf } from '../issuer-of.js'

export interface DevelopmentTokenOptions {
  readonly user: string
  /** Slug; needed where several tenants have the address. */
  readonly tenant?: string | undefined
  /** Default: `/mcp` of the server that runs from this home. */
  readonly audience?: string | undefined
  /** Default: all scopes of the account. */
  readonly scope?: string | undefined
  readonly env: NodeJS.ProcessEnv
}

const lifetimeSeconds = 3_600

/**
 * One access token for a local account, valid for an hour and on record (`amr: ['dev']`). Throws `RefusedError` outside
 * development mode and for an account that may not sign in, `ConfigurationError` for wrong settings.
 */
export async function issueDevelopmentToken(options: DevelopmentTokenOptions): Promise<string> {
  const settings = readSettings(options.env, {}, undefined)
  if (settings.mode !== 'development') {
    throw new RefusedError(
      'tokens are handed out in development mode only: embedded database, loopback, not production',
    )
  }
  const audience = await audienceOf(settings, options.audience)
  const issuer = issuerOf(audience.origin)
  const data = await openExistingData({ settings, issuer, log: createLog('warn') })
  try {
    const { tenant, account } = await findAccount(data.postgres, options)
    if (account.disabled) throw new RefusedError(`the account ${options.user} is disabled`)
    const scopes = askedScopes(account, options.scope)
    return await mintDevelopmentToken({
      issuer,
      storage: data.postgres.issuerStorage,
      keys: data.postgres.signingKeys,
      keyring: data.keyring,
      audit: data.postgres.audit,
      clock: systemClock,
      tenant,
      account,
      audience: audience.href,
      lifetimeSeconds,
      ...(scopes === undefined ? {} : { scopes }),
    })
  } finally {
    await data.close()
  }
}

async function audienceOf(settings: Settings, given: string | undefined): Promise<URL> {
  const audience = URL.parse(given ?? (await runningAudience(settings)))
  const local = audience?.protocol === 'http:' && isLoopback(audience.hostname)
  if (audience !== null && local && audience.hash === '') return audience
  throw new ConfigurationError(
    'ERR_CONFIG_URL',
    '--audience is the URL of a development server, such as http://127.0.0.1:3005/mcp',
  )
}

async function runningAudience(settings: Settings): Promise<string> {
  const urls = (await findRunningServers(settings.home)).map(({ publicUrl }) => `${publicUrl}/mcp`)
  const [only, ...others] = urls
  if (only === undefined) {
    throw new RefusedError(
      `no server runs from ${settings.home}: start one (on stdio there are no tokens), or say which the token is for with --audience`,
    )
  }
  if (others.length > 0) throw new RefusedError(`several servers run: say which with --audience (${urls.join(', ')})`)
  return only
}
