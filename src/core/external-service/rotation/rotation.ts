import { CredentialConflict } from '../../credential/credential-store.js'
import { staysBesideNext, tooFewVersions } from '../../credential/stays-beside.js'
import { UpstreamError } from '../../error/upstream-error.js'
import { heldCredential, type HeldCredential } from '../service-credential.js'
import { createCredential } from './ask-rotator.js'
import { Retirement } from './retirement.js'
import type { RotationClaim, RotationIntent } from './rotation-store.js'
import { ClaimLost, ServiceChanged, isExpected, wordsOf } from './rotation-words.js'
import {
  beginWork,
  placeOf,
  type RotationOrder,
  type RotationOutcome,
  type RotationPorts,
  type RotationWork,
} from './rotation-work.js'
import { RotationFault, type EngineRotator, type Rotator } from './rotator.js'

/**
 * Replaces credentials in steps, each on record before the next: the new version is written after the newest by compare-and-set, tried,
 * put to use, and a while later the old one is destroyed. Whatever ends in between, at any moment, leaves one in use that works; whoever
 * comes next goes on from there or takes back what was written. A failure leaves the old one in use, and says so.
 */
export class Rotation {
  readonly #ports: RotationPorts
  readonly #retirement: Retirement

  constructor(ports: RotationPorts) {
    this.#ports = ports
    this.#retirement = new Retirement(ports)
  }

  /** Throws `UpstreamError` where nothing could be begun. */
  async rotate(order: RotationOrder): Promise<RotationOutcome> {
    const answer = await this.#ports.store.claim(order.tenant, order.name)
    if (answer.outcome !== 'claimed') return answer
    const { claim } = answer
    const work = beginWork(order, claim)
    try {
      return await this.#go(work)
    } catch (error) {
      return await this.#fail(work, error)
    }
  }

