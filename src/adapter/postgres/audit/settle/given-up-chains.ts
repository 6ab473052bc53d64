import type { QueryExecutorProvider } from 'kysely'
import type { HeldEnd } from '../chain/append-rows.js'
import type { StoredRow } from '../audit-row.js'
import { releaseChain, renewChain } from '../chain/claim-chain.js'
import type { OpenIntents } from './open-intents.js'

interface GivenUpChain {
  readonly end: HeldEnd
  readonly intents: OpenIntents
}

/** Chains that take no rows any more, held while calls run whose intents are in them: nobody else may say that these are unknown. */
export class GivenUpChains {
  #chains: GivenUpChain[] = []

  get size(): number {
    return this.#chains.length
  }

  add(chain: GivenUpChain): void {
    this.#chains.push(chain)
  }

  /** Takes note of rows that another chain has. */
  close(rows: readonly StoredRow[]): void {
    for (const { intents } of this.#chains) intents.close(rows)
  }

  /** Says that this process is alive, and leaves those of which every call has ended to whoever looks after them. */
  async keep(db: QueryExecutorProvider): Promise<void> {
    for (const chain of [...this.#chains]) {
      const isOver = chain.intents.size === 0
      if (isOver) await releaseChain(db, chain.end)
      if (isOver || !(await renewChain(db, chain.end))) this.#chains = this.#chains.filter((one) => one !== chain)
    }
  }

  /** Leaves all of them. */
  async release(db: QueryExecutorProvider): Promise<void> {
    for (const { end } of this.#chains.splice(0)) await releaseChain(db, end)
  }
}
