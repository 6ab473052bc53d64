import { DatabaseError } from 'pg'
import { UpstreamError } from '../../../../core/error/upstream-error.js'
import type { Log } from '../../../../core/runtime/log.js'

/** What the database holds against the next row of a chain, whatever that row is. */
const faults = new Set([...['audit_event_chain', 'audit_event_number', 'audit_chain_numbers', 'audit_chain_settled']])

/** Chains that no row can be added to: somebody has put one in the way, or moved the end to where nothing follows. */
export class BrokenChains {
  readonly #log: Pick<Log, 'write'> | undefined
  readonly #names = new Set<string>()

  constructor(log: Pick<Log, 'write'> | undefined) {
    this.#log = log
  }

  /** Those that this process has given up. */
  get names(): readonly string[] {
    return [...this.#names]
  }

  /** Whether that is why rows were not added; the chain is given up then. */
  giveUp({ name, place }: { readonly name: string; readonly place: string }, error: unknown): boolean {
    if (!isFault(error)) return false
    const message = 'a chain of the audit trail takes no rows any more, and another one is begun'
    this.#add(name, message, { place, chain: name, error })
    return true
  }

  /** Rows are gone from its end that this process has written: it goes on with another one, so that the log says where that was. */
  giveUpCut({
    name,
    place,
    sequence,
  }: {
    readonly name: string
    readonly place: string
    readonly sequence: number
  }): void {
    const message =
      'rows are gone from the end of a chain of the audit trail, and another one is begun: verify the trail'
    this.#add(name, message, { place, chain: name, sequence })
  }

  #add(name: string, message: string, fields: Record<string, unknown>): void {
    if (!this.#names.has(name)) this.#log?.write('error', message, fields)
    this.#names.add(name)
  }
}

function isFault(error: unknown): boolean {
  if (error instanceof UpstreamError) return isFault(error.cause)
  return error instanceof DatabaseError && faults.has(error.constraint ?? '')
}
