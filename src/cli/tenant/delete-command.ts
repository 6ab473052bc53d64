import { Command } from 'commander'
import { deleteTenant } from '../../app/administration/administer-tenants.js'
import { RefusedError } from '../../app/refused-error.js'
import { printResult } from '../print-result.js'
import { confirmName } from './confirm-name.js'
import { writeExportFile } from './export-file.js'

interface DeleteFlags {
  readonly confirm?: string
  /** A file, `true` for one with the usual name, `false` for none. */
  readonly export: string | boolean
  readonly leaveCredentials?: true
}

/** `authsec tenant delete`. */
export function deleteCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('delete')
    .description(
      'Removes a tenant for good: database, role, applications, credentials of its services. Exports it first',
    )
    .argument('<slug>', 'the tenant')
    .option('--confirm <slug>', 'its slug again, where there is no terminal to ask on')
    .option('--export <file>', 'where the export goes (default: tenant-SLUG-TIME.jsonl in this folder)', true)
    .option('--no-export', 'export nothing')
    .option('--leave-credentials', 'leave the credentials of its services in HashiCorp Vault')
    .action(async (slug: string, flags: DeleteFlags) => {
      const file = fileOf(slug, flags.export)
      const { exported, left } = await deleteTenant(env, {
        slug,
        agree: confirmName(flags.confirm),
        credentials: flags.leaveCredentials === true ? 'left' : 'destroyed',
        keep: file === undefined ? undefined : (_tenant, write) => keep(file, write),
      })
      const kept = {
        ...{ kept: `; its export is ${file}`, 'not wanted': '' },
        'nothing left': '; nothing was exported, since its database was gone already',
      }
      await printResult(`deleted ${slug}${kept[exported]}`)
      if (left.length > 0) throw new RefusedError(left.join('; '))
    })
}

async function keep(file: string, write: Parameters<typeof writeExportFile>[1]): Promise<void> {
  await writeExportFile(file, write)
}

function fileOf(slug: string, asked: string | boolean): string | undefined {
  if (asked === false) return undefined
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return typeof asked === 'string' ? asked : `tenant-${slug}-${time}.jsonl`
}