  async #go(work: RotationWork): Promise<RotationOutcome> {
    const { claim, order, warnings } = work
    if (work.untidy) await this.#retirement.retire(work)
    const resumed = await this.#resume(work)
    // What an administrator has brought is wanted, whatever was under way.
    if (resumed?.outcome === 'resumed' && order.rotator?.kind === 'given') return this.rotate(order)
    if (resumed !== undefined) return resumed
    const isCutOff = claim.phase === 'begun' || claim.phase === 'written'
    if (order.rotator === undefined || (order.task === 'finish' && !isCutOff)) {
      if (isCutOff) throw new RotationFault('it was cut off before the new credential was written: begin again')
      await this.#ports.store.release(claim)
      return { outcome: 'finished', warnings }
    }
    return order.rotator.kind === 'engine'
      ? this.#renew(work, order.rotator.engine)
      : this.#replace(work, order.rotator)
  }

  /** A version that was written, and not put to use, is the only one that knows what the service gave. */
  async #resume(work: RotationWork): Promise<RotationOutcome | undefined> {
    const { claim } = work
    const { credentials } = this.#ports
    if ((claim.phase !== 'begun' && claim.phase !== 'written') || claim.origin === 'engine') return undefined
    // Somebody has set another one since.
    if (claim.service.credentialVersion > claim.after) return undefined
    const found = await credentials.read(placeOf(claim), claim.after + 1)
    if (found === undefined) return undefined
    const fresh = heldCredential(found.version, found.members)
    // It is the only one that there is: whatever the service has become meanwhile, it still takes what it took.
    if (await this.#isLast(claim)) await this.#begin(work, { after: claim.after, origin: claim.origin })
    const outcome = await this.#putToUse(work, fresh)
    return outcome.outcome === 'rotated' ? { ...outcome, outcome: 'resumed' } : outcome
  }

  /** Answers with the id of the attempt. */
  async #begin(work: RotationWork, intent: RotationIntent): Promise<string> {
    const attempt = await this.#ports.store.begin(work.claim, intent)
    if (attempt === undefined) throw new ClaimLost()
    work.claim = { ...work.claim, ...intent, phase: 'begun' }
    return attempt
  }

  async #replace(work: RotationWork, { credentials: rotator, kind }: Exclude<Rotator, { kind: 'engine' }>) {
    const { claim } = work
    const { credentials } = this.#ports
    const current = await this.#current(claim)
    if (current === undefined) {
      throw new RotationFault('it has no credential yet that could be replaced: authsec service set-credential')
    }
    const after = await credentials.newest(placeOf(claim))
    const { credentialVersion: version } = claim.service
    if (!(await staysBesideNext(credentials, placeOf(claim), { newest: after, version }))) {
      throw new RotationFault(tooFewVersions)
    }
    const attempt = await this.#begin(work, { after, origin: kind })
    const members = await createCredential(rotator, claim, { attempt, current })
    const made = heldCredential(after + 1, members)
    work.made = made
    let written: number
    try {
      written = await credentials.write(placeOf(claim), members, after)
    } catch (error) {
      if (!(error instanceof CredentialConflict)) throw error
      return this.#goOnWithOther(work, made)
    }
    return this.#putToUse(work, heldCredential(written, members))
  }

  /** Whoever had the turn before has written late: nobody else comes upon that any more. What somebody has set by hand stays. */
  async #goOnWithOther(work: RotationWork, made: HeldCredential): Promise<RotationOutcome> {
    const found = await this.#ports.credentials.read(placeOf(work.claim), made.version)
    const other = found && heldCredential(found.version, found.members)
    if (other === undefined || !isSame(other, made)) work.leftover = made
    try {
      if (other === undefined) throw new ClaimLost()
      const outcome = await this.#putToUse(work, other)
      if (work.leftover !== undefined) await this.#retirement.end(work, made)
      return outcome
    } catch (error) {
      if (!(error instanceof ClaimLost) && !(error instanceof ServiceChanged)) throw error
      throw new RotationFault('somebody else has set its credential at the same moment')
    }
  }

  async #renew(work: RotationWork, engine: EngineRotator): Promise<RotationOutcome> {
    const { claim, warnings } = work
    const { check } = this.#ports
    await this.#begin(work, { after: 0, origin: 'engine' })
    const trial = await engine.renew(claim)
    try {
      if (trial.held !== undefined) await check.require(claim.service, trial.held)
    } finally {
      await trial.release()
    }
    await this.#activate(work, undefined)
    return { outcome: 'rotated', before: 0, version: undefined, warnings }
  }

  async #activate({ claim, order }: RotationWork, version: number | undefined): Promise<void> {
    const answer = await this.#ports.store.activate(claim, version, order.by)
    if (answer === 'lost') throw new ClaimLost()
    if (answer === 'changed') throw new ServiceChanged()
  }

  async #putToUse(work: RotationWork, fresh: HeldCredential): Promise<RotationOutcome> {
    const { claim, warnings } = work
    const { check, store } = this.#ports
    const { version } = fresh
    let isLast = false
    try {
      if (!(await store.written(claim))) throw new ClaimLost()
      isLast = await this.#isLast(claim)
      if (isLast) warnings.push(lastWords)
      // One that leads elsewhere now is shown nothing.
      else if (claim.service.credentialVersion > 0) await check.require(claim.service, fresh)
      await this.#activate(work, version)
      return { outcome: 'rotated', before: claim.service.credentialVersion, version, warnings }
    } catch (error) {
      // Where a store gave no answer it may have done what it was asked for: that is looked at by whoever comes next.
      if (error instanceof UpstreamError || error instanceof ClaimLost) throw error
      if (isLast) return this.#goOn(work, error)
      await this.#retirement.takeBack(work, version)
      throw error
    }
  }

  /** With the only version that there is, which is never taken back: for the service as it is now. */
  async #goOn(work: RotationWork, error: unknown): Promise<RotationOutcome> {
    work.isKept = true
    if (!(error instanceof ServiceChanged)) throw error
    await this.#ports.store.release(work.claim)
    return this.rotate({ ...work.order, rotator: undefined, task: 'finish' })
  }

  /** A store that keeps one version has given up the old one by now. A service that leads elsewhere has none, and takes neither. */
  async #isLast(claim: RotationClaim): Promise<boolean> {
    return claim.service.credentialVersion > 0 && (await this.#current(claim)) === undefined
  }

  async #current(claim: RotationClaim): Promise<HeldCredential | undefined> {
    const { credentialVersion } = claim.service
    if (credentialVersion === 0) return undefined
    const stored = await this.#ports.credentials.read(placeOf(claim), credentialVersion)
    return stored === undefined ? undefined : heldCredential(stored.version, stored.members)
  }

  async #fail(work: RotationWork, error: unknown): Promise<RotationOutcome> {
    const { claim, isKept, leftover, order, takenBack, untidy } = work
    const { log, store } = this.#ports
    const words = untidy ? `the credential before is still there: ${wordsOf(error)}` : wordsOf(error)
    const isOpen = untidy || isKept || takenBack === 'begun' || error instanceof UpstreamError
    const isGivenUp = leftover !== undefined || takenBack === 'done'
    const standing = isOpen ? 'resumable' : isGivenUp ? 'given up' : 'repeatable'
    const failure = { reason: words, by: order.by, standing } as const
    const about = { tenant: claim.tenant.slug, service: claim.service.name }
    log.write(isExpected(error) ? 'warn' : 'error', 'a credential was not rotated: the one that is used goes on', {
      ...about,
      error,
    })
    try {
      const isNoted = !(error instanceof ClaimLost) && (await store.fail(claim, failure))
      // Not before, and not where another process was given the same for the same attempt: it would come upon what works no more.
      const unused = isNoted ? leftover : await this.#madeForNobody(work)
      if (unused !== undefined) await this.#retirement.end(work, unused)
    } catch (failed) {
      log.write('warn', 'that a rotation has failed could not be noted', { ...about, error: failed })
    }
    return { outcome: 'failed', reason: words, standing: error instanceof ClaimLost ? 'resumable' : standing }
  }

  /** What was made for a service that was removed meanwhile: nobody has it, and nobody comes upon it. */
  async #madeForNobody({ claim, made }: RotationWork): Promise<HeldCredential | undefined> {
    return made !== undefined && (await this.#ports.store.isGone(claim)) ? made : undefined
  }
}

const lastWords =
  'the store keeps one version of a credential only, so that the new one was used without being tried: raise max_versions of its mount'

function isSame(one: HeldCredential, other: HeldCredential): boolean {
  return JSON.stringify(shownOf(one)) === JSON.stringify(shownOf(other))
}

function shownOf({ members }: HeldCredential): readonly (readonly [string, string])[] {
  return Object.entries(members)
    .map(([name, secret]) => [name, secret.reveal()] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
}
