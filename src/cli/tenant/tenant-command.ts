import { Command } from 'commander'
import {
  createTenant,
  exportTenant,
  listTenants,
  setTenantClaim,
  setTenantState,
} from '../../app/administration/administer-tenants.js'
import type { RegisteredTenant } from '../../core/administration/registered-tenant.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'
import { readExportFile, writeExportFile } from './export-file.js'
import { deleteCommand } from './delete-command.js'
import { passwordsCommand } from './passwords-command.js'

interface JsonFlag {
  readonly json?: true
}

/** `authsec tenant`: organisations and their databases. */
export function tenantCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('tenant')
    .description('Looks after tenants: organisations, each with a database of its own')
    .addCommand(listCommand(env))
    .addCommand(createCommand(env))
    .addCommand(
      stateCommand(env, { verb: 'suspend', state: 'suspended', says: 'Lets nobody in, and keeps everything' }),
    )
    .addCommand(stateCommand(env, { verb: 'resume', state: 'active', says: 'Lets its users in again' }))
    .addCommand(claimCommand(env))
    .addCommand(passwordsCommand(env))
    .addCommand(exportCommand(env))
    .addCommand(deleteCommand(env))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('list')
    .description('Lists tenants')
    .option('--json', 'print JSON')
    .action(async ({ json }: JsonFlag) => {
      const tenants = await listTenants(env)
      await printResult(json === true ? printableJson(tenants) : formatTable(header, tenants.map(row)))
    })
}

const header = ['TENANT', 'NAME', 'STATE', 'DATABASE', 'ROLE', 'APPLICATIONS', 'CLAIMS', 'CREATED']

function row({
  applications,
  claims,
  createdAt,
  database,
  name,
  role,
  slug,
  state,
}: RegisteredTenant): readonly string[] {
  const said = claims.map(({ issuer, value }) => `${issuer}=${value}`).join(' ')
  return [slug, name, state, database, role ?? '-', applications.join(' ') || '-', said || '-', createdAt.toISOString()]
}

interface CreateFlags extends JsonFlag {
  readonly name?: string
  readonly from?: string
}

function createCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('create')
    .description('Creates a tenant with a database and a PostgreSQL role of its own')
    .argument('<slug>', '1 to 41 characters a-z, 0-9 and -, as in tokens and commands')
    .option('--name <name>', 'what people see (default: as in the export, or the slug)')
    .option('--from <file>', 'with all that an export has (see authsec tenant export)')
    .option('--json', 'print JSON')
    .action(async (slug: string, { from, json, name }: CreateFlags) => {
      const lines = from === undefined ? undefined : readExportFile(from)
      const tenant = await createTenant(env, { slug, name, from: lines })
      await printResult(json === true ? printableJson(tenant) : `created ${tenant.slug}: database ${tenant.database}`)
    })
}

interface StateVerb {
  readonly verb: string
  readonly state: 'active' | 'suspended'
  readonly says: string
}

function stateCommand(env: NodeJS.ProcessEnv, { says, state, verb }: StateVerb): Command {
  return new Command(verb)
    .description(says)
    .argument('<slug>', 'the tenant')
    .action(async (slug: string) => {
      const changed = await setTenantState(env, slug, state)
      await printResult(`${slug} ${changed ? 'is' : 'was'} ${state}${changed ? '' : ' already'}`)
    })
}

interface ClaimFlags {
  readonly issuer: string
  readonly value: string
}

function claimCommand(env: NodeJS.ProcessEnv): Command {
  const verb = (name: 'add' | 'remove', presence: 'added' | 'removed', says: string): Command =>
    new Command(name)
      .description(says)
      .argument('<slug>', 'the tenant')
      .requiredOption('--issuer <url>', 'the issuer of the tokens, byte for byte')
      .requiredOption('--value <text>', 'the value of the claim that names its tenants, byte for byte')
      .action(async (slug: string, claim: ClaimFlags) => {
        const changed = await setTenantClaim(env, { slug, claim, presence })
        await printResult(changed ? `${presence}: ${claim.issuer} ${claim.value} for ${slug}` : 'nothing to do')
      })
  return new Command('claim')
    .description('Says which tokens of other issuers are the tenant’s')
    .addCommand(verb('add', 'added', 'Tokens of the issuer with this value are the tenant’s'))
    .addCommand(verb('remove', 'removed', 'They are not any more'))
}

function exportCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('export')
    .description('Writes all that the tenant’s database holds to a file, as it is at one moment')
    .argument('<slug>', 'the tenant')
    .requiredOption('--out <file>', 'JSON Lines, readable for its owner only; it has password hashes and audit')
    .action(async (slug: string, { out }: { readonly out: string }) => {
      const rows = await writeExportFile(out, (write) => exportTenant(env, slug, write))
      await printResult(`${rows} rows of ${slug} in ${out}`)
    })
}
