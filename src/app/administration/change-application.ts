import type { ApplicationWish, RegisteredApplication } from '../../core/administration/application-administration.js'
import type { Change } from '../../core/administration/change.js'
import { RefusedError } from '../refused-error.js'
import { refuseFaults, type Agree } from './change-tenant.js'
import { withInstallation } from './with-tenant.js'

/** Every registered application, by client id. */
export async function listApplications(env: NodeJS.ProcessEnv): Promise<readonly RegisteredApplication[]> {
  return withInstallation(env, ({ postgres }) => postgres.applicationAdministration.list())
}

/** The application of that client id. Throws `RefusedError` for one that is not registered. */
export async function showApplication(env: NodeJS.ProcessEnv, clientId: string): Promise<RegisteredApplication> {
  const application = (await listApplications(env)).find((known) => known.clientId === clientId)
  if (application === undefined) throw new RefusedError(`there is no application ${clientId}`)
  return application
}

/** Registers, changes or removes an application. Throws `RefusedError` with everything that is in the way. */
export async function changeApplication(
  env: NodeJS.ProcessEnv,
  wish: ApplicationWish,
  agree: Agree,
): Promise<readonly Change[]> {
  return withInstallation(env, async ({ by, postgres }) => {
    const administration = postgres.applicationAdministration
    const known = (await administration.list()).find(({ clientId }) => clientId === wish.clientId)
    if (wish.presence === 'absent' && known !== undefined) {
      await agree([`nobody could use the server of the application ${known.clientId} (${known.name}) any more`])
    }
    const outcome = await administration.apply(wish, by)
    refuseFaults(outcome)
    return outcome.changes
  })
}
