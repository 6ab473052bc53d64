import { createHash } from 'node:crypto'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { Log } from '../../core/runtime/log.js'
import type { IssuerBook, IssuerEdition } from '../../core/trust/issuer-book.js'
import { conflictsOf } from '../../core/trust/issuer-set.js'
import type { IssuerStore, StoredIssuer } from '../../core/trust/issuer-store.js'
import { readIssuer } from '../../core/trust/read-issuer-options.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'

export interface IssuerBookOptions {
  /** Those of environment and code, which stay as long as the process runs. */
  readonly fixed: readonly TrustedIssuer[]
  readonly store: IssuerStore
  /** The application (client id) of this server: issuers of others are none of its. */
  readonly application: string
  /** Of this very server, which nobody else can be. */
  readonly ownIssuer: string
  readonly log: Log
}

const oldestMilliseconds = 1_000
/** It is read anew from here on, while those who ask are still told what was read before: a busy database holds nobody up. */
const freshMilliseconds = 500

/** Issuers of environment, code and database together. What is said of the database is a second old at most. */
export class JoinedIssuerBook implements IssuerBook {
  readonly #options: IssuerBookOptions
  readonly #told = new Set<string>()
  #edition: IssuerEdition
  #revisions: string
  #readAt: number
  #reading: Promise<IssuerEdition> | undefined

  private constructor(options: IssuerBookOptions, edition: IssuerEdition, reading: Reading) {
    this.#options = options
    this.#edition = edition
    this.#revisions = reading.revisions
    this.#readAt = reading.startedAt
  }

  /** Throws one `ConfigurationError` with all that is wrong with issuers in the database, `UpstreamError` where it does not answer. */
  static async open(options: IssuerBookOptions): Promise<JoinedIssuerBook> {
    const reading = await readStore(options.store)
    const { faults, issuers } = join(options, reading.stored)
    const failure = ConfigurationError.join(
      faults.map(({ message }) => new ConfigurationError('ERR_CONFIG_ISSUER', message)),
    )
    if (failure !== undefined) throw failure
    return new JoinedIssuerBook(options, editionOf(issuers, reading.revisions), reading)
  }

  /** As it was when it could last be told. */
  get latest(): IssuerEdition {
    return this.#edition
  }

  async read(): Promise<IssuerEdition> {
    const age = performance.now() - this.#readAt
    if (age < freshMilliseconds) return this.#edition
    const reading = (this.#reading ??= this.#readAnew().finally(() => (this.#reading = undefined)))
    if (age >= oldestMilliseconds) return reading
    // Whoever comes when it is too old is told, and tries again.
    reading.catch(() => undefined)
    return this.#edition
  }

  async #readAnew(): Promise<IssuerEdition> {
    const { revisions, startedAt, stored } = await readStore(this.#options.store)
    if (revisions !== this.#revisions) {
      const { faults, issuers } = join(this.#options, stored)
      for (const fault of faults) this.#tell(fault)
      this.#edition = editionOf(issuers, revisions)
      this.#revisions = revisions
    }
    this.#readAt = startedAt
    return this.#edition
  }

  /** Once for each change of it: it is read again for as long as it is there. */
  #tell({ message, revision }: Fault): void {
    const about = `${revision} ${message}`
    if (this.#told.has(about)) return
    if (this.#told.size >= mostTold) this.#told.clear()
    this.#told.add(about)
    this.#options.log.write('warn', 'an issuer in the database is not trusted', { reason: message })
  }
}

const mostTold = 1_000

interface Reading {
  readonly stored: readonly StoredIssuer[]
  readonly revisions: string
  /** By `performance.now()`: what is in the database may be newer by as long as the reading took. */
  readonly startedAt: number
}

async function readStore(store: IssuerStore): Promise<Reading> {
  const startedAt = performance.now()
  const stored = await store.list()
  return { stored, revisions: JSON.stringify(stored.map(({ issuer, revision }) => [issuer, revision])), startedAt }
}

interface Fault {
  readonly message: string
  readonly revision: string
}

/** Those that were there before are right, whatever comes after them. */
function join(options: IssuerBookOptions, stored: readonly StoredIssuer[]) {
  const issuers: TrustedIssuer[] = [...options.fixed]
  const faults: Fault[] = []
  for (const row of stored) {
    const read = readStored(row)
    if ('message' in read) faults.push(read)
    else if (read.application === undefined || read.application === options.application) {
      const conflicts = [...conflictsOf(read, issuers), ...ownConflict(read, options.ownIssuer)]
      if (conflicts.length === 0) issuers.push(read)
      else faults.push({ message: conflicts.join('; '), revision: row.revision })
    }
  }
  return { issuers, faults }
}

function readStored({ fault, issuer, revision, written }: StoredIssuer): TrustedIssuer | Fault {
  if (fault !== undefined) return { message: `issuer ${JSON.stringify(issuer)} of the database: ${fault}`, revision }
  try {
    const trusted = readIssuer(written, 'database')
    if (trusted.issuer === issuer) return trusted
    return { message: `issuer ${JSON.stringify(issuer)} of the database: it is stored under another name`, revision }
  } catch (error) {
    if (error instanceof ConfigurationError) return { message: error.message, revision }
    throw error
  }
}

/** Why an issuer cannot be one of others. */
export function ownConflict({ issuer }: TrustedIssuer, ownIssuer: string): readonly string[] {
  return issuer === ownIssuer ? [`${issuer} is this server itself: its own tokens need no trust`] : []
}

function editionOf(issuers: readonly TrustedIssuer[], revisions: string): IssuerEdition {
  return { issuers, version: createHash('sha256').update(revisions).digest('base64url') }
}
