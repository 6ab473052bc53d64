import { AuditSeal, commitTo } from '../../src/adapter/postgres/audit/audit-seal.js'
import type { StoredRow } from '../../src/adapter/postgres/audit/audit-row.js'
import { placeOf } from '../../src/adapter/postgres/audit/audit-trail.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import type { TestPostgres } from './postgres.js'

interface ChainedRow extends StoredRow {
  readonly at: number
  readonly chain: string
  readonly sequence: number
  readonly salt: Buffer | null
  readonly commitment: Buffer | null
  readonly mac: Buffer
}

interface ChainRow {
  readonly name: string
  readonly end: number
  readonly settled: number
  readonly mac: Buffer
}

const columns = `type, issuer, subject, client_id, request_id, intent_id, trace_id, operation, reason, milliseconds,
  detail, personal, count, chain, sequence::float8 as sequence, salt, commitment, mac,
  (extract(epoch from at) * 1000000)::float8 as at`

export interface CheckedTrail {
  /** In words; nothing where every row has its seal and no chain a gap. */
  readonly faults: readonly string[]
  readonly rows: readonly ChainedRow[]
  readonly chains: number
}

/** Whether every chain of the tenant's database goes without a gap from its beginning to its end, each row with the seal that it has to have. */
export async function checkTrail(test: TestPostgres, tenant: Tenant): Promise<CheckedTrail> {
  const seal = new AuditSeal(test.postgres.keys)
  const chains = (await test.tenantSql(
    tenant,
    `select name, sequence::float8 as end, settled::float8 as settled, mac from audit_chain where kind <> 'legacy'`,
  )) as unknown as readonly ChainRow[]
  const rows = (await test.tenantSql(
    tenant,
    `select ${columns} from audit_event where chain is not null order by chain, audit_event.sequence`,
  )) as unknown as readonly ChainedRow[]
  const names = new Set(chains.map(({ name }) => name))
  const faults = rows.filter(({ chain }) => !names.has(chain)).map(({ chain }) => `no chain ${chain}`)
  for (const chain of chains) {
    const own = rows.filter((row) => row.chain === chain.name)
    faults.push(...faultsOf(chain, own, { seal, place: placeOf(tenant) }))
  }
  return { faults, rows, chains: chains.length }
}

function faultsOf(
  { end, mac, name, settled }: ChainRow,
  rows: readonly ChainedRow[],
  { place, seal }: { readonly place: string; readonly seal: AuditSeal },
): readonly string[] {
  const faults: string[] = []
  let before: Uint8Array = seal.begin(place, name)
  for (const [index, row] of rows.entries()) {
    const at = `${name} ${row.sequence}`
    if (row.sequence !== index + 1) faults.push(`${at}: stands where ${index + 1} is due`)
    if (!seal.matches(row.mac, seal.rowMac(row, { place, chain: name, sequence: row.sequence }, before)))
      faults.push(`${at}: another seal`)
    const commitment = row.salt && commitTo(row, row.salt)
    if (commitment !== null && !seal.matches(row.commitment, commitment)) faults.push(`${at}: another commitment`)
    before = row.mac
  }
  if (end !== rows.length) faults.push(`${name}: ends at ${end} with ${rows.length} rows`)
  if (!seal.matches(mac, before)) faults.push(`${name}: another end`)
  if (settled > end) faults.push(`${name}: settled beyond its end`)
  return faults
}

/** What is wrong with intents and outcomes among these rows: each intent has exactly one outcome, and each outcome its intent. */
export function intentFaults(rows: readonly ChainedRow[]): readonly string[] {
  const calls = new Map<string, string[]>()
  for (const { intent_id: id, request_id: request, type } of rows) {
    if (id === null) continue
    const key = `${request} ${id}`
    calls.set(key, [...(calls.get(key) ?? []), type])
  }
  return [...calls]
    .map(([key, types]) => [key, types.toSorted().join(', ')] as const)
    .filter(
      ([, types]) => !['operation.allowed, operation.outcome', 'credential.outcome, credential.read'].includes(types),
    )
    .map(([key, types]) => `${key}: ${types}`)
}
