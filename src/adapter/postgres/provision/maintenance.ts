import type { ConnectionSettings } from '../connection-settings.js'
import type { DatabaseTarget } from '../pool/with-database.js'

/** The database from which others are created: its locks are shared by everything on the cluster, whatever their master database. */
export function maintenanceOf(settings: ConnectionSettings): DatabaseTarget {
  return { settings, database: settings.database ?? 'postgres', outage: 'AUTH_UNAVAILABLE' }
}
