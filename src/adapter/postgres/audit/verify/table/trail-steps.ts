import { sql, type QueryExecutorProvider } from 'kysely'
import { masterMigrations } from '../../../schema/master-migrations.js'
import { tenantMigrations } from '../../../schema/tenant-migrations.js'
import { auditFunctions, type AuditFunction, type TrailStep } from './declared-functions.js'
import { declaredTables } from './declared-tables.js'
import type { FoundTable } from './read-tables.js'

interface FoundTrail {
  readonly tables: readonly FoundTable[]
  readonly functions: readonly Pick<AuditFunction, 'name' | 'takes'>[]
}

/** Which steps about the trail a database has taken. */
export interface TrailSteps {
  /** Of which there is no record, nor anything that they make, nor a later one. */
  readonly missing: readonly string[]
  /** Of which there is no record, though what they make, or a later one, is there. */
  readonly unrecorded: readonly string[]
  isTaken(step: TrailStep): boolean
}

/** Steps are taken in their order, each whole or not at all: what one makes tells, and so does a later one. */
export async function readSteps(
  step: QueryExecutorProvider,
  which: 'master' | 'tenant',
  found: FoundTrail,
): Promise<TrailSteps> {
  const { rows } = await sql<{ readonly name: string }>`select name from public.schema_migration`.execute(step)
  const recorded = new Set(rows.map(({ name }) => name))
  const names = (which === 'master' ? masterMigrations : tenantMigrations).map(({ name }) => name)
  const others = names.filter((name) => name.includes('audit') && !recorded.has(name))
  const last = names.findLastIndex((name) => recorded.has(name) || stands(shortOf(name), found))
  const missing = others.filter((name) => names.indexOf(name) > last)
  const untaken = new Set(missing.map(shortOf))
  return {
    missing,
    unrecorded: others.filter((name) => !missing.includes(name)),
    isTaken: (one) => !untaken.has(one),
  }
}

function shortOf(name: string): string {
  return name.replace(/^\d+-/, '')
}

function stands(step: string, { functions, tables }: FoundTrail): boolean {
  const hasFunction = auditFunctions.some(
    (declared) =>
      declared.step === step && functions.some(({ name, takes }) => name === declared.name && takes === declared.takes),
  )
  return (
    hasFunction ||
    declaredTables.some((declared) => {
      const made = declared.constraints.filter((one) => one.step === step).flatMap((one) => one.made)
      const there = tables.find(({ name }) => name === declared.name)?.constraints ?? []
      return made.some((constraint) => there.includes(constraint))
    })
  )
}
