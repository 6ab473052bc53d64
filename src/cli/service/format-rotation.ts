import type { RotationReport } from '../../app/services/rotation/rotate-service.js'
import { dueAt } from '../../core/external-service/rotation/rotation-due.js'
import type { RotationStatus } from '../../core/external-service/rotation/rotation-store.js'

/** What is known of the rotation of a service, as a member of its JSON; nothing where there is none. */
export function rotationJson(status: RotationStatus): Readonly<Record<string, unknown>> {
  const { askedAt, askedBy, last, phase, plan, retryAt } = status
  const next = Math.max(dueAt(status) ?? 0, last?.outcome === 'failed' ? (retryAt ?? 0) : 0)
  const isPlanned = plan?.every !== undefined || askedAt !== undefined
  const known = {
    ...plan,
    ...(isPlanned && phase === 'idle'
      ? { next: askedAt === undefined ? timeOf(next) : 'as soon as a server can' }
      : {}),
    ...(askedAt === undefined ? {} : { requested: { at: timeOf(askedAt), by: askedBy ?? 'unknown' } }),
    ...(phase === 'idle' ? {} : { underWay: phase }),
    ...(last === undefined ? {} : { last: { ...last, at: timeOf(last.at) } }),
  }
  return Object.keys(known).length === 0 ? {} : { rotation: known }
}

/** What has become of a rotation, in plain words. Of one that did not succeed only what is on standard output. */
export function formatRotation({ result, service, tenant }: RotationReport): string {
  const of = `${service} of ${tenant}`
  switch (result.outcome) {
    case 'rotated':
    case 'resumed':
      return rotatedWords(of, result)
    case 'asked':
      return [
        `${of}: asked for. A running server whose application has a rotator for it replaces the credential within a few minutes;`,
        'authsec service show says what became of it. Where you have the new one already, give it with --from FILE, or --from - for standard input',
      ].join('\n')
    case 'finished':
      return `${of}: nothing was left to do`
    default:
      return ''
  }
}

/** Why it was not rotated, as a sentence; `undefined` where it was. */
export function failureWords({ result }: RotationReport): string | undefined {
  if (result.outcome === 'absent') return 'the service is not there any more'
  if (result.outcome !== 'failed') return undefined
  const next = result.standing === 'resumable' ? '; whoever tries next goes on from there' : ''
  return `the credential was not rotated, and the one that is used goes on: ${result.reason}${next}`
}

function rotatedWords(
  of: string,
  { before, outcome, version }: Extract<RotationReport['result'], { readonly outcome: 'resumed' | 'rotated' }>,
): string {
  if (version === undefined) {
    return `✓ ${of}: every server takes another credential with its next call; what it had is revoked a moment later`
  }
  const begun = outcome === 'resumed' ? ', which an earlier rotation had written,' : ''
  return [
    `✓ ${of}: version ${version}${begun} is used from the next call on, by every server`,
    ...(before === 0
      ? []
      : [
          `version ${before} stays for a minute, for calls that are under way; a server, or the next rotation, destroys it then`,
        ]),
  ].join('\n')
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
