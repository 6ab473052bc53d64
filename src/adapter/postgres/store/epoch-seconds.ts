import { sql, type RawBuilder } from 'kysely'

/** A point in time as whole seconds since the epoch; the name of the column is a constant. */
export function epochSeconds(column: string): RawBuilder<number> {
  return sql<number>`floor(extract(epoch from ${sql.ref(column)}))::float8`
}
