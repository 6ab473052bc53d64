import pg from 'pg'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { errorCode } from './error-code.js'

const slowestConnectMs = 3_000
const wrongPassword = ['28P01', '28000']
const tooManyConnections = '53300'

/** Whether the server takes connections yet. Throws when it refuses our password: then it is not our server, or not our file. */
export async function acceptsConnections(settings: ConnectionSettings): Promise<boolean> {
  const client = new pg.Client({
    ...settings,
    database: 'postgres',
    ssl: false,
    // Non-empty, or the driver takes PGOPTIONS from the environment.
    options: '-c search_path=pg_catalog',
    connectionTimeoutMillis: slowestConnectMs,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch (cause) {
    const code = errorCode(cause)
    if (code === tooManyConnections) return true
    if (!wrongPassword.includes(code)) return false
    const fault = `the embedded database in ${settings.host} refuses the password kept in its folder`
    throw new ConfigurationError('ERR_CONFIG_DATABASE', fault, { cause })
  } finally {
    await client.end().catch(() => undefined)
  }
}
