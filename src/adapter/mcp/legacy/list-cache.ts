import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Visitor } from '../../../core/operation/access.js'
import type { Guard } from '../../../core/operation/guard.js'
import type { Operation } from '../../../core/operation/operation.js'
import type { ToolListing } from './tool-listing.js'

/** A list as it is served. */
export interface ServedList {
  readonly operations: readonly Operation[]
  /** The result of `tools/list`. */
  readonly json: string
}

/** How a client asks: what of its list does not depend on who it is. */
export interface ListRequest {
  /** The path and the version of the protocol that the list is served by; stdio has no path. */
  readonly surface: string
  readonly visitor: Visitor
}

const rememberedKeys = 20_000
const rememberedBytes = 16 * 1_048_576

/**
 * Lists that were served before, found by everything that shapes them and never by less. Callers who see the same share one text;
 * both are bounded.
 */
export class ListCache {
  readonly #guard: Guard
  readonly #listing: ToolListing
  /** What each key sees, by a digest: of names there may be many. */
  readonly #seen = new LRUCache<string, string>({ max: rememberedKeys })
  readonly #lists = new LRUCache<string, ServedList>({
    maxSize: rememberedBytes,
    sizeCalculation: ({ json, operations }) => 2 * json.length + 8 * operations.length + 256,
  })

  constructor(guard: Guard, listing: ToolListing) {
    this.#guard = guard
    this.#listing = listing
  }

  /** What this visitor sees now. */
  get({ surface, visitor }: ListRequest): ServedList {
    const key = `${surface} ${this.#guard.listKey(visitor)}`
    const seen = this.#seen.get(key)
    const known = seen === undefined ? undefined : this.#lists.get(seen)
    return known ?? this.#make(key, visitor)
  }

  #make(key: string, visitor: Visitor): ServedList {
    const operations = this.#guard.visible(visitor)
    const seen = digestOf(operations)
    const list = this.#lists.get(seen) ?? { operations, json: this.#listing.json(operations) }
    this.#seen.set(key, seen)
    this.#lists.set(seen, list)
    return list
  }
}

function digestOf(operations: readonly Operation[]): string {
  const hash = createHash('sha256')
  for (const { name } of operations) hash.update(`${name}\n`)
  return hash.digest('base64url')
}
