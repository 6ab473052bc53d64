import type { SealedRecords } from '../../record/sealed-records.js'
import type { ProofVisit } from '../interaction-step.js'

/** Where somebody is whose password was right. */
export interface PendingFactor {
  /** As in `formatSubject`. */
  readonly subject: string
  /** `prove`: the factor is asked for; `enrol`: one is set up; `enrolled`: it is. */
  readonly stage: 'prove' | 'enrol' | 'enrolled'
  /** What was proved besides the password. */
  readonly proved: 'nothing' | 'otp' | 'hwk'
  /** Of the authenticator app that is being set up, base32. */
  readonly secret: string | undefined
}

const model = 'PendingFactor'
const seconds = 10 * 60

/** Sign-ins between password and second factor: sealed, each for one interaction in one browser. */
export class PendingFactors {
  readonly #records: SealedRecords

  constructor(records: SealedRecords) {
    this.#records = records
  }

  /** `undefined` where no password was right yet, or it was in another browser. */
  async find({ browser, interaction }: ProofVisit): Promise<PendingFactor | undefined> {
    const record = await this.#records.find(model, interaction.uid)
    if (record === undefined || record.payload['browser'] !== browser) return undefined
    return parsePending(record.payload)
  }

  /** The account is named as in the records of sessions: whoever ends those ends this. */
  put({ browser, interaction }: ProofVisit, { subject, ...rest }: PendingFactor): Promise<void> {
    const payload = { accountId: subject, browser, ...rest }
    return this.#records.put({ model, id: interaction.uid, payload, expiresIn: seconds })
  }

  drop({ interaction }: ProofVisit): Promise<void> {
    return this.#records.destroy(model, interaction.uid)
  }
}

function parsePending(payload: Readonly<Record<string, unknown>>): PendingFactor | undefined {
  const { accountId: subject, proved, secret, stage } = payload
  if (typeof subject !== 'string') return undefined
  if (stage !== 'prove' && stage !== 'enrol' && stage !== 'enrolled') return undefined
  if (proved !== 'nothing' && proved !== 'otp' && proved !== 'hwk') return undefined
  return { subject, stage, proved, secret: typeof secret === 'string' ? secret : undefined }
}
