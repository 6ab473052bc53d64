import { sql, type QueryExecutorProvider } from 'kysely'
import { functionPath } from '../../../schema/audit/audit-functions.js'
import type { Findings } from '../findings.js'
import { auditFunctions, type AuditFunction } from './declared-functions.js'
import type { TrailSteps } from './trail-steps.js'

export interface FoundFunction extends AuditFunction {
  /** Whether it is a function as ours are, in a language as ours have, that finds things where ours do and belongs to whom the trail does. */
  readonly isPlain: boolean
  readonly isPublic: boolean
}

/** Whatever has the name of one of ours. */
export async function readFunctions(step: QueryExecutorProvider): Promise<readonly FoundFunction[]> {
  const { rows } = await sql<FoundFunction>`
    select p.proname as name, oidvectortypes(p.proargtypes) as takes, format_type(p.prorettype, null) as returns,
      coalesce(to_jsonb(p.proargnames), '[]') as names, p.prosecdef as "isDefiner", p.prosrc as source,
      p.prokind = 'f' and not p.proisstrict and l.lanname in ('plpgsql', 'sql') and p.proconfig = array[${functionPath}]
        and p.proowner = (select relowner from pg_class where oid = to_regclass('public.audit_event')) as "isPlain",
      has_function_privilege('public', p.oid, 'execute') as "isPublic"
    from pg_proc p join pg_language l on l.oid = p.prolang
    where p.pronamespace = 'public'::regnamespace and p.proname = any(${auditFunctions.map(({ name }) => name)}::text[])
  `.execute(step)
  return rows
}

/** What guards the trail, and what servers ask it for, does what the steps that were taken have made it to do. */
export function judgeFunctions(
  rows: readonly FoundFunction[],
  { isTaken }: Pick<TrailSteps, 'isTaken'>,
  findings: Findings,
): void {
  const made = auditFunctions.filter(({ step, until }) => isTaken(step) && (until === undefined || !isTaken(until)))
  for (const declared of made) {
    const { name, takes } = declared
    if (rows.some((found) => isSame(declared, found))) continue
    const what = `the function ${name}(${takes}) is gone, or not as it was made`
    findings.add({ kind: 'function_changed', what })
  }
  const isOurs = ({ name, takes }: FoundFunction) =>
    made.some((declared) => declared.name === name && declared.takes === takes)
  for (const { name, takes } of rows.filter((found) => !isOurs(found))) {
    const what = `the function ${name}(${takes}) has the name of one of ours, and is not`
    findings.add({ kind: 'function_changed', what })
  }
}

function isSame(declared: AuditFunction, found: FoundFunction): boolean {
  const shape = ({ isDefiner, name, names, returns, source, takes }: AuditFunction): string =>
    JSON.stringify([name, takes, returns, names, isDefiner, linesOf(source)])
  return shape(declared) === shape(found) && found.isPlain && !(found.isDefiner && found.isPublic)
}

/** Where a line ends a comment ends with it; how far it is indented says nothing. */
function linesOf(source: string): readonly string[] {
  return source.split('\n').map((line) => line.trim())
}
