import { randomUUID } from 'node:crypto'
import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { createServiceAuthorization } from '../../adapter/oauth/service/service-authorization.js'
import { quoted } from '../../core/administration/known-names.js'
import { AuthSecError } from '../../core/error/auth-sec-error.js'
import { revocableTokens } from '../../core/external-service/connect/given-up-tokens.js'
import { userServiceClient } from '../../core/external-service/connect/service-clients.js'
import { isUserService, type UserService } from '../../core/external-service/connect/user-service.js'
import type { ExternalService } from '../../core/external-service/external-service.js'
import { StoredCredentialReader } from '../../core/external-service/reader/credential-reader.js'
import { recordedRead } from '../../core/external-service/recorded-read.js'
import { ServiceTokenError } from '../../core/external-service/service-tokens.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Installation } from '../administration/with-tenant.js'
import { forAWhile } from './for-a-while.js'
import { secretIdFault, withCredentials } from './with-credentials.js'

/** Sign-ins at a service that have ended. */
export interface EndedSignIns {
  readonly tenant: Tenant
  /** As it was then: where they were made. */
  readonly service: ExternalService
  readonly users: readonly EndedSignIn[]
}

export interface EndedSignIn {
  /** UUID: where the tokens are. */
  readonly account: string
  /** The version of them that was used, where that is known. */
  readonly version?: number
}

/** What has become of them. */
export interface TakenBack {
  /** Of how many users the service has taken the tokens back, where it could be told. */
  readonly users: number
  /** Why it may take others yet, a sentence each. */
  readonly warnings: readonly string[]
}

const atOnce = 4
/** Nobody waits longer for a service that is down, however many have signed in there. */
const mostMilliseconds = 20_000

/** Takes the tokens of users back at a service, before they are destroyed: as far as that can be done, and for a while at most. */
export async function takeBackTokens(installation: Installation, ended: EndedSignIns): Promise<TakenBack> {
  const { service, users } = ended
  if (!isUserService(service) || users.length === 0) return { users: 0, warnings: [] }
  const { name } = service
  if (service.auth.revocationEndpoint === undefined) {
    const warning = `${quoted(name)} was not told: nothing is known of where it takes tokens back (--revocation-url)`
    return { users: 0, warnings: [warning] }
  }
  const inTheWay = secretIdFault(installation.settings)
  const { faults, count } = inTheWay === undefined ? await tell(installation, { ...ended, service }) : failed(inTheWay)
  return { users: count, warnings: faults.map((fault) => `${quoted(name)} did not take the tokens back: ${fault}`) }
}

/** The same for many, in sentences: of how many they were taken back, and why not of all. */
export async function takeBackAll(installation: Installation, ended: EndedSignIns): Promise<readonly string[]> {
  const { users, warnings } = await takeBackTokens(installation, ended)
  if (!isUserService(ended.service) || ended.users.length === 0) return []
  const all = ended.users.length === 1 ? '1 user' : `${ended.users.length} users`
  return [`${quoted(ended.service.name)} took the tokens of ${users} of ${all} back`, ...warnings]
}

interface Told {
  readonly count: number
  readonly faults: readonly string[]
}

function failed(fault: string): Told {
  return { count: 0, faults: [fault] }
}

async function tell(
  installation: Installation,
  ended: EndedSignIns & { readonly service: UserService },
): Promise<Told> {
  const { by, postgres } = installation
  const { service, tenant, users } = ended
  const faults = new Set<string>()
  let count = 0
  try {
    await withCredentials(installation, async (store) => {
      const authorization = createServiceAuthorization(createFetcher())
      const tellOne = async ({ account, version }: EndedSignIn): Promise<void> => {
        const detail = { service: service.name, ...(version === undefined ? {} : { version }) }
        const event = { tenant, subject: by, requestId: randomUUID(), operation: 'service.revoke', detail }
        const { client, tokens } = await recordedRead({ audit: postgres.audit, event }, async () => ({
          client: await userServiceClient(new StoredCredentialReader(store), tenant, service),
          // Also what was renewed at the same moment, and has not come to be used.
          tokens: await revocableTokens(store, { tenant, service: service.id, account }, version),
        }))
        const told = await Promise.allSettled(tokens.map((token) => authorization.revoke(client, token)))
        for (const answer of told) if (answer.status === 'rejected') throw answer.reason
      }
      const begun = await forAWhile(users, { atOnce, milliseconds: mostMilliseconds }, (user) =>
        tellOne(user).then(
          () => void (count += 1),
          (error: unknown) => void faults.add(wordsOf(error)),
        ),
      )
      if (begun === 'cut off') faults.add('it took too long')
    })
  } catch (error) {
    faults.add(wordsOf(error))
  }
  return { count, faults: [...faults] }
}

/** Whatever is not our own way to say that something did not work is a defect. */
function wordsOf(error: unknown): string {
  if (error instanceof AuthSecError || error instanceof ServiceTokenError) return error.message
  throw error
}
