import { isAbsolute } from 'node:path'
import { AuthSecError } from '../../../core/error/auth-sec-error.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { Log } from '../../../core/runtime/log.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { createCluster, readPassword, superuser } from './cluster.js'
import { errorCode } from './error-code.js'
import { holdServer } from './hold-server.js'
import { findNativePackage } from './native-package.js'
import { prepareBinaries } from './server-binaries.js'
import type { ServerPlace } from './server-place.js'
import { findPlace, preparePlace } from './server-place.js'
import { socketPort } from './server-settings.js'
import { prepareSocketFolder } from './socket-folder.js'

export interface EmbeddedPostgresOptions {
  /** The folder for the cluster and everything around it (AUTHSEC_HOME), absolute. Made when it is not there. */
  readonly home: string
  readonly log: Log
}

/** A share in the embedded server. */
export interface EmbeddedPostgres {
  readonly connection: ConnectionSettings
  /** Lets go of the server, which stops by itself after the last process that uses it, however that ended. May be called twice. */
  close(): Promise<void>
}

/**
 * A PostgreSQL of this home, started now or joined where another process already runs it, and ready for connections. Throws
 * `ERR_CONFIG_DATABASE` when it cannot be made or started, `ERR_AUTH_UNAVAILABLE` when it is not ready in time.
 */
export async function attachEmbeddedPostgres({ home, log }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  if (!isAbsolute(home)) throw new TypeError(`the home of the embedded database has to be an absolute path: ${home}`)
  try {
    return await attach(home, log)
  } catch (cause) {
    if (cause instanceof AuthSecError) throw cause
    const fault = `the embedded database cannot be kept in ${home} (${errorCode(cause)})`
    const advice = 'set AUTHSEC_HOME to a folder that this user can write, or set AUTHSEC_DATABASE_URL'
    throw new ConfigurationError('ERR_CONFIG_DATABASE', `${fault}: ${advice}`, { cause })
  }
}

async function attach(home: string, log: Log): Promise<EmbeddedPostgres> {
  const startedAt = performance.now()
  const place = findPlace(home) ?? (await makeCluster(home, log))
  const connection = {
    host: prepareSocketFolder(place),
    port: socketPort,
    user: superuser,
    password: readPassword(place.data),
  }
  const lifeline = await holdServer({ place, connection, log })
  log.write('debug', 'embedded PostgreSQL ready', { base: place.base, ms: Math.round(performance.now() - startedAt) })
  return {
    connection,
    close: () => {
      lifeline.release()
      return Promise.resolve()
    },
  }
}

async function makeCluster(home: string, log: Log): Promise<ServerPlace> {
  const native = findNativePackage()
  const place = await preparePlace(home)
  await createCluster(place, await prepareBinaries(native, place), log)
  return place
}
