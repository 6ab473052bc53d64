import { Command, InvalidArgumentError, Option } from 'commander'
import { faultsIn, verifyAudit, type AuditVerdict } from '../../app/audit/verify-audit.js'
import { isPublicKey, isSignedBy, type SignedCheckpoint } from '../../core/audit/audit-checkpoint.js'
import type { AuditProgress } from '../../core/audit/audit-verification.js'
import { UpstreamError } from '../../core/error/upstream-error.js'
import { collect } from '../administration/grant-flags.js'
import { CheckFailedError } from '../exit-code.js'
import { printResult } from '../print-result.js'
import { printable, printableJson, printableLine } from '../printable.js'
import { counted } from './format/counted.js'
import { formatVerdict } from './format/format-verdict.js'
import { readCheckpoints } from './read-checkpoints.js'
import { namedOrNull, trailOf, withTrailFlags, type TrailFlags } from './trail-flags.js'

interface VerifyFlags extends TrailFlags {
  readonly checkpoint?: readonly string[]
  readonly publicKey?: string
  readonly progress?: true
  readonly json?: true
}

const progressMilliseconds = 1000

/** `authsec audit verify`. */
export function verifyCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('verify').description(
    'Looks whether the audit trail is as it was written, and says where it is not; exits with 1 then, with 4 where all is well but ' +
      'a database does not answer',
  )
  withTrailFlags(command)
    .option('--checkpoint <file>', 'compare with what a checkpoint says; again for each further file', collect)
    .addOption(
      new Option('--public-key <key>', 'look at the signatures of --checkpoint only, which needs no database')
        .argParser(publicKey)
        .conflicts(['tenant', 'master']),
    )
    .option('--progress', 'say on standard error how far it is, also where that is no terminal')
    .option('--json', 'print JSON')
  return command.action(async (flags: VerifyFlags) => {
    const checkpoints = await readCheckpoints(flags.checkpoint ?? [])
    if (flags.publicKey !== undefined) {
      if (checkpoints.length === 0) command.error('error: --public-key goes with --checkpoint')
      return printSigned(checkpoints, flags.publicKey, flags)
    }
    const onProgress = flags.progress === true || process.stderr.isTTY ? sayProgress() : () => undefined
    await printVerdict(await verifyAudit(env, { choice: trailOf(flags), checkpoints, onProgress }), flags)
  })
}

function publicKey(text: string): string {
  const key = text.trim()
  if (isPublicKey(key)) return key
  throw new InvalidArgumentError('It is what authsec audit checkpoint --public-key prints: 43 characters of base64url.')
}

async function printVerdict(verdict: AuditVerdict, { json }: VerifyFlags): Promise<void> {
  await printResult(json === true ? printableJson(jsonOf(verdict)) : printable(formatVerdict(verdict)))
  const faults = faultsIn(verdict)
  if (faults > 0) throw new CheckFailedError(`the audit trail is not as it was written: ${counted(faults, 'fault')}`)
  const [silent] = verdict.unreached
  if (silent === undefined) return
  const names = verdict.unreached.map(({ tenant }) => tenant ?? 'master').join(', ')
  throw new UpstreamError('TENANT_UNAVAILABLE', `not looked at: ${names} (${silent.failure})`)
}

/** What belongs to no tenant is said to. */
function jsonOf({ reports, unreached, ...verdict }: AuditVerdict) {
  return { reports: reports.map(namedOrNull), unreached: unreached.map(namedOrNull), ...verdict }
}

async function printSigned(
  checkpoints: readonly SignedCheckpoint[],
  publicKey: string,
  { json }: VerifyFlags,
): Promise<void> {
  const found = checkpoints.map((checkpoint) => {
    const { at, place, rows, tenant } = checkpoint
    return { tenant, place, at, rows, signed: isSignedBy(checkpoint, publicKey) }
  })
  const lines = found.map(({ at, rows, signed, tenant }) => {
    return `${signed ? '✓' : '✗'} ${tenant ?? 'master'}, ${at}: ${counted(rows, 'row')}${signed ? '' : '; the key has not signed this'}`
  })
  await printResult(json === true ? printableJson(found) : lines.map((line) => printableLine(line)).join('\n'))
  const forged = found.filter(({ signed }) => !signed).length
  if (forged > 0)
    throw new CheckFailedError(
      `${forged} of ${counted(found.length, 'checkpoint')} ${forged === 1 ? 'is' : 'are'} not signed with this key`,
    )
}

/** Now and then: whoever waits wants to know that it goes on. */
function sayProgress(): (progress: AuditProgress) => void {
  let said = performance.now()
  return ({ rows, tenant, total }) => {
    if (performance.now() - said < progressMilliseconds) return
    said = performance.now()
    console.error(printableLine(`${tenant ?? 'master'}: ${rows} of ${total} rows`))
  }
}
