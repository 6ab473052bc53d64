import { canonicalJson } from '../audit/canonical-json.js'
import type { Keyring } from '../credential/keyring.js'
import { foundIn } from '../credential/leak-scan.js'
import type { SecretsInUse } from '../credential/secrets-in-use.js'
import { textsIn } from '../credential/texts-in.js'
import type { Caller } from '../identity/caller.js'
import type { Operation } from './operation.js'

export interface ArgumentPorts {
  /** Without it there are no digests. */
  readonly keyring?: Pick<Keyring, 'digest'> | undefined
  /** The credentials that operations have: none of them goes on record. */
  readonly inUse?: Pick<SecretsInUse, 'patterns'> | undefined
}

/** A call, as far as its arguments go on record. */
export interface ArgumentsSeen {
  readonly caller: Caller | undefined
  readonly name: string
  readonly args?: unknown
}

const longestEntry = 1_024
const mostListed = 100

/** What of arguments goes on record: a digest that only this installation can make, and what an operation lets be read. */
export class ArgumentRecorder {
  readonly #ports: ArgumentPorts

  constructor(ports: ArgumentPorts) {
    this.#ports = ports
  }

  /**
   * The same arguments of the same operation in the same tenant have the same digest: whoever may read it there learns that a call was
   * repeated, and by guesses elsewhere nothing.
   */
  digestOf({ args, caller, name }: ArgumentsSeen): string | undefined {
    if (args === undefined) return undefined
    const place = JSON.stringify([caller?.tenant.id ?? null, name])
    return this.#ports.keyring?.digest('audit-arguments', `${place} ${canonicalJson(args)}`)
  }

  /** `path="docs/a.txt"` for each member that the operation lets be read and that is there; never one with a secret in use. */
  readable({ audit }: Pick<Operation, 'audit'>, args: unknown): readonly string[] {
    return (audit?.include ?? []).flatMap((path) => {
      const found = memberAt(args, path.split('.'))
      return found === undefined ? [] : [`${path}=${this.#shown(found.value)}`.slice(0, longestEntry)]
    })
  }

  /** Arguments are not checked yet: of what has another shape than what is listed, nobody knows whether it is secret. */
  #shown(value: unknown): string {
    if (!isPlain(value) && !(Array.isArray(value) && value.length <= mostListed && value.every(isPlain)))
      return '[not as declared]'
    const secrets = this.#ports.inUse?.patterns() ?? []
    if (secrets.length > 0 && foundIn(textsIn(value), secrets).size > 0) return '[withheld]'
    return JSON.stringify(value)
  }
}

function memberAt(args: unknown, path: readonly string[]): { readonly value: unknown } | undefined {
  let value = args
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const descriptor = Object.getOwnPropertyDescriptor(value, name)
    if (descriptor === undefined || !Object.hasOwn(descriptor, 'value')) return undefined
    value = descriptor.value
  }
  return { value }
}

function isPlain(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}
